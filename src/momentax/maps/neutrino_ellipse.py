"""The neutrino of t -> b W, W -> l nu on an ellipse, for given W and top masses (Betchart, Demina, Harel
2013).

With a = nu.l = (s_W - m_l^2)/2 and b = nu.b = (s_t - s_W - m_b^2)/2 - l.b (Minkowski products), the massless
neutrino is

    nu = alpha l + beta b + R (cos(phi) e1 + sin(phi) e2),      R^2 = alpha a + beta b,

where (alpha, beta) solve alpha l^2 + beta l.b = a, alpha l.b + beta b^2 = b, and e1, e2 are orthonormal
space-like vectors orthogonal to l and b: e2 = (0, n), n along the cross product of the three-momenta, and e1
= (|l x b|, E_l b x n + E_b n x l)/G with G^2 = (l.b)^2 - m_l^2 m_b^2. The ellipse is real where R^2 > 0; the
energy is then positive, because nu.l > 0. The measure follows from d^4 nu delta(nu^2) = dalpha dbeta G dR^2/2
dphi delta(...):

    d^3 nu/(2 E) = ds_W ds_t dphi / (8 G),

so the Jacobian does not depend on the angle.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector, dot

Array = jax.Array
ArrayLike: TypeAlias = Array | float


def cross(a: FourVector, b: FourVector) -> tuple[Array, Array, Array]:
    """Cross product of the three-momenta."""
    return a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x


def smallest_top_mass2(lepton: FourVector, b: FourVector, s_w: ArrayLike, b_mass2: ArrayLike = 0.0) -> Array:
    """The least (l + nu + b)^2 of a massless lepton, a b and any neutrino with (l + nu)^2 = ``s_w``, GeV^2.

    R^2 = 0 at s_t = (2 l.b + m_b^2)(1 + s_W/(2 l.b)): below there is no ellipse.
    """
    two_lb = jnp.maximum(2.0 * dot(lepton, b), 1e-15)
    return (two_lb + b_mass2) * (1.0 + jnp.asarray(s_w) / two_lb)


class NeutrinoEllipse(NamedTuple):
    """All neutrinos compatible with (s_W, s_t): ``centre`` + ``axis_cos`` cos(phi) + ``axis_sin`` sin(phi).

    ``gram`` is G above (GeV^2), ``valid`` whether the ellipse is real (else a placeholder of finite numbers).
    """

    centre: FourVector
    axis_cos: FourVector
    axis_sin: FourVector
    gram: Array
    valid: Array

    @classmethod
    def from_masses(
        cls,
        lepton: FourVector,
        b: FourVector,
        s_w: ArrayLike,
        s_t: ArrayLike,
        lepton_mass2: ArrayLike = 0.0,
        b_mass2: ArrayLike = 0.0,
    ) -> NeutrinoEllipse:
        """The ellipse of W and top invariant masses squared ``s_w``, ``s_t`` (GeV^2).

        The masses squared are arguments because E^2 - p^2 loses the digits of a light, fast particle.
        """
        lb = dot(lepton, b)
        nu_l = 0.5 * (jnp.asarray(s_w) - lepton_mass2)
        nu_b = 0.5 * (jnp.asarray(s_t) - s_w - b_mass2) - lb
        gram2 = jnp.maximum(lb**2 - jnp.asarray(lepton_mass2) * b_mass2, 1e-30)
        gram = jnp.sqrt(gram2)
        alpha = (lb * nu_b - b_mass2 * nu_l) / gram2
        beta = (lb * nu_l - lepton_mass2 * nu_b) / gram2
        r2 = alpha * nu_l + beta * nu_b
        valid = (r2 > 0.0) & (nu_l > 0.0)
        r = jnp.sqrt(jnp.where(valid, r2, 1.0))

        nx, ny, nz = cross(lepton, b)
        length = jnp.sqrt(jnp.maximum(nx**2 + ny**2 + nz**2, 1e-30))
        scale = r / length
        normal = FourVector(jnp.zeros_like(length), nx * scale, ny * scale, nz * scale)
        bx, by, bz = cross(b, normal)
        lx, ly, lz = cross(normal, lepton)
        inverse_gram = 1.0 / gram
        axis_cos = FourVector(
            length * r * inverse_gram,
            (lepton.e * bx + b.e * lx) * inverse_gram,
            (lepton.e * by + b.e * ly) * inverse_gram,
            (lepton.e * bz + b.e * lz) * inverse_gram,
        )
        centre = FourVector(*(alpha * p + beta * q for p, q in zip(lepton, b, strict=True)))
        return cls(centre, axis_cos, normal, gram, valid)

    @property
    def dim(self) -> int:
        return 1

    def at(self, cos: ArrayLike, sin: ArrayLike) -> FourVector:
        """The neutrino at the angle given by its cosine and sine."""
        return FourVector(
            *(
                c + p * cos + q * sin
                for c, p, q in zip(self.centre, self.axis_cos, self.axis_sin, strict=True)
            )
        )

    def jacobian(self) -> Array:
        """[d^3 nu/(2E)]/(ds_W ds_t du) = 2 pi/(8 G) for phi = 2 pi u; zero where the ellipse is not real."""
        return jnp.where(self.valid, jnp.pi / (4.0 * self.gram), 0.0)

    def forward(self, u: ArrayLike) -> tuple[FourVector, Array]:
        """(nu, [d^3 nu/(2E)]/(ds_W ds_t du)) for phi = 2 pi u."""
        phi = 2.0 * jnp.pi * jnp.asarray(u)
        return self.at(jnp.cos(phi), jnp.sin(phi)), self.jacobian() * jnp.ones_like(phi)

    def density(self, nu: FourVector) -> Array:
        """(ds_W ds_t du)/[d^3 nu/(2E)] for any neutrino of the ellipse: constant, zero where it is not real."""
        return jnp.where(self.valid, 4.0 * self.gram / jnp.pi, 0.0) + jnp.zeros_like(nu.e)

    def inverse(self, nu: FourVector) -> Array:
        """u of a neutrino on the ellipse."""
        offset = nu - self.centre
        # the axes are space-like with the same length: minus the Minkowski product measures along them
        phi = jnp.arctan2(-dot(offset, self.axis_sin), -dot(offset, self.axis_cos))
        return (phi / (2.0 * jnp.pi)) % 1.0
