"""Multilayer perceptrons, plain, residual or gated: the only module that touches Flax NNX, whose interface still moves.

The rest of the library sees an `Architecture`, a pytree of parameters from `initial_parameters`, the pure
function `forward`, and plain arrays through `to_arrays` and `from_arrays`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "gelu": jax.nn.gelu,
    "tanh": jnp.tanh,
    "selu": jax.nn.selu,
    "linear": lambda x: x,
}


LINEAR_PER_BLOCK = {"residual": 2, "gated": 3}


@dataclass(frozen=True)
class Architecture:
    """Shape of a network: ``n_in -> hidden[0] -> ... -> n_out``.

    ``layers``: ``plain``, x -> f(A x) for every entry of hidden; ``residual``, x -> x + B f(A x), and ``gated``,
    x -> x + C (f(A x) * B x), for every entry but the first (all equal).
    """

    n_in: int
    hidden: tuple[int, ...]
    n_out: int
    activation: str = "relu"
    output_activation: str = "linear"
    precision: str = "float32"
    layers: str = "plain"
    detached: int = 0
    """Last outputs whose gradient does not reach the hidden layers."""

    def __post_init__(self) -> None:
        if self.layers != "plain" and len(set(self.hidden)) > 1:
            raise ValueError(f"hidden {list(self.hidden)}: {self.layers} layers are all equally wide")

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of every linear layer."""
        if self.layers == "plain":
            return list(pairwise((self.n_in, *self.hidden, self.n_out)))
        width, blocks = self.hidden[0], len(self.hidden) - 1
        inner = [(width, width)] * (LINEAR_PER_BLOCK[self.layers] * blocks)
        return [(self.n_in, width), *inner, (width, self.n_out)]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"hidden": list(self.hidden)}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> Architecture:
        return cls(**(d | {"hidden": tuple(d["hidden"])}))


class _Mlp(nnx.Module):
    def __init__(self, arch: Architecture, rngs: nnx.Rngs):
        dtype = jnp.dtype(arch.precision)
        self.layers = nnx.List(
            nnx.Linear(
                n,
                m,
                rngs=rngs,
                dtype=dtype,
                param_dtype=dtype,
                # By default a GPU multiplies with 10-bit mantissas: predictions would differ at 1e-3.
                precision=jax.lax.Precision.HIGHEST,
            )
            for n, m in arch.sizes
        )
        self.kind, self.detached = arch.layers, arch.detached
        self.inner = ACTIVATIONS[arch.activation]
        self.outer = ACTIVATIONS[arch.output_activation]

    def __call__(self, x: jax.Array) -> jax.Array:
        first, *blocks, last = self.layers
        x = self.inner(first(x))
        if self.kind == "plain":
            for layer in blocks:
                x = self.inner(layer(x))
        elif self.kind == "residual":
            for one, two in zip(blocks[::2], blocks[1::2], strict=True):
                x = x + two(self.inner(one(x)))
        else:
            for one, gate, out in zip(blocks[::3], blocks[1::3], blocks[2::3], strict=True):
                x = x + out(self.inner(one(x)) * gate(x))
        if not self.detached:
            return self.outer(last(x))
        aside = last(jax.lax.stop_gradient(x))[:, -self.detached :]
        return jnp.concatenate([self.outer(last(x)[:, : -self.detached]), aside], axis=1)


@lru_cache(maxsize=64)
def _graph(arch: Architecture) -> Any:
    """The static part of the network."""
    return nnx.graphdef(nnx.eval_shape(lambda: _Mlp(arch, nnx.Rngs(0))))


def initial_parameters(arch: Architecture, seed: int) -> Any:
    """Random initial parameters (a pytree of arrays), a function of ``seed`` alone on every device.

    Kernels are normal with variance 2 / n_in before rectifiers (He et al. 2015), 1 / n_in elsewhere; biases
    are zero. Drawn by NumPy: the network library compiles a program for each shape, 2.7 s for three kernels.
    """
    rng = np.random.default_rng(seed)
    arrays = {}
    sizes = arch.sizes
    every = LINEAR_PER_BLOCK.get(arch.layers, 1)
    for i, (n, m) in enumerate(sizes):
        rectified = i < len(sizes) - 1 and arch.activation in ("relu", "silu", "gelu")
        spread = np.sqrt((2.0 if rectified else 1.0) / n)
        if every > 1 and 0 < i < len(sizes) - 1 and i % every == 0:
            # what a block adds: small, so that many blocks begin as one
            spread /= np.sqrt(2.0 * len(arch.hidden))
        arrays[f"layer{i}/kernel"] = rng.normal(0.0, spread, (n, m)).astype(arch.precision)
        arrays[f"layer{i}/bias"] = np.zeros(m, dtype=arch.precision)
    return from_arrays(arch, arrays)


def forward(arch: Architecture, parameters: Any, x: jax.Array, low_precision: bool = False) -> jax.Array:
    """Output [n, n_out] of the network for standardised inputs ``x`` [n, n_in]; pure, differentiable.

    ``low_precision``: products of bfloat16 numbers, as accelerators multiply fastest.
    """
    model = nnx.merge(_graph(arch), parameters)
    if low_precision:
        for layer in model.layers:
            layer.dtype, layer.precision = jnp.bfloat16, None
    return model(x).astype(arch.precision)


def squared_kernels(parameters: Any) -> jax.Array:
    """Sum of the squares of all kernels, without the biases (for the L2 penalty)."""
    total = jnp.zeros(())
    for leaf in jax.tree.leaves(parameters):
        if leaf.ndim == 2:
            total = total + jnp.sum(leaf**2)
    return total


def to_arrays(parameters: Any) -> dict[str, np.ndarray]:
    """``{"layer0/kernel": [n_in, n], "layer0/bias": [n], ...}``, independent of the network library."""
    layers = nnx.to_pure_dict(parameters)["layers"]
    return {f"layer{i}/{k}": np.asarray(v) for i, layer in layers.items() for k, v in layer.items()}


def from_arrays(arch: Architecture, arrays: dict[str, np.ndarray]) -> Any:
    """Parameters from the arrays of `to_arrays`; ValueError if they do not fit the architecture."""
    return replaced(nnx.state(nnx.eval_shape(lambda: _Mlp(arch, nnx.Rngs(0)))), arrays)


def replaced(parameters: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Parameters of the same shapes with other values; ValueError if the arrays do not fit."""
    state = jax.tree.map(lambda a: a, parameters)
    pure = nnx.to_pure_dict(state)
    for i, layer in pure["layers"].items():
        for k, expected in layer.items():
            a = arrays.get(f"layer{i}/{k}")
            if a is None or a.shape != expected.shape or a.dtype != expected.dtype:
                found = "nothing" if a is None else f"{a.dtype} {a.shape}"
                raise ValueError(f"layer{i}/{k}: expected {expected.dtype} {expected.shape}, found {found}")
            layer[k] = jnp.asarray(a)
    nnx.replace_by_pure_dict(state, pure)
    return state
