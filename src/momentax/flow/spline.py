"""Monotonic rational-quadratic splines of the unit interval (Durkan et al. 2019, arXiv:1906.04032).

A spline has K bins of widths w_k and heights h_k, both with sum 1, and slopes d_0..d_K at their edges. Inside a bin,
with t = (x - x_k)/w_k and s = h_k/w_k,

    y = y_k + h_k [s t^2 + d_k t (1 - t)] / [s + (d_k + d_{k+1} - 2 s) t (1 - t)],

which is monotonic and has an inverse in closed form. The bins are the first axis and the points the last:
sums over bins are then vectorised over points.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array

LEAST = 1e-3
"""Least width and height of a bin and least slope: they bound the density from below and above."""


class Bin(NamedTuple):
    """The bin that every point is in: its lower corner, width, height and slopes at both edges."""

    x: Array
    y: Array
    width: Array
    height: Array
    slope: Array
    next_slope: Array


def n_parameters(bins: int) -> int:
    """Numbers that make a spline: logarithms of widths and of heights, slopes."""
    return 3 * bins + 1


def forward(parameters: Array, x: Array, floor: float = 0.0) -> tuple[Array, Array]:
    """y(x) and ln dy/dx.

    Parameters
    ----------
    parameters : [3 K + 1, ...], any real numbers; all zero: the identity
    x : [...] in [0, 1], broadcast against the parameters
    floor : share of the identity in every height and slope: the mean of the density dy/dx over a bin is not below it
    """
    b = _find(parameters, x, floor, of_y=False)
    t = jnp.clip((x - b.x) / b.width, 0.0, 1.0)
    s = b.height / b.width
    mixed = t * (1.0 - t)
    y = b.y + b.height * (s * t**2 + b.slope * mixed) / _denominator(b, s, mixed)
    return jnp.clip(y, 0.0, 1.0), _log_slope(b, s, t, mixed)


def inverse(parameters: Array, y: Array, floor: float = 0.0) -> tuple[Array, Array]:
    """x(y) and ln dx/dy; parameters and shapes as of :func:`forward`."""
    b = _find(parameters, y, floor, of_y=True)
    s = b.height / b.width
    above = jnp.clip(y - b.y, 0.0, b.height)
    curved = above * (b.slope + b.next_slope - 2.0 * s)
    a2 = b.height * (s - b.slope) + curved
    a1 = b.height * b.slope - curved
    root = jnp.sqrt(jnp.maximum(a1**2 + 4.0 * a2 * s * above, 0.0))
    # the form of the solution that loses no digits; a1 + root is positive unless the point is on the lower edge
    below = a1 + root
    t = jnp.clip(2.0 * s * above / jnp.where(below > 0.0, below, 1.0), 0.0, 1.0)
    return jnp.clip(b.x + t * b.width, 0.0, 1.0), -_log_slope(b, s, t, t * (1.0 - t))


def _denominator(b: Bin, s: Array, mixed: Array) -> Array:
    return s + (b.slope + b.next_slope - 2.0 * s) * mixed


def _log_slope(b: Bin, s: Array, t: Array, mixed: Array) -> Array:
    upper = s**2 * (b.next_slope * t**2 + 2.0 * s * mixed + b.slope * (1.0 - t) ** 2)
    return jnp.log(upper) - 2.0 * jnp.log(_denominator(b, s, mixed))


def _shares(logarithms: Array) -> Array:
    """Positive numbers with sum 1 along the first axis, none below `LEAST`."""
    raised = jnp.exp(logarithms - jax.lax.stop_gradient(jnp.max(logarithms, axis=0)))
    return LEAST + (1.0 - LEAST * len(raised)) * raised / jnp.sum(raised, axis=0)


def _slope(parameter: Array) -> Array:
    """A positive slope: 1 for 0."""
    return LEAST + (1.0 - LEAST) * jax.nn.softplus(parameter) / jnp.log(2.0).astype(parameter.dtype)


def _before(shares: Array) -> Array:
    """Sums of the shares before each: a product of matrices, several times faster than cumsum."""
    n = len(shares)
    lower = jnp.tril(jnp.ones((n, n), shares.dtype), -1)
    return (lower @ shares.reshape(n, -1)).reshape(shares.shape)


def _find(parameters: Array, at: Array, floor: float, of_y: bool) -> Bin:
    """The bin of every point ``at``, by x or by y."""
    bins = (len(parameters) - 1) // 3
    widths, heights = _shares(parameters[:bins]), _shares(parameters[bins : 2 * bins])
    heights = floor * widths + (1.0 - floor) * heights
    x, y, raw = _before(widths), _before(heights), parameters[2 * bins :]
    above = (at >= (y if of_y else x)[1:]).astype(at.dtype)
    one, none = jnp.ones_like(above[:1]), jnp.zeros_like(above[:1])
    here = jnp.concatenate([one, above]) - jnp.concatenate([above, none])

    def chosen(values: Array) -> Array:
        return jnp.sum(here * values, axis=0)

    # of the slopes only two a point need their exponentials
    slopes = [floor + (1.0 - floor) * _slope(chosen(raw[part])) for part in (slice(None, -1), slice(1, None))]
    return Bin(chosen(x), chosen(y), chosen(widths), chosen(heights), *slopes)
