"""From files to files: train the flow on events, compare the samplers on later events of the same file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import momentax
from momentax.config import PhysicsConfig
from momentax.errors import InputError
from momentax.flow import sampler
from momentax.flow.compare import LEARNT, SAMPLERS, break_even, compare
from momentax.flow.config import FlowConfig
from momentax.flow.items import Items, prepare
from momentax.flow.samples import draw
from momentax.flow.training import fit
from momentax.processes import as_hypothesis
from momentax.regress.store import save_arrays, save_json

Log = Callable[[str], None]
HYPOTHESIS = "ttbar"


def train_from_file(
    events: str | Path,
    physics: PhysicsConfig,
    config: FlowConfig,
    flow_out: str | Path,
    grid_out: str | Path,
    log: Log,
) -> None:
    """Train on the first ``config.events`` events of a file; write the flow, the one without couplings (a predicted
    grid), and what their making took.

    Raises InputError where the file has too few events.
    """
    items = _read(events, 0, config.events, physics)
    start = time.process_time()
    samples = draw(items, config.points, config.kept, config.seed)
    drawn = time.process_time() - start
    log(
        f"{samples.n_eval:,} evaluations of the integrand for {config.events} events: {drawn:.0f} CPU seconds"
    )
    for out, chosen in ((grid_out, config.model_copy(update={"layers": 0})), (flow_out, config)):
        log(f"{chosen.layers} couplings")
        start = time.process_time()
        trained = fit(samples, chosen, log)
        spent = time.process_time() - start
        log(f"{spent:.0f} CPU seconds of training")
        facts = {
            "events": config.events,
            "evaluations": samples.n_eval,
            "cpu_seconds": {"points": drawn, "training": spent},
            "config": chosen.model_dump(mode="json"),
            "momentax": momentax.__version__,
        }
        sampler.save(out, trained, facts)


def compare_from_file(
    events: str | Path,
    flow: str | Path,
    predicted: str | Path,
    physics: PhysicsConfig,
    config: FlowConfig,
    arrays_out: str | Path,
    facts_out: str | Path,
    log: Log,
) -> None:
    """Compare on the ``config.test_events`` events after those that the flow has learnt from."""
    trained, made = sampler.load(flow)
    without_couplings, made_grid = sampler.load(predicted)
    items = _read(events, max(made["events"], made_grid["events"]), config.test_events, physics)
    comparison = compare(items, trained, without_couplings, config, log)
    facts = comparison.facts
    facts["training"] = {"grid": made_grid, "flow": made, "flow_vegas": made}
    facts["break_even_events"] = {
        name: break_even(facts, sum(facts["training"][name]["cpu_seconds"].values()), name) for name in LEARNT
    }
    save_arrays(arrays_out, comparison.events, {"facts": facts})
    save_json(facts_out, facts)


def table(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a sampler: variances, CPU time of an evaluation and to an accuracy, events until training has paid."""
    rows = []
    for name, title in SAMPLERS.items():
        found = facts["samplers"][name]
        row: dict[str, Any] = {"sampler": title}
        for column, short in (("variance", "V"), ("variance_qmc", "V quasi-random")):
            row |= {f"{short}, {k}": f"{found[column][k]:.3g}" for k in ("median", "p16", "p84", "mean")}
        row["adaptation"] = found["adaptation"]
        row["V with adaptation"] = f"{found['variance_with_adaptation']:.3g}"
        row["CPU us/evaluation"] = f"{found['cpu_us_per_evaluation']:.2f}"
        for accuracy, spent in found["cpu_ms"].items():
            row[f"CPU ms to {100 * float(accuracy):g} %, median"] = f"{spent['median']:.3g}"
            row[f"CPU ms to {100 * float(accuracy):g} %, mean"] = f"{spent['mean']:.3g}"
        for accuracy, events in facts["break_even_events"].get(name, {}).items():
            row[f"pays after events, {100 * float(accuracy):g} %"] = (
                "never" if events is None else f"{events:,.0f}"
            )
        rows.append(row)
    columns = dict.fromkeys(k for row in rows for k in row)
    return [{k: row.get(k, "") for k in columns} for row in rows]


def _read(path: str | Path, start: int, n: int, physics: PhysicsConfig) -> Items:
    events = momentax.read_events(str(path), entry_start=start, entry_stop=start + n)
    if len(events) < n:
        raise InputError(
            f"{path}: {len(events)} events from entry {start}; the flow wants {n}: lower flow.events or "
            "flow.test_events, or make a larger sample"
        )
    return prepare(events, as_hypothesis(HYPOTHESIS), physics)
