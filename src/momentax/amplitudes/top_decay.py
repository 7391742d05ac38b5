"""Dileptonic decays of a top pair as two effective spinors, shared by gg and q qbar -> ttbar.

Leptons are massless, so the W current is conserved (its k k/M_W^2 term vanishes) and Fierz' identity gives

    ubar(b) gamma_mu PL  *  ubar(nu) gamma^mu PL v(l+)  =  2 (b_L^dagger eps nu_L^*) (l_L^T eps):

all the dependence on the b quark is one factor, whose square summed over the b helicities is 2 p_b.p_nu,
whatever the b mass. What is left is the row spinor r = l_L^T eps, carried through the top propagator to (mt
r, r pt.sigma). No sum over final helicities remains, with massive b quarks either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp

from momentax.amplitudes.complexpair import Real
from momentax.amplitudes.parameters import Card, top_width_lo
from momentax.amplitudes.spinors import (
    NO_WEYL,
    Dirac,
    Vector,
    conj,
    flip,
    massless,
    momentum,
    propagate_column,
    propagate_row,
)
from momentax.kinematics import FourVector, dot


class TtbarParameters(NamedTuple):
    """Masses and widths in GeV, alpha_s, weak coupling g; each a number or an array over the batch."""

    mass_t: Real
    width_t: Real
    mass_w: Real
    width_w: Real
    alpha_s: Real
    g_weak: Real


def ttbar_parameters(parameters: Any = None) -> TtbarParameters:
    """Parameters from MadGraph's names: MT, WT, WW, aS and aEWM1, Gf, MZ (which give MW and g), MW.

    WT defaults to the leading-order width at MT. The b mass enters through the momenta alone.
    """
    card = Card(parameters)
    ew = card.electroweak
    mt = card["MT"]
    wt = card["WT"] if "WT" in card else top_width_lo(mt, ew.mass_w, card["MB"], ew.g)
    return TtbarParameters(mt, wt, ew.mass_w, ew.width_w, card.alpha_s, ew.g)


class TopPair(NamedTuple):
    """Effective ubar(t) row, v(tbar) column, and what multiplies the squared amplitude."""

    row: Dirac
    column: Dirac
    top: Vector
    top_minus: Real  # E - pz, E + pz of the top
    top_plus: Real
    s_top: Real
    factor: Real


def _breit_wigner(s: Real, mass: Real, width: Real) -> Real:
    return (s - mass * mass) ** 2 + (mass * width) ** 2


def mass2_of_sum(a: FourVector, b: FourVector) -> Real:
    """(a + b)^2 of two massless momenta."""
    return 2.0 * dot(a, b)


def top_pair(p: Sequence[FourVector], params: TtbarParameters) -> TopPair:
    """Decay spinors of l+ nu b l- nubar bbar (``p``: these six momenta).

    ``factor`` holds the couplings of the four W vertices, the b factors summed over helicity, the spinor
    norms and the squared propagators of both W and both tops.
    """
    lp, nu, b, lm, nubar, bbar = p
    top, antitop = lp + nu + b, lm + nubar + bbar
    w_lp, norm_lp = massless(lp)
    w_lm, norm_lm = massless(lm)
    pt, ptbar = momentum(top), momentum(antitop)
    # l^T eps is the conjugate of the flipped spinor, up to a sign; eps l^* the flipped one
    row = propagate_row(Dirac(conj(flip(w_lp)), NO_WEYL), pt, params.mass_t)
    column = propagate_column(-ptbar, params.mass_t, Dirac(NO_WEYL, flip(w_lm)))
    s_t, s_tbar = top.mass2, antitop.mass2
    mt, wt, mw, ww = params.mass_t, params.width_t, params.mass_w, params.width_w
    poles = (
        _breit_wigner(s_t, mt, wt)
        * _breit_wigner(s_tbar, mt, wt)
        * _breit_wigner(mass2_of_sum(lp, nu), mw, ww)
        * _breit_wigner(mass2_of_sum(lm, nubar), mw, ww)
    )
    # vertex g/sqrt2 four times, squared: g^8/16; Fierz' 2 twice, squared: 16; 2 pb.pnu on either side
    couplings = params.g_weak**8
    factor = couplings * 4.0 * dot(b, nu) * dot(bbar, nubar) * norm_lp * norm_lm / poles
    return TopPair(row, column, pt, top.e - top.z, top.e + top.z, s_t, factor)


def b_helicity_fractions(b: FourVector, nu: FourVector, antiparticle: bool) -> tuple[Real, Real]:
    """Share of b helicity -1/2 and +1/2 in the sum over the b helicities; either side of the pair.

    |b_L^dagger eps nu_L^*|^2 = (E + p) E_nu (1 - cos) for the helicity that a massless b has, (E - p) E_nu (1
    + cos) for the other.
    """
    pabs = jnp.sqrt(b.p2)
    cos_term = (b.x * nu.x + b.y * nu.y + b.z * nu.z) / pabs
    usual = (b.e + pabs) * (nu.e - cos_term)
    other = (b.e - pabs) * (nu.e + cos_term)
    total = usual + other
    pair = (usual / total, other / total)
    return pair[::-1] if antiparticle else pair
