"""A member of a PDF set: x f(x, Q) by LHAPDF's log-bicubic interpolation, alpha_s(Q), one-scale PDFs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.errors import ConfigError, InputError, PhysicsError
from momentax.pdf.alphas import AlphaS, ArrayLike, alphas_from_info
from momentax.pdf.fixed_scale import PIDS, FixedScalePdf, fixed_scale
from momentax.pdf.grid import GLUON, SubGrid, read_grid, read_info
from momentax.pdf.locate import DEFAULT_SET, locate_pdf

Array = jax.Array

_KNOWN_PIDS = (0, GLUON, 22, *range(-6, 0), *range(1, 7))
_CUBIC_KNOTS = 4  # LHAPDF: a subgrid with fewer knots in Q is interpolated linearly in ln x and ln Q^2


@dataclass(frozen=True, eq=False)
class PdfSet:
    """One member of a set.

    name: of the set, or of the file; path: of the member's ``.dat``; info: keys of ``.info`` and header,
    merged; grids: the subgrids in rising Q; alpha_s: callable of the scale in GeV.
    """

    name: str
    path: Path
    info: dict[str, Any]
    grids: Sequence[SubGrid]
    alpha_s: AlphaS

    @property
    def q_min(self) -> float:
        """Lowest scale of the grid, GeV."""
        return float(self.grids[0].q[0])

    @property
    def q_max(self) -> float:
        """Highest scale of the grid, GeV."""
        return float(self.grids[-1].q[-1])

    @property
    def x_min(self) -> float:
        """Lowest x of the grid; below it x f is frozen."""
        return float(self.grids[0].x[0])

    def xfx(self, pid: int, x: ArrayLike, q: ArrayLike) -> Array:
        """x f(x, Q) of the parton ``pid`` (PDG id; 0 or 21 the gluon), broadcast over x and q (GeV).

        Zero for partons that the set does not have, as in LHAPDF, and for x >= 1. Below the grid's lowest x
        frozen there. Can be traced, vmapped and differentiated in x and q; a traced q outside the grid is
        frozen at its edge.

        Raises :class:`ConfigError` for an id that is no parton, :class:`PhysicsError` for a scale outside
        the grid.
        """
        if pid not in _KNOWN_PIDS:
            raise ConfigError(
                f"PDG id {pid} is no parton; valid ids: {', '.join(map(str, sorted(_KNOWN_PIDS)))}"
            )
        self._check_scale(q)
        x, q = jnp.asarray(x, dtype=float), jnp.asarray(q, dtype=float)
        pid = pid or GLUON
        if pid not in self.grids[0].pids:
            return jnp.zeros(jnp.broadcast_shapes(x.shape, q.shape))
        column = self.grids[0].pids.index(pid)
        return _interpolate([(grid.x, grid.q, grid.values[:, :, column]) for grid in self.grids], x, q)

    def at_scale(self, q: float) -> FixedScalePdf:
        """The PDFs at the scale ``q`` (GeV, a number), for integrands.

        The interpolation in ln Q^2 is linear in the values at the knots, hence done once here: the result
        equals :meth:`xfx` to rounding. Raises :class:`PhysicsError` for a scale outside the grid.
        """
        self._check_scale(q)
        grid = next(grid for grid in reversed(self.grids) if q >= grid.q[0])
        log_q2 = 2.0 * np.log(grid.q)
        j, weights = _scale_weights(log_q2, 2.0 * np.log(q), np)
        knots = np.clip(int(j) + np.arange(-1, 3), 0, log_q2.size - 1)
        values = np.einsum("xqp,q->xp", grid.values[:, knots], np.array(weights))
        columns = [values[:, grid.pids.index(p)] if p in grid.pids else np.zeros(grid.x.size) for p in PIDS]
        return fixed_scale(np.log(grid.x), np.stack(columns, axis=-1), linear=grid.q.size < _CUBIC_KNOTS)

    def _check_scale(self, q: ArrayLike) -> None:
        if isinstance(q, jax.core.Tracer):
            return
        low, high = np.min(q), np.max(q)
        if not (low >= self.q_min and high <= self.q_max):
            bad = high if high > self.q_max else low
            raise PhysicsError(
                f"scale Q = {bad:g} GeV is outside the grid of {self.name}, {self.q_min:g} to {self.q_max:g} "
                "GeV; choose another factorisation scale or set"
            )


@lru_cache(maxsize=8)
def load_pdf(name_or_path: str | os.PathLike[str] = DEFAULT_SET, member: int = 0) -> PdfSet:
    """The member of a PDF set given by name, or by the path of one ``.dat`` file. See :func:`locate_pdf`.

    Raises :class:`ConfigError` when nothing of that name is found, :class:`InputError` when a file is
    malformed.
    """
    path, info_path = locate_pdf(name_or_path, member)
    header, grids = read_grid(path)
    for number, grid in enumerate(grids[1:], 2):
        if not np.array_equal(grid.x, grids[0].x):
            raise InputError(
                f"PDF grid {path}: blocks 1 and {number} have different x knots, which is not supported"
            )
    info = {**(read_info(info_path) if info_path is not None else {}), **header}
    name = path.stem.rsplit("_", 1)[0]
    return PdfSet(name, path, info, tuple(grids), alphas_from_info(info))


@jax.jit
def _interpolate(grids: Sequence[tuple[Array, Array, Array]], x: Array, q: Array) -> Array:
    """x f out of the subgrids (x knots, Q knots, values [x, Q]): compiled once for sets of one shape."""
    x, q = jnp.broadcast_arrays(x, q)
    result = _interpolate_subgrid(*grids[0], x, q)
    for grid in grids[1:]:
        # at a threshold the upper subgrid holds
        result = jnp.where(q >= grid[1][0], _interpolate_subgrid(*grid, x, q), result)
    return jnp.where((x < 1.0) & (x <= grids[0][0][-1]), result, 0.0)


def _interpolate_subgrid(x_knots: Array, q_knots: Array, values: Array, x: Array, q: Array) -> Array:
    """x f inside one subgrid; x and q of the same shape, frozen at the edges."""
    log_x, log_q2 = jnp.log(x_knots), 2.0 * jnp.log(q_knots)
    u = jnp.log(jnp.clip(x, x_knots[0], x_knots[-1]))
    v = 2.0 * jnp.log(jnp.clip(q, q_knots[0], q_knots[-1]))
    j, weights = _scale_weights(log_q2, v, jnp)
    i = jnp.clip(jnp.searchsorted(log_x, u, side="right") - 1, 0, log_x.size - 2)
    knots = [jnp.clip(j + k, 0, log_q2.size - 1) for k in (-1, 0, 1, 2)]

    def at_knot(ix: Array) -> Array:
        return sum((w * values[ix, k] for w, k in zip(weights, knots, strict=True)), start=jnp.zeros_like(u))

    nodes = log_x
    low, high = at_knot(i), at_knot(i + 1)
    width = nodes[i + 1] - nodes[i]
    secant = (high - low) / width
    t = (u - nodes[i]) / width
    if log_q2.size < _CUBIC_KNOTS:
        return low + (u - nodes[i]) * secant
    below, above = jnp.maximum(i - 1, 0), jnp.minimum(i + 2, log_x.size - 1)
    # the untaken side at an end gets a width that is not zero, so that its derivative stays finite
    left = (low - at_knot(below)) / jnp.where(i > 0, nodes[i] - nodes[below], 1.0)
    right = (at_knot(above) - high) / jnp.where(i + 2 < log_x.size, nodes[above] - nodes[i + 1], 1.0)
    slope_low = jnp.where(i > 0, 0.5 * (left + secant), secant) * width
    slope_high = jnp.where(i + 2 < log_x.size, 0.5 * (secant + right), secant) * width
    return _hermite(t, low, slope_low, high, slope_high)


def _scale_weights(log_q2: Any, v: Any, xp: Any) -> tuple[Any, tuple[Any, Any, Any, Any]]:
    """Interval j of ln Q^2 = v and the weights of the knots j-1, j, j+1, j+2 in LHAPDF's interpolation.

    ``xp`` is numpy (a number, computed at once) or jax.numpy (inside a traced function).
    """
    nodes = xp.asarray(log_q2)
    last = log_q2.size - 1
    j = xp.clip(xp.searchsorted(nodes, v, side="right") - 1, 0, last - 1)
    width = nodes[j + 1] - nodes[j]
    t = (v - nodes[j]) / width
    if log_q2.size < _CUBIC_KNOTS:
        return j, (xp.zeros_like(t), 1.0 - t, t, xp.zeros_like(t))
    # ratios of the interval's width to those of its neighbours; no neighbour: the one-sided slope
    ratio_low = width / xp.where(j > 0, nodes[j] - nodes[xp.maximum(j - 1, 0)], 1.0)
    ratio_high = width / xp.where(j + 1 < last, nodes[xp.minimum(j + 2, last)] - nodes[j + 1], 1.0)
    half_low, half_high = xp.where(j > 0, 0.5, 0.0), xp.where(j + 1 < last, 0.5, 0.0)
    # factors of the slopes at the two ends, times the width
    h_low, h_high = t * (1.0 - t) ** 2, t**2 * (t - 1.0)
    # slope_low = (1 - a) (v1 - v0) + a ratio_low (v0 - v_), a = 1/2 or 0; slope_high alike
    secant = h_low * (1.0 - half_low) + h_high * (1.0 - half_high)
    before, after = h_low * half_low * ratio_low, h_high * half_high * ratio_high
    step = t**2 * (3.0 - 2.0 * t)
    return j, (-before, 1.0 - step - secant + before, step + secant - after, after)


def _hermite(t: Array, low: Array, slope_low: Array, high: Array, slope_high: Array) -> Array:
    secant = high - low
    c2 = 3.0 * secant - 2.0 * slope_low - slope_high
    c3 = slope_low + slope_high - 2.0 * secant
    return low + t * (slope_low + t * (c2 + t * c3))
