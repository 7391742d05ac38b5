"""ln rho of H -> ZA between the nodes of a table (:mod:`momentax.processes.hza_table`); what the nodes leave out."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import CubicSpline

from momentax.processes.hza_table import Table

Array = jax.Array

_NOTHING = 150.0
"""ln rho is cut this far below its largest value."""
_STEEPEST = 10.0
"""Largest fall of ln rho between neighbouring nodes: Gaussian tails reach 4."""


class Contracted(NamedTuple):
    """Weights of one event at every mass point, and what their relative errors are estimated to be."""

    value: Array
    """[points], pb/(GeV^6 sr^4)."""
    of_table: Array
    """[points]: what the nodes of the table leave out; neighbouring mass points share it."""
    of_rule: Array
    """[points]: of the mass point's own quadrature."""

    @property
    def error(self) -> Array:
        """Relative error of ``value``, [points]."""
        return self.of_table + self.of_rule


def second_derivatives(n: int) -> np.ndarray:
    """Matrix that turns values at 0, ..., n - 1 into the second derivatives of their not-a-knot cubic spline."""
    return CubicSpline(np.arange(n), np.eye(n), axis=0, bc_type="not-a-knot")(np.arange(n), 2)


def spline(y0: Array, y1: Array, m0: Array, m1: Array, t: Array) -> Array:
    """Cubic of a unit interval from values and second derivatives at its ends."""
    u = 1.0 - t
    return u * y0 + t * y1 - (u * t / 6.0) * ((1.0 + u) * m0 + (1.0 + t) * m1)


def _without_cliffs(log_rho: Array) -> Array:
    """ln rho [a, v] that falls by at most _STEEPEST from node to node: a spline rings at a cliff."""
    for axis in (0, 1):
        y = jnp.moveaxis(log_rho, axis, 0)
        for shift in (1, 2, 4):
            drop = _STEEPEST * shift
            up = jnp.concatenate([y[shift:], jnp.full_like(y[:shift], -jnp.inf)])
            down = jnp.concatenate([jnp.full_like(y[:shift], -jnp.inf), y[:-shift]])
            y = jnp.maximum(y, jnp.maximum(up, down) - drop)
        log_rho = jnp.moveaxis(y, 0, axis)
    return log_rho


def relative_error(table: Table, gain: float = 16.0) -> Array:
    """Estimated relative error of rho at the nodes, [a, v].

    The trapezoidal rules converge geometrically: halving the step squares the relative error, so the square of the
    difference between a rule and its half bounds the error of the whole one. Interpolation is of fourth order: between
    the nodes it is at most a 16th (``gain``) as wrong as at a node that was left out.
    """
    difference = jnp.expm1(table.log_coarse - table.log_rho[0])
    difference = jnp.where(jnp.isfinite(difference), difference, 0.0)
    rules = jnp.sum(difference**2, axis=0)
    y = floored(table.log_rho[0])
    interpolation = (_left_out(y) + _left_out(y.T).T) / gain
    return jnp.minimum(rules + interpolation, 1.0)


def _left_out(y: Array) -> Array:
    """|cubic through the nodes at -3, -1, 1, 3 steps along the first axis - y|; at the ends, the nearest such."""
    inner = jnp.abs((9.0 * (y[2:-4] + y[4:-2]) - y[:-6] - y[6:]) / 16.0 - y[3:-3])
    return jnp.concatenate([jnp.repeat(inner[:1], 3, axis=0), inner, jnp.repeat(inner[-1:], 3, axis=0)])


def floored(log_rho: Array) -> Array:
    """ln rho of the first scale, relative to its largest value, cut at -_NOTHING and without cliffs."""
    finite = jnp.where(jnp.isfinite(log_rho), log_rho, -jnp.inf)
    return _without_cliffs(jnp.maximum(finite - jnp.max(finite), -_NOTHING))
