"""MoMEMta's block A: two momenta of known direction from the balance of transverse momentum.

p_1 n_1T + p_2 n_2T = (x, y) is linear in the two moduli; one solution if both are positive. With dtheta dphi
as the measure of each direction,

    [d^3 p_1 d^3 p_2/((2 pi)^6 4 E_1 E_2)] (2 pi)^4 delta^4 dx1 dx2 -> dtheta_1 dphi_1 dtheta_2 dphi_2 J,
    J = p_1^2 p_2^2 / (8 pi^2 s E_1 E_2 |sin(phi_2 - phi_1)|).

Divide J by sin(theta_1) sin(theta_2) for the solid angles.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector
from momentax.maps.energies import Direction

Array = jax.Array
ArrayLike: TypeAlias = Array | float


class BlockA(NamedTuple):
    """Fields: ``s`` hadronic energy squared; unit vectors ``n1``, ``n2``; masses squared (GeV^2)."""

    s: ArrayLike
    n1: Direction
    n2: Direction
    m1_squared: ArrayLike
    m2_squared: ArrayLike

    @property
    def dim(self) -> int:
        return 0

    def forward(self, pt_x: ArrayLike, pt_y: ArrayLike) -> tuple[tuple[FourVector, FourVector], Array, Array]:
        """((p1, p2), J, valid) for the transverse momentum (x, y) that the two must sum to; J = 0 where not
        valid.
        """
        det = self.n1[0] * self.n2[1] - self.n1[1] * self.n2[0]  # sin(theta1) sin(theta2) sin(phi2 - phi1)
        safe = jnp.where(jnp.abs(det) > 1e-300, det, 1.0)
        p1 = (pt_x * self.n2[1] - pt_y * self.n2[0]) / safe
        p2 = (pt_y * self.n1[0] - pt_x * self.n1[1]) / safe
        valid = (p1 > 0.0) & (p2 > 0.0) & (jnp.abs(det) > 1e-300)
        p1, p2 = jnp.where(valid, p1, 1.0), jnp.where(valid, p2, 1.0)
        e1, e2 = jnp.sqrt(p1**2 + self.m1_squared), jnp.sqrt(p2**2 + self.m2_squared)
        sin_thetas = jnp.hypot(self.n1[0], self.n1[1]) * jnp.hypot(self.n2[0], self.n2[1])
        jacobian = (p1 * p2) ** 2 * sin_thetas / (8.0 * jnp.pi**2 * self.s * e1 * e2 * jnp.abs(safe))
        first = FourVector(e1, p1 * self.n1[0], p1 * self.n1[1], p1 * self.n1[2])
        second = FourVector(e2, p2 * self.n2[0], p2 * self.n2[1], p2 * self.n2[2])
        return (first, second), jnp.where(valid, jacobian, 0.0), valid
