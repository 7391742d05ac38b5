"""Momentum fractions of the two partons: sampled, or built from the final state."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector

Array = jax.Array
ArrayLike: TypeAlias = Array | float


class PartonFractions(NamedTuple):
    """(x1, x2) from (tau, y): x1, x2 = sqrt(tau) exp(+-y), so dx1 dx2 = dtau dy. dim 2.

    tau = x1 x2 is logarithmic between ``tau_min`` and 1, the rapidity uniform in |y| <= ln(1/tau)/2:
    Jacobian tau ln(1/tau_min) ln(1/tau).
    """

    tau_min: ArrayLike

    @property
    def dim(self) -> int:
        return 2

    def forward(self, u_tau: ArrayLike, u_y: ArrayLike) -> tuple[tuple[Array, Array], Array]:
        """((x1, x2), |d(x1, x2)/d(u_tau, u_y)|); u_tau = 1 is tau = 1."""
        log_range = -jnp.log(jnp.asarray(self.tau_min))
        minus_log_tau = log_range * (1.0 - jnp.asarray(u_tau))
        half_y = minus_log_tau * (jnp.asarray(u_y) - 0.5)
        x1, x2 = jnp.exp(-0.5 * minus_log_tau + half_y), jnp.exp(-0.5 * minus_log_tau - half_y)
        return (x1, x2), x1 * x2 * log_range * minus_log_tau

    def density(self, x1: ArrayLike, x2: ArrayLike) -> Array:
        """1/Jacobian at (x1, x2); zero outside x1, x2 < 1 < x1 x2/tau_min."""
        x1, x2 = jnp.asarray(x1), jnp.asarray(x2)
        allowed = (x1 < 1.0) & (x2 < 1.0) & (x1 * x2 >= self.tau_min) & (x1 > 0.0) & (x2 > 0.0)
        tau = jnp.where(allowed, x1 * x2, 0.5)
        return jnp.where(allowed, 1.0 / (tau * jnp.log(jnp.asarray(self.tau_min)) * jnp.log(tau)), 0.0)

    def inverse(self, x1: ArrayLike, x2: ArrayLike) -> tuple[Array, Array]:
        """(u_tau, u_y) of (x1, x2)."""
        log1, log2 = jnp.log(jnp.asarray(x1)), jnp.log(jnp.asarray(x2))
        minus_log_tau = -(log1 + log2)
        return 1.0 + minus_log_tau / jnp.log(jnp.asarray(self.tau_min)), 0.5 + 0.5 * (
            log1 - log2
        ) / minus_log_tau


def parton_fractions(total: FourVector, sqrt_s: ArrayLike) -> tuple[Array, Array]:
    """(q1, q2) = (E_hard +- p_z)/sqrt(s) with E_hard = sqrt(E^2 - k_T^2), the energy at zero transverse
    momentum.
    """
    e_hard = jnp.sqrt(jnp.maximum(total.e**2 - total.pt2, 1e-300))
    return (e_hard + total.z) / sqrt_s, (e_hard - total.z) / sqrt_s


def partons(total: FourVector) -> tuple[FourVector, FourVector]:
    """The incoming momenta along +z and -z, for a final state ``total`` already at zero transverse momentum."""
    zero = jnp.zeros_like(total.e)
    plus, minus = 0.5 * (total.e + total.z), 0.5 * (total.e - total.z)
    return FourVector(plus, zero, zero, plus), FourVector(minus, zero, zero, -minus)
