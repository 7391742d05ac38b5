"""Inputs of the networks from measured momenta, in JAX: they are part of the compiled and of the exported network.

``paper``: the variables of the paper (section 3). ``physics``: logarithms of energies and of the invariant masses of
all groups of objects, momentum fractions, recoil and missing momentum; for H -> ZA the energies of the b quarks that
the mass point demands (`b_energies`) and how well transfer functions and recoil like them, which is most of ln W; for
Drell-Yan the squared amplitude; for ttbar how well neutrinos on the mass shells explain the missing momentum.
The numbers of the detector in here are those of the built-in one: they shape inputs, not the weight that is learned.

All are invariant under rotations about the beam; ``physics`` also under reflections and exchange of the jets, as W is:
an event is shown as one of its eight equivalents (`symmetries.folded`).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.constants import MASS_Z, SQRT_S, WIDTH_Z
from momentax.regress import symmetries, top_pairs
from momentax.regress.inputs import OBJECTS
from momentax.regress.matrix_element import log_hard

Array = jax.Array

_PAIRS = tuple(combinations(range(4), 2))
_TRIPLES = tuple(combinations(range(4), 3))
# built-in detector: jets sigma/E = sqrt(1/E + 0.1^2), recoil 20 GeV per axis, g(k_T)
_JET_NOISE, _JET_CONSTANT, _LEPTON, _RECOIL = 1.0, 0.10, 0.02, 20.0
_STEPS = 4
_POLE = 0.01
"""Width^2 that the resolution of a mass gives to a pole, relative."""
_G = ((0.5, 10.0), (0.35, 30.0), (0.15, 80.0))

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
    *(f"log_m_{_NAMES[i]}_{_NAMES[j]}" for i, j in _PAIRS),
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


class Event(NamedTuple):
    """Measured quantities of events, [n] or [n, 4] in the order l+, l-, j1, j2; x is along the positive lepton."""

    pt: Array
    eta: Array
    dphi: Array
    mass: Array
    energy: Array
    px: Array
    py: Array
    pz: Array
    met_x: Array
    met_y: Array
    pair2: dict[tuple[int, int], Array]
    """Squared masses of pairs, GeV^2."""


def unpack(raw: Array) -> Event:
    """Event quantities from the columns `momentax.regress.inputs.RAW`, [n, 18]."""
    pt, eta, phi, mass = (raw[:, k:16:4] for k in range(4))
    dphi = phi - phi[:, :1]
    met_dphi = raw[:, 17] - phi[:, 0]
    p = pt * jnp.cosh(eta)
    ratio = jnp.log1p((mass / p) ** 2)
    pair2 = {}
    for i, j in _PAIRS:
        # E_i E_j - p_i p_j without the cancellation, which float32 would not survive
        angle = jnp.sinh((eta[:, i] - eta[:, j]) / 2) ** 2 + jnp.sin((dphi[:, i] - dphi[:, j]) / 2) ** 2
        massive = p[:, i] * p[:, j] * jnp.expm1((ratio[:, i] + ratio[:, j]) / 2)
        pair2[i, j] = (
            mass[:, i] ** 2 + mass[:, j] ** 2 + 4.0 * pt[:, i] * pt[:, j] * angle + 2.0 * massive + 1e-2
        )
    return Event(
        pt,
        eta,
        dphi,
        mass,
        p * jnp.exp(ratio / 2),
        pt * jnp.cos(dphi),
        pt * jnp.sin(dphi),
        pt * jnp.sinh(eta),
        raw[:, 16] * jnp.cos(met_dphi),
        raw[:, 16] * jnp.sin(met_dphi),
        pair2,
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
        *_balanced(e)[1],
    ]
    return jnp.stack(columns, axis=1)


def _balanced(e: Event) -> tuple[Array, list[Array]]:
    """The b energies r_i E_i^rec that explain the missing momentum best, without neutrinos, by Gauss-Newton steps.

    Minimised: chi2 = |u|^2/sigma_u^2 + t_1^2 + t_2^2 with the missing momentum left over, u = MET + sum (1 - r_i) pT_i,
    and the pulls t_i of the transfer functions. It is most of what Drell-Yan pays for a neutrino.
    """
    x, y, energy = e.px[:, 2:], e.py[:, 2:], e.energy[:, 2:]
    r = jnp.ones_like(x)

    def residuals(r: Array) -> tuple[Array, Array, Array, Array]:
        """u/sigma_u [n, 2], its derivative [n, 2, jets], t [n, jets] and its derivative."""
        met = jnp.stack([e.met_x, e.met_y], axis=1)
        along = jnp.stack([x, y], axis=1)
        u = (met + jnp.sum((1 - r)[:, None] * along, axis=2)) / _RECOIL
        t, slope = _pull(r, energy)
        return u, -along / _RECOIL, t, slope

    for _ in range(_STEPS):
        u, du, t, dt = residuals(r)
        a = jnp.sum(du[:, :, 0] ** 2, axis=1) + dt[:, 0] ** 2
        b = jnp.sum(du[:, :, 1] ** 2, axis=1) + dt[:, 1] ** 2
        c = jnp.sum(du[:, :, 0] * du[:, :, 1], axis=1)
        g0 = jnp.sum(du[:, :, 0] * u, axis=1) + dt[:, 0] * t[:, 0]
        g1 = jnp.sum(du[:, :, 1] * u, axis=1) + dt[:, 1] * t[:, 1]
        determinant = a * b - c**2
        step = jnp.stack([(b * g0 - c * g1) / determinant, (a * g1 - c * g0) / determinant], axis=1)
        # a step at most halves or doubles an energy
        r = r * jnp.exp(jnp.clip(-step / r, -0.7, 0.7))
    u, du, t, dt = residuals(r)
    curvature = jnp.sum(du**2, axis=1) + dt**2
    determinant = curvature[:, 0] * curvature[:, 1] - jnp.sum(du[:, :, 0] * du[:, :, 1], axis=1) ** 2
    u2 = jnp.sum(u**2, axis=1)
    chi2 = u2 + jnp.sum(t**2, axis=1)
    k_x, k_y = (jnp.sum(p[:, :2], axis=1) + jnp.sum(r * q, axis=1) for p, q in ((e.px, x), (e.py, y)))
    pairs = {p: m2 * _share(r, p) for p, m2 in e.pair2.items()}
    return r, [
        *jnp.log(r).T,
        *jnp.arcsinh(t).T,
        jnp.arcsinh(jnp.sqrt(u2 + 1e-6)),
        jnp.arcsinh(jnp.hypot(k_x, k_y) / 20.0),
        jnp.arcsinh(chi2 / 4.0),
        jnp.sqrt(chi2 + 1e-6),
        0.5 * jnp.log(pairs[2, 3]),
        0.5 * jnp.log(sum(pairs.values())),
        jnp.log(determinant),
    ]


def _share(r: Array, pair: tuple[int, int]) -> Array:
    """By what the squared mass of a pair grows with the energies of its jets."""
    factors = [r[:, i - 2] for i in pair if i > 1]
    return jnp.prod(jnp.stack(factors), axis=0) if factors else jnp.ones(r.shape[0], r.dtype)


def _pull(r: Array, measured: Array) -> tuple[Array, Array]:
    """(E^rec - E)/sigma(E) of a jet with E = r E^rec, and its derivative in r (of the numerator alone)."""
    sigma = jnp.sqrt(_JET_NOISE**2 / (r * measured) + _JET_CONSTANT**2)
    return (1.0 / r - 1.0) / sigma, -1.0 / (r**2 * sigma)


class BEnergies(NamedTuple):
    """Energies of the b quarks over the measured ones, [n], for the two solutions (+, -)."""

    r1: tuple[Array, Array]
    r2: tuple[Array, Array]
    discriminant: Array
    """Below 0 there is none: both are then those where it vanishes."""
    half_sum: Array


def b_energies(e: Event, m_h: Array, m_a: Array) -> BEnergies:
    """The b energies that give m_bb = mA and m_llbb = mH with the measured leptons and directions (massless b).

    With r_i = E_i / E_i^rec and A_i = (m_l+i^2 + m_l-i^2)/2:  A_1 r_1 + A_2 r_2 = 2 C = (mH^2 - mA^2 - m_ll^2)/2 and
    r_1 r_2 = mA^2/m_bb^2, so that A_1 r_1 = C (1 +- sqrt(D)), D = 1 - A_1 A_2 mA^2 / (m_bb C)^2.
    """
    a1 = (e.pair2[0, 2] + e.pair2[1, 2]) / 2
    a2 = (e.pair2[0, 3] + e.pair2[1, 3]) / 2
    rho = m_a**2 / e.pair2[2, 3]
    # an m_ll that leaves no energy for the b quarks: the Z must then be lighter than measured
    m_ll2 = jnp.minimum(e.pair2[0, 1], (0.5 * (m_h - m_a)) ** 2 + 0.5 * MASS_Z**2)
    c = jnp.maximum((m_h**2 - m_a**2 - m_ll2) / 4, 1.0)
    discriminant = 1.0 - a1 * a2 * rho / c**2
    root = jnp.sqrt(jnp.maximum(discriminant, 1e-6))
    # without a solution the nearest to one: scaled so that the product keeps m_bb = mA
    half = jnp.where(discriminant > 0, c, jnp.sqrt(a1 * a2 * rho))
    large = half * (1.0 + root)
    small = a1 * a2 * rho / large
    return BEnergies((large / a1, small / a1), (small / a2, large / a2), discriminant, c / (a1 + a2))


def masses_physics(e: Event, masses: Array, table: Any) -> Array:
    """Inputs `PHYSICS_MASSES` of an event and a mass point (mH, mA) [n, 2], GeV."""
    m_h, m_a = masses[:, 0], masses[:, 1]
    found, of_mass = b_energies(e, m_h, m_a), of_masses(masses, table)
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
        at = _at(e, r1, r2, m_h, m_a)
        # the last term: d(s_A, s_H)/d(E_1, E_2), kept off its zero
        log_l = at.log_l + at.angular - 0.5 * jnp.log(jnp.maximum(found.discriminant, 0.0) + 0.03)
        paths.append(log_l)
        columns += [*at.columns, jnp.arcsinh(log_l / 4.0)]
    # A on its pole, H wherever that leads; and neither on its pole
    balanced, _ = _balanced(e)
    for r, free_a in ((_on_pole_of_a(e, m_a), False), (balanced.T, True)):
        at = _at(e, r[0], r[1], m_h, m_a)
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


class At(NamedTuple):
    """An event at b energies r_i E_i^rec, [n]."""

    log_l: Array
    """ln of transfer functions, recoil and g(k_T)."""
    angular: Array
    """ln of the lepton tensor with the momentum of A (Z -> l+ l- between scalars), massless, over mH^4."""
    m_bb2: Array
    m_llbb2: Array
    columns: list[Array]
    """Inputs."""


def _at(e: Event, r1: Array, r2: Array, m_h: Array, m_a: Array) -> At:
    log_l = jnp.zeros_like(m_h)
    pulls = []
    for r, k in ((r1, 2), (r2, 3)):
        t, _ = _pull(r, e.energy[:, k])
        sigma = jnp.sqrt(_JET_NOISE**2 / (r * e.energy[:, k]) + _JET_CONSTANT**2)
        pulls.append(t)
        # T(E_rec|E) dE at fixed r: relative sigma
        log_l = log_l - 0.5 * t**2 - jnp.log(sigma)
    u_x = e.met_x + (1 - r1) * e.px[:, 2] + (1 - r2) * e.px[:, 3]
    u_y = e.met_y + (1 - r1) * e.py[:, 2] + (1 - r2) * e.py[:, 3]
    k_x = jnp.sum(e.px, axis=1) + e.met_x - u_x
    k_y = jnp.sum(e.py, axis=1) + e.met_y - u_y
    k2, u2 = k_x**2 + k_y**2, (u_x**2 + u_y**2) / _RECOIL**2
    log_g = jax.nn.logsumexp(jnp.stack([np.log(w / s**2) - 0.5 * k2 / s**2 for w, s in _G], axis=0), axis=0)
    m_bb2 = r1 * r2 * e.pair2[2, 3]
    p_a = [(r1 * e.pair2[k, 2] + r2 * e.pair2[k, 3]) / 2 for k in (0, 1)]
    angular = jnp.log(jnp.maximum(2.0 * p_a[0] * p_a[1] - m_bb2 * e.pair2[0, 1] / 2, 1.0) / m_h**4)
    m_llbb2 = e.pair2[0, 1] + m_bb2 + 2.0 * (p_a[0] + p_a[1])
    p_z = e.pz[:, 0] + e.pz[:, 1] + r1 * e.pz[:, 2] + r2 * e.pz[:, 3]
    columns = [
        jnp.log(r1),
        jnp.log(r2),
        *(jnp.arcsinh(t) for t in pulls),
        jnp.arcsinh(jnp.sqrt(u2 + 1e-6)),
        jnp.arcsinh(jnp.sqrt(k2 + 1e-3) / 20.0),
        jnp.arcsinh(p_z / jnp.sqrt(m_llbb2)),
        angular,
    ]
    return At(log_l - 0.5 * u2 + log_g, angular, m_bb2, m_llbb2, columns)


def _on_pole_of_a(e: Event, m_a: Array) -> tuple[Array, Array]:
    """The b energies with m_bb = mA, r_1 r_2 = mA^2/m_bb^2, that transfer functions and missing momentum like best."""
    half = 0.5 * jnp.log(m_a**2 / e.pair2[2, 3])
    s = jnp.zeros_like(half)
    for _ in range(_STEPS):
        r = jnp.exp(jnp.stack([half + s, half - s], axis=1))
        t, slope = _pull(r, e.energy[:, 2:])
        change = jnp.stack([r[:, 0], -r[:, 1]], axis=1)
        top, bottom = jnp.zeros_like(s), jnp.zeros_like(s)
        for met, p in ((e.met_x, e.px), (e.met_y, e.py)):
            u = (met + jnp.sum((1 - r) * p[:, 2:], axis=1)) / _RECOIL
            du = -jnp.sum(change * p[:, 2:], axis=1) / _RECOIL
            top, bottom = top + u * du, bottom + du**2
        top = top + jnp.sum(t * slope * change, axis=1)
        bottom = bottom + jnp.sum((slope * change) ** 2, axis=1)
        s = s + jnp.clip(-top / bottom, -0.7, 0.7)
    return jnp.exp(half + s), jnp.exp(half - s)


def of_masses(masses: Array, table: Any) -> Array:
    """Logarithms that depend on the masses alone, [n, 3], linear between the nodes of a `MassTable`."""
    x = jnp.log(masses[:, 1])
    y = jnp.log(masses[:, 0] - masses[:, 1])
    values = jnp.asarray(table["values"])
    n_x, n_y = values.shape[:2]
    i = jnp.clip((x - table["start"][0]) / table["step"][0], 0.0, n_x - 1.001)
    j = jnp.clip((y - table["start"][1]) / table["step"][1], 0.0, n_y - 1.001)
    a, b = i.astype(jnp.int32), j.astype(jnp.int32)
    s, t = (i - a)[:, None], (j - b)[:, None]
    low = (1 - t) * values[a, b] + t * values[a, b + 1]
    high = (1 - t) * values[a + 1, b] + t * values[a + 1, b + 1]
    return (1 - s) * low + s * high


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
        r, _ = _balanced(event)
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
