"""Four-vectors as plain arrays: fast inside ``jax.jit``, any batch shape.

A :class:`FourVector` is four arrays (E, px, py, pz) that broadcast against each other; every function here is
elementwise over the batch, so the same code serves one point, a vector of points or events x points.
Metric (+, -, -, -), units GeV.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array


class FourVector(NamedTuple):
    """(E, px, py, pz) in GeV; each field an array of the batch shape."""

    e: Array
    x: Array
    y: Array
    z: Array

    def __add__(self, other: FourVector) -> FourVector:  # type: ignore[override]
        return FourVector(self.e + other.e, self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other: FourVector) -> FourVector:
        return FourVector(self.e - other.e, self.x - other.x, self.y - other.y, self.z - other.z)

    def __neg__(self) -> FourVector:
        return FourVector(-self.e, -self.x, -self.y, -self.z)

    @property
    def mass2(self) -> Array:
        """Invariant mass squared, GeV^2 (difference of squares: loses digits for light, fast particles)."""
        return self.e**2 - self.x**2 - self.y**2 - self.z**2

    @property
    def pt2(self) -> Array:
        """Transverse momentum squared, GeV^2."""
        return self.x**2 + self.y**2

    @property
    def p2(self) -> Array:
        """Three-momentum squared, GeV^2."""
        return self.x**2 + self.y**2 + self.z**2

    def stack(self) -> Array:
        """One array [..., 4] in the order (E, px, py, pz)."""
        return jnp.stack(jnp.broadcast_arrays(*self), axis=-1)


def from_array(p: Array) -> FourVector:
    """FourVector from an array [..., 4] in the order (E, px, py, pz)."""
    return FourVector(p[..., 0], p[..., 1], p[..., 2], p[..., 3])


def dot(a: FourVector, b: FourVector) -> Array:
    """Minkowski product a.b, GeV^2."""
    return a.e * b.e - a.x * b.x - a.y * b.y - a.z * b.z


def from_energy_direction(e: Array, direction: tuple[Array, Array, Array], mass: Array | float) -> FourVector:
    """FourVector of energy ``e`` >= ``mass`` along the unit vector ``direction`` = (nx, ny, nz)."""
    p = jnp.sqrt(jnp.maximum(e**2 - mass**2, 0.0))
    return FourVector(e, p * direction[0], p * direction[1], p * direction[2])


def unit_vector(eta: Array, phi: Array) -> tuple[Array, Array, Array]:
    """(nx, ny, nz) of pseudorapidity ``eta`` and azimuth ``phi``: sin(theta) = 1/cosh(eta), cos(theta) = tanh(eta)."""
    sin_theta = 1.0 / jnp.cosh(eta)
    return sin_theta * jnp.cos(phi), sin_theta * jnp.sin(phi), jnp.tanh(eta)


def boost(p: FourVector, beta: tuple[Array, Array, Array]) -> FourVector:
    """Active boost of ``p`` by the velocity ``beta`` (|beta| < 1): a particle at rest acquires velocity beta."""
    bx, by, bz = beta
    b2 = bx**2 + by**2 + bz**2
    gamma = 1.0 / jnp.sqrt(1.0 - b2)
    bp = bx * p.x + by * p.y + bz * p.z
    # (gamma - 1)/beta^2 written without the 0/0 at rest
    k = gamma**2 / (1.0 + gamma) * bp + gamma * p.e
    return FourVector(gamma * (p.e + bp), p.x + k * bx, p.y + k * by, p.z + k * bz)


def transverse_boost_to_rest(p: FourVector, total: FourVector) -> FourVector:
    """``p`` in the frame reached by the pure transverse boost that takes the transverse part of ``total`` to zero."""
    return boost(p, (-total.x / total.e, -total.y / total.e, jnp.zeros_like(total.e)))
