"""Training of a network: Adam, a schedule of its step, early stopping on the validation loss, checkpoints.

Batches come in chunks from whoever knows the data; a chunk is one compiled call. What an epoch does is a function of
the seed and the number of the epoch alone, so that a training that was killed goes on from its last checkpoint to the
same result, bit for bit on one kind of device.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

from momentax.errors import ConfigError
from momentax.regress import network
from momentax.regress.checkpoint import Checkpoints

Log = Callable[[str], None]
Loss = Callable[[Any, Any, jax.Array], tuple[jax.Array, jax.Array]]
"""(parameters, batch, random key) -> (what is minimised, the error alone, as validation has it); hashable, equal if it
computes the same."""

_HISTORY = ("train_loss", "validation_loss", "learning_rate", "seconds")
_WARM_UP = 0.02


class Settings(Protocol):
    """The fields of a configuration section that training reads (see `RegressConfig`)."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def epochs(self) -> int: ...
    @property
    def plateau_factor(self) -> float: ...
    @property
    def plateau_patience(self) -> int: ...
    @property
    def patience(self) -> int: ...


@dataclass(frozen=True)
class Fit:
    """Result of `fit`: the parameters of the epoch with the lowest validation loss, and how it went."""

    parameters: Any
    history: dict[str, np.ndarray]
    best_epoch: int


@dataclass
class _State:
    """All that a training is between two epochs."""

    parameters: Any
    moments: Any
    best_parameters: Any
    epoch: int
    best_epoch: int
    last_gain: int
    best: float
    step: float
    history: np.ndarray
    """[epochs, 4], the columns `_HISTORY`."""


@partial(jax.jit, static_argnames=("loss",), donate_argnums=(1, 2))
def _chunk(
    loss: Loss, parameters: Any, moments: Any, batches: Any, steps: jax.Array, key: jax.Array
) -> tuple[Any, Any, jax.Array]:
    """Adam steps over a chunk of batches; ``steps`` [n] their sizes. Returns also the mean error."""

    def one(carry: tuple[Any, Any], given: tuple[Any, jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
        p, m = carry
        batch, step, k = given
        (_, value), gradient = jax.value_and_grad(loss, has_aux=True)(p, batch, k)
        update, m = optax.scale_by_adam().update(gradient, m)
        return (jax.tree.map(lambda a, u: (a - step * u).astype(a.dtype), p, update), m), value

    keys = jax.random.split(key, len(steps))
    (parameters, moments), losses = jax.lax.scan(one, (parameters, moments), (batches, steps, keys))
    return parameters, moments, jnp.mean(losses)


def fit(
    arch: network.Architecture,
    parameters: Any,
    loss: Loss,
    epoch_of: Callable[[np.random.Generator], Iterable[Any]],
    validate: Callable[[Any], float],
    n_steps: int,
    settings: Settings,
    seed: int,
    log: Log,
    checkpoints: Checkpoints | None = None,
) -> Fit:
    """Train a network.

    Args:
        parameters: to start from.
        loss: of a batch.
        epoch_of: chunks of batches (leading axes [batches of a chunk, batch]) of an epoch in an order that the random
            generator fixes.
        validate: loss of parameters on the validation rows.
        n_steps: batches of an epoch, about (for the schedule).
        settings: step, schedule, stopping (fields as in `RegressConfig`).
        seed: order of the batches, augmentation.
        log: told the losses of every tenth epoch, of the last, and at least once a minute.
        checkpoints: where the state is kept; a training begins with the one it finds there.

    Raises:
        ConfigError: the loss is no longer finite.
    """
    cosine = getattr(settings, "schedule", "plateau") == "cosine"
    total = n_steps * settings.epochs
    state = _State(
        parameters,
        optax.scale_by_adam().init(parameters),
        network.to_arrays(parameters),
        0,
        0,
        0,
        np.inf,
        settings.learning_rate,
        np.zeros((settings.epochs, len(_HISTORY))),
    )
    if checkpoints is not None and (found := checkpoints.restore(_to_tree(state))) is not None:
        state = _from_tree(found, state)
        log(f"going on after epoch {state.epoch}, of a training that was interrupted")
    elapsed = state.history[state.epoch - 1, 3] if state.epoch else 0.0
    start = said = time.perf_counter()
    while state.epoch < settings.epochs and state.epoch - state.best_epoch < settings.patience:
        epoch = state.epoch + 1
        rng = np.random.default_rng([seed, epoch])
        key = jax.random.fold_in(jax.random.key(seed), epoch)
        done, losses = 0, []
        for batches in epoch_of(rng):
            n = jax.tree.leaves(batches)[0].shape[0]
            at = (epoch - 1) * n_steps + done + np.arange(n)
            steps = _cosine(at, total) * settings.learning_rate if cosine else np.full(n, state.step)
            state.parameters, state.moments, mean = _chunk(
                loss,
                state.parameters,
                state.moments,
                batches,
                jnp.asarray(steps, arch.precision),
                jax.random.fold_in(key, done),
            )
            losses.append(mean * n)
            done += n
        if not done:
            raise ConfigError("batch_size: an epoch has no full batch; lower it or weigh more events")
        mean_loss = float(np.sum([float(v) for v in losses])) / done
        value = validate(state.parameters)
        now = time.perf_counter()
        if not np.isfinite(value) or not np.isfinite(mean_loss):
            raise ConfigError(
                f"training diverged in epoch {epoch} (loss {value}): lower learning_rate (now {steps[-1]:g}) or l2"
            )
        state.history[epoch - 1] = mean_loss, value, steps[-1], elapsed + now - start
        state.epoch = epoch
        if value < state.best:
            state.best, state.best_epoch, state.last_gain = value, epoch, epoch
            state.best_parameters = network.to_arrays(state.parameters)
        elif epoch - state.last_gain >= settings.plateau_patience:
            state.step, state.last_gain = state.step * settings.plateau_factor, epoch
        stop = epoch - state.best_epoch >= settings.patience or epoch == settings.epochs
        if stop or epoch == 1 or epoch % 10 == 0 or now - said > 60:
            said = now
            log(
                f"epoch {epoch}: loss {mean_loss:.5g}, validation {value:.5g}"
                f" (best {state.best:.5g} in {state.best_epoch}), {(now - start):.0f} s"
            )
        if checkpoints is not None and not stop:
            checkpoints.save(epoch, _to_tree(state))
    columns = state.history[: state.epoch].T
    history = {name: column.copy() for name, column in zip(_HISTORY, columns, strict=True)}
    return Fit(network.from_arrays(arch, state.best_parameters), history, state.best_epoch)


def _cosine(step: np.ndarray, total: int) -> np.ndarray:
    """Share of the largest step: a linear rise, then half a cosine down to 0."""
    warm = max(1.0, _WARM_UP * total)
    down = 0.5 * (1.0 + np.cos(np.pi * np.clip((step - warm) / max(total - warm, 1.0), 0.0, 1.0)))
    return np.where(step < warm, (step + 1) / warm, down)


def _to_tree(state: _State) -> dict[str, Any]:
    """Plain arrays of a state."""
    return {
        "parameters": network.to_arrays(state.parameters),
        "moments": {str(i): np.asarray(a) for i, a in enumerate(jax.tree.leaves(state.moments))},
        "best_parameters": dict(state.best_parameters),
        "numbers": np.array([state.epoch, state.best_epoch, state.last_gain], np.int64),
        "reals": np.array([state.best, state.step]),
        "history": state.history,
    }


def _from_tree(tree: dict[str, Any], like: _State) -> _State:
    leaves, structure = jax.tree.flatten(like.moments)
    moments = jax.tree.unflatten(
        structure, [jnp.asarray(tree["moments"][str(i)]) for i in range(len(leaves))]
    )
    parameters = network.replaced(like.parameters, tree["parameters"])
    epoch, best_epoch, last_gain = (int(v) for v in tree["numbers"])
    best, step = (float(v) for v in tree["reals"])
    best_parameters = {k: np.asarray(a) for k, a in tree["best_parameters"].items()}
    history = np.array(tree["history"])
    return _State(parameters, moments, best_parameters, epoch, best_epoch, last_gain, best, step, history)
