"""Gaussian transfer function on the energy."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc, ndtri

from momentax.transfer.moments import likelihood_moments

Array = jax.Array

_SQRT_2PI = 2.5066282746310002
_SQRT_HALF = 0.7071067811865476
_MAX_EXPONENT = 600.0
"""exp(-600) = 1e-261: the density 35 standard deviations away stays above zero, and its gradient finite."""
_MIN_ENERGY = 1e-6  # GeV; e_gen below is treated as this


class GaussianTransfer(NamedTuple):
    """T(E_rec | E_gen) = N(E_rec; E_gen, sigma)/Phi(E_gen/sigma), normalised over E_rec > 0, 1/GeV.

    sigma/E = sqrt(noise^2/E^2 + stochastic^2/E + constant^2), E = E_gen in GeV: ``noise`` in GeV,
    ``stochastic`` in GeV^1/2. Arrays in the fields broadcast against the energies.
    """

    noise: Array | float = 0.0
    stochastic: Array | float = 0.0
    constant: Array | float = 0.02

    def sigma(self, e_gen: Array) -> Array:
        """Absolute resolution at ``e_gen``, GeV."""
        e = jnp.maximum(e_gen, _MIN_ENERGY)
        return jnp.sqrt(
            jnp.square(self.noise) + e * (jnp.square(self.stochastic) + e * jnp.square(self.constant))
        )

    def density(self, e_rec: Array, e_gen: Array) -> Array:
        """T(e_rec | e_gen), 1/GeV; arguments in GeV, broadcast. Positive everywhere."""
        e = jnp.maximum(e_gen, _MIN_ENERGY)
        inverse = 1.0 / self.sigma(e)
        pull = (e_rec - e) * inverse
        exponent = jnp.minimum(0.5 * pull * pull, _MAX_EXPONENT)
        return jnp.exp(-exponent) * inverse / (_SQRT_2PI * _phi(e * inverse))

    def log_density(self, e_rec: Array, e_gen: Array) -> Array:
        """ln T(e_rec | e_gen): without underflow in any precision."""
        e = jnp.maximum(e_gen, _MIN_ENERGY)
        inverse = 1.0 / self.sigma(e)
        pull = (e_rec - e) * inverse
        return jnp.log(inverse / (_SQRT_2PI * _phi(e * inverse))) - 0.5 * pull * pull

    def sample(self, u: Array, e_gen: Array) -> Array:
        """e_rec > 0 (GeV) at the cumulative probability ``u`` in [0, 1]: inverse distribution function."""
        e = jnp.maximum(e_gen, _MIN_ENERGY)
        sigma = self.sigma(e)
        # from the upper side: 1 - Phi is exact where Phi rounds to 1
        upper = jnp.clip((1.0 - u) * _phi(e / sigma), 1e-300, 1.0 - 2.0**-53)
        return jnp.maximum(e - sigma * ndtri(upper), 0.0)

    def likelihood_moments(self, e_rec: Array) -> tuple[Array, Array]:
        """Mean and standard deviation (GeV) of T(e_rec | e_gen) as a function of e_gen, for a batch of e_rec.

        See :func:`momentax.transfer.moments.likelihood_moments`.
        """
        e_rec = jnp.asarray(e_rec, dtype=float)
        return _moments(self, e_rec)


def _phi(x: Array) -> Array:
    """Normal distribution function for x >= 0. On CPU XLA vectorises erfc, but not erf: 13 times faster."""
    return 1.0 - 0.5 * erfc(_SQRT_HALF * x)


@jax.jit
def _moments(transfer: GaussianTransfer, e_rec: Array) -> tuple[Array, Array]:
    return likelihood_moments(transfer.density, e_rec, transfer.sigma(e_rec) / e_rec)
