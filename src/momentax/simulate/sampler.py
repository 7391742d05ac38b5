"""Importance sampling of the parton-level cross section: the vegas package trains, plain numbers come out.

The grid of the trained integrator is frozen. An independent sample drawn from it gives the largest weight
against which events are unweighted, and independent vegas iterations on the frozen grid give the cross
section: no value influences its own weight, so nothing is biased.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import vegas

from momentax.config import PhysicsConfig
from momentax.pdf import PdfSet
from momentax.processes import Hypothesis, as_hypothesis
from momentax.processes.base import Model, Options
from momentax.simulate.matrix_element import differential, process_of
from momentax.transfer import Detector

Array = jax.Array

CHUNK = 4096
"""Points a compiled call; a fixed shape, so that everything compiles once."""
N_INCREMENTS = 200
"""Bins an axis of the frozen grid."""
OVERWEIGHT = 1e-3
"""Share of the cross section that lies above the maximum chosen for unweighting (in the training sample)."""


@dataclass(frozen=True)
class Budget:
    """Evaluations of the training: adaptation, maximum weight, cross section."""

    adapt_iterations: int = 10
    adapt_points: int = 40_000
    maximum_points: int = 120_000
    final_iterations: int = 4
    final_points: int = 50_000


@dataclass(frozen=True)
class Sampler:
    """A trained sampler of parton-level events of one hypothesis."""

    hypothesis: Hypothesis
    model: Model
    options: Options
    edges: np.ndarray
    """Frozen grid, [dim - 1, N_INCREMENTS + 1]; the last coordinate (azimuth) is uniform."""
    w_max: float
    """Weight (pb) that is accepted with probability 1."""
    sigma_pb: float
    """Cross section of one pair of lepton flavours, and its standard deviation."""
    sigma_error: float
    efficiency: float
    """Expected probability that a trial is accepted."""

    @property
    def kind(self) -> str:
        return self.hypothesis.kind

    @property
    def dim(self) -> int:
        return process_of(self.kind).dim


def apply_grid(edges: Array, y: Array) -> tuple[Array, Array]:
    """(u, du/dy) of uniform numbers y [n, dim]: piecewise linear, but the last coordinate stays."""
    n_bins = edges.shape[-1] - 1
    scaled = y[..., :-1] * n_bins
    index = jnp.clip(scaled.astype(jnp.int32), 0, n_bins - 1)
    axis = jnp.arange(edges.shape[0])
    low, high = edges[axis, index], edges[axis, index + 1]
    u = low + (high - low) * (scaled - index)
    return jnp.concatenate([u, y[..., -1:]], axis=-1), jnp.prod(n_bins * (high - low), axis=-1)


def stream_key(seed: int, *labels: str | int) -> np.ndarray:
    """Key of the random stream of (seed, labels): two 32-bit integers."""
    text = "/".join(str(part) for part in (seed, *labels))
    return np.frombuffer(hashlib.blake2b(text.encode(), digest_size=8).digest(), dtype=np.uint32)


@cache
def weight_function(kind: str, options: Options) -> Callable[[Array, Model], Array]:
    """Compiled (u [CHUNK, dim], model) -> d sigma/du, pb."""
    evaluate = differential(kind, options)
    return jax.jit(lambda u, model: evaluate(u, model).weight)


def evaluate_chunked(function: Callable[[Array], Array], points: np.ndarray) -> np.ndarray:
    """``function`` on all rows of ``points``, CHUNK at a time (the last chunk padded)."""
    parts = []
    for first in range(0, len(points), CHUNK):
        rows = points[first : first + CHUNK]
        padded = np.concatenate([rows, np.full((CHUNK - len(rows), rows.shape[1]), 0.5)])
        parts.append(np.asarray(function(jnp.asarray(padded)))[: len(rows)])
    return np.concatenate(parts) if parts else np.zeros(0)


def train(
    hypothesis: str | Hypothesis,
    physics: PhysicsConfig | None = None,
    seed: int = 1,
    pdf: PdfSet | None = None,
    detector: Detector | None = None,
    budget: Budget | None = None,
    progress: Callable[[str], None] | None = None,
) -> Sampler:
    """Train a sampler: grid, maximum weight and cross section.

    ``progress`` is called with a line of text after each step. The result depends on the arguments alone.
    Raises ConfigError (unknown hypothesis, PDF set not found) and PhysicsError (masses out of range).
    """
    hypothesis, physics = as_hypothesis(hypothesis), physics or PhysicsConfig()
    budget, say = budget or Budget(), progress or (lambda text: None)
    process = process_of(hypothesis.kind)
    model = hypothesis.model(physics, pdf, detector)
    options = Options.from_physics(physics)
    weight = weight_function(hypothesis.kind, options)
    rng = np.random.Generator(
        np.random.Philox(key=int.from_bytes(stream_key(seed, hypothesis.label).tobytes()))
    )

    def integrand(u: np.ndarray) -> np.ndarray:
        with_azimuth = np.concatenate([u, np.full((len(u), 1), 0.5)], axis=1)
        return evaluate_chunked(lambda x: weight(x, model), with_azimuth)

    batched = vegas.lbatchintegrand(integrand)
    integrator = vegas.Integrator([[0.0, 1.0]] * (process.dim - 1), ran_array_generator=rng.random)
    say(f"{hypothesis.label}: adapting, {budget.adapt_iterations} x {budget.adapt_points} points")
    integrator(batched, nitn=budget.adapt_iterations, neval=budget.adapt_points)
    final = integrator(batched, nitn=budget.final_iterations, neval=budget.final_points, adapt=False)
    # a plain mean of the iterations: weights from their own errors would pull it down
    values = [r.mean for r in final.itn_results]
    errors = [r.sdev for r in final.itn_results]
    sigma, error = float(np.mean(values)), float(np.sqrt(np.sum(np.square(errors))) / len(errors))
    say(f"{hypothesis.label}: sigma = {sigma:.5g} +- {error:.2g} pb for one pair of lepton flavours")
    edges = _frozen(integrator.map)
    points = rng.random((budget.maximum_points, process.dim))
    weights = evaluate_chunked(lambda y: _weight_of_uniform(weight, model, edges, y), points)
    w_max = reduced_maximum(weights, OVERWEIGHT)
    efficiency = float(np.mean(np.minimum(weights, w_max)) / w_max)
    say(f"{hypothesis.label}: one trial in {1.0 / efficiency:.1f} is accepted")
    return Sampler(hypothesis, model, options, edges, w_max, sigma, error, efficiency)


def _frozen(grid: vegas.AdaptiveMap) -> np.ndarray:
    """Edges with N_INCREMENTS bins an axis, whatever number vegas chose."""
    fine = np.linspace(0.0, 1.0, N_INCREMENTS + 1)
    rows = [
        np.interp(fine, np.linspace(0.0, 1.0, n + 1), np.asarray(row)[: n + 1])
        for row, n in zip(np.asarray(grid.grid), np.asarray(grid.ninc), strict=True)
    ]
    return np.stack(rows)


def _weight_of_uniform(
    weight: Callable[[Array, Model], Array], model: Model, edges: np.ndarray, y: Array
) -> Array:
    u, jacobian = apply_grid(jnp.asarray(edges), y)
    return weight(u, model) * jacobian


def reduced_maximum(weights: np.ndarray, overweight: float) -> float:
    """Smallest w with sum(max(weights - w, 0)) <= overweight * sum(weights)."""
    falling = np.sort(weights)[::-1]
    above = np.cumsum(falling) - falling * np.arange(1, len(falling) + 1)
    first = int(np.searchsorted(above, overweight * falling.sum(), side="right"))
    return float(falling[max(first - 1, 0)])
