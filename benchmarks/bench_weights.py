"""What a weight costs on one core, beside the `vegas` package on the same compiled integrand in the same run.

    XLA_FLAGS=--xla_cpu_multi_thread_eigen=false taskset -c 1 python benchmarks/bench_weights.py [--events 20]

Events: the first of each Pythia sample of the tests (ttbar, Z b bbar, H -> ZA), so own and foreign ones for every
hypothesis. An evaluation is one point with both assignments of the jets.

Ours: with the default ladder and second pass, to 2 % (mean over all events) and to 1 % (median; the time of a call is
shared in proportion to evaluations). "Evaluations at 1 %" is what was spent times (error/1 %)^2. The error of a table
is no statistical one. `vegas`: 5 iterations that adapt, then 10 that count, with the smallest number of evaluations
(in steps of 1.4) whose error, of both assignments, is 1 %; the best of SETTINGS; the integrand compiled for that
number. Ratio: of the medians over the same events, both to 1 %.

At the end the costs of the weights of config/paper.yaml (the paper's Table 5) with these times.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import awkward as ak
import jax
import jax.numpy as jnp
import numpy as np

import momentax
from momentax.config import PhysicsConfig, RecomputeConfig, load_config
from momentax.estimate import estimate, recorded_costs
from momentax.integrate import reference
from momentax.processes import parse_hypothesis
from momentax.processes.base import Options
from momentax.weight import observed_events

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests/data/events"
LADDER = (*PhysicsConfig().integration.n_eval, *RecomputeConfig().n_eval)
LABELS = ("drell_yan", "ttbar", "hza_500_300")
SETTINGS: tuple[dict[str, float], ...] = ({}, {"alpha": 0.2}, {"beta": 0.0})
"""Of vegas: its defaults (alpha 0.5, beta 0.75), a more careful adaptation, no redistribution among strata."""
ITERATIONS, ADAPTING = 15, 5
FEWEST, STEP = 100, 1.4
"""Evaluations of an iteration that the search begins with, and its step."""
MOST = 2**17
TABLE_REPEATS = 16
GRID = [(mh, ma) for mh in np.linspace(200.0, 1000.0, 29) for ma in np.arange(50.0, mh - 95.0, 50.0)][:207]


def settings(accuracy: float, mass_points: str) -> dict:
    return {"integration": {"n_eval": LADDER, "relative_accuracy": accuracy, "mass_points": mass_points}}


def timed(run):
    """(result, seconds) of a second call: the first one compiles."""
    run()
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


def ours(events: ak.Array, label: str) -> dict[str, float]:
    """Cost of a weight, and what is within 2 % after the first pass and after the second."""
    given = settings(0.02, "separately")
    momentax.weigh(events[:2], label, given)  # compiles
    start = time.perf_counter()
    result = momentax.weigh(events, label, given)
    seconds = time.perf_counter() - start
    ok = result["status"] == "ok"
    # all rungs of the first pass, of both assignments, add up to the first budget of the second at most
    first = result["n_eval"] <= RecomputeConfig().n_eval[0]
    relative = result["error"] / result["value"]
    return {
        "evaluations": float(np.median(result["n_eval"] / 2 * (relative / 0.01) ** 2)),
        "first": float(np.mean(ok & first)),
        "ok": float(np.mean(ok)),
        "seconds": seconds / len(events),
    }


def to_one_percent(events: ak.Array, label: str, compared: np.ndarray) -> float:
    """Median over the events ``compared`` of the seconds that a weight to 1 % takes beside all the others."""
    start = time.perf_counter()
    result = momentax.weigh(events, label, settings(0.01, "separately"))
    seconds = time.perf_counter() - start
    return float(np.median(seconds * result["n_eval"][compared] / result["n_eval"].sum()))


def by_vegas(events: ak.Array, label: str) -> tuple[float, float]:
    """Medians over the events of the seconds and evaluations that both assignments need for an error of 1 %."""
    hypothesis, physics = parse_hypothesis(label), PhysicsConfig()
    model = hypothesis.model(physics)
    dim, integrand = hypothesis.integrand(Options())
    compiled = jax.jit(integrand)
    observed = jax.tree.map(jnp.asarray, observed_events(events, model.detector))
    assignments = 1 if hypothesis.jets_exchangeable else 2

    def run(i: int, per_iteration: int, chosen: dict[str, float]) -> tuple[float, float, int]:
        """(seconds, relative error, evaluations)."""
        chunk = min(2 ** int(np.ceil(np.log2(per_iteration))), reference.CHUNK)
        jax.block_until_ready(compiled(jnp.full((chunk, dim), 0.5), observed.take(i), model))
        start, value, variance, n_eval = time.perf_counter(), 0.0, 0.0, 0
        for x in (observed.take(i), observed.swapped().take(i))[:assignments]:
            result = reference.integrate(
                lambda u, x=x: compiled(u, x, model),
                dim,
                per_iteration * ITERATIONS,
                np.random.default_rng(i),
                iterations=ITERATIONS,
                adaptation=ADAPTING / ITERATIONS,
                chunk=chunk,
                **chosen,
            )
            value, variance = value + result.value, variance + result.error**2
            n_eval += result.n_eval
        return time.perf_counter() - start, np.sqrt(variance) / abs(value), n_eval // assignments

    medians = []
    for chosen in SETTINGS:
        costs = []
        for i in range(len(events)):
            per_iteration = FEWEST
            while (found := run(i, per_iteration, chosen))[1] > 0.01 and per_iteration < MOST:
                per_iteration = int(STEP * per_iteration)
            costs.append((found[0], found[2]))
        medians.append(tuple(float(m) for m in np.median(costs, axis=0)))
    return min(medians)


def table(events: ak.Array) -> dict[str, float]:
    """H -> ZA by tables: seconds of a weight for one mass point and for 207 together, and what is within 2 %."""
    labels = [f"hza_{mh:g}_{ma:g}" for mh, ma in GRID]
    # the weights of the mass points are made once a job: seconds that only a few hundred events make small
    events = ak.concatenate([events] * TABLE_REPEATS)
    alone, seconds = timed(lambda: momentax.weigh(events, "hza_500_300", settings(0.02, "together")))
    _, precise = timed(lambda: momentax.weigh(events, "hza_500_300", settings(0.01, "together")))
    _, first = timed(lambda: momentax.weigh_mass_points(events, labels[:1], settings(0.02, "together")))
    many, together = timed(lambda: momentax.weigh_mass_points(events, labels, settings(0.02, "together")))
    relative = np.array([many[h]["error"] / many[h]["value"] for h in labels])
    return {
        "one": seconds / len(events),
        "one to 1 %": precise / len(events),
        "table": first / len(events),
        "together": together / len(events) / len(labels),
        "within 2 %": float(np.mean(relative < 0.02)),
        "within 2 %, one": float(np.mean(alone["error"] < 0.02 * alone["value"])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20, help="of each sample")
    parser.add_argument("--vegas-events", type=int, default=4, help="of each sample; vegas takes its time")
    given = parser.parse_args()
    names = ("tt_600", "zbb_600", "za_500_300_600")
    samples = [momentax.read_events(DATA / f"{name}.root")[: given.events] for name in names]
    events = ak.concatenate(samples)
    few = ak.concatenate([sample[: given.vegas_events] for sample in samples])
    compared = np.concatenate([k * given.events + np.arange(given.vegas_events) for k in range(len(samples))])
    print(f"{len(events)} events, {len(few)} by vegas; {jax.devices()[0].device_kind}, one process")
    print(
        "| weight | evaluations at 1 % | within 2 %, first pass | and second | ms to 2 %, mean "
        "| ms to 1 %, median | vegas to 1 %: evaluations | ms | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    seconds = {}
    for label in LABELS:
        mine, precise, theirs = (
            ours(events, label),
            to_one_percent(events, label, compared),
            by_vegas(few, label),
        )
        seconds[label] = mine["seconds"]
        print(
            f"| {label} | {mine['evaluations']:,.0f} | {mine['first']:.2%} | {mine['ok']:.2%} "
            f"| {1e3 * mine['seconds']:.1f} | {1e3 * precise:.2f} | {theirs[1]:,.0f} | {1e3 * theirs[0]:.1f} "
            f"| {theirs[0] / precise:.1f} |",
            flush=True,
        )
    t = table(few)
    rows = (
        ("hza_500_300, table of its own", "one", "one to 1 %", "within 2 %, one"),
        (f"each of {len(GRID)} mass points, one table", "together", "together", "within 2 %"),
    )
    for name, key, precise_key, share in rows:
        ms, precise = 1e3 * t[key], 1e3 * t[precise_key]
        print(
            f"| {name} | - | {t[share]:.1%} | | {ms:.3f} | {precise:.3f} | | {1e3 * theirs[0]:.1f} "
            f"| {1e3 * theirs[0] / precise:.0f} |"
        )
    point = (t["together"] * len(GRID) - t["table"]) / (len(GRID) - 1)
    costs = replace(
        recorded_costs(),
        origin="weights from this run, with their second pass",
        weight={k: seconds[k] for k in ("drell_yan", "ttbar")},
        second_pass=dict.fromkeys(("drell_yan", "ttbar"), 0.0),
        event_of_mass_points=t["table"],
        mass_point=max(point, 0.0),
    )
    stages = estimate(load_config(ROOT / "config/paper.yaml"), costs).stages
    print("config/paper.yaml, CPU hours of the weights")
    for stage in stages:
        if stage.unit == "weights":
            print(f"| {stage.name} | {stage.number:,} | {stage.hours:.1f} |")
    print(f"| all | | {sum(s.hours for s in stages if s.unit == 'weights'):.1f} |")


if __name__ == "__main__":
    main()
