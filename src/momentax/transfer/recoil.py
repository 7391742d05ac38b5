"""Transverse momentum of the hard system: its density g(k_T) and its measurement N2(.; sigma_u)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.errors import ConfigError, nearest

Array = jax.Array

_TWO_PI = 2.0 * np.pi


class RecoilModel(NamedTuple):
    """g(k_T) = sum_i w_i N2(k_T; s_i), isotropic two-dimensional Gaussians; measured with N2(.; sigma_u).

    weights: [components], sum 1; sigmas: [components] per axis, GeV; sigma_u: [] per axis, GeV; c: [] share
    of the energy radiated off the b quarks that is counted as recoil.
    """

    weights: Array
    sigmas: Array
    sigma_u: Array
    c: Array

    def g(self, kx: Array, ky: Array) -> Array:
        """Density of the transverse momentum (GeV) of the hard system, 1/GeV^2."""
        return sum((w * _normal2(kx, ky, s) for w, s in self._components()), start=jnp.zeros(()))

    def n2(self, dx: Array, dy: Array) -> Array:
        """Density of the measured minus the true transverse momentum (GeV), 1/GeV^2."""
        return _normal2(dx, dy, self.sigma_u)

    def moments(self, to_x: Array, to_y: Array) -> tuple[Array, Array, Array]:
        """Mean (x, y) and variance per axis (GeV^2) of k_T distributed as g(k_T) n2(to - k_T).

        Of each component a Gaussian: with f = s^2/(s^2 + sigma_u^2) its mean is f to, its variance f sigma_u^2 and its
        share w N2(to; sqrt(s^2 + sigma_u^2)). Far out, where all of these vanish, the widest component has it all.
        """
        to2, noise2 = to_x**2 + to_y**2, jnp.square(self.sigma_u)
        total2 = [jnp.square(s) + noise2 for _, s in self._components()]
        widest = jnp.max(jnp.stack(total2), axis=0)
        # relative to the widest component: its exponential never vanishes
        shares = [
            w / t * jnp.exp(-0.5 * to2 * (1.0 / t - 1.0 / widest))
            for (w, _), t in zip(self._components(), total2, strict=True)
        ]
        norm = sum(shares[1:], start=shares[0])
        factors = [1.0 - noise2 / t for t in total2]
        mean = sum((p * f for p, f in zip(shares, factors, strict=True)), start=jnp.zeros(())) / norm
        spread = (f * noise2 + 0.5 * to2 * (f - mean) ** 2 for f in factors)
        variance = sum((p * v for p, v in zip(shares, spread, strict=True)), start=jnp.zeros(())) / norm
        return mean * to_x, mean * to_y, variance

    def sample_kt(self, u: Array) -> tuple[Array, Array]:
        """(kx, ky), GeV, distributed as g for u [..., 3] uniform in [0, 1): component, radius, azimuth."""
        component = jnp.searchsorted(jnp.cumsum(self.weights), u[..., 0], side="right")
        sigma = self.sigmas[jnp.minimum(component, self.sigmas.shape[-1] - 1)]
        radius = sigma * jnp.sqrt(-2.0 * jnp.log1p(-jnp.minimum(u[..., 1], 1.0 - 2.0**-53)))
        return radius * jnp.cos(_TWO_PI * u[..., 2]), radius * jnp.sin(_TWO_PI * u[..., 2])

    def _components(self) -> list[tuple[Array, Array]]:
        return [(self.weights[..., i], self.sigmas[..., i]) for i in range(self.weights.shape[-1])]


def _normal2(x: Array, y: Array, sigma: Array) -> Array:
    inverse = 1.0 / jnp.square(sigma)
    return jnp.exp(-0.5 * inverse * (jnp.square(x) + jnp.square(y))) * inverse / _TWO_PI


RECOIL_PRESETS: dict[str, tuple[tuple[float, ...], tuple[float, ...], float, float]] = {
    "builtin": ((0.5, 0.35, 0.15), (10.0, 30.0, 80.0), 20.0, 0.0),
    "showered_ttbar": ((0.33, 0.54, 0.13), (17.0, 55.0, 158.0), 20.0, 0.5),
    "showered_hza": ((0.39, 0.45, 0.16), (27.0, 92.0, 268.0), 20.0, 0.5),
}
"""weights, sigmas, sigma_u, c. ``showered_*``: fitted to the true k_T of events showered by Pythia 8.317
(hza at mH, mA = 500, 300); c = 0.5 is the approximate share found there."""


def recoil_model(preset: str = "builtin") -> RecoilModel:
    """RecoilModel of one of :data:`RECOIL_PRESETS`. Raises :class:`ConfigError` with the nearest name."""
    if preset not in RECOIL_PRESETS:
        raise ConfigError(f"recoil preset {preset!r} is unknown{nearest(preset, RECOIL_PRESETS)}")
    return make_recoil(*RECOIL_PRESETS[preset])


def make_recoil(weights: Sequence[float], sigmas: Sequence[float], sigma_u: float, c: float) -> RecoilModel:
    """RecoilModel of plain numbers. Raises :class:`ConfigError` unless it is a normalised density."""
    w, s = np.asarray(weights, dtype=float), np.asarray(sigmas, dtype=float)
    if w.ndim != 1 or w.shape != s.shape or w.size == 0:
        raise ConfigError(f"recoil: {w.size} weights and {s.size} sigmas; give one sigma for each weight")
    if np.any(w <= 0) or abs(w.sum() - 1.0) > 1e-9:
        raise ConfigError(f"recoil: the weights must be positive and sum to 1, not {w.sum():g}")
    if np.any(s <= 0) or sigma_u <= 0:
        raise ConfigError(f"recoil: sigmas and sigma_u must be > 0 GeV, got {s.tolist()} and {sigma_u:g}")
    return RecoilModel(jnp.asarray(w), jnp.asarray(s), jnp.asarray(float(sigma_u)), jnp.asarray(float(c)))
