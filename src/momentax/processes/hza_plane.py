"""W of H -> ZA at many mass points from the table of an event (:mod:`momentax.processes.hza_table`).

rho(s_A, s_H) is interpolated to two fixed grids, equidistant in ln s_A and ln s_H, the same for all events; on these
the Breit-Wigner factors of every mass point are weights computed once (:mod:`momentax.integrate.product_rule`). A mass
point is then a double sum, and all mass points are products of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.amplitudes import gg_hza
from momentax.amplitudes.parameters import z_couplings
from momentax.integrate.product_rule import breit_wigner_weights
from momentax.processes import hza_geometry
from momentax.processes.hza_splines import Contracted, floored, relative_error, second_derivatives, spline
from momentax.processes.hza_table import Table

Array = jax.Array

STEP_A, STEP_H = 0.01, 0.005
"""Steps of the fixed grids in ln s. A quarter of them changes weights by 2e-5 (leptons measured to 2 %), half of them
by 1e-3 where leptons are measured to 0.5 %, r.m.s. in ln W, at most by 3 %."""
LOG_A, LOG_H = (4.4, 19.0), (5.0, 19.0)
"""Their ends; s in GeV^2: from 2 m_b (with the leptons: 12 GeV) to the energy of the collider."""
ROWS, COLUMNS = 32, 128
"""Block of the fixed grids that is interpolated and contracted at a time."""
_DEEPEST = 45.0
"""Where ln rho is this far below its largest value, no pole can make it count: a resonance of 2 MeV that the event is
1 TeV away from outweighs the rest by pi (1e6)^2/(0.6 x 3e4) = e^19, both together by e^38."""


class Plane(NamedTuple):
    """Mass points as weights of the fixed grids."""

    weights_a: Array
    """[rows, points]: Breit-Wigner of A and s_A."""
    weights_a_low: Array
    """The same with the interpolation of lower order, whose difference estimates the error of the higher one."""
    weights_h: Array
    """[columns, points]: Breit-Wigner of H, s_H^2 |form factor|^2."""
    factor: Array
    """[points]: everything else of the squared amplitude."""
    interpolation: Array
    """[scales, points]: ln W at a point's muF from ln W at the tabulated scales; each point uses three of them."""


Column = tuple[int, float]
"""A tabulated scale: number of the PDF set, and muF in GeV."""


class Variants(NamedTuple):
    """The same mass points at other scales or with other parton densities: other columns of the same table."""

    interpolation: Array
    """[variants, scales, points], as of :class:`Plane`."""
    factor: Array
    """[variants, points]."""


def plane(
    parameters: Sequence[gg_hza.HzaParameters],
    scales: Sequence[float],
    nodes: Sequence[Sequence[Column]],
    tabulated: Sequence[Column],
) -> Plane:
    """The weights of mass points given by the parameters of their amplitudes and their muF (GeV); numpy arrays.

    ``nodes``: of every point the scales that it is interpolated between; ``tabulated``: those of the tables.
    """
    p = jax.tree.map(lambda *a: np.array(a, dtype=float), *parameters)
    grid_a = _grid(LOG_A, STEP_A, ROWS)
    grid_h = _grid(LOG_H, STEP_H, COLUMNS)
    weights_a, low = (breit_wigner_weights(grid_a, p.mass_A, p.width_A, k) * np.exp(grid_a) for k in (6, 4))
    s_h = np.exp(grid_h)
    form = [form_factor2(s_h, q) for q in parameters]
    weights_h = breit_wigner_weights(grid_h, p.mass_H, p.width_H) * np.array(form) * s_h**2
    factor: Any = np.array([couplings(q) for q in parameters])
    return Plane(weights_a.T, low.T, weights_h.T, factor, interpolations(scales, nodes, tabulated))


def interpolations(
    scales: Sequence[float], nodes: Sequence[Sequence[Column]], tabulated: Sequence[Column]
) -> Any:
    """[scales, points]: Lagrange polynomials in ln muF of every point."""
    return np.stack([_lagrange(q, own, tabulated) for q, own in zip(scales, nodes, strict=True)], axis=1)


def form_factor2(s_h: Array, q: gg_hza.HzaParameters) -> Any:
    """|sum of the top and the bottom loop|^2 of g g -> H."""
    sba = jnp.sqrt(1.0 - q.cos_ba**2)
    top, bottom = (gg_hza.loop_form_factor(s_h, m) for m in (q.mass_t, q.mass_b_loop))
    return (top * (q.cos_ba - sba / q.tan_beta) + bottom * (q.cos_ba + sba * q.tan_beta)).abs2


def couplings(q: gg_hza.HzaParameters) -> Any:
    """What multiplies form factor, Breit-Wigner factors, s_H^2, s_A and the leptons' helicity sum in Mbar^2."""
    coupling = 4.0 * math.pi * q.alpha_s / (8.0 * math.pi**2 * q.vev)
    hza = q.e**2 * (1.0 - q.cos_ba**2) / (q.sw2 * (1.0 - q.sw2))
    left, right = z_couplings(-1.0, -0.5, q.e, q.sw2)
    decay_a = 3.0 * (q.yukawa_mass_b * q.tan_beta / q.vev) ** 2
    return 4.0 * coupling**2 * hza * decay_a * (left**2 + right**2) * (2.0 / 256.0)


def _lagrange(scale: float, nodes: Sequence[Column], tabulated: Sequence[Column]) -> Any:
    """Lagrange polynomials in ln ``nodes`` at ln ``scale``; in the order of ``tabulated``, zero for others."""
    out = np.zeros(len(tabulated))
    for node in nodes:
        q = node[1]
        factors = [np.log(scale / other) / np.log(q / other) for _, other in nodes if other != q]
        out[list(tabulated).index(node)] = np.prod(factors)
    return out


def to_device(p: Plane) -> Plane:
    """A plane as :func:`contract` wants it: the weights of its products of matrices in single precision."""
    return jax.tree.map(jnp.asarray, p._replace(weights_h=jnp.asarray(p.weights_h, dtype=jnp.float32)))


def _grid(ends: tuple[float, float], step: float, block: int) -> np.ndarray:
    """Equidistant nodes, a whole number of blocks."""
    n = math.ceil((ends[1] - ends[0]) / step / block) * block
    return ends[0] + step * np.arange(n)


def contract(table: Table, p: Plane) -> Contracted:
    """W of one event at every mass point."""
    return _contract(table, p)[0]


def contract_variants(table: Table, p: Plane, others: Variants) -> tuple[Contracted, Array]:
    """W of one event at every mass point, and ln of the ratio of its variants to it, [variants, points]."""
    found, by_column = _contract(table, p)
    log_ratio = jnp.einsum("vsp,sp->vp", others.interpolation - p.interpolation, by_column)
    return found, log_ratio + jnp.log(others.factor / p.factor)


def _contract(table: Table, p: Plane) -> tuple[Contracted, Array]:
    """(W at every mass point, ln of W at each tabulated scale over W at the first [scales, points])."""
    g = table.geometry
    largest = jnp.max(jnp.where(jnp.isfinite(table.log_rho[0]), table.log_rho[0], -jnp.inf))
    log_rho = floored(table.log_rho[0])
    ratios = jnp.exp(table.log_rho[1:] - table.log_rho[0])
    ratios = jnp.where(jnp.isfinite(ratios), ratios, 1.0)
    slow = jnp.concatenate([ratios, relative_error(table)[None]])
    n_a, n_v = log_rho.shape
    curve_a = jnp.asarray(second_derivatives(n_a)) @ log_rho
    to_curve_v = jnp.asarray(second_derivatives(n_v)).T
    points = p.factor.shape[0]
    total_columns = p.weights_h.shape[0]

    def rows(block: Array, sums: Array) -> Array:
        index = block * ROWS + jnp.arange(ROWS)
        a = LOG_A[0] + STEP_A * index
        position = hza_geometry.node_of(g, a)
        inside_a = (position >= 0.0) & (position <= n_a - 1.0)
        i = jnp.clip(position.astype(jnp.int32), 0, n_a - 2)
        t = (position - i)[:, None]
        y = spline(log_rho[i], log_rho[i + 1], curve_a[i], curve_a[i + 1], t)  # [ROWS, v]
        curve_v = y @ to_curve_v
        others = (1.0 - t) * slow[:, i] + t * slow[:, i + 1]  # [others, ROWS, v]
        base = hza_geometry.fold(g, a)
        s_a = jnp.exp(a)
        counts = jnp.any((y > -_DEEPEST) & inside_a[:, None], axis=0)
        nodes = jnp.arange(n_v)
        first_v = jnp.maximum(jnp.min(jnp.where(counts, nodes, n_v)) - 1, 0) / (n_v - 1.0)
        last_v = jnp.minimum(jnp.max(jnp.where(counts, nodes, -1)) + 1, n_v - 1) / (n_v - 1.0)
        low, high = (jnp.log(s_a + jnp.exp(base + hza_geometry.eta_of(g, v))) for v in (first_v, last_v))
        start = jnp.floor((jnp.min(jnp.where(inside_a, low, jnp.inf)) - LOG_H[0]) / STEP_H)
        stop = jnp.ceil((jnp.max(jnp.where(inside_a, high, -jnp.inf)) - LOG_H[0]) / STEP_H) + 1
        start = jnp.clip(jnp.nan_to_num(start, posinf=0.0), 0, total_columns - COLUMNS).astype(jnp.int32)
        stop = jnp.clip(jnp.nan_to_num(stop, neginf=0.0), 0, total_columns).astype(jnp.int32)
        stop = jnp.where(jnp.any(counts), stop, start)

        def columns(k: Array, part: Array) -> Array:
            first = jnp.minimum(start + k * COLUMNS, total_columns - COLUMNS)
            index_h = first + jnp.arange(COLUMNS)
            s_h = jnp.exp(LOG_H[0] + STEP_H * index_h)
            gap = s_h - s_a[:, None]
            v = hza_geometry.v_of(g, jnp.log(jnp.maximum(gap, 1e-6)) - base[:, None]) * (n_v - 1.0)
            # the last block may reach back over columns that are done
            fresh = index_h >= start + k * COLUMNS
            inside = (v >= 0.0) & (v <= n_v - 1.0) & inside_a[:, None] & (gap > 1e-6) & fresh
            j = jnp.clip(v.astype(jnp.int32), 0, n_v - 2)
            f = jnp.clip(v - j, 0.0, 1.0)

            def take(source: Array, shift: int) -> Array:
                return jnp.take_along_axis(source, j + shift, axis=-1)

            rho = jnp.exp(spline(take(y, 0), take(y, 1), take(curve_v, 0), take(curve_v, 1), f))
            rho = jnp.where(inside, rho, 0.0)
            many = jax.vmap(lambda s: (1.0 - f) * take(s, 0) + f * take(s, 1))(others) * rho
            stack = jnp.concatenate([rho[None], many]).reshape(-1, COLUMNS)
            slice_h = jax.lax.dynamic_slice_in_dim(p.weights_h, first, COLUMNS)
            # single precision: terms of one sign but for the rule's smallest, a part in 10^6 of a weight
            return part + (stack.astype(jnp.float32) @ slice_h).astype(part.dtype)

        kinds = slow.shape[0] + 1
        part = jax.lax.fori_loop(
            0, (stop - start + COLUMNS - 1) // COLUMNS, columns, jnp.zeros((kinds * ROWS, points))
        )
        part = part.reshape(kinds, ROWS, points)
        slice_a, slice_low = (
            jax.lax.dynamic_slice_in_dim(w, block * ROWS, ROWS) for w in (p.weights_a, p.weights_a_low)
        )
        low_order = jnp.sum(part[0] * slice_low, axis=0)
        return sums + jnp.concatenate([jnp.sum(part * slice_a, axis=1), low_order[None]])

    first, last = hza_geometry.a_of(g, jnp.zeros(())), hza_geometry.a_of(g, jnp.asarray(n_a - 1.0))
    first_block = jnp.clip((first - LOG_A[0]) / STEP_A // ROWS, 0, p.weights_a.shape[0] // ROWS - 1)
    last_block = jnp.clip((last - LOG_A[0]) / STEP_A // ROWS, 0, p.weights_a.shape[0] // ROWS - 1)
    sums = jax.lax.fori_loop(
        first_block.astype(jnp.int32),
        last_block.astype(jnp.int32) + 1,
        rows,
        jnp.zeros((slow.shape[0] + 2, points)),
    )
    value = sums[0]
    per_value = 1.0 / jnp.where(value > 0.0, value, 1.0)
    of_table, of_rule = jnp.abs(sums[-2]) * per_value, jnp.abs(value - sums[-1]) * per_value
    # ln W is interpolated in ln muF between the tabulated scales
    log_ratio = jnp.concatenate([jnp.zeros((1, points)), jnp.log(jnp.maximum(sums[1:-2], 1e-300) / value)])
    value = value * jnp.exp(jnp.sum(p.interpolation * log_ratio, axis=0) + largest) * p.factor
    # both assignments of the jets weigh the same
    return Contracted(2.0 * value, of_table, of_rule), log_ratio


def with_derivatives(
    table: Table, along_jes: Table, p: Plane, along_masses: Plane
) -> tuple[Contracted, Array]:
    """Weights, and d ln W/d(parameter) with its error, [2, parameters, points].

    ``along_jes``: d(table)/d(jet energy scale), the last parameter; ``along_masses``: d(plane)/d(mass), every leaf with
    a leading axis of the masses. The error is that of the weight (relative, e) on the slope, and de.
    """
    found, jes = jax.jvp(lambda t: contract(t, p), (table,), (along_jes,))
    masses = jax.vmap(lambda d: jax.jvp(lambda q: contract(table, q), (p,), (d,))[1])(along_masses)
    slopes = jax.tree.map(lambda a, b: jnp.concatenate([a, b[None]]), masses, jes)
    log_slope = slopes.value / jnp.where(found.value > 0.0, found.value, jnp.nan)
    error = found.error * jnp.abs(log_slope) + jnp.abs(slopes.of_table) + jnp.abs(slopes.of_rule)
    return found, jnp.stack([log_slope, error])
