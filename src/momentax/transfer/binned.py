"""Transfer function given by a table of shapes, e.g. fitted to simulation."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from momentax.transfer.moments import likelihood_moments

Array = jax.Array

_MIN_ENERGY = 1e-6  # GeV; e_gen below is treated as this
_MAX_EXPONENT = 600.0  # exp(-600) = 1e-261: tails stay above zero, and their gradients finite


class BinnedTransfer(NamedTuple):
    """T(E_rec | E_gen) = p(z; E_gen) / (s S), z = (E_rec - E_gen - m)/s, normalised over E_rec > 0, 1/GeV.

    m(E_gen) and s(E_gen), location and scale of E_rec - E_gen, and the shape p(z) are tabulated at nodes
    equally spaced in ln E_gen; m/E_gen, s/E_gen and p are linear in ln E_gen between nodes and constant
    outside (scaling). The peak hence moves and widens smoothly, and only the small change of shape is
    interpolated vertically. p is piecewise linear in z on equal intervals, with an exponential tail on each
    side: its integral is known in closed form, and so is S, the integral of p over E_rec > 0, so that T is
    normalised exactly at every E_gen.

    log_e_first, inverse_step: [] first node in ln E_gen (E in GeV) and nodes per unit of ln E_gen.
    location, scale: [nodes] m/E_gen and s/E_gen.
    z_first, inverse_dz: [] first knot in z and knots per unit of z.
    shape: [nodes, knots] p at the knots, all > 0.
    cumulative: [nodes, knots] integral of p up to each knot, the lower tail included; the last is 1 less the
        upper tail.
    tail_low, tail_high: [] decay lengths in z of the tails.
    """

    log_e_first: Array
    inverse_step: Array
    location: Array
    scale: Array
    z_first: Array
    inverse_dz: Array
    shape: Array
    cumulative: Array
    tail_low: Array
    tail_high: Array

    def density(self, e_rec: Array, e_gen: Array) -> Array:
        """T(e_rec | e_gen), 1/GeV; arguments in GeV, broadcast. Positive everywhere."""
        inside, tail = self._density(e_rec, e_gen)
        return inside * jnp.exp(-tail)

    def log_density(self, e_rec: Array, e_gen: Array) -> Array:
        """ln T(e_rec | e_gen): without underflow in any precision."""
        inside, tail = self._density(e_rec, e_gen)
        return jnp.log(inside) - tail

    def _density(self, e_rec: Array, e_gen: Array) -> tuple[Array, Array]:
        """(density at the nearest knots, 1/GeV; decay lengths into a tail)."""
        e_rec, e = jnp.broadcast_arrays(jnp.asarray(e_rec), jnp.maximum(e_gen, _MIN_ENERGY))
        row, mix = self._row(e)
        center, width = self._peak(row, mix, e)
        accepted = 1.0 - self._cdf(row, mix, -center / width)
        value, tail = self._pdf(row, mix, (e_rec - center) / width)
        return value / (width * accepted), tail

    def sample(self, u: Array, e_gen: Array) -> Array:
        """e_rec > 0 (GeV) at the cumulative probability ``u`` in [0, 1]: inverse distribution function."""
        u, e = jnp.broadcast_arrays(jnp.asarray(u), jnp.maximum(e_gen, _MIN_ENERGY))
        row, mix = self._row(e)
        center, width = self._peak(row, mix, e)
        cut = self._cdf(row, mix, -center / width)
        z = self._inverse_cdf(row, mix, cut + u * (1.0 - cut))
        return jnp.maximum(center + width * z, 0.0)

    def likelihood_moments(self, e_rec: Array) -> tuple[Array, Array]:
        """Mean and standard deviation (GeV) of T(e_rec | e_gen) as a function of e_gen, for a batch of e_rec.

        See :func:`momentax.transfer.moments.likelihood_moments`.
        """
        return _moments(self, jnp.asarray(e_rec, dtype=float))

    def relative_width(self, e_gen: Array) -> Array:
        """s/E_gen at ``e_gen`` (GeV): half the central 68 % interval over E_gen."""
        e = jnp.maximum(e_gen, _MIN_ENERGY)
        row, mix = self._row(e)
        return self._peak(row, mix, e)[1] / e

    def _row(self, e: Array) -> tuple[Array, Array]:
        """Lower node in ln E_gen and the share of the upper one, 0 to 1."""
        last = self.location.shape[-1] - 1
        position = jnp.clip((jnp.log(e) - self.log_e_first) * self.inverse_step, 0.0, float(last))
        row = jnp.minimum(position.astype(jnp.int32), last - 1)
        return row, position - row

    def _peak(self, row: Array, mix: Array, e: Array) -> tuple[Array, Array]:
        """E_rec at z = 0 and GeV per unit of z."""
        location = _gather(self.location, row, mix)
        scale = _gather(self.scale, row, mix)
        return e * (1.0 + location), e * scale

    def _knot(self, z: Array) -> tuple[Array, Array]:
        """Lower knot in z and the position above it in units of the interval, 0 to 1; ends in the tails."""
        last = self.shape.shape[-1] - 1
        position = jnp.clip((z - self.z_first) * self.inverse_dz, 0.0, float(last))
        knot = jnp.minimum(position.astype(jnp.int32), last - 1)
        return knot, position - knot

    def _tails(self, z: Array) -> tuple[Array, Array]:
        """Distance of z below the first and above the last knot in decay lengths (zero elsewhere)."""
        last = self.z_first + (self.shape.shape[-1] - 1) / self.inverse_dz
        low = jnp.maximum(self.z_first - z, 0.0) / self.tail_low
        high = jnp.maximum(z - last, 0.0) / self.tail_high
        return jnp.minimum(low, _MAX_EXPONENT), jnp.minimum(high, _MAX_EXPONENT)

    def _values(self, table: Array, row: Array, mix: Array, knot: Array) -> Array:
        """``table`` [nodes, knots] at a knot, linear in ln E_gen."""
        knots = table.shape[-1]
        return _gather(table.reshape(-1), row * knots + knot, mix, knots)

    def _pdf(self, row: Array, mix: Array, z: Array) -> tuple[Array, Array]:
        """p at z or at the end of the knots, and the decay lengths beyond it."""
        knot, t = self._knot(z)
        low = self._values(self.shape, row, mix, knot)
        high = self._values(self.shape, row, mix, knot + 1)
        below, above = self._tails(z)
        return low + t * (high - low), below + above

    def _cdf(self, row: Array, mix: Array, z: Array) -> Array:
        knot, t = self._knot(z)
        low = self._values(self.shape, row, mix, knot)
        high = self._values(self.shape, row, mix, knot + 1)
        inside = self._values(self.cumulative, row, mix, knot)
        inside = inside + t * (low + 0.5 * t * (high - low)) / self.inverse_dz
        below, above = self._tails(z)
        return inside * jnp.exp(-below) + high * self.tail_high * (1.0 - jnp.exp(-above))

    def _inverse_cdf(self, row: Array, mix: Array, c: Array) -> Array:
        """z at the cumulative probability c: bisection for the interval, then its quadratic equation."""
        last = self.shape.shape[-1] - 1
        knot = jnp.zeros_like(row)
        step = 1 << (last.bit_length() - 1)
        while step:
            trial = jnp.minimum(knot + step, last - 1)
            knot = jnp.where(self._values(self.cumulative, row, mix, trial) <= c, trial, knot)
            step >>= 1
        low = self._values(self.shape, row, mix, knot)
        high = self._values(self.shape, row, mix, knot + 1)
        start = self._values(self.cumulative, row, mix, knot)
        # t low + t^2 (high - low)/2 = rest, in the form that also holds for high = low
        rest = jnp.maximum(c - start, 0.0) * self.inverse_dz
        root = jnp.sqrt(jnp.maximum(low * low + 2.0 * (high - low) * rest, 0.0))
        t = jnp.clip(2.0 * rest / (low + root), 0.0, 1.0)
        z = self.z_first + (knot + t) / self.inverse_dz
        end = self._values(self.cumulative, row, mix, jnp.full_like(row, last))
        below = self._values(self.cumulative, row, mix, jnp.zeros_like(row))
        z = z + self.tail_low * jnp.log(jnp.clip(c / below, 1e-300, 1.0))
        return z - self.tail_high * jnp.log(jnp.clip((1.0 - c) / (1.0 - end), 1e-300, 1.0))


def _gather(table: Array, index: Array, mix: Array, stride: int = 1) -> Array:
    low = table.at[index].get(mode="promise_in_bounds")
    high = table.at[index + stride].get(mode="promise_in_bounds")
    return low + mix * (high - low)


@jax.jit
def _moments(transfer: BinnedTransfer, e_rec: Array) -> tuple[Array, Array]:
    return likelihood_moments(transfer.density, e_rec, transfer.relative_width(e_rec))
