"""From measured momenta to the information: inputs, their standardisation, the network, its units. Pure functions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.regress import features, network
from momentax.regress.mass_table import mass_table, of_masses
from momentax.regress.matrix_element import hard_numbers
from momentax.regress.network import Architecture

Array = jax.Array


@dataclass(frozen=True)
class Spec:
    """The static part: kind of hypothesis, inputs (`features.features`), topology."""

    kind: str
    inputs: str
    architecture: Architecture

    @property
    def input_names(self) -> tuple[str, ...]:
        return features.names(self.inputs, self.kind)

    @property
    def tabulated(self) -> bool:
        """Whether it uses a mass table."""
        return self.kind == "hza" and self.inputs == "physics"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"architecture": self.architecture.as_dict()}

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> Spec:
        return cls(d["kind"], d["inputs"], Architecture.from_dict(d["architecture"]))


def constants(
    spec: Spec, mean: np.ndarray, sd: np.ndarray, shift: float, scale: float, physics: dict[str, Any]
) -> dict[str, Any]:
    """The numbers beside the kernels: inputs are (x - mean)/sd, outputs (I - base - shift)/scale.

    ``physics``: of `physics_numbers`.
    """
    single = spec.architecture.precision
    numbers = {"mean": mean, "sd": sd, "shift": shift, "scale": scale}
    return {k: np.asarray(v, single) for k, v in numbers.items()} | physics


def physics_numbers(spec: Spec, physics: Any, mass_points: np.ndarray) -> dict[str, Any]:
    """What the inputs take from the section ``physics``: ``table`` of the masses, ``hard`` process, or nothing."""
    if spec.inputs == "paper":
        return {}
    if spec.kind == "hza":
        return {"table": mass_table(physics, mass_points)}
    return {"hard": hard_numbers(physics)} if spec.kind == "drell_yan" else {}


def to_arrays(numbers: dict[str, Any]) -> dict[str, np.ndarray]:
    """Flat arrays of `constants`, for a file."""
    flat = {k: np.asarray(v) for k, v in numbers.items() if k not in ("table", "hard")}
    flat |= {f"table/{k}": np.asarray(v) for k, v in numbers.get("table", {}).items()}
    leaves = jax.tree.leaves(numbers["hard"]) if "hard" in numbers else []
    return flat | {f"hard/{i:02d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}


def from_arrays(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """`constants` from the arrays of `to_arrays`."""
    numbers: dict[str, Any] = {k: a for k, a in arrays.items() if "/" not in k}
    if table := {k.removeprefix("table/"): a for k, a in arrays.items() if k.startswith("table/")}:
        numbers["table"] = table
    if hard := {k: a for k, a in arrays.items() if k.startswith("hard/")}:
        structure = jax.tree.structure(hard_numbers(None))
        numbers["hard"] = jax.tree.unflatten(structure, [hard[k] for k in sorted(hard)])
    return numbers


def inputs_of(spec: Spec, numbers: dict[str, Any], raw: Array, masses: Array) -> Array:
    """Standardised inputs [n, k] from measured momenta [n, 18] and (mH, mA) [n, 2] in GeV."""
    raw, masses = (jnp.asarray(a, spec.architecture.precision) for a in (raw, masses))
    x = features.features(spec.inputs, spec.kind, raw, masses, numbers)
    return (x - numbers["mean"]) / numbers["sd"]


_inputs_of = jax.jit(inputs_of, static_argnums=0)


def slab() -> int:
    """Rows of a compiled call: inputs hold whole amplitudes, which are compiled for this one shape."""
    return 4096 if jax.default_backend() == "cpu" else 65_536


def compute_inputs(spec: Spec, numbers: dict[str, Any], raw: np.ndarray, masses: np.ndarray) -> Array:
    """`inputs_of` for any number of rows, one compilation."""
    size, n = slab(), len(raw)
    numbers = {k: v for k, v in numbers.items() if k not in ("shift", "scale")}
    parts = []
    for begin in range(0, max(n, 1), size):
        slabs = [_filled(a[begin : begin + size], size, spec.architecture.precision) for a in (raw, masses)]
        parts.append(_inputs_of(spec, numbers, *slabs))
    return jnp.concatenate(parts)[:n] if len(parts) > 1 else parts[0][:n]


def _filled(a: np.ndarray, size: int, precision: str) -> np.ndarray:
    out = np.empty((size, a.shape[1]), precision)
    out[: len(a)], out[len(a) :] = a, _HARMLESS[a.shape[1]]
    return out


_HARMLESS = {
    18: np.array([60, 0.1, 0, 0, 50, -0.2, 2, 0, 70, 0.3, 1, 5, 50, 0.4, -2, 5, 20, 0.5]),
    2: np.array([500.0, 300.0]),
}
"""A row that fills up a slab."""


def base(spec: Spec, numbers: dict[str, Any], masses: Array) -> Array:
    """What I owes to the masses alone [n] (`momentax.regress.mass_table`); 0 for other hypotheses."""
    if not spec.tabulated:
        return jnp.zeros(masses.shape[0], spec.architecture.precision)
    return -of_masses(jnp.asarray(masses, spec.architecture.precision), numbers["table"])[:, 0]


def outputs(
    spec: Spec,
    numbers: dict[str, Any],
    parameters: Any,
    raw: Array,
    masses: Array,
    low_precision: bool = False,
) -> tuple[Array, Array]:
    """Information I [n] and the logarithm of the expected size of its residual [n] (-inf if it is not learned).

    Args:
        raw: measured momenta [n, 18]; masses: (mH, mA) [n, 2] in GeV, 0 for other hypotheses.
        parameters: of one network.
    """
    x = inputs_of(spec, numbers, raw, masses)
    return from_inputs(spec, numbers, parameters, x, base(spec, numbers, masses), low_precision)


def from_inputs(
    spec: Spec, numbers: dict[str, Any], parameters: Any, x: Array, offset: Array, low_precision: bool = False
) -> tuple[Array, Array]:
    """`outputs` from standardised inputs and `base`."""
    out = network.forward(spec.architecture, parameters, x, low_precision)
    value = offset + numbers["shift"] + numbers["scale"] * out[:, 0]
    if out.shape[1] == 1:
        return value, jnp.full_like(value, -jnp.inf)
    return value, out[:, 1] + jnp.log(numbers["scale"])
