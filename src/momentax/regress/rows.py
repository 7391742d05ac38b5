"""Networks on a table that fits into memory (the classifiers'): loss, training, evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

from momentax.regress import network
from momentax.regress.batches import CHUNK
from momentax.regress.fit import Fit, Log, Settings, fit
from momentax.regress.network import Architecture

_ROWS = 8192
RowLoss = Callable[[jax.Array, jax.Array], jax.Array]


class RowSettings(Settings, Protocol):
    """Settings of training, and those of tables (see `ClassifyConfig`)."""

    @property
    def l2(self) -> float: ...
    @property
    def batch_size(self) -> int: ...


class Rows(NamedTuple):
    """A table to learn from: inputs x [n, n_in], targets y [n, n_out], weights w [n] in the loss (mean 1)."""

    x: Any
    y: Any
    w: Any


def squared_error(output: jax.Array, y: jax.Array) -> jax.Array:
    """Squared error per row [n]."""
    return jnp.sum((output - y) ** 2, axis=-1)


def binary_cross_entropy(output: jax.Array, y: jax.Array) -> jax.Array:
    """Binary cross-entropy per row [n], summed over the outputs; ``output`` are logits."""
    return jnp.sum(optax.sigmoid_binary_cross_entropy(output, y), axis=-1)


@dataclass(frozen=True)
class _Loss:
    """Mean of w * loss and the L2 penalty."""

    arch: Architecture
    of_row: RowLoss
    l2: float

    def __call__(self, parameters: Any, batch: Rows, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        data = jnp.mean(batch.w * self.of_row(network.forward(self.arch, parameters, batch.x), batch.y))
        return data + self.l2 * network.squared_kernels(parameters), data


@partial(jax.jit, static_argnames=("arch",))
def _forward_chunks(arch: Architecture, parameters: Any, x: jax.Array) -> jax.Array:
    return jax.lax.map(lambda chunk: network.forward(arch, parameters, chunk), x)


def evaluate(arch: Architecture, parameters: Any, x: np.ndarray) -> np.ndarray:
    """Outputs [n, n_out] of the network, float64.

    In chunks, so that memory stays bounded; their number is a power of two, so that few shapes are compiled.
    """
    n = len(x)
    if n == 0:
        return np.empty((0, arch.n_out))
    chunk = min(_ROWS, 1 << (n - 1).bit_length())
    count = 1 << (-(-n // chunk) - 1).bit_length()
    padded = np.zeros((count * chunk, arch.n_in), dtype=arch.precision)
    padded[:n] = x
    out = _forward_chunks(arch, parameters, jnp.asarray(padded.reshape(count, chunk, arch.n_in)))
    return np.asarray(out, dtype=np.float64).reshape(-1, arch.n_out)[:n]


def fit_rows(
    arch: Architecture,
    train: Rows,
    validation: Rows,
    settings: RowSettings,
    loss: RowLoss,
    seed: int,
    log: Log,
) -> Fit:
    """Train a network on a table; see `momentax.regress.fit.fit`.

    Args:
        train, validation: rows with standardised inputs; the losses are means of ``w * loss``.
        loss: per row, of (output, y).
        seed: initial kernels and shuffling.

    Raises:
        ConfigError: the loss is no longer finite.
    """
    dtype = np.dtype(arch.precision)
    data = Rows(*(np.asarray(a, dtype) for a in train))
    n = len(data.x)
    batch = min(settings.batch_size, n)
    chunks = -(-(n // batch) // CHUNK)
    steps = n // batch // chunks

    def epoch_of(rng: np.random.Generator) -> Iterator[Rows]:
        # the last, incomplete batch waits for another shuffle
        order = rng.permutation(n)[: chunks * steps * batch].reshape(chunks, steps, batch)
        for part in order:
            yield Rows(*(a[part] for a in data))

    def validate(parameters: Any) -> float:
        out = jnp.asarray(evaluate(arch, parameters, validation.x))
        return float(np.mean(validation.w * np.asarray(loss(out, jnp.asarray(validation.y)))))

    start = network.initial_parameters(arch, seed)
    of_batch = _Loss(arch, loss, settings.l2)
    return fit(arch, start, of_batch, epoch_of, validate, chunks * steps, settings, seed, log)
