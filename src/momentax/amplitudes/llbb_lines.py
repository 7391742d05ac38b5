"""Fermion lines shared by g g and q qbar -> b bbar l+ l-: the lepton current, the b spinors, the b line with the pair emitted.

The lepton current of massless leptons, a^dagger sigmabar^mu b, is of rank one: Jslash maps any spinor onto two fixed directions,

    J.sigma = 2 b a^dagger,   J.sigmabar = 2 at bt^T   with at = (a2, -a1)^*, bt = (b2, -b1),

so every product with it is two scalar products. The right-handed current is that of a and b exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp

from momentax.amplitudes.complexpair import Pair, Real, propagator, real
from momentax.amplitudes.parameters import Card, z_couplings
from momentax.amplitudes.spinors import (
    Dirac,
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

    mass_b None means massless b quarks at trace time (half the helicities); photon: 1, or 0 to leave its diagrams out.
    """

    mass_b: Real | None
    mass_z: Real
    width_z: Real
    alpha_s: Real
    e: Real
    sw2: Real
    photon: Real


def llbb_parameters(parameters: Mapping[str, Any] | None = None, photon: bool = True) -> LlbbParameters:
    """Parameters from MadGraph's names: MB, MZ, WZ, aS and aEWM1, Gf (or MW); ``photon`` False leaves the Z alone."""
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


def lepton_currents(lp: FourVector, lm: FourVector) -> tuple[tuple[LeptonCurrent, LeptonCurrent], Real]:
    """Left- and right-handed currents of l- and l+, and the norm of their squares."""
    (wm, norm_m), (wp, norm_p) = massless(lm), massless(lp)

    def build(a: Weyl, b: Weyl) -> LeptonCurrent:
        return LeptonCurrent(a, b, (a[1], -a[0]), (b[1], -b[0]))

    return (build(conj(wm), wp), build(conj(wp), wm)), norm_m * norm_p


def couplings(
    fermion: tuple[float, float], params: LlbbParameters, photon: Real, z: Pair
) -> list[tuple[Pair, Pair]]:
    """[lepton helicity] -> (left, right): e^2 Q Ql/s_ll + g gl/(s_ll - MZ^2 + i MZ GammaZ).

    photon = e^2/s_ll (or 0); z = the Z propagator; fermion = (charge, isospin).
    """
    g, gl = z_couplings(*fermion, params.e, params.sw2), z_couplings(*_LEPTON, params.e, params.sw2)
    em = real(photon * (fermion[0] * _LEPTON[0]))
    return [(em + z * (g[0] * lepton), em + z * (g[1] * lepton)) for lepton in gl]


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
    """What both initial states need; indices [spin of b], [spin of bbar], [lepton helicity]."""

    rows: list[Dirac]  # ubar(b)
    columns: list[Dirac]  # v(bbar)
    rows_emitted: list[list[Dirac]]  # [l][b]: ubar Jslash S(b + q) / 2
    columns_emitted: list[list[Dirac]]  # [l][bbar]: S(-bbar - q) Jslash v / 2
    leptons: tuple[LeptonCurrent, LeptonCurrent]
    couplings: list[tuple[Pair, Pair]]  # of the b quark
    photon: Real
    z: Pair
    q: FourVector
    s_ll: Real
    norm: Real


def b_line(p: Sequence[FourVector], params: LlbbParameters, helicity_basis: bool = False) -> BLine:
    """The b line for final momenta ``p`` = b bbar l+ l-.

    helicity_basis: b spin states of definite helicity instead of the cheaper light-cone ones; the sum is the same.
    """
    b, bbar, lp, lm = p
    mass = params.mass_b
    basis = helicity_pair if helicity_basis else light_cone_pair
    us, norm_b = basis(b, mass, 1)
    vs, norm_bbar = basis(bbar, mass, -1)
    leptons, norm_l = lepton_currents(lp, lm)
    q = lp + lm
    s_ll = 2.0 * dot(lp, lm)
    photon = params.photon * params.e * params.e / s_ll
    z = propagator(s_ll, params.mass_z, params.width_z)
    c = couplings(DOWN, params, photon, z)
    rows, columns = [bar(u) for u in us], list(vs)
    den_b, den_bbar = 1.0 / (s_ll + 2.0 * dot(b, q)), 1.0 / (s_ll + 2.0 * dot(bbar, q))
    q_b, q_bbar = momentum(b + q), momentum(-(bbar + q))
    rows_emitted = [
        [scale(propagate_row(row_current(row, j, ch), q_b, mass), den_b) for row in rows]
        for j, ch in zip(leptons, c, strict=True)
    ]
    columns_emitted = [
        [scale(propagate_column(q_bbar, mass, column_current(j, v, ch)), den_bbar) for v in columns]
        for j, ch in zip(leptons, c, strict=True)
    ]
    norm = norm_b * norm_bbar * norm_l
    return BLine(rows, columns, rows_emitted, columns_emitted, leptons, c, photon, z, q, s_ll, norm)


def beam_products(p: FourVector, mass: Real | None) -> tuple[Real, Real]:
    """(E - pz, E + pz) of a quark without cancellation: one from the other through (pT^2 + m^2)."""
    minus = light_cone_minus(p, mass)
    return minus, light_cone_minus(p._replace(z=-p.z), mass)


def light_cone_minus(p: FourVector, mass: Real | None) -> Real:
    """E - pz, for forward momenta as (pT^2 + m^2)/(E + pz)."""
    transverse = p.x**2 + p.y**2
    big = p.e + jnp.abs(p.z)
    return jnp.where(p.z >= 0.0, (transverse if mass is None else transverse + mass**2) / big, big)
