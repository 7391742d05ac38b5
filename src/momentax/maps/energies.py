"""Energies of particles with known directions, from invariant masses.

The directions of the visible particles are measured exactly, so a resonance decaying to two of them fixes one
energy in terms of the other. ``w`` = 1 - cos(angle) is passed instead of the cosine: it keeps its digits for
near pairs.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

Array = jax.Array
ArrayLike: TypeAlias = Array | float
Direction = tuple[Array, Array, Array]

_TINY = 1e-300


def one_minus_cos(n1: Direction, n2: Direction) -> Array:
    """w = 1 - n1.n2 = |n1 - n2|^2/2 of two unit vectors, without cancellation."""
    return 0.5 * ((n1[0] - n2[0]) ** 2 + (n1[1] - n2[1]) ** 2 + (n1[2] - n2[2]) ** 2)


class MasslessPair(NamedTuple):
    """Second energy of a massless pair of given directions: s = 2 E1 E2 w, so E2 = s/(2 E1 w). One solution.

    Fields: ``e1`` first energy (GeV), ``w`` = 1 - cos(angle) > 0.
    """

    e1: ArrayLike
    w: ArrayLike

    @property
    def dim(self) -> int:
        return 1

    def forward(self, s: ArrayLike) -> tuple[Array, Array]:
        """(E2, dE2/ds) for the invariant mass squared ``s``."""
        slope = 1.0 / (2.0 * jnp.asarray(self.e1) * self.w)
        return s * slope, slope * jnp.ones_like(jnp.asarray(s, float))

    def density(self, e2: ArrayLike) -> Array:
        """ds/dE2 = 2 E1 w: multiply by the density in s to get the density in E2."""
        return 2.0 * jnp.asarray(self.e1) * self.w * jnp.ones_like(jnp.asarray(e2, float))

    def inverse(self, e2: ArrayLike) -> Array:
        """s of E2."""
        return 2.0 * jnp.asarray(self.e1) * self.w * e2


class PairSolutions(NamedTuple):
    """The two branches of :class:`MassivePair`: energies, |dE2/ds| and which of them exist."""

    e2: tuple[Array, Array]
    jacobian: tuple[Array, Array]
    valid: tuple[Array, Array]


class MassivePair(NamedTuple):
    """Second energy of a pair of equal masses m, s = 2 m^2 + 2 (E1 E2 - p1 p2 cos): none, one or two
    solutions.

    With A = s/2 - m^2, K = m^2 + p1^2 (1 - cos^2), r = sqrt(A^2 - m^2 K) and sign = +-1:

        E2 = (A E1 + sign p1 cos r)/K,   p2 = (A p1 cos + sign E1 r)/K,   ds/dE2 = 2 sign r/p2,

    a solution where A^2 > m^2 K and p2 > 0. The branch with sign = -1 exists only near threshold (A < m E1,
    cos > 0). Fields: ``e1`` > ``mass`` (GeV), ``w`` = 1 - cos > 0.
    """

    e1: ArrayLike
    w: ArrayLike
    mass: ArrayLike

    @property
    def dim(self) -> int:
        return 1

    def _geometry(self) -> tuple[Array, Array, Array]:
        p1 = jnp.sqrt(jnp.maximum(jnp.asarray(self.e1) ** 2 - jnp.asarray(self.mass) ** 2, _TINY))
        k = jnp.asarray(self.mass) ** 2 + p1**2 * self.w * (2.0 - jnp.asarray(self.w))
        return p1, 1.0 - jnp.asarray(self.w), k

    def forward(self, s: ArrayLike) -> PairSolutions:
        """Both branches (sign +1 first) for the invariant mass squared ``s``; e2 = m and jacobian 0 where not
        valid.
        """
        p1, cos, k = self._geometry()
        a = 0.5 * jnp.asarray(s) - jnp.asarray(self.mass) ** 2
        r2 = a**2 - jnp.asarray(self.mass) ** 2 * k
        real = (r2 > 0.0) & (a > 0.0)
        r = jnp.sqrt(jnp.where(real, r2, 1.0))
        # p2 of the two branches from the product of the roots where the direct sum would cancel
        product = (a - self.mass * jnp.asarray(self.e1)) * (a + self.mass * jnp.asarray(self.e1))
        total = jnp.where(real, a * p1 * jnp.abs(cos) + self.e1 * r, 1.0)
        p2_plus = jnp.where(cos >= 0.0, total / k, product / total)
        p2_minus = -product / total
        energies, jacobians, valids = [], [], []
        for p2, exists in ((p2_plus, True), (p2_minus, cos > 0.0)):
            valid = real & (p2 > 0.0) & exists
            p2 = jnp.where(valid, p2, 1.0)
            energies.append(jnp.where(valid, jnp.sqrt(p2**2 + jnp.asarray(self.mass) ** 2), self.mass))
            jacobians.append(jnp.where(valid, 0.5 * p2 / r, 0.0))
            valids.append(valid)
        return PairSolutions((energies[0], energies[1]), (jacobians[0], jacobians[1]), (valids[0], valids[1]))

    def density(self, e2: ArrayLike) -> Array:
        """|ds/dE2| = 2 |E1 - p1 cos E2/p2| at the energy ``e2`` > m."""
        p1, cos, _ = self._geometry()
        p2 = jnp.sqrt(jnp.maximum(jnp.asarray(e2) ** 2 - jnp.asarray(self.mass) ** 2, _TINY))
        return 2.0 * jnp.abs(self.e1 - p1 * cos * e2 / p2)

    def inverse(self, e2: ArrayLike) -> Array:
        """s of E2."""
        p1, _, _ = self._geometry()
        mass2 = jnp.asarray(self.mass) ** 2
        p2 = jnp.sqrt(jnp.maximum(jnp.asarray(e2) ** 2 - mass2, 0.0))
        # E1 E2 - p1 p2 = (m^2 (E1^2 + E2^2) - m^4)/(E1 E2 + p1 p2): light, fast pairs keep their digits
        difference = mass2 * (jnp.asarray(self.e1) ** 2 + jnp.asarray(e2) ** 2 - mass2)
        return 2.0 * mass2 + 2.0 * (difference / (self.e1 * jnp.asarray(e2) + p1 * p2) + p1 * p2 * self.w)
