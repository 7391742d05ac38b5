"""Weyl and Dirac spinors, vector wave functions, and the vertices between them.

Chiral representation, gamma^mu = [[0, sigma^mu], [sigmabar^mu, 0]], gamma5 = diag(-1, -1, 1, 1): the
convention of HELAS (Murayama, Watanabe, Hagiwara, KEK-91-11), so helicity states agree with MadGraph's. A
Dirac spinor is its left- and right-handed halves, a row spinor (a "bar" spinor, gamma^0 included) the
coefficients of those halves. A vector is kept as

    v.sigma = [[minus, -perpbar], [-perp, plus]],   v.sigmabar = [[plus, perpbar], [perp, minus]]

with minus = v0 - v3, plus = v0 + v3, perp = v1 + i v2, perpbar = v1 - i v2: its slash has no further
arithmetic in it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax.numpy as jnp

from momentax.amplitudes.complexpair import ZERO, Pair, Real, real
from momentax.kinematics import FourVector

Weyl: TypeAlias = "tuple[Pair, Pair]"
NO_WEYL: Weyl = (ZERO, ZERO)


class Dirac(NamedTuple):
    """Spinor, column or row: coefficients of the left- and of the right-handed half."""

    left: Weyl
    right: Weyl


class Vector(NamedTuple):
    """Vector in light-cone components along z; ``perpbar`` is not the conjugate of ``perp`` when v is
    complex.
    """

    minus: Pair
    plus: Pair
    perp: Pair
    perpbar: Pair

    def __add__(self, o: Vector) -> Vector:  # type: ignore[override]
        return Vector(self.minus + o.minus, self.plus + o.plus, self.perp + o.perp, self.perpbar + o.perpbar)

    def __neg__(self) -> Vector:
        return Vector(-self.minus, -self.plus, -self.perp, -self.perpbar)

    def scaled(self, factor: Pair | Real) -> Vector:
        """The vector times a number."""
        return Vector(*(component * factor for component in self))


# ---- vector wave functions ---------------------------------------------------------------------------------


def momentum(p: FourVector) -> Vector:
    """A real four-momentum as :class:`Vector`."""
    return Vector(real(p.e - p.z), real(p.e + p.z), Pair(p.x, p.y), Pair(p.x, -p.y))


def gluon_along_z(helicity: int, direction: int) -> Vector:
    """Polarisation of an incoming gluon along +z (direction 1) or -z (-1), divided by -lambda sqrt2.

    VXXXXX of HELAS: (0, -lambda, -+i, 0)/sqrt2, so perp = -(lambda - direction)/sqrt2, perpbar = -(lambda +
    direction)/sqrt2: one component is -lambda sqrt2, the others vanish. That number is left to the overall
    factor.
    """
    one = real(1.0)
    return Vector(ZERO, ZERO, ZERO, one) if helicity == direction else Vector(ZERO, ZERO, one, ZERO)


def triple_gluon_along_z(helicities: tuple[int, int], k1: Real, k2: Real) -> Vector:
    """(eps1.eps2)(k1 - k2) of two gluons along +z and -z with energies k1, k2: the off-shell gluon they fuse
    to, times s.

    The other terms of the vertex vanish, as eps_i.k_j = 0. Normalised as :func:`gluon_along_z`.
    """
    if helicities[0] != helicities[1]:
        return Vector(ZERO, ZERO, ZERO, ZERO)
    # eps1.eps2 = -(perp1 perpbar2 + perpbar1 perp2)/2; k1 - k2 has minus = -2 k2, plus = 2 k1
    return Vector(real(k2), real(-k1), ZERO, ZERO)


def current_left(row: Weyl, column: Weyl) -> Vector:
    """a^dagger sigmabar^mu b, ``row`` = a^* (conjugated already); Fierz: v.sigma = 2 b a^dagger."""
    (a1, a2), (b1, b2) = row, column
    return Vector(b1 * a1 * 2.0, b2 * a2 * 2.0, b2 * a1 * -2.0, b1 * a2 * -2.0)


def current_right(row: Weyl, column: Weyl) -> Vector:
    """a^dagger sigma^mu b, ``row`` = a^*: v.sigmabar = 2 b a^dagger."""
    (a1, a2), (b1, b2) = row, column
    return Vector(b2 * a2 * 2.0, b1 * a1 * 2.0, b2 * a1 * 2.0, b1 * a2 * 2.0)


def current(row: Dirac, column: Dirac) -> Vector:
    """psibar gamma^mu psi of a vector-like coupling: left plus right current."""
    return current_left(row.right, column.left) + current_right(row.left, column.right)


def dot(a: Vector, b: Vector) -> Pair:
    """Minkowski product a.b (no complex conjugation)."""
    return (a.minus * b.plus + a.plus * b.minus - a.perp * b.perpbar - a.perpbar * b.perp) * 0.5


# ---- fermion wave functions --------------------------------------------------------------------------------


def massless(p: FourVector) -> tuple[Weyl, Real]:
    """(w, norm) of a massless momentum: w w^dagger norm = p.sigma, so sqrt(norm) w is its left-handed spinor.

    The two forms differ by a phase; the one for the hemisphere of p has no cancellation and no square root.
    """
    up = p.z >= 0.0
    big = p.e + jnp.abs(p.z)
    w1 = Pair(jnp.where(up, -p.x, -big), jnp.where(up, p.y, 0.0))
    w2 = Pair(jnp.where(up, big, p.x), jnp.where(up, 0.0, p.y))
    return (w1, w2), 1.0 / big


def flip(w: Weyl) -> Weyl:
    """Left-handed spinor to right-handed one of the same momentum (and back up to a sign): i sigma2 w^*."""
    return (w[1].conj, -w[0].conj)


def conj(w: Weyl) -> Weyl:
    """Complex conjugate, component by component."""
    return (w[0].conj, w[1].conj)


def bar(psi: Dirac) -> Dirac:
    """Column to row spinor, psi^dagger gamma^0."""
    return Dirac(conj(psi.right), conj(psi.left))


def light_cone_pair(p: FourVector, mass: Real | None, sign: int) -> tuple[tuple[Dirac, Dirac], Real]:
    """The two spin states of a fermion (sign +1, u) or antifermion (-1, v) in a basis without square roots.

    Returns ((psi1, psi2), norm) with norm * sum psi psibar = pslash + sign * mass. psi1 is left-handed and
    psi2 right-handed when the mass vanishes; ``mass`` None means massless, and then exactly so.

        psi1 = (p^-, -(px + i py); sign m, 0),  psi2 = (0, sign m; px - i py, p^-),  norm = 1/p^-,  p^- = E -
        pz
    """
    if mass is None:
        w, norm = massless(p)
        return (Dirac(w, NO_WEYL), Dirac(NO_WEYL, flip(w))), norm
    # (pT^2 + m^2)/(E + pz) for forward momenta, where E - pz loses digits
    big = p.e + jnp.abs(p.z)
    minus = jnp.where(p.z >= 0.0, (p.x**2 + p.y**2 + mass**2) / big, big)
    m = real(mass * sign)
    one = Dirac((real(minus), Pair(-p.x, -p.y)), (m, ZERO))
    two = Dirac((ZERO, m), (Pair(p.x, -p.y), real(minus)))
    return (one, two), 1.0 / minus


def helicity_pair(p: FourVector, mass: Real | None, sign: int) -> tuple[tuple[Dirac, Dirac], Real]:
    """As :func:`light_cone_pair`, but states of helicity -1/2 and +1/2 in the frame of ``p`` (HELAS IXXXXX,
    up to a phase).

    u_lambda = (sqrt(E - lambda p) chi_lambda, sqrt(E + lambda p) chi_lambda),
    v_lambda = lambda (-sqrt(E + lambda p) chi_-lambda, sqrt(E - lambda p) chi_-lambda).
    """
    pabs = jnp.sqrt(p.x**2 + p.y**2 + p.z**2)
    (w1, w2), norm = massless(FourVector(pabs, p.x, p.y, p.z))
    scale = jnp.sqrt(norm / (2.0 * pabs))
    chi_minus = (w1 * scale, w2 * scale)
    chi_plus = flip(chi_minus)
    large = jnp.sqrt(p.e + pabs)
    small = None if mass is None else mass / large

    def weyl(chi: Weyl, factor: Real | None) -> Weyl:
        return NO_WEYL if factor is None else (chi[0] * factor, chi[1] * factor)

    if sign > 0:
        minus = Dirac(weyl(chi_minus, large), weyl(chi_minus, small))
        plus = Dirac(weyl(chi_plus, small), weyl(chi_plus, large))
    else:
        minus = Dirac(weyl(chi_plus, small), weyl(chi_plus, -large))
        plus = Dirac(weyl(chi_minus, -large), weyl(chi_minus, small))
    return (minus, plus), 1.0


# ---- vertices and propagators ------------------------------------------------------------------------------


def row_sigma(r: Weyl, v: Vector) -> Weyl:
    """r (v.sigma): a row on left-handed columns becomes one on right-handed columns."""
    return (r[0] * v.minus - r[1] * v.perp, r[1] * v.plus - r[0] * v.perpbar)


def row_sigmabar(r: Weyl, v: Vector) -> Weyl:
    """r (v.sigmabar)."""
    return (r[0] * v.plus + r[1] * v.perp, r[0] * v.perpbar + r[1] * v.minus)


def sigma_column(v: Vector, c: Weyl) -> Weyl:
    """(v.sigma) c."""
    return (v.minus * c[0] - v.perpbar * c[1], v.plus * c[1] - v.perp * c[0])


def sigmabar_column(v: Vector, c: Weyl) -> Weyl:
    """(v.sigmabar) c."""
    return (v.plus * c[0] + v.perpbar * c[1], v.perp * c[0] + v.minus * c[1])


def weyl_product(r: Weyl, c: Weyl) -> Pair:
    """Row times column."""
    return r[0] * c[0] + r[1] * c[1]


def product(row: Dirac, column: Dirac) -> Pair:
    """Row times column."""
    return weyl_product(row.left, column.left) + weyl_product(row.right, column.right)


def _chiral(w: Weyl, coupling: Pair | None) -> Weyl:
    return w if coupling is None else (w[0] * coupling, w[1] * coupling)


def slash_column(
    v: Vector, psi: Dirac, coupling_left: Pair | None = None, coupling_right: Pair | None = None
) -> Dirac:
    """vslash (cL PL + cR PR) psi; a coupling of None is 1."""
    return Dirac(
        sigma_column(v, _chiral(psi.right, coupling_right)),
        sigmabar_column(v, _chiral(psi.left, coupling_left)),
    )


def row_slash(
    row: Dirac, v: Vector, coupling_left: Pair | None = None, coupling_right: Pair | None = None
) -> Dirac:
    """row vslash (cL PL + cR PR); a coupling of None is 1."""
    return Dirac(
        _chiral(row_sigmabar(row.right, v), coupling_left),
        _chiral(row_sigma(row.left, v), coupling_right),
    )


def _add_mass(w: Weyl, mass: Real | None, c: Weyl) -> Weyl:
    return w if mass is None else (w[0] + c[0] * mass, w[1] + c[1] * mass)


def propagate_column(q: Vector, mass: Real | None, psi: Dirac) -> Dirac:
    """(qslash + m) psi: the numerator of a fermion propagator, q along the fermion line."""
    return Dirac(
        _add_mass(sigma_column(q, psi.right), mass, psi.left),
        _add_mass(sigmabar_column(q, psi.left), mass, psi.right),
    )


def propagate_row(row: Dirac, q: Vector, mass: Real | None) -> Dirac:
    """row (qslash + m)."""
    return Dirac(
        _add_mass(row_sigmabar(row.right, q), mass, row.left),
        _add_mass(row_sigma(row.left, q), mass, row.right),
    )


def scale(psi: Dirac, factor: Pair | Real) -> Dirac:
    """psi times a number."""
    return Dirac((psi.left[0] * factor, psi.left[1] * factor), (psi.right[0] * factor, psi.right[1] * factor))


def sandwich(row: Dirac, v: Vector, column: Dirac) -> Pair:
    """row vslash column, vector-like coupling."""
    return product(row, slash_column(v, column))
