"""Parton-level phase space of the three hypotheses, flattened for importance sampling.

Every process gives the momenta in the frame where the transverse momentum of the final state vanishes
(hadron frame along z), and the Jacobian of (s/2) dq1 dq2 dPhi_n with
dPhi_n = (2 pi)^4 delta^4(P - sum p) prod d^3p/((2 pi)^3 2E), so that

    sigma = (hbar c)^2 Int (s/2) dq1 dq2 dPhi_n  sum_ab f_a(q1) f_b(q2) Mbar^2_ab / (q1 q2 s^2),

the integral of the definition of the weight over all x. The azimuth of the whole event is the last
coordinate: nothing depends on it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from momentax.constants import MASS_B
from momentax.kinematics import FourVector
from momentax.maps import BreitWigner, Leaf, Log, Mixture, Node, PowerLaw, TwoBodyDecay, Uniform

Array = jax.Array

TWO_PI = 2.0 * math.pi


class HardEvent(NamedTuple):
    """Final state in the frame of k_T = 0 and its Jacobian."""

    momenta: tuple[FourVector, ...]
    jacobian: Array
    """dPhi/du (units of the process' phase space); zero where the coordinates have no event."""


class TTbarSpace(NamedTuple):
    """gg, q qbar -> (l+ nu b)(l- nubar bbar): four Breit-Wigner masses, s-hat, rapidity, two-body decays.

    Order of the momenta: l+, nu, b, l-, nubar, bbar.
    """

    mass_t: Array
    width_t: Array
    mass_w: Array
    width_w: Array
    sqrt_s: Array
    mass_b: float = MASS_B

    def forward(self, u: tuple[Array, ...]) -> HardEvent:
        """Event of ``u``, sixteen coordinates."""
        top = BreitWigner(self.mass_t, self.width_t, self.mass_b**2, (0.5 * self.sqrt_s) ** 2)
        (s_t, j0), (s_tbar, j1) = top.forward(u[0]), top.forward(u[1])
        (s_wp, j2), (s_wm, j3) = (
            BreitWigner(self.mass_w, self.width_w, 0.0, (jnp.sqrt(s) - self.mass_b) ** 2).forward(v)
            for s, v in ((s_t, u[2]), (s_tbar, u[3]))
        )
        threshold = (jnp.sqrt(s_t) + jnp.sqrt(s_tbar)) ** 2
        s_hat, j4 = PowerLaw(threshold, self.sqrt_s**2, -2.5).forward(u[4])
        parent, j5 = _collision(s_hat, u[5], self.sqrt_s)
        sides = [
            Node(s, Node(s_w, Leaf(0.0), Leaf(0.0)), Leaf(self.mass_b**2))
            for s, s_w in ((s_t, s_wp), (s_tbar, s_wm))
        ]
        momenta, j6 = Node(s_hat, *sides).forward((u[6], u[15], *u[7:15]), parent)
        return HardEvent(momenta, j0 * j1 * j2 * j3 * j4 * j5 * j6)


class HzaSpace(NamedTuple):
    """gg -> H -> Z A -> (l+ l-)(b bbar): Breit-Wigner masses of H, A and Z, rapidity, two-body decays.

    Order of the momenta: l+, l-, b, bbar.
    """

    mass_h: Array
    width_h: Array
    mass_a: Array
    width_a: Array
    mass_z: Array
    width_z: Array
    sqrt_s: Array
    mass_b: float = MASS_B

    def forward(self, u: tuple[Array, ...]) -> HardEvent:
        """Event of ``u``, ten coordinates."""
        s_min = 4.0 * self.mass_b**2
        s_hat, j0 = BreitWigner(self.mass_h, self.width_h, s_min, self.sqrt_s**2).forward(u[0])
        s_bb, j1 = BreitWigner(self.mass_a, self.width_a, s_min, s_hat).forward(u[1])
        s_ll, j2 = BreitWigner(
            self.mass_z, self.width_z, 0.0, (jnp.sqrt(s_hat) - jnp.sqrt(s_bb)) ** 2
        ).forward(u[2])
        parent, j3 = _collision(s_hat, u[3], self.sqrt_s)
        b = Leaf(self.mass_b**2)
        tree = Node(s_hat, Node(s_ll, Leaf(0.0), Leaf(0.0)), Node(s_bb, b, b))
        momenta, j4 = tree.forward((u[4], u[9], *u[5:9]), parent)
        return HardEvent(momenta, j0 * j1 * j2 * j3 * j4)


class DrellYanSpace(NamedTuple):
    """gg, q qbar -> l+ l- b bbar: transverse masses of the b quarks, rapidities relative to the lepton
    pair, s_ll.

    With d^3p/2E = d^2p_T dy/2 and y_i = y_ll + delta_i, the system's rapidity Y at fixed delta replaces y_ll:
    s-hat = (sum m_T e^delta)(sum m_T e^-delta) does not depend on Y. Peaks of t-channel b quarks lie along
    m_T and delta; s_ll is a mixture of photon (1/s) and Z. Order of the momenta: b, bbar, l+, l-.
    """

    mass_z: Array
    width_z: Array
    pt_b_min: Array
    m_ll_min: Array
    sqrt_s: Array
    mass_b: float = MASS_B

    def forward(self, u: tuple[Array, ...]) -> HardEvent:
        """Event of ``u``, eleven coordinates."""
        s = self.sqrt_s**2
        s_min = self.m_ll_min**2
        poles = Mixture(
            (BreitWigner(self.mass_z, self.width_z, s_min, s), Log(s_min, s)), jnp.array([0.6, 0.4])
        )
        s_ll, j0 = poles.forward(u[0], u[1])
        mt2 = PowerLaw(self.pt_b_min**2 + self.mass_b**2, 0.25 * s, -2.0)
        (mt2_b, j1), (mt2_bbar, j2) = mt2.forward(u[2]), mt2.forward(u[3])
        (delta_b, j3), (delta_bbar, j4) = (Uniform(-8.0, 8.0).forward(v) for v in (u[4], u[5]))
        phi_b, phi_bbar = TWO_PI * u[10], TWO_PI * (u[10] + u[6])
        pt_b, pt_bbar = (jnp.sqrt(m - self.mass_b**2) for m in (mt2_b, mt2_bbar))
        x = -pt_b * jnp.cos(phi_b) - pt_bbar * jnp.cos(phi_bbar)
        y = -pt_b * jnp.sin(phi_b) - pt_bbar * jnp.sin(phi_bbar)
        mt_b, mt_bbar, mt_ll = jnp.sqrt(mt2_b), jnp.sqrt(mt2_bbar), jnp.sqrt(s_ll + x**2 + y**2)
        plus = mt_ll + mt_b * jnp.exp(delta_b) + mt_bbar * jnp.exp(delta_bbar)
        minus = mt_ll + mt_b * jnp.exp(-delta_b) + mt_bbar * jnp.exp(-delta_bbar)
        s_hat = plus * minus
        inside = s_hat < s
        half_range = 0.5 * jnp.log(s / jnp.where(inside, s_hat, 0.5 * s))
        rapidity = (2.0 * u[7] - 1.0) * half_range - 0.5 * jnp.log(plus / minus)
        b = _from_rapidity(mt_b, pt_b, phi_b, rapidity + delta_b)
        bbar = _from_rapidity(mt_bbar, pt_bbar, phi_bbar, rapidity + delta_bbar)
        pair = FourVector(mt_ll * jnp.cosh(rapidity), x, y, mt_ll * jnp.sinh(rapidity))
        (lep_plus, lep_minus), j5 = TwoBodyDecay(s_ll, 0.0, 0.0).forward((u[8], u[9]), pair)
        # (2 pi)^4 prod [d^2p_T dy/(2 (2 pi)^3)] over b, bbar and the pair less its d^2p_T, times ds_ll/(2
        # pi); d^2p_T = dm_T^2 dphi/2 and dy_ll = dY = 2 half_range du
        measure = TWO_PI**4 * (0.25 * TWO_PI / TWO_PI**3) ** 2 * (0.5 / TWO_PI**3) / TWO_PI
        jacobian = j0 * j1 * j2 * j3 * j4 * j5 * 2.0 * half_range * measure
        return HardEvent((b, bbar, lep_plus, lep_minus), jnp.where(inside, jacobian, 0.0))


def _collision(s_hat: Array, u: Array, sqrt_s: Array) -> tuple[FourVector, Array]:
    """(total momentum along z, Jacobian): dq1 dq2 = ds_hat dY/s, 1/(2 s_hat) turned into 1/(q1 q2 s^2)."""
    half_range = jnp.log(sqrt_s) - 0.5 * jnp.log(s_hat)
    rapidity = (2.0 * u - 1.0) * half_range
    mass = jnp.sqrt(s_hat)
    zero = jnp.zeros_like(mass)
    total = FourVector(mass * jnp.cosh(rapidity), zero, zero, mass * jnp.sinh(rapidity))
    return total, half_range


def _from_rapidity(mt: Array, pt: Array, phi: Array, rapidity: Array) -> FourVector:
    return FourVector(mt * jnp.cosh(rapidity), pt * jnp.cos(phi), pt * jnp.sin(phi), mt * jnp.sinh(rapidity))
