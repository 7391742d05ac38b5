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
from momentax.maps import BreitWigner, Leaf, Mixture, Node, PowerLaw, TwoBodyDecay, Uniform

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
    """gg, q qbar -> l+ l- b bbar: transverse momenta and rapidities of three objects, s_ll.

    With d^3p/2E = d^2p_T dy/2 and y_i = y_ll + delta_i, the system's rapidity Y at fixed delta replaces y_ll:
    s-hat = (sum m_T e^delta)(sum m_T e^-delta) does not depend on Y. Two of the three transverse momenta (b
    and bbar, b and the pair, bbar and the pair: a mixture of the three choices) follow power laws in m_T^2
    with a uniform angle between them, the third balances: soft pairs radiated off hard b quarks and
    t-channel b quarks both lie along coordinates. s_ll is a mixture of the Z and a power law for the photon.
    Order of the momenta: b, bbar, l+, l-.
    """

    mass_z: Array
    width_z: Array
    pt_b_min: Array
    m_ll_min: Array
    sqrt_s: Array
    mass_b: float = MASS_B

    def forward(self, u: tuple[Array, ...]) -> HardEvent:
        """Event of ``u``, ten coordinates."""
        s, s_min = self.sqrt_s**2, self.m_ll_min**2
        poles = (BreitWigner(self.mass_z, self.width_z, s_min, s), PowerLaw(s_min, s, -2.0))
        shares = jnp.array([0.6, 0.4])
        _, local = _intervals(u[0], shares)
        s_ll, j0 = Mixture(poles, shares).forward(u[0], local)
        (b_t, bbar_t), j1 = self._transverse(u[1], u[2], u[3], TWO_PI * u[9], s_ll)
        (delta_b, j2), (delta_bbar, j3) = (Uniform(-8.0, 8.0).forward(v) for v in (u[4], u[5]))
        x, y = -b_t[0] - bbar_t[0], -b_t[1] - bbar_t[1]
        mt_b, mt_bbar = (jnp.sqrt(self.mass_b**2 + px**2 + py**2) for px, py in (b_t, bbar_t))
        mt_ll = jnp.sqrt(s_ll + x**2 + y**2)
        plus = mt_ll + mt_b * jnp.exp(delta_b) + mt_bbar * jnp.exp(delta_bbar)
        minus = mt_ll + mt_b * jnp.exp(-delta_b) + mt_bbar * jnp.exp(-delta_bbar)
        s_hat = plus * minus
        inside = s_hat < s
        half_range = 0.5 * jnp.log(s / jnp.where(inside, s_hat, 0.5 * s))
        rapidity = (2.0 * u[6] - 1.0) * half_range - 0.5 * jnp.log(plus / minus)
        b = _from_rapidity(mt_b, b_t, rapidity + delta_b)
        bbar = _from_rapidity(mt_bbar, bbar_t, rapidity + delta_bbar)
        pair = _from_rapidity(mt_ll, (x, y), rapidity)
        (lep_plus, lep_minus), j4 = TwoBodyDecay(s_ll, 0.0, 0.0).forward((u[7], u[8]), pair)
        # (2 pi)^4 prod [d^2p_T dy/(2 (2 pi)^3)] over b, bbar and the pair less its d^2p_T, times ds_ll/(2
        # pi); dy_ll = dY = 2 half_range du, and (s/2) dq1 dq2 delta(E) delta(p_z) = 1
        measure = TWO_PI**4 * (0.5 / TWO_PI**3) ** 3 / TWO_PI
        jacobian = j0 * j1 * j2 * j3 * j4 * 2.0 * half_range * measure
        return HardEvent((b, bbar, lep_plus, lep_minus), jnp.where(inside, jacobian, 0.0))

    def _transverse(
        self, u_first: Array, u_second: Array, u_angle: Array, phi: Array, s_ll: Array
    ) -> tuple[tuple[tuple[Array, Array], tuple[Array, Array]], Array]:
        """(transverse momenta of b and bbar, d^2p_T d^2p_T/du); ``phi``: azimuth of the first object."""
        s = self.sqrt_s**2
        quark = PowerLaw(self.pt_b_min**2 + self.mass_b**2, 0.25 * s, -2.0)
        pair = PowerLaw(s_ll, s, -1.5)
        shares = jnp.array([0.5, 0.25, 0.25])
        (is_bb, is_b, _), local = _intervals(u_angle, shares)
        mt2_first = quark.forward(u_first)[0]
        mt2_second = jnp.where(is_bb, quark.forward(u_second)[0], pair.forward(u_second)[0])
        first = _transverse_vector(mt2_first - self.mass_b**2, phi)
        second = _transverse_vector(mt2_second - jnp.where(is_bb, self.mass_b**2, s_ll), phi + TWO_PI * local)
        third = (-first[0] - second[0], -first[1] - second[1])
        b = tuple(jnp.where(is_bb | is_b, p, r) for p, r in zip(first, third, strict=True))
        bbar = tuple(
            jnp.where(is_bb, q, jnp.where(is_b, r, p)) for p, q, r in zip(first, second, third, strict=True)
        )
        mt2 = [self.mass_b**2 + v[0] ** 2 + v[1] ** 2 for v in (b, bbar)]
        density_b, density_bbar = quark.density(mt2[0]), quark.density(mt2[1])
        density_ll = pair.density(s_ll + (b[0] + bbar[0]) ** 2 + (b[1] + bbar[1]) ** 2)
        # uniform azimuths: density in d^2p_T = density in m_T^2 / pi
        density = (
            shares[0] * density_b * density_bbar
            + (shares[1] * density_b + shares[2] * density_bbar) * density_ll
        ) / math.pi**2
        jacobian = jnp.where(density > 0.0, 1.0 / jnp.where(density > 0.0, density, 1.0), 0.0)
        return ((b[0], b[1]), (bbar[0], bbar[1])), jacobian


def _intervals(u: Array, shares: Array) -> tuple[list[Array], Array]:
    """(whether each channel holds ``u``, ``u`` rescaled inside its channel)."""
    edges = jnp.concatenate([jnp.zeros(1), jnp.cumsum(shares)])
    n = len(shares)
    inside = [(u >= edges[i]) & ((u < edges[i + 1]) | (i == n - 1)) for i in range(n)]
    local = sum(jnp.where(flag, (u - edges[i]) / shares[i], 0.0) for i, flag in enumerate(inside))
    return inside, jnp.clip(local, 1e-12, 1.0 - 1e-12)


def _transverse_vector(pt2: Array, phi: Array) -> tuple[Array, Array]:
    pt = jnp.sqrt(jnp.maximum(pt2, 1e-12))
    return pt * jnp.cos(phi), pt * jnp.sin(phi)


def _collision(s_hat: Array, u: Array, sqrt_s: Array) -> tuple[FourVector, Array]:
    """(total momentum along z, Jacobian): dq1 dq2 = ds_hat dY/s, 1/(2 s_hat) turned into 1/(q1 q2 s^2)."""
    half_range = jnp.log(sqrt_s) - 0.5 * jnp.log(s_hat)
    rapidity = (2.0 * u - 1.0) * half_range
    mass = jnp.sqrt(s_hat)
    zero = jnp.zeros_like(mass)
    total = FourVector(mass * jnp.cosh(rapidity), zero, zero, mass * jnp.sinh(rapidity))
    return total, half_range


def _from_rapidity(mt: Array, transverse: tuple[Array, Array], rapidity: Array) -> FourVector:
    return FourVector(mt * jnp.cosh(rapidity), *transverse, mt * jnp.sinh(rapidity))
