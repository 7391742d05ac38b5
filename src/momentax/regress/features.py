"""Inputs of the networks from measured momenta, in JAX: they are part of the compiled and of the exported network.

``paper``: the variables of the paper (section 3). ``physics``: logarithms of energies and of the invariant masses of
all groups of objects, momentum fractions, recoil and missing momentum; for H -> ZA the energies of the b quarks that
the mass point demands and how well transfer functions and recoil like them (`momentax.regress.b_energies`), which is
most of ln W; for Drell-Yan the squared amplitude; for ttbar how well neutrinos on the mass shells explain the missing
momentum.

All are invariant under rotations about the beam; ``physics`` also under reflections and exchange of the jets, as W is:
an event is shown as one of its eight equivalents (`symmetries.folded`).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp

from momentax.constants import MASS_Z, SQRT_S, WIDTH_Z
from momentax.regress import symmetries, top_pairs
from momentax.regress.b_energies import at_energies, balanced, on_both_poles, on_pole_of_a
from momentax.regress.event import PAIRS, Event, unpack
from momentax.regress.inputs import OBJECTS
from momentax.regress.mass_table import of_masses
from momentax.regress.matrix_element import log_hard

Array = jax.Array

_TRIPLES = tuple(combinations(range(4), 3))
_LEPTON = 0.02
"""Relative resolution of leptons of the built-in detector."""
_POLE = 0.01
"""Width^2 that the resolution of a mass gives to a pole, relative."""

PAPER = (
    *(f"{o}_{v}" for o in OBJECTS for v in ("pt", "eta")),
    *(f"dphi_{o}_lep_plus" for o in OBJECTS[1:]),
    "met_pt",
    "dphi_met_lep_plus",
)
PAPER_MASSES = ("mH", "mA")
_NAMES = tuple(o.replace("lep_plus", "l+").replace("lep_minus", "l-") for o in OBJECTS)
PHYSICS = (
    *(f"log_E_{n}" for n in _NAMES),
    *(f"log_pt_{n}" for n in _NAMES),
    *(f"eta_{n}" for n in _NAMES),
    *(f"{f}_dphi_{n}" for f in ("cos", "sin") for n in (*_NAMES[1:], "met")),
    *(f"log_m_{_NAMES[i]}_{_NAMES[j]}" for i, j in PAIRS),
    *("log_m_" + "_".join(_NAMES[i] for i in t) for t in _TRIPLES),
    "log_m_llbb",
    "log_q1",
    "log_q2",
    "met_along",
    "met_across",
    "recoil",
    "recoil_along",
    "recoil_across",
    "log_mt_ll_met",
    "log_mt_llbb_met",
    "log_pole_ll",
    *(f"balanced_{v}" for v in ("r1", "r2", "t1", "t2", "u", "kt", "chi2", "chi", "m_bb", "m_llbb", "det")),
)
DRELL_YAN = tuple(f"log_hard_{p}_{a}" for p in ("balanced", "measured") for a in ("better", "worse", "both"))
_AT = ("r1", "r2", "t1", "t2", "u", "kt", "y", "angular")
PHYSICS_MASSES = (
    "log_mH",
    "log_mA",
    "log_mH_minus_mA",
    "log_prefactor",
    "log_width_H",
    "log_width_A",
    "m_bb_over_mA",
    "m_llbb_over_mH",
    "discriminant",
    "sum",
    *(f"{v}_{s}" for s in ("plus", "minus") for v in (*_AT, "log_l")),
    *(f"{v}_{s}" for s in ("on_pole_a", "balanced") for v in (*_AT, "pole_h", "pole_a", "m_llbb", "log_l")),
    "log_l_all",
    "chi_all",
)


def _wrapped(angle: Array) -> Array:
    """Folded into [-pi, pi)."""
    return (angle + jnp.pi) % (2 * jnp.pi) - jnp.pi


def paper(raw: Array) -> Array:
    """The 13 event inputs of the paper, [n, 13] (`PAPER`)."""
    columns = [raw[:, 4 * k + v] for k in range(4) for v in (0, 1)]
    columns += [_wrapped(raw[:, 4 * k + 2] - raw[:, 2]) for k in (1, 2, 3)]
    columns += [raw[:, 16], _wrapped(raw[:, 17] - raw[:, 2])]
    return jnp.stack(columns, axis=1)


def physics(e: Event) -> Array:
    """Event inputs `PHYSICS`, [n, 46]."""
    squares = jnp.sum(e.mass**2, axis=1)
    s_all = sum(e.pair2.values()) - 2.0 * squares
    triples = [
        sum(e.pair2[p] for p in combinations(t, 2)) - sum(e.mass[:, i] ** 2 for i in t) for t in _TRIPLES
    ]
    pz = jnp.sum(e.pz, axis=1)
    sum_x, sum_y = jnp.sum(e.px, axis=1), jnp.sum(e.py, axis=1)
    hard = jnp.sqrt(s_all + pz**2)
    # the smaller of E +- p_z by (E^2 - p_z^2) / (E +- p_z): no cancellation
    large = hard + jnp.abs(pz)
    log_large, log_small = jnp.log(large / SQRT_S), jnp.log(s_all / large / SQRT_S)
    k_x, k_y = sum_x + e.met_x, sum_y + e.met_y
    met = jnp.hypot(e.met_x, e.met_y) + 1e-3
    ll_x, ll_y = jnp.sum(e.px[:, :2], axis=1), jnp.sum(e.py[:, :2], axis=1)

    def transverse_mass(m2: Array, x: Array, y: Array) -> Array:
        """log m_T of a system with mass^2 m2 and the missing momentum."""
        e_t = jnp.sqrt(m2 + x**2 + y**2)
        return 0.5 * jnp.log(jnp.abs(m2) + 2.0 * (e_t * met - x * e.met_x - y * e.met_y) + 1.0)

    columns = [
        *jnp.log(e.energy).T,
        *jnp.log(e.pt).T,
        *e.eta.T,
        *jnp.cos(e.dphi[:, 1:]).T,
        e.met_x / met,
        *jnp.sin(e.dphi[:, 1:]).T,
        e.met_y / met,
        *(0.5 * jnp.log(m2) for m2 in e.pair2.values()),
        *(0.5 * jnp.log(jnp.maximum(m2, 1.0)) for m2 in triples),
        0.5 * jnp.log(s_all),
        jnp.where(pz > 0, log_large, log_small),
        jnp.where(pz > 0, log_small, log_large),
        *(jnp.arcsinh(v / 20.0) for v in (e.met_x, e.met_y, jnp.hypot(k_x, k_y), k_x, k_y)),
        transverse_mass(e.pair2[0, 1], ll_x, ll_y),
        transverse_mass(s_all, sum_x, sum_y),
        # the pole of the Z as wide as leptons are measured
        -jnp.log1p((e.pair2[0, 1] - MASS_Z**2) ** 2 / (MASS_Z * (WIDTH_Z + _LEPTON * MASS_Z)) ** 2),
        *balanced(e)[1],
    ]
    return jnp.stack(columns, axis=1)


def masses_physics(e: Event, masses: Array, table: Any) -> Array:
    """Inputs `PHYSICS_MASSES` of an event and a mass point (mH, mA) [n, 2], GeV."""
    m_h, m_a = masses[:, 0], masses[:, 1]
    found, of_mass = on_both_poles(e, m_h, m_a), of_masses(masses, table)
    columns = [
        jnp.log(m_h),
        jnp.log(m_a),
        jnp.log(m_h - m_a),
        *of_mass.T,
        0.5 * jnp.log(e.pair2[2, 3]) - jnp.log(m_a),
        0.5 * jnp.log(sum(e.pair2.values()) - 2.0 * jnp.sum(e.mass**2, axis=1)) - jnp.log(m_h),
        jnp.arcsinh(4.0 * found.discriminant),
        jnp.log(found.half_sum),
    ]
    width_h, width_a = of_mass[:, 1], of_mass[:, 2]
    paths = []
    for r1, r2 in zip(found.r1, found.r2, strict=True):
        at = at_energies(e, r1, r2, m_h, m_a)
        # the last term: d(s_A, s_H)/d(E_1, E_2), kept off its zero
        log_l = at.log_l + at.angular - 0.5 * jnp.log(jnp.maximum(found.discriminant, 0.0) + 0.03)
        paths.append(log_l)
        columns += [*at.columns, jnp.arcsinh(log_l / 4.0)]
    # A on its pole, H wherever that leads; and neither on its pole
    for r, free_a in ((on_pole_of_a(e, m_a), False), (balanced(e)[0].T, True)):
        at = at_energies(e, r[0], r[1], m_h, m_a)
        pole_h = width_h - jnp.log((at.m_llbb2 / m_h**2 - 1.0) ** 2 + jnp.exp(2.0 * width_h) + _POLE)
        pole_a = width_a - jnp.log((at.m_bb2 / m_a**2 - 1.0) ** 2 + jnp.exp(2.0 * width_a) + _POLE)
        log_l = at.log_l + at.angular + pole_h + (pole_a if free_a else 0.0)
        paths.append(log_l)
        columns += [
            *at.columns,
            pole_h,
            pole_a,
            jnp.log(at.m_llbb2) / 2 - jnp.log(m_h),
            jnp.arcsinh(log_l / 4.0),
        ]
    every = jax.nn.logsumexp(jnp.stack(paths), axis=0)
    columns += [jnp.arcsinh(every / 4.0), jnp.sqrt(jnp.maximum(20.0 - 2.0 * every, 0.0))]
    return jnp.stack(columns, axis=1)


def names(inputs: str, kind: str) -> tuple[str, ...]:
    """Names of the columns of `features`."""
    if inputs == "paper":
        return PAPER + (PAPER_MASSES if kind == "hza" else ())
    return PHYSICS + {"hza": PHYSICS_MASSES, "drell_yan": DRELL_YAN, "ttbar": top_pairs.NAMES}.get(kind, ())


def features(inputs: str, kind: str, raw: Array, masses: Array, numbers: Any) -> Array:
    """Inputs [n, k] of a network before they are standardised; those of the event alone come first.

    Args:
        inputs: ``paper`` or ``physics``.
        kind: of the hypothesis; only ``hza`` uses the masses.
        raw: measured momenta [n, 18] (`momentax.regress.inputs.RAW`); masses: (mH, mA) [n, 2] in GeV.
        numbers: ``table`` of `momentax.regress.mass_table` (``hza``), ``hard`` of `momentax.regress.matrix_element`
            (``drell_yan``); only for ``physics``.
    """
    if inputs == "paper":
        x = paper(raw)
        return jnp.concatenate([x, masses], axis=1) if kind == "hza" else x
    event = unpack(symmetries.folded(raw))
    parts = [physics(event)]
    if kind == "hza":
        parts.append(masses_physics(event, masses, numbers["table"]))
    if kind == "drell_yan":
        r, _ = balanced(event)
        parts.append(_hard(event, r, numbers["hard"]))
    if kind == "ttbar":
        tops = top_pairs.top_pair(event.energy, event.eta, event.dphi, event.met_x, event.met_y)
        parts.append(tops.astype(raw.dtype))
    return jnp.concatenate(parts, axis=1)


def _hard(e: Event, r: Array, hard: Any) -> Array:
    """Inputs `DRELL_YAN`: ln of amplitude^2 x parton densities at the balanced and at the measured energies."""
    columns = []
    for ratio in (r, jnp.ones_like(r)):
        energy = jnp.concatenate([e.energy[:, :2], ratio * e.energy[:, 2:]], axis=1)
        one, other = log_hard(energy, e.eta, e.dphi, hard)
        columns += [jnp.maximum(one, other), jnp.minimum(one, other), jnp.logaddexp(one, other)]
    return jnp.stack(columns, axis=1).astype(e.pt.dtype)
