"""g g -> H -> Z A -> (l+ l-)(b bbar) in the type-II 2HDM, exact one-loop top and bottom form factor.

Spin-0 resonances cut the amplitude into factors, each summed over its helicities in closed form:

    sum |M|^2 = 8 * 2 (s/2)^2 |G_t F(4 mt^2/s) + G_b F(4 mb^2/s)|^2            g g -> H (colours, helicities)
                * |BW_H|^2 * c^2 |BW_Z|^2 * sum_h g_h^2 [4 (pA.l)(pA.l') - s_bb s_ll]      H -> Z A, Z -> l l
                * |BW_A|^2 * 3 y_A^2 * 2 s_bb                                  A -> b bbar
    G_q = g_s^2 kappa_q / (8 pi^2 v), kappa_t = cba - sba/tb, kappa_b = cba + sba tb,
    F(tau) = tau [1 + (1 - tau) f(tau)],  c = g sba / cw (= twice e sba / (2 sw cw)), y_A = ymb tb / v.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp

from momentax.amplitudes.complexpair import Pair, Real
from momentax.amplitudes.parameters import Card, z_couplings
from momentax.amplitudes.spinors import bar as bar_spinor
from momentax.amplitudes.spinors import helicity_pair, product
from momentax.kinematics import FourVector, dot


class HzaParameters(NamedTuple):
    """2HDM parameters; masses and widths in GeV; each a number or an array over the batch.

    mass_b_loop is the bottom mass of the loop, yukawa_mass_b that of the A b bbar coupling (a running mass
    keeps Gamma(A -> b bbar) below Gamma_A); the b mass of the kinematics is that of the momenta.
    """

    mass_H: Real
    width_H: Real
    mass_A: Real
    width_A: Real
    mass_z: Real
    width_z: Real
    mass_t: Real
    mass_b_loop: Real
    yukawa_mass_b: Real
    tan_beta: Real
    cos_ba: Real
    alpha_s: Real
    e: Real
    sw2: Real
    vev: Real


def parameters(mapping: Mapping[str, Any] | None = None) -> HzaParameters:
    """Parameters from MadGraph's names: MHH, WHH, MHA, WHA, tb, cba, MZ, WZ, MT, MB, ymb, aS and aEWM1, Gf.

    MB is the bottom mass of the loop, ymb (default: MB) that of the Yukawa coupling of A.
    """
    card = Card(mapping)
    ew = card.electroweak
    ymb = card["ymb"] if "ymb" in card else card["MB"]
    return HzaParameters(
        *(
            card["MHH"],
            card["WHH"],
            card["MHA"],
            card["WHA"],
            ew.mass_z,
            ew.width_z,
            card["MT"],
            card["MB"],
            ymb,
        ),
        *(card["tb"], card["cba"], card.alpha_s, ew.e, ew.sw2, ew.vev),
    )


def loop_form_factor(s: Real, mass: Real) -> Pair:
    """F(tau) = tau [1 + (1 - tau) f(tau)], tau = 4 m^2/s: g g -> scalar through a quark loop (heavy: 2/3).

    f = arcsin^2(1/sqrt tau) for tau >= 1, else -(log((1 + beta)/(1 - beta)) - i pi)^2 / 4, beta^2 = 1 - tau.
    """
    tau = 4.0 * mass * mass / s
    heavy = tau >= 1.0
    tiny = 1e-30
    tau_low = jnp.where(heavy, 0.5, jnp.maximum(tau, tiny))
    # 1 - beta = tau/(1 + beta): no cancellation for light quarks
    log = jnp.log((1.0 + jnp.sqrt(1.0 - tau_low)) ** 2 / tau_low)
    # a little above threshold arcsin keeps a finite derivative for the branch that is not taken
    angle = jnp.arcsin(1.0 / jnp.sqrt(jnp.where(heavy, jnp.maximum(tau, 1.0 + 1e-14), 2.0)))
    re = jnp.where(heavy, angle * angle, -0.25 * (log * log - math.pi**2))
    im = jnp.where(heavy, 0.0, 0.5 * math.pi * log)
    return Pair(tau * (1.0 + (1.0 - tau) * re), tau * (1.0 - tau) * im)


def _breit_wigner2(s: Real, mass: Real, width: Real) -> Real:
    return 1.0 / ((s - mass * mass) ** 2 + (mass * width) ** 2)


def msq_pieces(p: Sequence[FourVector], params: HzaParameters) -> tuple[Real, Real, Real, Real]:
    """Factors (common, left, right, s_bb): sum |M|^2 = common * (left + right) * 2 s_bb, not averaged.

    left, right: l- helicity -1/2 and +1/2.
    """
    g1, g2, lp, lm, b, bbar = p
    q = params
    shat = 4.0 * g1.e * g2.e
    a = b + bbar
    s_bb = a.mass2
    s_ll = 2.0 * dot(lp, lm)
    sba = jnp.sqrt(1.0 - q.cos_ba * q.cos_ba)
    top, bottom = loop_form_factor(shat, q.mass_t), loop_form_factor(shat, q.mass_b_loop)
    amplitude = top * (q.cos_ba - sba / q.tan_beta) + bottom * (q.cos_ba + sba * q.tan_beta)
    coupling = 4.0 * math.pi * q.alpha_s / (8.0 * math.pi**2 * q.vev)
    production = 4.0 * shat * shat * coupling * coupling * amplitude.abs2
    # (pH + pA).J = 2 pA.J because the lepton current is conserved
    hza = (q.e * sba) ** 2 / (q.sw2 * (1.0 - q.sw2))
    left, right = z_couplings(-1.0, -0.5, q.e, q.sw2)
    leptons = 4.0 * dot(a, lp) * dot(a, lm) - s_bb * s_ll
    decay_a = 3.0 * (q.yukawa_mass_b * q.tan_beta / q.vev) ** 2
    poles = (
        _breit_wigner2(shat, q.mass_H, q.width_H)
        * _breit_wigner2(s_ll, q.mass_z, q.width_z)
        * _breit_wigner2(s_bb, q.mass_A, q.width_A)
    )
    common = production * hza * decay_a * poles
    return common, leptons * left * left, leptons * right * right, s_bb


def msq(p: Sequence[FourVector], params: HzaParameters) -> Real:
    """Squared amplitude, summed over final and averaged over initial spins and colours, GeV^-4.

    p: g g l+ l- b bbar, each a FourVector of the batch shape, gluons along +z and -z.
    """
    common, left, right, s_bb = msq_pieces(p, params)
    return common * (left + right) * s_bb * (2.0 / 256.0)


def helicity_squares(p: Sequence[FourVector], params: HzaParameters) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (g, g, l+, l-, b, bbar); the others vanish.

    The b helicities in the frame of the momenta come from |ubar gamma5 v|^2 with explicit spinors.
    """
    common, left, right, _ = msq_pieces(p, params)
    b, bbar = p[4], p[5]
    mass_b = jnp.sqrt(jnp.maximum(b.mass2, 0.0))
    us, _ = helicity_pair(b, mass_b, 1)
    vs, _ = helicity_pair(bbar, mass_b, -1)
    out: dict[tuple[int, ...], Real] = {}
    for ib, hb in enumerate((-1, 1)):
        for ibbar, hbbar in enumerate((-1, 1)):
            row = bar_spinor(us[ib])
            v = vs[ibbar]
            pseudo = product(row, v._replace(left=(-v.left[0], -v.left[1]))).abs2
            for hg in (-1, 1):
                out[(hg, hg, 1, -1, hb, hbbar)] = 0.5 * common * left * pseudo
                out[(hg, hg, -1, 1, hb, hbbar)] = 0.5 * common * right * pseudo
    return out
