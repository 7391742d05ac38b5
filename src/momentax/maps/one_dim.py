"""One-dimensional changes of variables u in [0, 1] -> x, and mixtures of them.

Every map has ``dim``, ``forward(u) -> (x, |dx/du|)``, ``density(x) = 1/|dx/du|`` (zero outside the map's
range, so that it can stand in a multi-channel sum) and, where it exists, ``inverse(x) -> u``. Fields are
scalars or arrays that broadcast against u; everything is elementwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

Array = jax.Array
ArrayLike: TypeAlias = Array | float

_INFINITE = 1e30  # GeV^2


def inside(x: ArrayLike, lo: ArrayLike, hi: ArrayLike, density: ArrayLike) -> Array:
    """``density`` where lo <= x <= hi, zero elsewhere."""
    return jnp.where((x >= lo) & (x <= hi), density, 0.0)


class Uniform(NamedTuple):
    """x = lo + (hi - lo) u."""

    lo: ArrayLike
    hi: ArrayLike

    @property
    def dim(self) -> int:
        return 1

    def forward(self, u: ArrayLike) -> tuple[Array, Array]:
        """(x, dx/du)."""
        width = jnp.asarray(self.hi) - self.lo
        return self.lo + width * u, width * jnp.ones_like(jnp.asarray(u, float))

    def density(self, x: ArrayLike) -> Array:
        """1/(hi - lo) inside [lo, hi]."""
        return inside(x, self.lo, self.hi, 1.0 / (jnp.asarray(self.hi) - self.lo))

    def inverse(self, x: ArrayLike) -> Array:
        """u of x."""
        return (x - jnp.asarray(self.lo)) / (jnp.asarray(self.hi) - self.lo)


class Log(NamedTuple):
    """x = lo (hi/lo)^u: density proportional to 1/x on [lo, hi], 0 < lo < hi."""

    lo: ArrayLike
    hi: ArrayLike

    @property
    def dim(self) -> int:
        return 1

    def _log_range(self) -> Array:
        return jnp.log(jnp.asarray(self.hi) / self.lo)

    def forward(self, u: ArrayLike) -> tuple[Array, Array]:
        """(x, dx/du = x ln(hi/lo))."""
        log_range = self._log_range()
        x = self.lo * jnp.exp(log_range * u)
        return x, x * log_range

    def density(self, x: ArrayLike) -> Array:
        """1/(x ln(hi/lo)) inside [lo, hi]."""
        safe = jnp.clip(x, self.lo, self.hi)
        return inside(x, self.lo, self.hi, 1.0 / (safe * self._log_range()))

    def inverse(self, x: ArrayLike) -> Array:
        """u of x > 0."""
        return jnp.log(x / jnp.asarray(self.lo)) / self._log_range()


class PowerLaw(NamedTuple):
    """Density proportional to x^exponent on [lo, hi], 0 < lo < hi, exponent != -1 (that one is :class:`Log`).

    With k = exponent + 1: x = lo [1 + u ((hi/lo)^k - 1)]^(1/k).
    """

    lo: ArrayLike
    hi: ArrayLike
    exponent: ArrayLike

    @property
    def dim(self) -> int:
        return 1

    def _growth(self) -> tuple[Array, Array]:
        k = jnp.asarray(self.exponent) + 1.0
        return k, jnp.expm1(k * jnp.log(jnp.asarray(self.hi) / self.lo))

    def forward(self, u: ArrayLike) -> tuple[Array, Array]:
        """(x, dx/du)."""
        k, growth = self._growth()
        x = self.lo * jnp.exp(jnp.log1p(u * growth) / k)
        return x, self._jacobian(x)

    def _jacobian(self, x: ArrayLike) -> Array:
        k, growth = self._growth()
        return self.lo * growth / k * (x / jnp.asarray(self.lo)) ** (1.0 - k)

    def density(self, x: ArrayLike) -> Array:
        """k x^exponent / (hi^k - lo^k) inside [lo, hi]."""
        safe = jnp.clip(x, self.lo, self.hi)
        return inside(x, self.lo, self.hi, 1.0 / self._jacobian(safe))

    def inverse(self, x: ArrayLike) -> Array:
        """u of x > 0."""
        k, growth = self._growth()
        return jnp.expm1(k * jnp.log(x / jnp.asarray(self.lo))) / growth


class BreitWigner(NamedTuple):
    """Invariant mass squared s with density proportional to m Gamma / ((s - m^2)^2 + m^2 Gamma^2) on [s_min,
    s_max].

    s = m^2 + m Gamma tan(theta), theta uniform between arctan((s_min - m^2)/(m Gamma)) and the same of s_max;
    s_max may be infinite. Units GeV and GeV^2.
    """

    mass: ArrayLike
    width: ArrayLike
    s_min: ArrayLike = 0.0
    s_max: ArrayLike = jnp.inf

    @property
    def dim(self) -> int:
        return 1

    def _angles(self) -> tuple[Array, Array]:
        m2, mg = jnp.asarray(self.mass) ** 2, self.mass * jnp.asarray(self.width)
        low = jnp.arctan((self.s_min - m2) / mg)
        # a finite number for infinity: the derivative of (inf - m^2)/(m Gamma) would be inf * 0
        return low, jnp.arctan((jnp.minimum(self.s_max, _INFINITE) - m2) / mg) - low

    def _jacobian(self, s: ArrayLike, span: Array) -> Array:
        mg = self.mass * jnp.asarray(self.width)
        return span * ((s - jnp.asarray(self.mass) ** 2) ** 2 + mg**2) / mg

    def forward(self, u: ArrayLike) -> tuple[Array, Array]:
        """(s, ds/du)."""
        low, span = self._angles()
        mg = self.mass * jnp.asarray(self.width)
        s = jnp.asarray(self.mass) ** 2 + mg * jnp.tan(low + span * u)
        s = jnp.clip(s, self.s_min, self.s_max)  # rounding at the ends only
        return s, self._jacobian(s, span)

    def density(self, s: ArrayLike) -> Array:
        """Normalised Breit-Wigner density inside the window."""
        _, span = self._angles()
        return inside(s, self.s_min, self.s_max, 1.0 / self._jacobian(s, span))

    def inverse(self, s: ArrayLike) -> Array:
        """u of s."""
        low, span = self._angles()
        mg = self.mass * jnp.asarray(self.width)
        return (jnp.arctan((s - jnp.asarray(self.mass) ** 2) / mg) - low) / span


class Mixture(NamedTuple):
    """Multi-channel map: channel i is taken with probability w_i, the Jacobian is 1/sum_i w_i density_i(x).

    ``components`` all have the same dimension and kind of value; ``weights`` has the channel as its leading
    axis (shape [k] or [k, *batch]) and sums to 1. The Jacobian belongs to the point, not to the channel: that
    is what keeps the integrand bounded where only one of the channels follows it.
    """

    components: tuple[Any, ...]
    weights: Array

    @property
    def dim(self) -> int:
        return 1 + self.components[0].dim

    def forward(self, u_channel: ArrayLike, *u: ArrayLike) -> tuple[Any, Array]:
        """(x, 1/density(x)); ``u_channel`` chooses the component, ``u`` are that component's coordinates."""
        edges = jnp.cumsum(self._weights(), axis=0)
        values = [component.forward(*u)[0] for component in self.components]
        value = values[-1]
        for edge, candidate in zip(edges[-2::-1], values[-2::-1], strict=True):
            value = jax.tree.map(lambda a, b, e=edge: jnp.where(u_channel < e, a, b), candidate, value)
        density = self.density(value)
        # only a point that rounding put outside every channel has density zero: it contributes nothing
        return value, jnp.where(density > 0, 1.0 / jnp.where(density > 0, density, 1.0), 0.0)

    def _weights(self) -> Array:
        return jnp.asarray(self.weights)

    def density(self, x: Any) -> Array:
        """sum_i w_i density_i(x)."""
        terms: Sequence[Array] = [
            w * c.density(x) for w, c in zip(self._weights(), self.components, strict=True)
        ]
        return sum(terms[1:], start=terms[0])
