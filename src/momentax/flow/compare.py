"""Samplers of the same integrals beside each other: variance and CPU time of an evaluation, and what training costs.

With n evaluations for each assignment of the jets the error of a weight is W sqrt(V/n), with

    V = sum over assignments of Var / W^2,

Var being that of a single f/q for independent points, and n times the square of the error for the randomised
quasi-random points that the integrator uses (from the scatter of its replicates). V is what an evaluation is worth.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from momentax.flow.config import FlowConfig
from momentax.flow.items import Items
from momentax.flow.sampler import FlowModel, composed, conditioned, predicted_edges
from momentax.flow.training import Trained
from momentax.integrate import grid, replicates
from momentax.integrate.batched import ADAPTATIONS, POINTS, TILE, BatchedIntegrator
from momentax.integrate.evaluate import REPLICATES

Log = Callable[[str], None]

SAMPLERS = {
    "uniform": "maps alone",
    "vegas": "VEGAS",
    "grid": "predicted grid",
    "flow": "flow",
    "flow_vegas": "VEGAS on the flow",
}
"""What is compared: uniform points of the integrand's maps; its adapted grids; grids predicted from the event instead,
by a flow without couplings; the flow; and grids adapted to f/q of the flow."""
LEARNT = ("grid", "flow", "flow_vegas")
"""Those that are trained."""
ADAPTATION = ADAPTATIONS * POINTS
"""Evaluations that the adaptation of one grid takes before the first estimate."""


class Comparison(NamedTuple):
    """Per event [n] and sampler; facts of the whole."""

    events: dict[str, np.ndarray]
    """event; weight, weight_error of the batched integrator; for each sampler <name>/value, /error, /variance (of
    independent points) and /variance_qmc (of the integrator's points)."""
    facts: dict[str, Any]


def compare(items: Items, flow: Trained, predicted: Trained, config: FlowConfig, log: Log) -> Comparison:
    """Integrate unseen events with every sampler, ``config.n_eval`` evaluations for each assignment.

    ``predicted``: the flow without couplings.
    """
    plain = items.integrator
    records = plain.integrate(items.observed, items.event_ids)
    events: dict[str, np.ndarray] = {
        "event": items.event_ids,
        "weight": records["value"],
        "weight_error": records["error"],
    }
    microseconds = {}
    for name in SAMPLERS:
        integrator = plain
        observed: Any = items.observed
        if name.startswith("flow"):
            integrator = flow_integrator(plain, flow)
            observed = conditioned(items, flow.scaler)
        edges = grid.uniform_grid(2 * len(items.event_ids), plain.dim)
        if name.endswith("vegas"):
            edges = adapt(integrator, observed, items.event_ids)
        elif name == "grid":
            edges = predicted_edges(items, predicted)
        columns = on_grids(integrator, observed, items.event_ids, edges, config.n_eval)
        events |= {f"{name}/{column}": a for column, a in columns.items()}
        log(f"{name}: variance per evaluation {np.median(columns['variance']):.3g} (median)")
        microseconds[name] = cpu_microseconds(integrator, observed, items.event_ids, edges)
    return Comparison(events, summarise(events, microseconds, config))


def flow_integrator(plain: BatchedIntegrator, trained: Trained) -> BatchedIntegrator:
    """The batched integrator of f/q: of events from `sampler.conditioned`, with random numbers of its own."""
    return BatchedIntegrator(
        plain.dim,
        composed(plain.integrand, trained.flow),
        FlowModel(plain.model, trained.parameters),
        f"{plain.label}_flow",
        n_eval=[b * POINTS for b in plain.blocks],
        relative_accuracy=plain.relative_accuracy,
        seed=plain.seed,
    )


def adapt(integrator: BatchedIntegrator, observed: Any, event_ids: np.ndarray) -> np.ndarray:
    """The grids on which the batched integrator makes its first estimate, [items, dim, N_BINS + 1]."""
    # as many iterations as the first rung has blocks
    small = BatchedIntegrator(
        integrator.dim,
        integrator.integrand,
        integrator.model,
        integrator.label,
        n_eval=(ADAPTATION,),
        relative_accuracy=1.0,
        seed=integrator.seed,
    )
    return small.integrate_and_keep(observed, event_ids)[1].edges


def on_grids(
    integrator: BatchedIntegrator, observed: Any, event_ids: np.ndarray, edges: np.ndarray, n_eval: int
) -> dict[str, np.ndarray]:
    """value, error, variance and variance_qmc of every event, [n]."""
    mean, mean2 = integrator.on_grids(observed, event_ids, edges, n_eval)
    value, square = replicates.mean(mean), replicates.mean(mean2)
    error = replicates.scatter(mean) / np.sqrt(REPLICATES)

    def per_event(a: np.ndarray) -> np.ndarray:
        return a.reshape(-1, integrator.assignments).sum(axis=1)

    total = per_event(value)
    return {
        "value": total,
        "error": np.sqrt(per_event(error**2)),
        "variance": per_event(np.maximum(square - value**2, 0.0)) / total**2,
        "variance_qmc": n_eval * per_event(error**2) / total**2,
    }


def cpu_microseconds(
    integrator: BatchedIntegrator, observed: Any, event_ids: np.ndarray, edges: np.ndarray, repeats: int = 7
) -> float:
    """CPU microseconds of one evaluation in full tiles, points and sums included: the least of a few repeats."""
    n = min(TILE // 2, len(event_ids))
    few = jax.tree.map(lambda a: a[:n], observed)
    times = []
    for _ in range(repeats):
        start = time.process_time()
        integrator.on_grids(few, event_ids[:n], edges[: 2 * n], 8 * POINTS)
        times.append(time.process_time() - start)
    return 1e6 * min(times) / (2 * n * 8 * POINTS)


def summarise(
    events: dict[str, np.ndarray], microseconds: dict[str, float], config: FlowConfig
) -> dict[str, Any]:
    """Medians, central 68 % and means over the events; times to reach an accuracy; pulls of the flow."""
    samplers: dict[str, Any] = {}
    for name in SAMPLERS:
        row: dict[str, Any] = {"cpu_us_per_evaluation": microseconds[name]}
        for column in ("variance", "variance_qmc"):
            a = events[f"{name}/{column}"]
            low, middle, high = np.quantile(a, [0.16, 0.5, 0.84])
            row[column] = {"median": middle, "p16": low, "p84": high, "mean": a.mean()}
        row["adaptation"] = ADAPTATION if name.endswith("vegas") else 0
        row["variance_with_adaptation"] = row["variance"]["median"] * (
            1.0 + row["adaptation"] / config.n_eval
        )
        qmc = events[f"{name}/variance_qmc"]
        # of both assignments, no less than one block each
        evaluations = {
            a: 2.0 * (row["adaptation"] + np.maximum(qmc / a**2, POINTS)) for a in config.accuracies
        }
        row["cpu_ms"] = {
            f"{a:g}": {
                "median": 1e-3 * microseconds[name] * float(np.median(n)),
                "mean": 1e-3 * microseconds[name] * float(np.mean(n)),
            }
            for a, n in evaluations.items()
        }
        samplers[name] = row
    ratios = {
        name: {
            column: np.quantile(
                events[f"{name}/{column}"] / events[f"vegas/{column}"], [0.16, 0.5, 0.84]
            ).tolist()
            for column in ("variance", "variance_qmc")
        }
        for name in LEARNT
    }
    pulls = {name: _pulls(events, name) for name in SAMPLERS}
    return {"samplers": samplers, "over_vegas": ratios, "pulls": pulls, "n_eval": config.n_eval}


def pull(events: dict[str, np.ndarray], name: str) -> np.ndarray:
    """(value of a sampler - weight) / error of the difference, [n]; both from replicates of their own."""
    return (events[f"{name}/value"] - events["weight"]) / np.hypot(
        events[f"{name}/error"], events["weight_error"]
    )


def _pulls(events: dict[str, np.ndarray], name: str) -> dict[str, float]:
    p = pull(events, name)
    ratio = events[f"{name}/value"].sum() / events["weight"].sum()
    return {
        "mean": p.mean(),
        "width": p.std(),
        "beyond_3": float(np.mean(np.abs(p) > 3.0)),
        "mean_ratio": float(np.mean(events[f"{name}/value"] / events["weight"])),
        "ratio_of_sums": float(ratio),
    }


def break_even(
    facts: dict[str, Any], training_seconds: float, sampler: str = "flow"
) -> dict[str, float | None]:
    """Number of events whose saved CPU time pays for the training, by accuracy; None where nothing is saved.

    A saved event: mean CPU time of VEGAS with its adaptation less that of ``sampler``.
    """
    out: dict[str, float | None] = {}
    for accuracy, vegas in facts["samplers"]["vegas"]["cpu_ms"].items():
        saved = vegas["mean"] - facts["samplers"][sampler]["cpu_ms"][accuracy]["mean"]
        out[accuracy] = training_seconds / (1e-3 * saved) if saved > 0.0 else None
    return out
