"""Transverse momentum of the hard system, sampled from g(k_T) N2(k_rec - k_T; sigma_u): a mixture of
Gaussians.

g is a mixture of isotropic two-dimensional Gaussians (weights w_i, sigma_i per axis, centred at zero), N2 one
Gaussian of sigma_u per axis around the measured k_rec. Their product is a mixture of Gaussians again,

    w_i N2(k_rec; V_i) N2(k_T - m_i; v_i),   V_i = sigma_i^2 + sigma_u^2,  m_i = k_rec sigma_i^2/V_i,
    v_i = sigma_i^2 sigma_u^2/V_i,

which is sampled exactly. The first coordinate chooses the component and then its radius; every second
component runs outwards-in, so that neighbouring components meet at infinity or at their centres: an adaptive
grid, or a quasi-random sequence, sees a nearly continuous function of two coordinates instead of three.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

Array = jax.Array
ArrayLike: TypeAlias = Array | float


class RecoilMixture(NamedTuple):
    """Mixture of isotropic Gaussians in the transverse plane; component on the leading axis of every field.

    ``weights`` sum to 1; ``mean_x``, ``mean_y``, ``sigma`` (per axis) in GeV: shapes [k] or [k, *batch].
    """

    weights: Array
    mean_x: Array
    mean_y: Array
    sigma: Array

    @classmethod
    def posterior(
        cls, weights: Array, sigmas: Array, sigma_u: ArrayLike, k_x: ArrayLike, k_y: ArrayLike
    ) -> tuple[RecoilMixture, Array]:
        """(the mixture proportional to g(k_T) N2(k_rec - k_T), its integral over k_T in GeV^-2)."""
        k_x, k_y, sigma_u = jnp.asarray(k_x, float), jnp.asarray(k_y, float), jnp.asarray(sigma_u, float)
        batch = jnp.broadcast_shapes(k_x.shape, k_y.shape, sigma_u.shape)

        def spread(a: Array) -> Array:
            a = jnp.asarray(a, float)
            return a.reshape(a.shape + (1,) * (1 + len(batch) - a.ndim))

        weights, sigmas = spread(weights), spread(sigmas)
        total = sigmas**2 + sigma_u**2
        # a common factor taken out of the exponent: far measurements must not underflow to 0/0
        log_terms = jnp.log(weights / (2.0 * jnp.pi * total)) - 0.5 * (k_x**2 + k_y**2) / total
        largest = jnp.max(log_terms, axis=0)
        terms = jnp.exp(log_terms - largest)
        norm = jnp.sum(terms, axis=0)
        pull = sigmas**2 / total
        mixture = cls(terms / norm, pull * k_x, pull * k_y, jnp.sqrt(pull) * sigma_u)
        return mixture, norm * jnp.exp(largest)

    @property
    def dim(self) -> int:
        return 2

    def forward(self, u_radius: ArrayLike, u_phi: ArrayLike) -> tuple[tuple[Array, Array], Array]:
        """((k_x, k_y), 1/density in GeV^2)."""
        u = jnp.asarray(u_radius)
        edge = jnp.zeros_like(u)
        local, mean_x, mean_y, sigma = (jnp.zeros_like(u) for _ in range(4))
        count = self.weights.shape[0]
        for i in range(count):
            weight = self.weights[i]
            # the last component takes whatever rounding left of the sum of weights
            chosen = (u >= edge) & (u < edge + weight) if i < count - 1 else u >= edge
            fraction = (u - edge) / jnp.where(weight > 0.0, weight, 1.0)
            fraction = fraction if i % 2 == 0 else 1.0 - fraction
            local = jnp.where(chosen, fraction, local)
            mean_x = jnp.where(chosen, self.mean_x[i], mean_x)
            mean_y = jnp.where(chosen, self.mean_y[i], mean_y)
            sigma = jnp.where(chosen, self.sigma[i], sigma)
            edge = edge + weight
        # keeps r and dr/du finite at both ends of a component: r between 1e-7 and 8.5 sigma
        radius = sigma * jnp.sqrt(-2.0 * jnp.log1p(-jnp.clip(local, 1e-14, 1.0 - 2e-16)))
        phi = 2.0 * jnp.pi * jnp.asarray(u_phi)
        k_x, k_y = mean_x + radius * jnp.cos(phi), mean_y + radius * jnp.sin(phi)
        return (k_x, k_y), 1.0 / self.density(k_x, k_y)

    def density(self, k_x: ArrayLike, k_y: ArrayLike) -> Array:
        """sum_i w_i N2(k - m_i; sigma_i) in GeV^-2; never zero (floored at 1e-290)."""
        density = jnp.zeros_like(jnp.asarray(k_x))
        # component by component: fields of shape [k] then serve any shape of k_x
        for weight, mean_x, mean_y, sigma in zip(*self, strict=True):
            variance = sigma**2
            r2 = (k_x - mean_x) ** 2 + (k_y - mean_y) ** 2
            density = density + weight * jnp.exp(-0.5 * r2 / variance) / (2.0 * jnp.pi * variance)
        return jnp.maximum(density, 1e-290)
