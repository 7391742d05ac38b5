"""Tables 1-3 of the paper from our results, with the paper's numbers beside ours; and the table of all residuals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.events import read_events
from momentax.regress.evaluation import CLASSES, of_classes
from momentax.regress.metrics import residual_metrics
from momentax.regress.regressor import Regressor
from momentax.regress.store import load_arrays
from momentax.regress.targets import mass_point
from momentax.regress.unseen_weights import unseen_entries
from momentax.tables import Row

STATUSES = ("not_converged", "zero", "nan", "bad_input")
MEASURES = ("bias", "rms", "width", "median")


def paper_numbers(table: str) -> dict[str, Any]:
    """What the paper prints in ``tab01``, ``tab02`` or ``tab03``, by kind of hypothesis."""
    numbers = json.loads((files("momentax") / "data" / "paper_regression.json").read_text())
    return numbers[table]


def kind_of(label: str) -> str:
    """Kind of hypothesis of a label."""
    return "hza" if mass_point(label) is not None else label.split("_")[0].replace("drell", "drell_yan")


# Table 1


def weight_rows(statuses: Sequence[Mapping[str, str]], classes: Mapping[str, str]) -> list[Row]:
    """Table 1: weights by kind of hypothesis and class of events, valid, invalid and recomputed.

    Args:
        statuses: lines of ``tables/statuses.csv``: sample, hypothesis, pass (before or after the second pass) and
            numbers of weights.
        classes: sample -> process class of those that are counted.

    A row has the weights by our status (ok after the first pass, open after it by status, mended by the second pass),
    by the paper's criterion (value <= error, after the first pass; above it after the second one), and the paper's.
    """
    printed = paper_numbers("tab01")
    rows: list[Row] = []
    for kind in CLASSES:
        for c in CLASSES:
            lines = [
                s for s in statuses if classes.get(s["sample"]) == c and kind_of(s["hypothesis"]) == kind
            ]
            if not lines:
                continue

            def total(name: str, which: str, lines: list[Mapping[str, str]] = lines) -> int:
                return sum(int(s[name]) for s in lines if s["pass"] == which)

            n, ok = total("weights", "before"), total("ok", "before")
            invalid = total("invalid", "before")
            row: Row = {"hypothesis": kind, "events": c, "weights": n, "ok": ok}
            row |= {name: total(name, "before") for name in STATUSES}
            row["ok_after_second_pass"] = total("ok", "after") - ok
            row["value_below_error"] = invalid
            row["of_them_above_after_second_pass"] = invalid - total("invalid", "after")
            row["value_below_error_percent"] = 100.0 * invalid / n if n else 0.0
            paper = printed[kind][c]
            row |= {f"paper_{name}": paper[name] for name in ("valid", "invalid", "recomputed")}
            row["paper_invalid_percent"] = 100.0 * paper["invalid"] / (paper["valid"] + paper["invalid"])
            rows.append(row)
    if not rows:
        raise InputError("Table 1: no weights of these samples in the table of statuses")
    return rows


# Table 2


def network_microseconds(
    regressor: Regressor,
    events_paths: Sequence[str | Path],
    fractions: tuple[float, float, float],
    least: int = 20_000,
    repetitions: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, int]:
    """Wall time of a prediction per weight, from events to informations, and the number of test events that were timed.

    Mass points of H -> ZA are taken in turn. The first call, which compiles, is not counted; the fastest of the others
    is: what else the machine does only adds time.

    Args:
        least: test events are repeated up to this many rows, so that the start of a call does not count.
    """
    parts, have = [], 0
    for path in events_paths:
        if have >= least:
            break
        events = read_events(path, truth=False, bjets="leading", entry_stop=2 * least)
        chosen = events[unseen_entries(events, fractions)]
        chosen = chosen[[f for f in chosen.fields if f != "sample"]]
        parts.append(chosen)
        have += len(chosen)
    joined = ak.concatenate(parts)
    if not len(joined):
        raise InputError(f"no test event in {', '.join(map(str, events_paths))} to time the network with")
    n = max(least, len(joined))
    many = joined[np.arange(n) % len(joined)]
    masses = None
    if regressor.kind == "hza":
        points = np.asarray(regressor.mass_points)
        masses = points[np.arange(n) % len(points)]
    regressor.predict(many, masses)
    times = []
    for _ in range(repetitions):
        begin = clock()
        regressor.predict(many, masses)
        times.append(clock() - begin)
    return 1e6 * min(times) / n, min(n, len(joined))


def time_rows(facts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Table 2: topology, training and evaluation times by kind of hypothesis, ours and the paper's in turn.

    Args:
        facts: kind -> :func:`kind_facts`.
    """
    printed = paper_numbers("tab02")
    rows: list[Row] = []
    for kind, ours in sorted(facts.items(), key=lambda item: CLASSES.index(item[0])):
        for whose, numbers in (("ours", ours), ("paper", printed[kind])):
            row: Row = {"hypothesis": kind, "from": whose}
            for name in (
                "layers",
                "networks",
                "l2",
                "training_rows",
                "training_events",
                "epochs",
                "seconds_per_epoch",
                "integral_seconds",
                "network_microseconds",
            ):
                row[name] = numbers.get(name)
            row["integral_over_network"] = numbers["integral_seconds"] / numbers["network_microseconds"] * 1e6
            rows.append(row)
    return rows


def kind_facts(
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    history: Mapping[str, np.ndarray],
    statuses: Sequence[Mapping[str, str]],
    kind: str,
    microseconds: float,
    timed: int,
) -> dict[str, Any]:
    """What Table 2 says of one kind.

    Args:
        config: the ``regress`` section of the kind.
        metrics: its ``metrics.json``.
        history: columns of its ``history.npz``: ``member<k>/seconds`` since the start of the training, by epoch.
        statuses: lines of ``tables/statuses.csv``: CPU seconds per weight, both passes.
        microseconds, timed: from :func:`network_microseconds`.
    """
    hidden = list(config["hidden"])
    same = len(set(hidden)) == 1
    seconds = [values for name, values in history.items() if name.endswith("/seconds") and len(values)]
    # the first epoch compiles: differences leave it out
    steps = np.concatenate([np.diff(s) if len(s) > 1 else s for s in seconds])
    # of one weight: the mean over samples and hypotheses, by their numbers of weights
    lines = [s for s in statuses if s["pass"] == "after" and kind_of(s["hypothesis"]) == kind]
    n = sum(int(s["weights"]) for s in lines)
    cpu = sum(int(s["weights"]) * float(s["cpu_seconds"]) for s in lines)
    layers = f"{len(hidden)} x {hidden[0]}" if same else ", ".join(map(str, hidden))
    if (how := config.get("layers", "plain")) != "plain":
        layers += f" ({how})"
    return {
        "layers": layers,
        "networks": len(seconds),
        "l2": config["l2"],
        "training_rows": metrics["rows"]["train"],
        "training_events": metrics["events"]["train"],
        "epochs": sum(len(s) for s in seconds),
        "seconds_per_epoch": float(np.median(steps)),
        "integral_seconds": cpu / n if n else float("nan"),
        "network_microseconds": microseconds,
        "timed_events": timed,
    }


# Table 3


def bias_rows(
    metrics: Mapping[str, Mapping[str, Any]],
    shifted: Mapping[str, str | Path],
    classes: Mapping[str, str],
    replicas: int = 200,
    seed: int = 1,
) -> list[Row]:
    """Table 3: bias and resolution of the Drell-Yan and ttbar networks, nominal and with shifted jets.

    Args:
        metrics: kind -> ``metrics.json``: all test events.
        shifted: variation -> its ``informations.npz`` (:mod:`momentax.vary.effects`): the same test events, nominal
            and shifted. None: nominal rows only.
        classes: sample -> process class of those that count among the shifted ones.
    """
    printed = paper_numbers("tab03")
    rows: list[Row] = []

    def row(kind: str, variation: str, version: str, of: str, measured: Mapping[str, Any]) -> Row:
        one: Row = {"hypothesis": kind, "variation": variation, "weights": version, "events": of}
        one["rows"] = measured["rows"]
        for name, shown in (("bias", "bias"), ("rms", "resolution"), ("width", "width")):
            one[shown], one[f"{shown}_error"] = measured.get(name, (None, None))
        paper = printed[kind]["shifted" if version == "shifted" else "nominal"]
        whole = of == "all"
        one["paper_bias"], one["paper_resolution"] = paper if whole else (None, None)
        return one

    for kind in ("drell_yan", "ttbar"):
        if kind not in metrics:
            continue
        rows.append(row(kind, "none", "nominal", "all", metrics[kind]["test"]["all"]))
        for variation, path in shifted.items():
            columns, about = load_arrays(path)
            if kind not in about["kinds"]:
                continue
            of_class = of_classes(columns[f"{kind}/sample"], classes)
            residual = columns[f"{kind}/integral"] - columns[f"{kind}/network"]
            present = [c for c in CLASSES if np.any(of_class == c)]
            for of in ("all", *(present if len(present) > 1 else ())):
                mine = of_class != "" if of == "all" else of_class == of
                for version, values in zip(("nominal", "shifted"), residual, strict=True):
                    # the same replicas for both versions
                    rng = np.random.default_rng(seed)
                    measured = residual_metrics(values[mine], columns[f"{kind}/key"][mine], replicas, rng)
                    rows.append(row(kind, variation, version, of, measured))
    if not rows:
        raise InputError("Table 3: neither a Drell-Yan nor a ttbar regressor; weigh these hypotheses")
    return rows


# All residuals


def residual_rows(metrics: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Bias, rms, width and median of log10 W_DNN - log10 W with bootstrap errors: a row per sample and per hypothesis.

    Args:
        metrics: kind -> ``metrics.json`` of its regressor.
    """
    rows: list[Row] = []
    for kind, found in metrics.items():
        groups = [("all", {"all": found["test"]["all"]})]
        groups += [("sample", found["test"]["by_sample"]), ("hypothesis", found["test"]["by_hypothesis"])]
        for by, measured in groups:
            for name in sorted(measured, key=_order):
                one: Row = {"network": kind, "by": by, "of": name}
                m = measured[name]
                one |= {"events": m["events"], "rows": m["rows"]}
                for measure in MEASURES:
                    one[measure], one[f"{measure}_error"] = m.get(measure, (None, None))
                rows.append(one)
    return rows


def _order(name: str) -> tuple[Any, ...]:
    """Mass points by their masses, after everything else."""
    point = mass_point(name)
    return (0, name) if point is None else (1, *point)


def readable(rows: Sequence[Row]) -> list[Row]:
    """Rows for a page: value and error of a measure in one cell."""
    shown = []
    for row in rows:
        one: Row = {}
        for name, value in row.items():
            if name.endswith("_error") and name.removesuffix("_error") in row:
                continue
            error = row.get(f"{name}_error")
            sign = "+" if name in ("bias", "median") else ""
            one[name] = value if error is None else f"{value:{sign}.4f} ± {error:.4f}"
        shown.append(one)
    return shown
