"""Training of the flow: cross-entropy with the normalised integrand, Adam with a falling step.

The loss is the mean of -ln q(u | event) over points u that follow f/W: its least value is reached by q = f/W, where a
single evaluation gives the weight. The other divergence, of q from f/W, could be taken from points of q alone, but it
leaves out what q does not reach, and an importance sampler must not; the variance itself, the mean of (f/W)^2/q, has
gradients that a few points carry.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from momentax.errors import ConfigError
from momentax.flow.config import FlowConfig
from momentax.flow.network import Flow, Parameters, conditions, initial_parameters, to_base
from momentax.flow.samples import Samples
from momentax.integrate.grid import FLOOR
from momentax.regress.inputs import Scaler

Log = Callable[[str], None]

LEAST_SHARE = 0.1
"""Weight in the loss of an assignment that adds nothing to its event: most events have one; it is integrated, too."""


class Trained(NamedTuple):
    """A trained flow with the scale of its inputs, and how it went."""

    flow: Flow
    parameters: Parameters
    scaler: Scaler
    history: dict[str, np.ndarray]
    """train_loss, validation_loss, seconds by epoch."""


def loss(flow: Flow, p: Parameters, inputs: jax.Array, points: jax.Array, weight: jax.Array) -> jax.Array:
    """Weighted mean of -ln q over items [n]: inputs [n, inputs], points [n, points, dim]."""
    _, log_q = to_base(flow, p, conditions(flow, p, inputs), jnp.moveaxis(points, 2, 0))
    return -jnp.sum(weight * jnp.mean(log_q, axis=1)) / jnp.sum(weight)


@partial(jax.jit, static_argnames=("flow", "optimiser"), donate_argnums=(2, 3))
def _step(flow, optimiser, p, state, inputs, points, weight):
    value, gradient = jax.value_and_grad(lambda p: loss(flow, p, inputs, points, weight))(p)
    update, state = optimiser.update(gradient, state, p)
    return optax.apply_updates(p, update), state, value


_loss = jax.jit(loss, static_argnames="flow")


def fit(samples: Samples, config: FlowConfig, log: Log) -> Trained:
    """Train a flow on points of many events; the parameters of the last epoch are kept, the step has died out by then.

    Raises ConfigError when the loss is no longer finite.
    """
    n, kept, dim = samples.points.shape
    held = max(2, 2 * round(config.validation * n / 2))
    scaler = Scaler.fitted(samples.inputs[:-held])
    x = scaler(samples.inputs).astype(np.float32)
    weight = np.maximum(samples.share, LEAST_SHARE).astype(np.float32)
    # a product of densities that each leave out what is rare leaves out corners where f is not: the adapted grids keep
    # a floor for the same reason; couplings follow the integrand there
    floor = 0.0 if config.layers else FLOOR
    shape = (config.layers, config.width, config.bins, config.grid_bins, config.context)
    flow = Flow(dim, x.shape[1], *shape, floor)
    p = initial_parameters(flow, config.seed)
    items, points = min(config.batch_items, n - held), min(config.batch_points, kept)
    steps = (n - held) // items
    passes = kept // points
    schedule = optax.cosine_decay_schedule(config.learning_rate, config.epochs * passes * steps)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
    state = optimiser.init(p)
    rng = np.random.default_rng(config.seed)
    history: dict[str, list[float]] = {k: [] for k in ("train_loss", "validation_loss", "seconds")}
    start = time.perf_counter()
    for epoch in range(1, config.epochs + 1):
        losses = []
        # of every item each point once an epoch, in another company each time
        for chosen in np.array_split(rng.permutation(kept)[: passes * points], passes):
            for index in np.array_split(rng.permutation(n - held)[: steps * items], steps):
                batch = samples.points[index][:, chosen]
                p, state, value = _step(flow, optimiser, p, state, x[index], batch, weight[index])
                losses.append(value)
        train = float(np.mean(losses))
        validation = _held_out(flow, p, x[-held:], samples.points[-held:], weight[-held:], points)
        if not (np.isfinite(train) and np.isfinite(validation)):
            raise ConfigError(
                f"flow: training diverged in epoch {epoch}: lower flow.learning_rate (now {config.learning_rate:g})"
            )
        for name, v in zip(history, (train, validation, time.perf_counter() - start), strict=True):
            history[name].append(v)
        log(f"epoch {epoch}: loss {train:.4f}, validation {validation:.4f}")
    return Trained(flow, p, scaler, {k: np.array(v) for k, v in history.items()})


def _held_out(
    flow: Flow, p: Parameters, x: np.ndarray, points: np.ndarray, weight: np.ndarray, chunk: int
) -> float:
    """The loss of events that are not learnt from, a few points of all of them at a time."""
    parts = points.shape[1] // chunk
    values = [_loss(flow, p, x, points[:, i * chunk : (i + 1) * chunk], weight) for i in range(min(parts, 4))]
    return float(np.mean(values))
