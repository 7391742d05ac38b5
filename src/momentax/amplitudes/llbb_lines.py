"""Fermion lines shared by g g and q qbar -> b bbar l+ l-: the lepton current, the b spinors, the b line with
the pair emitted.

The lepton current of massless leptons, a^dagger sigmabar^mu b, is of rank one: Jslash maps any spinor onto
two fixed directions,

    J.sigma = 2 b a^dagger,   J.sigmabar = 2 at bt^T   with at = (a2, -a1)^*, bt = (b2, -b1),

so every product with it is two scalar products. The right-handed current is that of a and b exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from momentax.amplitudes.complexpair import Pair, Real, propagator, real
from momentax.amplitudes.parameters import Card, z_couplings
from momentax.amplitudes.spinors import (
    Dirac,
    Vector,
    Weyl,
    bar,
    conj,
    helicity_pair,
    light_cone_pair,
    massless,
    momentum,
    propagate_column,
    propagate_row,
    scale,
    weyl_product,
)
from momentax.kinematics import FourVector, dot

LEPTON_HELICITIES = ((1, -1), (-1, 1))
"""(l+, l-): the left-handed current first."""

UP, DOWN = (2.0 / 3.0, 0.5), (-1.0 / 3.0, -0.5)
_LEPTON = (-1.0, -0.5)


class LlbbParameters(NamedTuple):
    """Masses and widths in GeV, couplings; each a number or an array over the batch.

    mass_b None means massless b quarks at trace time (half the helicities); photon: 1, or 0 to leave its
    diagrams out.
    """

    mass_b: Real | None
    mass_z: Real
    width_z: Real
    alpha_s: Real
    e: Real
    sw2: Real
    photon: Real


def llbb_parameters(parameters: Mapping[str, Any] | None = None, photon: bool = True) -> LlbbParameters:
    """Parameters from MadGraph's names: MB, MZ, WZ, aS and aEWM1, Gf (or MW); ``photon`` False leaves the Z
    alone.
    """
    card = Card(parameters)
    ew = card.electroweak
    return LlbbParameters(
        card.mass_b, ew.mass_z, ew.width_z, card.alpha_s, ew.e, ew.sw2, 1.0 if photon else 0.0
    )


class LeptonCurrent(NamedTuple):
    """Rank-one lepton current: J.sigma = 2 b a, J.sigmabar = 2 at bt (a is conjugated already)."""

    a: Weyl
    b: Weyl
    at: Weyl
    bt: Weyl


class Lepton(NamedTuple):
    """One lepton helicity: its current, the norm of the current's square, its coupling to the Z."""

    current: LeptonCurrent
    norm: Real
    z_coupling: Real


def lepton(lp: FourVector, lm: FourVector, params: LlbbParameters, right: bool | jax.Array) -> Lepton:
    """The left-handed current of l- and l+, or the right-handed one: the same with l+ and l- exchanged.

    ``right`` may be traced: then a loop over both helicities is one piece of code.
    """
    g_left, g_right = z_couplings(*_LEPTON, params.e, params.sw2)
    if isinstance(right, bool):
        row, column, g = (lp, lm, g_right) if right else (lm, lp, g_left)
    else:
        row = FourVector(*(jnp.where(right, y, x) for x, y in zip(lm, lp, strict=True)))
        column = FourVector(*(jnp.where(right, y, x) for x, y in zip(lp, lm, strict=True)))
        g = jnp.where(right, g_right, g_left)
    (w_row, norm_row), (b, norm_column) = massless(row), massless(column)
    a = conj(w_row)
    return Lepton(LeptonCurrent(a, b, (a[1], -a[0]), (b[1], -b[0])), norm_row * norm_column, g)


def coupling(
    fermion: tuple[float, float], lepton: Lepton, line: BLine, params: LlbbParameters
) -> tuple[Pair, Pair]:
    """(left, right): e^2 Q Ql/s_ll + g gl/(s_ll - MZ^2 + i MZ GammaZ) of a fermion (charge, isospin)."""
    g = z_couplings(*fermion, params.e, params.sw2)
    em = real(line.photon * (fermion[0] * _LEPTON[0]))
    return em + line.z * (g[0] * lepton.z_coupling), em + line.z * (g[1] * lepton.z_coupling)


def column_current(j: LeptonCurrent, psi: Dirac, c: tuple[Pair, Pair]) -> Dirac:
    """Jslash (cL PL + cR PR) psi / 2."""
    left = weyl_product(j.a, psi.right) * c[1]
    right = weyl_product(j.bt, psi.left) * c[0]
    return Dirac((j.b[0] * left, j.b[1] * left), (j.at[0] * right, j.at[1] * right))


def row_current(row: Dirac, j: LeptonCurrent, c: tuple[Pair, Pair]) -> Dirac:
    """row Jslash (cL PL + cR PR) / 2."""
    left = weyl_product(row.right, j.at) * c[0]
    right = weyl_product(row.left, j.b) * c[1]
    return Dirac((j.bt[0] * left, j.bt[1] * left), (j.a[0] * right, j.a[1] * right))


class BLine(NamedTuple):
    """What both initial states need of the b quarks and of the pair, before the lepton helicity is chosen."""

    rows: list[Dirac]  # ubar(b), two spin states
    columns: list[Dirac]  # v(bbar)
    pair: FourVector
    pair_minus: Real  # E - pz and E + pz of the pair
    pair_plus: Real
    q_b: Vector  # b + pair
    q_bbar: Vector  # -(bbar + pair)
    den_b: Real  # 1/((b + pair)^2 - m^2)
    den_bbar: Real
    s_ll: Real
    photon: Real  # e^2/s_ll, or 0
    z: Pair
    norm: Real


class Emission(NamedTuple):
    """The b line with the pair of one lepton helicity emitted, without the 2 of the current."""

    lepton: Lepton
    coupling: tuple[Pair, Pair]  # of the b quark
    rows: list[Dirac]  # ubar Jslash S(b + pair)
    columns: list[Dirac]  # S(-bbar - pair) Jslash v


def b_line(p: Sequence[FourVector], params: LlbbParameters, helicity_basis: bool = False) -> BLine:
    """The b line for final momenta ``p`` = b bbar l+ l-.

    helicity_basis: b spin states of definite helicity instead of the cheaper light-cone ones; the sum is the
    same.
    """
    b, bbar, lp, lm = p
    basis = helicity_pair if helicity_basis else light_cone_pair
    us, norm_b = basis(b, params.mass_b, 1)
    vs, norm_bbar = basis(bbar, params.mass_b, -1)
    q = lp + lm
    s_ll = 2.0 * dot(lp, lm)
    return BLine(
        rows=[bar(u) for u in us],
        columns=list(vs),
        pair=q,
        pair_minus=q.e - q.z,
        pair_plus=q.e + q.z,
        q_b=momentum(b + q),
        q_bbar=momentum(-(bbar + q)),
        den_b=1.0 / (s_ll + 2.0 * dot(b, q)),
        den_bbar=1.0 / (s_ll + 2.0 * dot(bbar, q)),
        s_ll=s_ll,
        photon=params.photon * params.e * params.e / s_ll,
        z=propagator(s_ll, params.mass_z, params.width_z),
        norm=norm_b * norm_bbar,
    )


def emission(line: BLine, lepton: Lepton, params: LlbbParameters) -> Emission:
    """The pair of one lepton helicity emitted from either end of the b line."""
    j, c = lepton.current, coupling(DOWN, lepton, line, params)
    mass = params.mass_b
    rows = [scale(propagate_row(row_current(row, j, c), line.q_b, mass), line.den_b) for row in line.rows]
    columns = [
        scale(propagate_column(line.q_bbar, mass, column_current(j, v, c)), line.den_bbar)
        for v in line.columns
    ]
    return Emission(lepton, c, rows, columns)


def beam_products(p: FourVector, mass: Real | None) -> tuple[Real, Real]:
    """(E - pz, E + pz) of a quark without cancellation: one from the other through (pT^2 + m^2)."""
    minus = light_cone_minus(p, mass)
    return minus, light_cone_minus(p._replace(z=-p.z), mass)


def light_cone_minus(p: FourVector, mass: Real | None) -> Real:
    """E - pz, for forward momenta as (pT^2 + m^2)/(E + pz)."""
    transverse = p.x**2 + p.y**2
    big = p.e + jnp.abs(p.z)
    return jnp.where(p.z >= 0.0, (transverse if mass is None else transverse + mass**2) / big, big)
