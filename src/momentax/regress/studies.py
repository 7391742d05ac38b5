"""Trainings with other settings: hyperparameter scan, training size, mass points left out; and their tables."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from momentax.regress.config import StudiesConfig

Trial = tuple[str, dict[str, Any]]
"""Kind of hypothesis, and the settings of `RegressConfig` that differ."""


def studies(
    config: StudiesConfig, kinds: Sequence[str], mass_points: Sequence[tuple[float, float]]
) -> dict[str, dict[str, Trial]]:
    """All trainings of the studies: study -> name of the trial -> (kind, settings that differ).

    ``tune_<kind>``: every combination of the values; ``sizes``: each number of training events for each kind
    (few events are shown more often: all trainings take as many steps);
    ``leave_one_out_<variant>``: each mass point left out, and, as ``none``, no point.
    """
    found: dict[str, dict[str, Trial]] = {}
    for kind, grid in config.tune.items():
        combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
        found[f"tune_{kind}"] = {f"trial{i}": (kind, c) for i, c in enumerate(combinations)}
    if config.sizes:
        found["sizes"] = {f"{kind}_{n}": (kind, {"max_events": n}) for kind in kinds for n in config.sizes}
    for name in config.leave_one_out:
        variant = config.variants[name]
        trials: dict[str, Trial] = {"none": ("hza", dict(variant))}
        for point in mass_points:
            label = f"{point[0]:g}_{point[1]:g}".replace(".", "p")
            trials[label] = ("hza", variant | {"leave_out": [list(point)]})
        found[f"leave_one_out_{name}"] = trials
    return found


def trial_settings(
    study: str,
    settings: Mapping[str, Any],
    common: Mapping[str, Any],
    changes: Mapping[str, Any],
    sizes: Sequence[int],
) -> dict[str, Any]:
    """Settings of a trial: those of the regressor, of all studies, of the trial; ``sizes``: as many steps for all."""
    found = {**settings, **common, **changes}
    if study == "sizes":
        found["epochs"] = round(found["epochs"] * max(sizes) / changes["max_events"])
        found["patience"] = found["epochs"]
    return found


def run_trial(
    rows: str | Path, trial: Mapping[str, Any], physics: Any, log: Any, checkpoints: str | Path
) -> dict[str, Any]:
    """Train with the settings of a trial and measure: its kind, what differs, metrics, seconds of the training."""
    from momentax.regress.assemble import train
    from momentax.regress.config import RegressConfig
    from momentax.regress.dataset import load_dataset

    settings = RegressConfig.model_validate(trial["settings"])
    dataset = load_dataset(rows)
    _, metrics, _, histories = train(dataset, trial["kind"], settings, log, checkpoints, physics=physics)
    return {
        "kind": trial["kind"],
        "changes": dict(trial["changes"]),
        "events": min(settings.max_events or dataset.events("train"), dataset.events("train")),
        "seconds": float(sum(h["seconds"][-1] for h in histories)),
        "epochs": [len(h["seconds"]) for h in histories],
        **{k: metrics[k] for k in ("test", "validation", "rows", "parameters", "best_epochs")},
    }


def study_rows(paths: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Rows of the table of a study, in the order of the files; None where a trial has no such number.

    ``*_there``: at the mass point that was left out.
    """
    rows = []
    for path in paths:
        found = json.loads(Path(path).read_text())
        left = [tuple(p) for p in found["changes"].get("leave_out", [])]
        changes = {k: v for k, v in found["changes"].items() if k != "leave_out"}
        row: dict[str, Any] = {
            "trial": Path(path).stem,
            "kind": found["kind"],
            "changes": json.dumps(changes, sort_keys=True) if changes else "",
            "events": found["events"],
            "parameters": found["parameters"],
            "seconds": found["seconds"],
            "validation_rms": found["validation"]["rms"][0],
        }
        row |= _with_errors(found["test"]["all"], "")
        row["noise"] = found["test"]["all"]["noise"]
        row["left_out"] = f"{left[0][0]:g}_{left[0][1]:g}" if left else None
        there = found["test"]["by_hypothesis"][f"hza_{row['left_out']}"] if left else {}
        rows.append(row | _with_errors(there, "_there"))
    return rows


def _with_errors(measures: Mapping[str, Any], ending: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in ("bias", "rms", "width"):
        value = measures.get(name, (None, None))
        row |= {f"{name}{ending}": value[0], f"{name}_error{ending}": value[1]}
    return row
