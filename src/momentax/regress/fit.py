"""Training of a network: Adam, step halved at plateaus, early stopping on the validation loss.

One epoch is one compiled call (a scan over shuffled batches with the data on the device), so that small
networks are not limited by the start of kernels. Deterministic for a fixed seed on one kind of device.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

from momentax.errors import ConfigError
from momentax.regress import network
from momentax.regress.network import Architecture

Log = Callable[[str], None]
_CHUNK = 8192


class Settings(Protocol):
    """The fields of a configuration section that training reads (see `RegressConfig`)."""

    @property
    def l2(self) -> float: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def plateau_factor(self) -> float: ...
    @property
    def plateau_patience(self) -> int: ...
    @property
    def patience(self) -> int: ...


class Rows(NamedTuple):
    """A table to learn from: inputs x [n, n_in], targets y [n, n_out], weights w [n] in the loss (mean 1)."""

    x: Any
    y: Any
    w: Any


@dataclass(frozen=True)
class Fit:
    """Result of `fit`: the parameters of the epoch with the lowest validation loss, and how it went."""

    parameters: Any
    history: dict[str, np.ndarray]
    best_epoch: int


def squared_error(output: jax.Array, y: jax.Array) -> jax.Array:
    """Squared error per row [n]."""
    return jnp.sum((output - y) ** 2, axis=-1)


def binary_cross_entropy(output: jax.Array, y: jax.Array) -> jax.Array:
    """Binary cross-entropy per row [n], summed over the outputs; ``output`` are logits."""
    return jnp.sum(optax.sigmoid_binary_cross_entropy(output, y), axis=-1)


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
    chunk = min(_CHUNK, 1 << (n - 1).bit_length())
    count = 1 << (-(-n // chunk) - 1).bit_length()
    padded = np.zeros((count * chunk, arch.n_in), dtype=arch.precision)
    padded[:n] = x
    out = _forward_chunks(arch, parameters, jnp.asarray(padded.reshape(count, chunk, arch.n_in)))
    return np.asarray(out, dtype=np.float64).reshape(-1, arch.n_out)[:n]


@partial(jax.jit, static_argnames=("arch", "loss"), donate_argnums=(1, 2))
def _epoch(
    arch: Architecture,
    parameters: Any,
    moments: Any,
    order: jax.Array,
    step: jax.Array,
    l2: jax.Array,
    rows: Rows,
    loss: Callable[[jax.Array, jax.Array], jax.Array],
) -> tuple[Any, Any, jax.Array]:
    """One pass over the batches: rows ``order`` [n_batches, batch]."""

    def objective(p: Any, x: jax.Array, y: jax.Array, w: jax.Array) -> tuple[jax.Array, jax.Array]:
        data = jnp.mean(w * loss(network.forward(arch, p, x), y))
        return data + l2 * network.squared_kernels(p), data

    def one_batch(carry: tuple[Any, Any], index: jax.Array) -> tuple[tuple[Any, Any], jax.Array]:
        p, m = carry
        gradient, data = jax.grad(objective, has_aux=True)(p, rows.x[index], rows.y[index], rows.w[index])
        update, m = optax.scale_by_adam().update(gradient, m)
        return (jax.tree.map(lambda a, u: (a - step * u).astype(a.dtype), p, update), m), data

    (parameters, moments), losses = jax.lax.scan(one_batch, (parameters, moments), order)
    return parameters, moments, jnp.mean(losses)


def fit(
    arch: Architecture,
    train: Rows,
    validation: Rows,
    settings: Settings,
    loss: Callable[[jax.Array, jax.Array], jax.Array],
    seed: int,
    log: Log,
) -> Fit:
    """Train a network.

    Args:
        train, validation: rows with standardised inputs; the losses are means of ``w * loss``.
        settings: step, batches, stopping (fields as in `RegressConfig`).
        loss: loss per row of (output, y).
        seed: initial kernels and shuffling.
        log: told the losses of every tenth epoch and of the last.

    Raises:
        ConfigError: the loss is no longer finite.
    """
    dtype = jnp.dtype(arch.precision)
    data = Rows(*(jnp.asarray(a, dtype) for a in train))
    batch = min(settings.batch_size, len(train.x))
    parameters = network.initial_parameters(arch, seed)
    moments = optax.scale_by_adam().init(parameters)
    n_batches = len(train.x) // batch
    rng = np.random.default_rng(seed)
    step, best, best_epoch, last_gain = settings.learning_rate, np.inf, 0, 0
    best_parameters = network.to_arrays(parameters)
    history: dict[str, list[float]] = {
        k: [] for k in ("train_loss", "validation_loss", "learning_rate", "seconds")
    }
    start = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        # the last, incomplete batch waits for another shuffle
        order = rng.permutation(len(train.x))[: n_batches * batch]
        parameters, moments, mean = _epoch(
            arch,
            parameters,
            moments,
            jnp.asarray(order.reshape(n_batches, batch), jnp.int32),
            jnp.asarray(step, dtype),
            jnp.asarray(settings.l2, dtype),
            data,
            loss,
        )
        out = jnp.asarray(evaluate(arch, parameters, validation.x))
        value = float(np.mean(validation.w * np.asarray(loss(out, jnp.asarray(validation.y)))))
        if not np.isfinite(value) or not np.isfinite(float(mean)):
            raise ConfigError(
                f"training diverged in epoch {epoch} (loss {value}): lower learning_rate (now {step:g}) or l2"
            )
        for name, v in zip(history, (float(mean), value, step, time.perf_counter() - start), strict=True):
            history[name].append(v)
        if value < best:
            best, best_epoch, last_gain = value, epoch, epoch
            best_parameters = network.to_arrays(parameters)
        elif epoch - last_gain >= settings.plateau_patience:
            step, last_gain = step * settings.plateau_factor, epoch
        stop = epoch - best_epoch >= settings.patience or epoch == settings.epochs
        if stop or epoch == 1 or epoch % 10 == 0:
            log(
                f"epoch {epoch}: loss {float(mean):.5g}, validation {value:.5g}"
                f" (best {best:.5g} in {best_epoch})"
            )
        if stop:
            break
    arrays = {k: np.array(v) for k, v in history.items()}
    return Fit(network.from_arrays(arch, best_parameters), arrays, best_epoch)
