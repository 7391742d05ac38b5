"""Student's t distribution with 4 degrees of freedom, truncated: a proposal with safe tails and a closed
quantile.

With s = t / sqrt(4 + t^2) the distribution function is the cubic F = 1/2 + (3 s - s^3)/4. Tails are computed from
r = 1 - |s|, so that they keep their relative accuracy: q = 1 - F = r^2 (3 - r)/4. The quantile is Newton's solution of
that (its closed form, a trisection of an angle, costs ten times more: arcsin and sin are no vector instructions).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

Array = jax.Array
ArrayLike: TypeAlias = Array | float

_INFINITE = 1e30
NEWTON_STEPS = 3  # from 4 % at most to the last digit
_SMALLEST_TAIL = 1e-30  # keeps the quantile (growing as q^-1/4) and its derivative finite at u = 0 and 1


def upper_tail(t: ArrayLike) -> Array:
    """P(T > |t|) of Student's t with 4 degrees of freedom, with full relative accuracy (t is cut at 1e30)."""
    a = jnp.minimum(jnp.abs(t), _INFINITE)
    s = a / jnp.sqrt(4.0 + a**2)
    one_minus_s = 4.0 / (4.0 + a**2) / (1.0 + s)
    return 0.25 * one_minus_s**2 * (2.0 + s)


def quantile_of_tail(q: ArrayLike) -> Array:
    """The t >= 0 with P(T > t) = q, for 0 < q <= 1/2."""
    q = jnp.clip(q, _SMALLEST_TAIL, 0.5)
    r = jnp.sqrt(4.0 * q / (3.0 - jnp.sqrt(4.0 / 3.0 * q)))
    for _ in range(NEWTON_STEPS):
        r = r - (r * r * (3.0 - r) - 4.0 * q) / (3.0 * r * (2.0 - r))
    r = jnp.minimum(r, 1.0)
    return 2.0 * (1.0 - r) / jnp.sqrt(r * (2.0 - r))


class StudentT4(NamedTuple):
    """x = loc + scale t, t Student with 4 degrees of freedom, truncated to lower < x < upper.

    Used to sample a generated energy around the moments of a transfer function: the density falls as |x|^-5,
    slower than any resolution, so that the ratio integrand/density stays bounded. Its variance is 2 scale^2
    untruncated.
    """

    loc: ArrayLike
    scale: ArrayLike
    lower: ArrayLike = -jnp.inf
    upper: ArrayLike = jnp.inf

    @property
    def dim(self) -> int:
        return 1

    def _tails(self) -> tuple[Array, Array, Array]:
        """(P(x < lower), P(x > upper), P(lower < x < upper)), each with its relative accuracy."""
        # finite numbers for infinity: the derivative of (inf - loc)/scale would be inf * 0
        t_lo = (jnp.maximum(self.lower, -_INFINITE) - jnp.asarray(self.loc)) / self.scale
        t_hi = (jnp.minimum(self.upper, _INFINITE) - jnp.asarray(self.loc)) / self.scale
        q_lo, q_hi = upper_tail(t_lo), upper_tail(t_hi)
        below_lo = jnp.where(t_lo < 0, q_lo, 1.0 - q_lo)
        above_hi = jnp.where(t_hi > 0, q_hi, 1.0 - q_hi)
        # a window inside one tail: the difference of two small numbers, not of two near 1
        content = jnp.where(t_lo > 0, q_lo - q_hi, jnp.where(t_hi < 0, q_hi - q_lo, 1.0 - q_lo - q_hi))
        return below_lo, above_hi, content

    def _jacobian(self, x: ArrayLike, content: Array) -> Array:
        t = (x - jnp.asarray(self.loc)) / self.scale
        return content * self.scale * (z := 1.0 + 0.25 * t**2) ** 2 * jnp.sqrt(z) / 0.375

    def forward(self, u: ArrayLike) -> tuple[Array, Array]:
        """(x, dx/du), x growing with u."""
        below_lo, above_hi, content = self._tails()
        below = below_lo + content * u
        above = above_hi + content * (1.0 - jnp.asarray(u))
        t = jnp.where(below < above, -1.0, 1.0) * quantile_of_tail(jnp.minimum(below, above))
        x = jnp.clip(self.loc + self.scale * t, self.lower, self.upper)
        return x, self._jacobian(x, content)

    def density(self, x: ArrayLike) -> Array:
        """Normalised density, zero outside the window."""
        _, _, content = self._tails()
        return jnp.where((x >= self.lower) & (x <= self.upper), 1.0 / self._jacobian(x, content), 0.0)

    def inverse(self, x: ArrayLike) -> Array:
        """u of x."""
        below_lo, above_hi, content = self._tails()
        t = (x - jnp.asarray(self.loc)) / self.scale
        q = upper_tail(t)
        return jnp.where(t < 0, q - below_lo, content - (q - above_hi)) / content
