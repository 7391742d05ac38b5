"""Real zeros of a trigonometric polynomial of degree two: the angles where two ellipses meet.

    f(phi) = a0 + a1 cos(phi) + b1 sin(phi) + a2 cos(2 phi) + b2 sin(2 phi)

The angle is first rotated so that |f| is large at phi = pi; with t = tan(phi/2) the leading coefficient of
the quartic (1 + t^2)^2 f is then among its largest, no root is near infinity, and the quartic is split into
two real quadratics (Descartes' resolvent cubic, largest root). Closed form, elementwise, real arithmetic
only.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array

_TINY = 1e-300


class TrigPolynomial(NamedTuple):
    """Coefficients of f(phi) = a0 + a1 cos + b1 sin + a2 cos 2phi + b2 sin 2phi."""

    a0: Array
    a1: Array
    b1: Array
    a2: Array
    b2: Array

    def at(self, c: Array, s: Array) -> Array:
        """f at the angle of cosine ``c`` and sine ``s``."""
        return self.a0 + self.a1 * c + self.b1 * s + self.a2 * (c - s) * (c + s) + 2.0 * self.b2 * c * s

    def rotated(self, c: Array, s: Array) -> TrigPolynomial:
        """f as a function of phi - phi0, phi0 of cosine ``c`` and sine ``s``."""
        c2, s2 = (c - s) * (c + s), 2.0 * c * s
        return TrigPolynomial(
            self.a0,
            self.a1 * c + self.b1 * s,
            self.b1 * c - self.a1 * s,
            self.a2 * c2 + self.b2 * s2,
            self.b2 * c2 - self.a2 * s2,
        )


def largest_cubic_root(b: Array, c: Array, d: Array) -> Array:
    """Largest real root of z^3 + b z^2 + c z + d."""
    third = b / 3.0
    p = c - b * third
    half_q = 0.5 * (third * (2.0 * third**2 - c) + d)
    p3 = p / 3.0
    disc = half_q**2 + p3**3
    three = disc < 0.0
    # three real roots: trigonometric form
    m = jnp.sqrt(jnp.where(three, -p3, 1.0))
    cosine = jnp.clip(jnp.where(three, -half_q / (m * m * m), 0.0), -1.0 + 1e-16, 1.0 - 1e-16)
    trig = 2.0 * m * jnp.cos(jnp.arccos(cosine) / 3.0)
    # one real root: Cardano, with the cube root of the sum that does not cancel
    root = jnp.sqrt(jnp.where(three, 1.0, jnp.maximum(disc, _TINY)))
    base = jnp.where(three, 1.0, jnp.abs(half_q) + root)
    u = -jnp.where(half_q < 0.0, -1.0, 1.0) * jnp.exp(jnp.log(jnp.maximum(base, _TINY)) / 3.0)
    z = jnp.where(three, trig, u - p3 / u) - third
    for _ in range(2):
        slope = (3.0 * z + 2.0 * b) * z + c
        step = (((z + b) * z + c) * z + d) / jnp.where(jnp.abs(slope) > _TINY, slope, 1.0)
        # at a double root the slope vanishes with the numerator: a step is never larger than the
        # root's own scale
        bound = 0.1 * (jnp.abs(z) + _TINY)
        z = z - jnp.clip(step, -bound, bound)
    return z


def real_zeros(f: TrigPolynomial) -> tuple[Array, Array, Array]:
    """Up to four zeros of ``f`` along a new leading axis: (cos, sin, is real); finite numbers where not real."""
    half = 0.5**0.5
    best_c, best_s = -jnp.ones_like(f.a0), jnp.zeros_like(f.a0)
    best = jnp.abs(f.at(best_c, best_s))
    for c, s in (
        (half, half),
        (0.0, 1.0),
        (-half, half),
        (1.0, 0.0),
        (-half, -half),
        (0.0, -1.0),
        (half, -half),
    ):
        size = jnp.abs(f.at(jnp.full_like(best, c), jnp.full_like(best, s)))
        better = size > best
        best_c, best_s, best = (jnp.where(better, a, b) for a, b in ((c, best_c), (s, best_s), (size, best)))
    c0, s0 = -best_c, -best_s  # phi = pi + phi0 is where |f| is largest
    a0, a1, b1, a2, b2 = f.rotated(c0, s0)

    lead = a0 - a1 + a2
    inverse_lead = 1.0 / jnp.where(jnp.abs(lead) > _TINY, lead, 1.0)
    c3 = (2.0 * b1 - 4.0 * b2) * inverse_lead
    c2 = (2.0 * a0 - 6.0 * a2) * inverse_lead
    c1 = (2.0 * b1 + 4.0 * b2) * inverse_lead
    constant = (a0 + a1 + a2) * inverse_lead

    # t = y - c3/4: y^4 + p y^2 + q y + r = (y^2 + k y + m)(y^2 - k y + n), k^2 the largest root of the
    # resolvent
    shift = 0.25 * c3
    shift2 = shift**2
    p = c2 - 6.0 * shift2
    q = c1 - 2.0 * shift * c2 + 8.0 * shift * shift2
    r = constant - shift * c1 + shift2 * c2 - 3.0 * shift2**2
    z = jnp.maximum(largest_cubic_root(2.0 * p, p**2 - 4.0 * r, -(q**2)), _TINY)
    k = jnp.sqrt(z)
    # m + n = p + z, n - m = q/k: the product m n = r gives the smaller one without cancellation
    total = p + z
    gap = jnp.where(
        z > 1e-12 * (1.0 + jnp.abs(p)),
        q / k,
        jnp.sqrt(jnp.maximum(total**2 - 4.0 * r, _TINY)) * jnp.where(q < 0.0, -1.0, 1.0),
    )
    m, n = 0.5 * (total - gap), 0.5 * (total + gap)

    t, is_real = [], []
    for linear, const in ((k, m), (-k, n)):
        disc = 0.25 * linear**2 - const
        root = jnp.sqrt(jnp.where(disc > 0.0, disc, _TINY))
        t += [root - 0.5 * linear - shift, -root - 0.5 * linear - shift]
        is_real += [disc >= 0.0] * 2
    real = jnp.stack(is_real)
    tangent = jnp.where(real, jnp.stack(t), 0.0)
    norm = 1.0 / (1.0 + tangent**2)
    c, s = (1.0 - tangent**2) * norm, 2.0 * tangent * norm
    return c * c0 - s * s0, s * c0 + c * s0, real
