"""The multilayer perceptron: the only module that touches Flax NNX, whose interface still moves.

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


@dataclass(frozen=True)
class Architecture:
    """Shape of a network: ``n_in -> hidden[0] -> ... -> n_out``."""

    n_in: int
    hidden: tuple[int, ...]
    n_out: int
    activation: str = "relu"
    output_activation: str = "linear"
    precision: str = "float32"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"hidden": list(self.hidden)}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> Architecture:
        return cls(**(d | {"hidden": tuple(d["hidden"])}))


class _Mlp(nnx.Module):
    def __init__(self, arch: Architecture, rngs: nnx.Rngs):
        sizes = (arch.n_in, *arch.hidden, arch.n_out)
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
            for n, m in pairwise(sizes)
        )
        self.inner = ACTIVATIONS[arch.activation]
        self.outer = ACTIVATIONS[arch.output_activation]

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in self.layers[:-1]:
            x = self.inner(layer(x))
        return self.outer(self.layers[-1](x))


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
    sizes = (arch.n_in, *arch.hidden, arch.n_out)
    arrays = {}
    for i, (n, m) in enumerate(pairwise(sizes)):
        rectified = i < len(arch.hidden) and arch.activation in ("relu", "silu", "gelu")
        spread = np.sqrt((2.0 if rectified else 1.0) / n)
        arrays[f"layer{i}/kernel"] = rng.normal(0.0, spread, (n, m)).astype(arch.precision)
        arrays[f"layer{i}/bias"] = np.zeros(m, dtype=arch.precision)
    return from_arrays(arch, arrays)


def forward(arch: Architecture, parameters: Any, x: jax.Array) -> jax.Array:
    """Output [n, n_out] of the network for standardised inputs ``x`` [n, n_in]; pure, differentiable."""
    return nnx.merge(_graph(arch), parameters)(x)


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
    state = nnx.state(nnx.eval_shape(lambda: _Mlp(arch, nnx.Rngs(0))))
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
