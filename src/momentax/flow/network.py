"""A conditional flow of the unit cube: coupling layers of splines, q(u | event) = |dz/du| for z uniform.

Coupling (Dinh, Krueger, Bengio 2015): each layer leaves a part of the coordinates as they are; a small network makes of
these, and of the event, the splines that move the others. Which part is left follows the binary digits of the
coordinates' numbers, so that every pair of coordinates meets (Gao, Isaacson, Krause 2020, arXiv:2001.05486). Before
them, every coordinate goes through a spline of its own that depends on the event alone: an importance grid, predicted
instead of adapted.

Networks are plain arrays: the points are the last axis of everything, the event enters each layer as a bias that is
computed once an event, not once a point.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.flow import spline

Array = jax.Array
Parameters = dict[str, Array]


@dataclass(frozen=True)
class Flow:
    """Shape of a flow: numbers of coordinates and event inputs, layers, neurons, bins."""

    dim: int
    n_inputs: int
    layers: int
    width: int
    bins: int
    grid_bins: int
    context: int
    floor: float = 0.0
    """Share of the uniform density that the splines of single coordinates keep (`spline.forward`)."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def moved(self, layer: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the coordinates that a layer leaves, and of those that it moves."""
        digits = max(1, (self.dim - 1).bit_length())
        set_ = (np.arange(self.dim) >> (layer // 2) % digits) & 1 == layer % 2
        return np.flatnonzero(~set_), np.flatnonzero(set_)


def initial_parameters(flow: Flow, seed: int) -> Parameters:
    """Random parameters of the identity: hidden layers as He et al. 2015, nothing in the last ones. float32."""
    rng = np.random.default_rng(seed)
    out: dict[str, np.ndarray] = {}

    def dense(name: str, n_in: int, n_out: int, zero: bool = False) -> None:
        spread = 0.0 if zero else np.sqrt(2.0 / n_in)
        out[f"{name}/kernel"] = rng.normal(0.0, 1.0, (n_out, n_in)) * spread
        out[f"{name}/bias"] = np.zeros(n_out)

    for i, (n, m) in enumerate(pairwise((flow.n_inputs, flow.context, flow.context))):
        dense(f"event{i}", n, m)
    dense("grid", flow.context, flow.dim * spline.n_parameters(flow.grid_bins), zero=True)
    for layer in range(flow.layers):
        left, moved = flow.moved(layer)
        dense(f"layer{layer}/event", flow.context, flow.width)
        # two sources of variance add up in the first hidden layer
        out[f"layer{layer}/event/kernel"] *= np.sqrt(0.5)
        out[f"layer{layer}/points/kernel"] = rng.normal(
            0.0, np.sqrt(1.0 / len(left)), (flow.width, len(left))
        )
        dense(f"layer{layer}/hidden", flow.width, flow.width)
        dense(f"layer{layer}/out", flow.width, len(moved) * spline.n_parameters(flow.bins), zero=True)
    return {name: jnp.asarray(a, jnp.float32) for name, a in out.items()}


def conditions(flow: Flow, p: Parameters, inputs: Array) -> dict[str, Array]:
    """What an event contributes to every layer, computed once for all of its points.

    Parameters
    ----------
    inputs : [n, n_inputs], standardised

    Returns
    -------
    ``grid``: parameters of the splines [n, dim (3 grid_bins + 1)]; ``layer0``...: biases [n, width].
    """
    h = inputs.astype(jnp.float32)
    for i in range(2):
        h = jax.nn.silu(h @ p[f"event{i}/kernel"].T + p[f"event{i}/bias"])

    def linear(name: str) -> Array:
        return h @ p[f"{name}/kernel"].T + p[f"{name}/bias"]

    return {"grid": linear("grid")} | {f"layer{k}": linear(f"layer{k}/event") for k in range(flow.layers)}


def to_base(flow: Flow, p: Parameters, given: dict[str, Array], u: Array) -> tuple[Array, Array]:
    """Base coordinates z of points u, and ln q(u | event) = ln |dz/du|.

    Parameters
    ----------
    given : of :func:`conditions`, n events
    u : [dim, n, points] in [0, 1]

    Returns
    -------
    z [dim, n, points]; ln q [n, points]; float32.
    """
    first, log_slope = spline.forward(_grid(flow, given), u.astype(jnp.float32), flow.floor)
    z, log_q = list(first), jnp.sum(log_slope, axis=0)
    for layer in range(flow.layers):
        left, moved = flow.moved(layer)
        new, log_slope = spline.forward(_splines(flow, p, given, layer, _rows(z, left)), _rows(z, moved))
        z, log_q = _moved(z, moved, new), log_q + jnp.sum(log_slope, axis=0)
    return jnp.stack(z), log_q


def from_base(flow: Flow, p: Parameters, given: dict[str, Array], z: Array) -> tuple[Array, Array]:
    """Points u of base coordinates z, and ln q(u | event): the inverse of :func:`to_base`, at the same cost."""
    u = list(z.astype(jnp.float32))
    log_q = jnp.zeros(z.shape[1:], jnp.float32)
    for layer in reversed(range(flow.layers)):
        left, moved = flow.moved(layer)
        new, log_slope = spline.inverse(_splines(flow, p, given, layer, _rows(u, left)), _rows(u, moved))
        u, log_q = _moved(u, moved, new), log_q - jnp.sum(log_slope, axis=0)
    out, log_slope = spline.inverse(_grid(flow, given), jnp.stack(u), flow.floor)
    return out, log_q - jnp.sum(log_slope, axis=0)


def _rows(coordinates: list[Array], chosen: np.ndarray) -> Array:
    return jnp.stack([coordinates[i] for i in chosen])


def _moved(coordinates: list[Array], moved: np.ndarray, new: Array) -> list[Array]:
    """Coordinates with some of them replaced; a list, as updates of one array cost several times more."""
    out = list(coordinates)
    for i, row in zip(moved, new, strict=True):
        out[i] = row
    return out


def _grid(flow: Flow, given: dict[str, Array]) -> Array:
    """Parameters of the event's own splines, [3 grid_bins + 1, dim, n, 1]."""
    n = len(given["grid"])
    return jnp.moveaxis(given["grid"].reshape(n, -1, flow.dim), 0, 2)[..., None]


def _splines(flow: Flow, p: Parameters, given: dict[str, Array], layer: int, left: Array) -> Array:
    """Parameters of a layer's splines from the coordinates that it leaves, [3 bins + 1, moved, n, points]."""
    name = f"layer{layer}"
    _, n, points = left.shape
    h = jnp.einsum("hd,dnp->hnp", p[f"{name}/points/kernel"], 2.0 * left - 1.0)
    h = jax.nn.silu(h + given[name].T[:, :, None]).reshape(flow.width, -1)
    h = jax.nn.silu(p[f"{name}/hidden/kernel"] @ h + p[f"{name}/hidden/bias"][:, None])
    out = p[f"{name}/out/kernel"] @ h + p[f"{name}/out/bias"][:, None]
    return out.reshape(spline.n_parameters(flow.bins), -1, n, points)


def to_arrays(p: Any) -> dict[str, np.ndarray]:
    """Parameters as plain arrays, for a file."""
    return {name: np.asarray(a) for name, a in p.items()}
