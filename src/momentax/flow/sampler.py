"""The trained flow as a change of variables of the integrand: f(u(z)) / q(u(z)) over z in the unit cube.

What comes out is an integrand like any other: the batched integrator takes it, with its points, errors and grids.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.errors import ConfigError
from momentax.flow.items import Conditioned, Items
from momentax.flow.network import Flow, conditions, from_base, to_arrays
from momentax.flow.training import Trained
from momentax.integrate.grid import N_BINS
from momentax.processes.base import IntegrandFn
from momentax.regress.inputs import Scaler
from momentax.regress.store import load_arrays, save_arrays

EDGE = 1e-7
"""Points stay so far from the faces of the cube: there the maps of the integrand go to infinity, and float32 rounds
to them."""


class FlowModel(NamedTuple):
    """Numbers of the composed integrand: those of the integrand's model, and the flow's parameters."""

    model: Any
    parameters: Any


def conditioned(items: Items, scaler: Scaler) -> Conditioned:
    """The events as the composed integrand wants them."""
    x = np.moveaxis(scaler(items.raw), 2, 0)
    return Conditioned(items.observed, tuple(x[:, :, 0]), tuple(x[:, :, 1]))


def composed(integrand: IntegrandFn, flow: Flow) -> IntegrandFn:
    """integrand'(z, Conditioned, FlowModel) = f(u)/q(u) at u = u(z | event), which has the same integral.

    z [items, points, dim]; fields of the events [items, 1].
    """

    def f_over_q(z: jax.Array, x: Any, model: FlowModel) -> jax.Array:
        u, log_q = points_of(flow, model.parameters, jnp.stack(x.inputs, axis=-1)[:, 0], z)
        # without this XLA would compute the flow again for each of the integrand's parts
        u, log_q = jax.lax.optimization_barrier((u, log_q))
        return integrand(u, x.observed, model.model) * jnp.exp(-log_q)

    return f_over_q


def points_of(flow: Flow, parameters: Any, inputs: jax.Array, z: jax.Array) -> tuple[jax.Array, jax.Array]:
    """u and ln q of base points z [items, points, dim], float64; inputs [items, inputs], standardised."""
    u, log_q = from_base(flow, parameters, conditions(flow, parameters, inputs), jnp.moveaxis(z, 2, 0))
    u = jnp.clip(jnp.moveaxis(u, 0, 2).astype(z.dtype), EDGE, 1.0 - EDGE)
    return u, log_q.astype(z.dtype)


def predicted_edges(items: Items, trained: Trained) -> np.ndarray:
    """Grids for the batched integrator from a flow without couplings, [items, dim, N_BINS + 1].

    Its splines are evaluated once an event, at the edges of equally probable bins: a point then costs no more than on
    an adapted grid. Raises ConfigError for a flow with couplings, which is no grid.
    """
    if trained.flow.layers:
        raise ConfigError(f"a flow with {trained.flow.layers} couplings is no grid; train one with none")
    x = trained.scaler(items.raw).reshape(-1, items.raw.shape[2])
    edges = jnp.broadcast_to(jnp.linspace(0.0, 1.0, N_BINS + 1), (trained.flow.dim, len(x), N_BINS + 1))
    u, _ = _from_base(trained.flow, trained.parameters, x, edges)
    out = np.array(jnp.moveaxis(u, 0, 1), dtype=np.float64)
    out[..., 0], out[..., -1] = 0.0, 1.0
    return out


@partial(jax.jit, static_argnums=0)
def _from_base(flow: Flow, parameters: Any, inputs: jax.Array, z: jax.Array) -> tuple[jax.Array, jax.Array]:
    return from_base(flow, parameters, conditions(flow, parameters, inputs), z)


def save(path: str | os.PathLike[str], trained: Trained, facts: dict[str, Any]) -> None:
    """Write a trained flow, its history and ``facts`` about its making."""
    arrays = {f"parameters/{k}": a for k, a in to_arrays(trained.parameters).items()}
    arrays |= {f"history/{k}": a for k, a in trained.history.items()}
    arrays |= {"inputs/mean": trained.scaler.mean, "inputs/sd": trained.scaler.sd}
    save_arrays(path, arrays, facts | {"flow": trained.flow.as_dict()})


def load(path: str | os.PathLike[str]) -> tuple[Trained, dict[str, Any]]:
    """A flow from :func:`save`, and the facts. Raises InputError for another file."""
    arrays, facts = load_arrays(path)

    def group(name: str) -> dict[str, np.ndarray]:
        return {k.removeprefix(f"{name}/"): a for k, a in arrays.items() if k.startswith(f"{name}/")}

    parameters = {k: jnp.asarray(a) for k, a in group("parameters").items()}
    scale = group("inputs")
    flow = Flow(**facts["flow"])
    return Trained(flow, parameters, Scaler(scale["mean"], scale["sd"]), group("history")), facts
