"""Two-body decays, trees of them, and flat massless n-body phase space.

Convention: dPhi_n = (2 pi)^4 delta^4(P - sum p) prod d^3p/((2 pi)^3 2E). Every Jacobian here is dPhi/du, so
that the mean of the Jacobian over u in the unit cube is the phase-space volume.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector, boost

Array = jax.Array
ArrayLike: TypeAlias = Array | float


def kallen(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Array:
    """lambda(a, b, c) = (a - b - c)^2 - 4 b c."""
    return (jnp.asarray(a) - b - c) ** 2 - 4.0 * jnp.asarray(b) * c


def direction(u_cos: ArrayLike, u_phi: ArrayLike) -> tuple[Array, Array, Array]:
    """Unit vector with cos(theta) = 2 u_cos - 1, phi = 2 pi u_phi."""
    cos = 2.0 * jnp.asarray(u_cos) - 1.0
    sin = 2.0 * jnp.sqrt(jnp.maximum(u_cos * (1.0 - jnp.asarray(u_cos)), 1e-300))
    phi = 2.0 * jnp.pi * jnp.asarray(u_phi)
    return sin * jnp.cos(phi), sin * jnp.sin(phi), cos


def boost_from_rest(p: FourVector, parent: FourVector, mass: ArrayLike) -> FourVector:
    """``p``, given in the rest frame of ``parent`` (axes kept), in the frame where ``parent`` is given.

    Written with the parent's mass, not its velocity: exact for fast parents.
    """
    along = parent.x * p.x + parent.y * p.y + parent.z * p.z
    k = (along / (parent.e + mass) + p.e) / mass
    return FourVector(
        (parent.e * p.e + along) / mass, p.x + k * parent.x, p.y + k * parent.y, p.z + k * parent.z
    )


class TwoBodyDecay(NamedTuple):
    """Isotropic decay parent -> 1 + 2 in its rest frame. dim 2.

        dPhi_2 = sqrt(lambda(s, m1^2, m2^2))/(8 pi s) dcos(theta)/2 dphi/(2 pi)

    Fields: ``s`` mass squared of the parent, ``m1_squared``, ``m2_squared`` of the daughters (GeV^2). Below
    threshold the Jacobian is zero and the momenta are those at threshold.
    """

    s: ArrayLike
    m1_squared: ArrayLike
    m2_squared: ArrayLike

    @property
    def dim(self) -> int:
        return 2

    def _open(self) -> tuple[Array, Array]:
        """(sqrt(lambda), whether the channel is open)."""
        threshold = (jnp.sqrt(self.m1_squared) + jnp.sqrt(self.m2_squared)) ** 2
        is_open = self.s > threshold
        # lambda(s, a, b) = (s - (m1 + m2)^2)(s - (m1 - m2)^2)
        gap = (jnp.sqrt(self.m1_squared) - jnp.sqrt(self.m2_squared)) ** 2
        lam = (jnp.asarray(self.s) - threshold) * (jnp.asarray(self.s) - gap)
        return jnp.sqrt(jnp.where(is_open, lam, 1.0)), is_open

    def forward(
        self, u: tuple[ArrayLike, ArrayLike], parent: FourVector
    ) -> tuple[tuple[FourVector, FourVector], Array]:
        """((p1, p2), dPhi_2/du) for u = (u_cos, u_phi) and a ``parent`` four-vector of mass squared ``s``."""
        root, is_open = self._open()
        s = jnp.asarray(self.s)
        mass = jnp.sqrt(s)
        p = jnp.where(is_open, 0.5 * root / mass, 0.0)
        e1 = 0.5 * (s + self.m1_squared - self.m2_squared) / mass
        nx, ny, nz = direction(*u)
        p1 = boost_from_rest(FourVector(e1, p * nx, p * ny, p * nz), parent, mass)
        return (p1, parent - p1), self.volume()

    def volume(self) -> Array:
        """sqrt(lambda)/(8 pi s), the two-body phase space; zero below threshold."""
        root, is_open = self._open()
        return jnp.where(is_open, root / (8.0 * jnp.pi * jnp.asarray(self.s)), 0.0)

    def density(self, p1: FourVector, p2: FourVector) -> Array:
        """du/dPhi_2, the same everywhere; zero below threshold."""
        volume = self.volume()
        shape = jnp.zeros_like(p1.e + p2.e)
        return jnp.where(volume > 0, 1.0 / jnp.where(volume > 0, volume, 1.0), 0.0) + shape

    def inverse(self, p1: FourVector, p2: FourVector) -> tuple[Array, Array]:
        """(u_cos, u_phi) of the decay."""
        total = p1 + p2
        rest = boost(p1, (-total.x / total.e, -total.y / total.e, -total.z / total.e))
        p = jnp.sqrt(rest.p2)
        return 0.5 * (1.0 + rest.z / p), (jnp.arctan2(rest.y, rest.x) / (2.0 * jnp.pi)) % 1.0


class Leaf(NamedTuple):
    """A final-state particle of a decay tree: its mass squared (GeV^2)."""

    s: ArrayLike


class Node(NamedTuple):
    """A particle of a decay tree with invariant mass squared ``s`` and two daughters."""

    s: ArrayLike
    left: Node | Leaf
    right: Node | Leaf

    @property
    def dim(self) -> int:
        """Number of coordinates of the angles: 2 for each two-body decay."""
        return 2 + sum(child.dim for child in (self.left, self.right) if isinstance(child, Node))

    def forward(self, u: tuple[ArrayLike, ...], parent: FourVector) -> tuple[tuple[FourVector, ...], Array]:
        """(momenta of the leaves from left to right, dPhi_n/(du prod ds)) of the tree, ``dim`` coordinates in
        ``u``.

            dPhi_n = dPhi_2(s; s_l, s_r) prod over intermediate particles [ds/(2 pi) dPhi(s)]

        The invariant masses are inputs: sample them with a map of :mod:`momentax.maps.one_dim` and multiply
        by its Jacobian. Coordinates are used in the order: this decay, left tree, right tree.
        """
        (p_left, p_right), jacobian = TwoBodyDecay(self.s, self.left.s, self.right.s).forward(
            (u[0], u[1]), parent
        )
        leaves: tuple[FourVector, ...] = ()
        rest = u[2:]
        for child, momentum in ((self.left, p_left), (self.right, p_right)):
            if isinstance(child, Node):
                momenta, factor = child.forward(rest[: child.dim], momentum)
                rest = rest[child.dim :]
                leaves += momenta
                jacobian = jacobian * factor / (2.0 * jnp.pi)
            else:
                leaves += (momentum,)
        return leaves, jacobian


def massless_volume(n: int, s: ArrayLike) -> Array:
    """Phase-space volume of n massless particles: (2 pi)^(4 - 3n) (pi/2)^(n-1) s^(n-2)/((n-1)! (n-2)!)."""
    constant = (2 * math.pi) ** (4 - 3 * n) * (math.pi / 2) ** (n - 1)
    return constant / (math.factorial(n - 1) * math.factorial(n - 2)) * jnp.asarray(s) ** (n - 2)


class FlatMassless(NamedTuple):
    """n massless particles, uniform in phase space, from 3n - 4 coordinates (constant Jacobian = the volume).

    A sequence of two-body decays M_k -> p + M_{k-1}. Integrating the angles and the later decays, v =
    M_{k-1}^2/M_k^2 has the density (k-1)(k-2) v^(k-3) (1 - v), whose distribution function (k-1) v^(k-2) -
    (k-2) v^(k-1) = u is inverted by a fixed number of Newton steps (S. Plaetzer, arXiv:1308.2922, gives the
    same construction). Coordinates: n - 2 masses, then n - 1 pairs (cos, phi). ``s`` in GeV^2.
    """

    s: ArrayLike

    def forward(self, u: tuple[ArrayLike, ...], parent: FourVector) -> tuple[tuple[FourVector, ...], Array]:
        """(the n momenta, volume); n follows from len(u) = 3n - 4; ``parent`` has mass squared ``s``."""
        n = (len(u) + 4) // 3
        if len(u) != 3 * n - 4 or n < 2:
            raise ValueError(f"FlatMassless needs 3n - 4 coordinates (2, 5, 8...), got {len(u)}")
        momenta: tuple[FourVector, ...] = ()
        s, angles = jnp.asarray(self.s), u[n - 2 :]
        for step, k in enumerate(range(n, 1, -1)):
            s_next = s * invert_mass_fraction(u[step], k) if k > 2 else jnp.zeros_like(s)
            decay = TwoBodyDecay(s, 0.0, s_next)
            (p, parent), _ = decay.forward((angles[2 * step], angles[2 * step + 1]), parent)
            momenta += (p,)
            s = s_next
        return (*momenta, parent), massless_volume(n, self.s) * jnp.ones_like(momenta[0].e)


def invert_mass_fraction(u: ArrayLike, k: int) -> Array:
    """The v in [0, 1] with (k-1) v^(k-2) - (k-2) v^(k-1) = u, k >= 3.

    Newton's method from the convex (concave) side of the inflection at v = (k-3)/(k-2), where it converges
    monotonically, started from the leading behaviour at v = 0 (v = 1); 7 steps reach rounding for k <= 9.
    """
    u = jnp.clip(u, 1e-30, 1.0 - 1e-15)
    if k == 3:
        return u / (1.0 + jnp.sqrt(1.0 - u))
    kink = (k - 3) / (k - 2)
    at_kink = (k - 1) * kink ** (k - 2) - (k - 2) * kink ** (k - 1)
    low = jnp.minimum((u / ((k - 1) - (k - 2) * kink)) ** (1.0 / (k - 2)), kink)
    gap = jnp.sqrt(2.0 * (1.0 - u) / ((k - 1) * (k - 2) * kink ** (k - 3)))
    v = jnp.where(u < at_kink, low, jnp.maximum(1.0 - gap, kink))
    for _ in range(7):
        value = v ** (k - 2) * ((k - 1) - (k - 2) * v)
        slope = (k - 1) * (k - 2) * v ** (k - 3) * (1.0 - v)
        v = jnp.clip(v - (value - u) / jnp.maximum(slope, 1e-300), 1e-300, 1.0)
    return v
