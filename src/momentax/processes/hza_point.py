"""W of H -> ZA at one mass point from a table that covers only what the point needs.

    W = C Int da dh rho(a, h) s_A^2/|s_A - M_A^2|^2 s_H^3 |F(s_H)|^2/|s_H - M_H^2|^2,      a = ln s_A, h = ln s_H

ln rho is interpolated by splines between the nodes of the table, to points that follow both poles: by the trapezoidal
rule in a variable u with du = dh/(c sqrt((h - h_H)^2 + gamma^2)) + dh/h_0, narrow at the pole and even elsewhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from momentax.amplitudes import gg_hza
from momentax.precision import single
from momentax.processes import hza_geometry
from momentax.processes.hza_plane import couplings, form_factor2
from momentax.processes.hza_splines import Contracted, floored, relative_error, second_derivatives, spline
from momentax.processes.hza_table import Nodes, Table, tabulate_on
from momentax.processes.hza_window import Poles, window
from momentax.processes.observed import Observed
from momentax.transfer import Detector

Array = jax.Array
Number = Array | float

GAIN = 5.0
"""Of the interpolation over every other node (:func:`relative_error`): 16 would hold for nodes as dense as those of the
table of all mass points; here they may be stretched over a far pole and the measured event."""
EVEN_SHARE = 0.6
"""Of the points, for what is not the pole."""
NEWTON = 8


class Resolution(NamedTuple):
    """Nodes of the table, and points of the rules in a and h (odd numbers)."""

    table: Nodes
    a: int
    h: int


COARSE = Resolution(Nodes(14, 24, 16, 8), 73, 145)
FINE = Resolution(Nodes(24, 40, 24, 8), 129, 257)
FINEST = Resolution(Nodes(32, 64, 48, 12), 257, 513)
LADDER = (COARSE, FINE, FINEST)
"""Sizes that are tried one after the other."""


class Rule(NamedTuple):
    """Points and weights of an integral over [low, high], [n]."""

    at: Array
    weight: Array
    half: Array
    """Weights of the rule with every other point."""


def pole_rule(low: Array, high: Array, pole: Number, gamma: Number, n: int) -> Rule:
    """The trapezoidal rule that follows a pole at ``pole`` +- i ``gamma`` (which may lie outside)."""
    span = high - low
    ends = jnp.stack([low, high]) - pole
    share = (1.0 - EVEN_SHARE) * (n - 1)
    c = jnp.diff(jnp.arcsinh(ends / gamma))[0] / share
    even = span / (EVEN_SHARE * (n - 1))  # step of the even part
    u_low, u_high = jnp.arcsinh(ends / gamma) / c + ends / even
    u = u_low + (u_high - u_low) * jnp.linspace(0.0, 1.0, n)
    # y/c + gamma sinh(y)/even = |u|: convex, and either term alone would have to be |u| here
    size = jnp.abs(u)
    y = jnp.minimum(c * size, jnp.arcsinh(even * size / gamma))
    for _ in range(NEWTON):
        y = y - (y / c + gamma * jnp.sinh(y) / even - size) / (1.0 / c + gamma * jnp.cosh(y) / even)
    d = jnp.sign(u) * gamma * jnp.sinh(y)
    slope = 1.0 / (1.0 / (c * jnp.sqrt(d**2 + gamma**2)) + 1.0 / even)
    inner = jnp.ones(n).at[0].set(0.5).at[-1].set(0.5)
    weight = slope * inner * (u_high - u_low) / (n - 1)
    return Rule(pole + d, weight, jnp.where(jnp.arange(n) % 2 == 0, 2.0 * weight, 0.0))


def weigh_point(
    x: Observed,
    detector: Detector,
    sqrt_s: Array,
    gluon: Any,
    q: gg_hza.HzaParameters,
    size: Resolution = COARSE,
) -> Contracted:
    """Weight of one event (scalars in ``x``) at one mass point.

    Parameters
    ----------
    gluon : a FixedScalePdf with a leading axis of one, at the mass point's muF
    q : the mass point; sqrt_s in GeV
    """
    return contract_point(table_of_point(x, detector, sqrt_s, gluon, q, size.table), q, size)


def table_of_point(
    x: Observed, detector: Detector, sqrt_s: Number, gluon: Any, q: gg_hza.HzaParameters, nodes: Nodes
) -> Table:
    """The part of an event's table that matters to a mass point."""
    g, ends = hza_geometry.geometry(x, detector, nodes.a)
    poles = Poles(q.mass_A**2, q.mass_A * q.width_A, q.mass_H**2, q.mass_H * q.width_H)
    g = window(x, detector, q.mass_z**2, q.mass_z * q.width_z, g, ends, nodes.a, poles)
    return tabulate_on(g, ends, x, detector, sqrt_s, gluon, q.mass_z, q.width_z, nodes)


def contract_point(table: Table, q: gg_hza.HzaParameters, size: Resolution) -> Contracted:
    """The sum over a table at its mass point (one scale)."""
    g = table.geometry
    _, n_a, n_v = table.log_rho.shape
    log_rho = floored(table.log_rho[0])
    largest = jnp.max(table.log_rho[0])
    wrong = relative_error(table, GAIN)

    def factor(log_s: Array, mass: Number, width: Number) -> Array:
        s = jnp.exp(log_s)
        return s / ((s - mass**2) ** 2 + (mass * width) ** 2)

    a_ends = hza_geometry.a_of(g, jnp.array([0.0, n_a - 1.0]))
    rule_a = pole_rule(a_ends[0], a_ends[1], 2.0 * jnp.log(q.mass_A), q.width_A / q.mass_A, size.a)
    position = jnp.clip(hza_geometry.node_of(g, rule_a.at), 0.0, n_a - 1.0)
    i = jnp.minimum(position.astype(jnp.int32), n_a - 2)
    t = (position - i)[:, None]
    curve = jnp.asarray(second_derivatives(n_a)) @ log_rho
    y = spline(log_rho[i], log_rho[i + 1], curve[i], curve[i + 1], t)  # [points in a, v]
    curve_v = y @ jnp.asarray(second_derivatives(n_v)).T
    wrong = (1.0 - t) * wrong[i] + t * wrong[i + 1]
    s_a = jnp.exp(rule_a.at)[:, None]
    base = hza_geometry.fold(g, rule_a.at)[:, None]
    eta_ends = hza_geometry.eta_of(g, jnp.array([0.0, 1.0]))
    h = jnp.log(s_a + jnp.exp(base + eta_ends))
    rule_h = pole_rule(jnp.min(h), jnp.max(h), 2.0 * jnp.log(q.mass_H), q.width_H / q.mass_H, size.h)
    s_h = jnp.exp(rule_h.at)
    gap = jnp.maximum(s_h - s_a, 1e-6)  # [points in a, points in h]
    # single precision from here to rho: s_H - s_A is what cancels
    y, curve_v, wrong, gap, base = single((y, curve_v, wrong, gap, base))
    v = hza_geometry.v_of(single(g), jnp.log(gap) - base) * (n_v - 1.0)
    inside = (v >= 0.0) & (v <= n_v - 1.0)
    j = jnp.clip(v.astype(jnp.int32), 0, n_v - 2)
    f = jnp.clip(v - j, 0.0, 1.0)

    def take(source: Array, shift: int) -> Array:
        return jnp.take_along_axis(source, j + shift, axis=1)

    rho = jnp.exp(spline(take(y, 0), take(y, 1), take(curve_v, 0), take(curve_v, 1), f))
    rho = jnp.where(inside, rho, 0.0).astype(s_h.dtype)
    by_h = factor(rule_h.at, q.mass_H, q.width_H) * form_factor2(s_h, q) * s_h**2
    by_a = factor(rule_a.at, q.mass_A, q.width_A) * jnp.exp(rule_a.at)
    along_h, half_h = rho @ (by_h * rule_h.weight), rho @ (by_h * rule_h.half)
    value = jnp.sum(along_h * by_a * rule_a.weight)
    per_value = 1.0 / jnp.where(value > 0.0, value, 1.0)
    error = (1.0 - f) * take(wrong, 0) + f * take(wrong, 1)
    of_table = jnp.sum(((error * rho) @ (by_h * rule_h.weight)) * by_a * rule_a.weight) * per_value
    # geometric convergence: the whole rule is off by about the square of what half of it is off by, if that is small
    off_a = jnp.abs(jnp.sum(along_h * by_a * rule_a.half) * per_value - 1.0)
    off_h = jnp.abs(jnp.sum(half_h * by_a * rule_a.weight) * per_value - 1.0)
    # both assignments of the jets weigh the same
    value = 2.0 * value * jnp.exp(largest) * couplings(q)
    return Contracted(value, of_table, off_a**1.5 + off_h**1.5)
