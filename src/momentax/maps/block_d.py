"""MoMEMta's block D: both neutrinos of a dileptonic top pair from four resonance masses and the transverse
momentum.

Unknown nu and nubar (massless), given s_13 = (nu + l+)^2, s_134 = (nu + l+ + b)^2, s_25, s_256 likewise, and
nu_T + nubar_T = (x, y). Each neutrino lies on its ellipse (:mod:`momentax.maps.neutrino_ellipse`); the sum of
the transverse parts closes for at most four pairs of angles. Eliminating the second angle with cos^2 + sin^2
= 1 leaves a trigonometric polynomial of degree two in the first. The solutions are then polished by Newton
steps on the two transverse equations themselves. With M_i the 2 x 2 matrix of the transverse parts of ellipse
i's axes,

    [d^3 nu d^3 nubar/((2 pi)^6 4 E E)] (2 pi)^4 delta^4 dx1 dx2 -> ds_13 ds_134 ds_25 ds_256 J,
    J = 1/(128 pi^2 s |G_1 G_2 det(M_1 t_1, M_2 t_2)|),      t_i = (-sin, cos),

which is MadWeight's class D Jacobian 1/(128 pi^2 s |D|) with D = G_1 G_2 det.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector
from momentax.maps.neutrino_ellipse import NeutrinoEllipse
from momentax.maps.quartic import TrigPolynomial, real_zeros

Array = jax.Array
ArrayLike: TypeAlias = Array | float

POLISHING_STEPS = 3


class NeutrinoPairs(NamedTuple):
    """Four candidate solutions along a new leading axis: momenta, which are real, and the Jacobian (0 if
    not).
    """

    nu: FourVector
    nubar: FourVector
    valid: Array
    jacobian: Array


class BlockD(NamedTuple):
    """The map (s_13, s_134, s_25, s_256) -> up to four pairs (nu, nubar); dim 0 by itself.

    Fields: ``s`` hadronic centre-of-mass energy squared; ``top`` and ``antitop`` the ellipses of nu and
    nubar; ``pt_x``, ``pt_y`` the transverse momentum of the neutrino pair, GeV.
    """

    s: ArrayLike
    top: NeutrinoEllipse
    antitop: NeutrinoEllipse
    pt_x: ArrayLike
    pt_y: ArrayLike

    @property
    def dim(self) -> int:
        return 0

    def forward(self) -> NeutrinoPairs:
        """All solutions, with the Jacobian J above (GeV^-6 per GeV^8 of the four masses squared)."""
        first, second = self.top, self.antitop
        dx = self.pt_x - first.centre.x - second.centre.x
        dy = self.pt_y - first.centre.y - second.centre.y
        m1, m2 = _transverse(first), _transverse(second)
        # the ellipse whose transverse projection is wider (relative to its axes) is the one eliminated
        swap = jnp.abs(_det(m1)) * _size(m2) > jnp.abs(_det(m2)) * _size(m1)
        kept = tuple(jnp.where(swap, b, a) for a, b in zip(m1, m2, strict=True))
        gone = tuple(jnp.where(swap, a, b) for a, b in zip(m1, m2, strict=True))

        c, s, real = real_zeros(_closure(kept, gone, dx, dy))
        x, y = dx - kept[0] * c - kept[1] * s, dy - kept[2] * c - kept[3] * s
        # adj(gone) (x, y): the common factor det(gone) only matters by its sign
        sign = jnp.where(_det(gone) < 0.0, -1.0, 1.0)
        other_c, other_s = _normalise(sign * (gone[3] * x - gone[1] * y), sign * (gone[0] * y - gone[2] * x))
        for _ in range(POLISHING_STEPS):
            c, s, other_c, other_s = _newton(kept, gone, dx, dy, c, s, other_c, other_s)
        c1, s1 = jnp.where(swap, other_c, c), jnp.where(swap, other_s, s)
        c2, s2 = jnp.where(swap, c, other_c), jnp.where(swap, s, other_s)
        det = jnp.abs(_tangent_det(m1, m2, c1, s1, c2, s2))
        valid = real & first.valid & second.valid & (det > 0.0)
        d = 128.0 * jnp.pi**2 * self.s * first.gram * second.gram * jnp.where(valid, det, 1.0)
        return NeutrinoPairs(first.at(c1, s1), second.at(c2, s2), valid, jnp.where(valid, 1.0 / d, 0.0))


_Matrix = tuple[Array, ...]  # (a, b, c, d): rows (a, b) and (c, d)


def _transverse(ellipse: NeutrinoEllipse) -> _Matrix:
    return ellipse.axis_cos.x, ellipse.axis_sin.x, ellipse.axis_cos.y, ellipse.axis_sin.y


def _det(m: _Matrix) -> Array:
    return m[0] * m[3] - m[1] * m[2]


def _size(m: _Matrix) -> Array:
    return m[0] ** 2 + m[1] ** 2 + m[2] ** 2 + m[3] ** 2


def _closure(kept: _Matrix, gone: _Matrix, dx: Array, dy: Array) -> TrigPolynomial:
    """|adj(gone) (d - kept (cos, sin))|^2 - det(gone)^2 as a trigonometric polynomial."""
    v0, v1 = gone[3] * dx - gone[1] * dy, gone[0] * dy - gone[2] * dx
    w00, w01 = gone[3] * kept[0] - gone[1] * kept[2], gone[3] * kept[1] - gone[1] * kept[3]
    w10, w11 = gone[0] * kept[2] - gone[2] * kept[0], gone[0] * kept[3] - gone[2] * kept[1]
    g00, g11, g01 = w00**2 + w10**2, w01**2 + w11**2, w00 * w01 + w10 * w11
    return TrigPolynomial(
        v0**2 + v1**2 - _det(gone) ** 2 + 0.5 * (g00 + g11),
        -2.0 * (v0 * w00 + v1 * w10),
        -2.0 * (v0 * w01 + v1 * w11),
        0.5 * (g00 - g11),
        g01,
    )


def _normalise(c: Array, s: Array) -> tuple[Array, Array]:
    norm2 = c**2 + s**2
    scale = 1.0 / jnp.sqrt(jnp.where(norm2 > 1e-300, norm2, 1.0))
    return jnp.where(norm2 > 1e-300, c * scale, 1.0), s * scale


def _tangent_det(m1: _Matrix, m2: _Matrix, c1: Array, s1: Array, c2: Array, s2: Array) -> Array:
    """d(x, y)/d(phi_1, phi_2) of the transverse sum."""
    x1, y1 = m1[1] * c1 - m1[0] * s1, m1[3] * c1 - m1[2] * s1
    x2, y2 = m2[1] * c2 - m2[0] * s2, m2[3] * c2 - m2[2] * s2
    return x1 * y2 - x2 * y1


def _newton(
    m1: _Matrix, m2: _Matrix, dx: Array, dy: Array, c1: Array, s1: Array, c2: Array, s2: Array
) -> tuple[Array, Array, Array, Array]:
    """One Newton step of the two angles on the transverse sum; steps are at most 0.1 rad (near double roots)."""
    x1, y1 = m1[1] * c1 - m1[0] * s1, m1[3] * c1 - m1[2] * s1
    x2, y2 = m2[1] * c2 - m2[0] * s2, m2[3] * c2 - m2[2] * s2
    rx = dx - m1[0] * c1 - m1[1] * s1 - m2[0] * c2 - m2[1] * s2
    ry = dy - m1[2] * c1 - m1[3] * s1 - m2[2] * c2 - m2[3] * s2
    det = x1 * y2 - x2 * y1
    scale = 1.0 / jnp.where(jnp.abs(det) > 1e-12, det, 1.0)
    d1 = jnp.clip((rx * y2 - ry * x2) * scale, -0.1, 0.1)
    d2 = jnp.clip((ry * x1 - rx * y1) * scale, -0.1, 0.1)
    return (*_normalise(c1 - d1 * s1, s1 + d1 * c1), *_normalise(c2 - d2 * s2, s2 + d2 * c2))
