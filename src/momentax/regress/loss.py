"""What a regressor's training minimises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from momentax.regress import model, network
from momentax.regress.model import Spec


class Known(NamedTuple):
    """Rows with their inputs computed, arrays [..., batch]."""

    x: Any
    """[..., k] standardised inputs."""
    offset: Any
    """`momentax.regress.model.base`."""
    information: Any
    weight: Any


class Sloped(NamedTuple):
    """Rows whose inputs are differentiated in the masses, arrays [..., batch]."""

    raw: Any
    masses: Any
    information: Any
    weight: Any
    slope: Any
    """[..., 2] d I / d ln (mH, mA)."""
    sloped: Any
    """1 where there is one."""


@dataclass(frozen=True)
class RegressionLoss:
    """Mean squared error of I in units of its scale, and what the options add.

    - ``robust``: residuals of I beyond it count linearly (Huber);
    - ``slopes``: times the squared errors of dI/d ln mH and dI/d ln mA (batches are `Sloped`; else `Known`);
    - ``l2``: times the sum of squared kernels;
    - a second output b: |r|/b + ln b, the negative log-likelihood of a Laplace distribution of the residual r, which
      makes b its expected size; its gradient stops before the hidden layers.
    """

    spec: Spec
    numbers: dict[str, Any] = field(compare=False)
    identity: str
    """Of the numbers: equal losses have equal ones."""
    l2: float = 0.0
    slopes: float = 0.0
    robust: float | None = None
    low_precision: bool = False

    def __call__(self, parameters: Any, batch: Known | Sloped, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        scale = self.numbers["scale"]
        extra: Any = 0.0
        if isinstance(batch, Sloped):
            value, log_size, tangents = self._with_slopes(parameters, batch)
            # robust in the same way: next to a pole a slope is a hundred times what it is elsewhere
            wrong = jnp.sum(self._of_residual((tangents - batch.slope) / scale), axis=1)
            extra = self.slopes * jnp.mean(batch.weight * batch.sloped * wrong)
        else:
            value, log_size = self._information(parameters, batch)
        residual = (value - batch.information) / scale
        data = jnp.mean(batch.weight * self._of_residual(residual))
        total = data + extra
        if self.spec.architecture.n_out > 1:
            size = jax.lax.stop_gradient(jnp.abs(residual))
            total = total + jnp.mean(batch.weight * _laplace(size, log_size - jnp.log(scale)))
        return total + (self.l2 * network.squared_kernels(parameters) if self.l2 else 0.0), data

    def _information(self, parameters: Any, batch: Known) -> tuple[jax.Array, jax.Array]:
        return model.from_inputs(
            self.spec, self.numbers, parameters, batch.x, batch.offset, self.low_precision
        )

    def _with_slopes(self, parameters: Any, batch: Sloped) -> tuple[jax.Array, jax.Array, jax.Array]:
        """I, log size, (dI/d ln mH, dI/d ln mA) [n, 2]."""

        def information(masses: jax.Array) -> tuple[jax.Array, jax.Array]:
            return model.outputs(self.spec, self.numbers, parameters, batch.raw, masses, self.low_precision)

        (value, log_size), along = jax.linearize(information, batch.masses)
        directions = [jnp.zeros_like(batch.masses).at[:, k].set(batch.masses[:, k]) for k in range(2)]
        return value, log_size, jnp.stack([along(d)[0] for d in directions], axis=1)

    def of_data(self, parameters: Any, batch: Known) -> jax.Array:
        """Weighted sum of the squared error: what validation compares."""
        value, _ = model.from_inputs(self.spec, self.numbers, parameters, batch.x, batch.offset)
        return jnp.sum(batch.weight * self._of_residual((value - batch.information) / self.numbers["scale"]))

    def _of_residual(self, residual: jax.Array) -> jax.Array:
        """Loss of residuals in units of the scale."""
        if self.robust is None:
            return residual**2
        # twice Huber's: r^2 inside
        return 2.0 * optax.huber_loss(residual, delta=self.robust / float(self.numbers["scale"]))


def _laplace(size: jax.Array, log_b: jax.Array) -> jax.Array:
    # a training begins far off: the exponential must not overflow
    log_b = jnp.clip(log_b, -12.0, 5.0)
    return size * jnp.exp(-log_b) + log_b


def weights_by_group(
    counts: dict[str, dict[str, int]], groups: list[str], side: str, equal: bool
) -> tuple[float, ...]:
    """Weight of every group of samples in the loss: with ``equal`` all have the same total."""
    n = np.array([counts.get(g, {}).get(side, 0) for g in groups], dtype=np.float64)
    if not equal:
        return tuple(np.ones(len(groups)))
    present = n > 0
    return tuple(np.where(present, n.sum() / (max(1, present.sum()) * np.maximum(n, 1.0)), 0.0))


__all__ = ["Known", "RegressionLoss", "Sloped", "weights_by_group"]
