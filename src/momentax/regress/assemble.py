"""From trained networks to a regressor: ensemble, calibration, domain, metrics, test rows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import momentax
from momentax.regress.batches import in_order
from momentax.regress.config import RegressConfig
from momentax.regress.dataset import Dataset, in_memory, load_dataset, write_dataset
from momentax.regress.fit import Log
from momentax.regress.metrics import residual_metrics
from momentax.regress.regressor import Regressor
from momentax.regress.store import save_arrays, save_json
from momentax.regress.targets import WeightedEvents, mass_points
from momentax.regress.training import Member, _default_log, check_kind, check_rows, selected, train_member
from momentax.regress.uncertainty import (
    LEVELS,
    ONE_SIGMA,
    TWO_SIGMA,
    Calibration,
    calibrate,
    coverage,
    fitted_domain,
)

_ROWS = 100_000


def assemble(
    dataset: Dataset,
    kind: str,
    config: RegressConfig,
    members: Sequence[Member],
    log: Log = _default_log,
) -> tuple[Regressor, dict[str, Any], dict[str, np.ndarray]]:
    """The ensemble of trained networks, calibrated on the validation events and measured on the test events.

    Returns:
        The regressor; its metrics (residuals log10 W_DNN - log10 W on the test events, coverage of the uncertainty,
        counts of all that was left out and why); columns of the test rows.
    """
    counts = check_rows(dataset, kind, config)
    trained_on = selected(dataset, kind, config, "train")
    labels = [dataset.labels[i] for i in trained_on.columns]
    points = mass_points(labels) if kind == "hza" else np.empty((0, 2))
    first = members[0]
    plain = Regressor(
        first.spec,
        first.numbers,
        tuple(m.fit.parameters for m in members),
        Calibration(LEVELS, np.ones(len(LEVELS)), np.zeros(1), np.zeros(1)),
        fitted_domain(np.asarray(first.event_inputs, np.float64), points),
        {},
    )
    held = _rows(dataset, kind, config, plain, "validation", evaluate=False)
    calibration = calibrate(held["predicted"], held["log_size"], held["spread"], held["residual"])
    test = _rows(dataset, kind, config, plain, "test", evaluate=True)
    size = calibration.size(test["predicted"], test["log_size"], test["spread"])
    metrics = _metrics(dataset, test, size, calibration, config) | {
        "rows": counts,
        "events": dict(dataset.about["events"]),
        "left_out": _left_out(dataset, kind, config),
        "statuses": dataset.about["statuses"],
        "validation": residual_metrics(
            held["residual"], held["key"], config.bootstrap, np.random.default_rng(config.seed)
        ),
        "best_epochs": [m.fit.best_epoch for m in members],
        "parameters": int(sum(np.size(a) for a in _arrays(first))),
    }
    regressor = Regressor(
        plain.spec,
        plain.numbers,
        plain.members,
        calibration,
        plain.domain,
        {
            "config": config.model_dump(mode="json"),
            "hypotheses": labels,
            "metrics": metrics,
            "momentax": momentax.__version__,
            "weights": dataset.about["weights"],
        },
    )
    names = np.array(dataset.about["samples"])
    columns = {
        "event": test["event"],
        "sample": names[test["sample"]],
        "hypothesis": np.array(dataset.labels)[test["column"]],
        "information": test["information"],
        "information_error": test["error"],
        "predicted": test["predicted"],
        "uncertainty": size * calibration.factor(ONE_SIGMA),
        "uncertainty95": size * calibration.factor(TWO_SIGMA),
        "spread": test["spread"],
        "out_of_domain": test["outside"],
    }
    if "bias" in metrics["test"]["all"]:
        overall = metrics["test"]["all"]
        log("test: " + ", ".join(f"{n} {overall[n][0]:.4f}" for n in ("bias", "rms", "width")))
    return regressor, metrics, columns


def _arrays(member: Member) -> list[np.ndarray]:
    from momentax.regress import network

    return list(network.to_arrays(member.fit.parameters).values())


def _rows(
    dataset: Dataset, kind: str, config: RegressConfig, plain: Regressor, side: str, evaluate: bool
) -> dict[str, np.ndarray]:
    """Columns of all rows of a side, with their predictions."""
    parts: dict[str, list[np.ndarray]] = {}
    rows = selected(dataset, kind, config, side, evaluate)
    chosen = np.asarray(rows.columns)
    for batch, records, column in in_order(rows, _ROWS):
        value, spread, log_size, distance = plain.evaluate(batch.raw, batch.masses)
        found = {
            "event": records["event"],
            "key": records["key"],
            "sample": records["sample"],
            "group": records["group"],
            "column": chosen[column],
            "information": batch.information.astype(np.float64),
            "error": records["error"][np.arange(len(column)), chosen[column]].astype(np.float64),
            "predicted": value,
            "spread": spread,
            "log_size": log_size,
            "outside": distance > plain.domain.limit,
        }
        for name, a in found.items():
            parts.setdefault(name, []).append(a)
    joined = {name: np.concatenate(a) for name, a in parts.items()}
    joined["residual"] = joined["information"] - joined["predicted"]  # = log10 W_DNN - log10 W
    return joined


def _left_out(dataset: Dataset, kind: str, config: RegressConfig) -> dict[str, dict[str, int]]:
    """Weights that are no rows, by hypothesis and reason."""
    about = dataset.about
    found = {}
    for i in dataset.columns(kind):
        label = about["labels"][i]
        found[label] = dict(about["left_out"][label])
        if not config.use_not_converged:
            n = sum(of_sample[label].get("not_converged", 0) for of_sample in about["statuses"].values())
            found[label] |= {"not_converged": n} if n else {}
    return found


def _metrics(
    dataset: Dataset,
    test: Mapping[str, np.ndarray],
    size: np.ndarray,
    calibration: Calibration,
    config: RegressConfig,
) -> dict[str, Any]:
    rng = np.random.default_rng(config.seed)
    residual = test["residual"]

    def measure(here: np.ndarray | slice) -> dict[str, Any]:
        found = residual_metrics(residual[here], test["key"][here], config.bootstrap, rng)
        if found["rows"]:
            covered = coverage(residual[here], size[here], calibration)
            found["coverage"] = {"68": covered["68"], "95": covered["95"]}
            # what the integrals' own errors contribute to the r.m.s.
            found["noise"] = float(np.sqrt(np.mean(np.minimum(test["error"][here], 1.0) ** 2)))
            found["out_of_domain"] = float(np.mean(test["outside"][here]))
        return found

    about = dataset.about
    by = {
        "by_sample": {s: test["sample"] == i for i, s in enumerate(about["samples"])},
        "by_class": {g: test["group"] == i for i, g in enumerate(about["groups"])},
        "by_hypothesis": {h: test["column"] == i for i, h in enumerate(about["labels"])},
    }
    found: dict[str, Any] = {"all": measure(slice(None))}
    for name, parts in by.items():
        found[name] = {k: measure(here) for k, here in parts.items() if np.any(here)}
    return {
        "definition": "residual = log10 W_DNN - log10 W on test events; [value, bootstrap error]",
        "test": found,
        "coverage": coverage(residual, size, calibration),
    }


def write_regressor(
    out: str | Path,
    regressor: Regressor,
    metrics: Mapping[str, Any],
    test: Mapping[str, np.ndarray],
    histories: Sequence[Mapping[str, np.ndarray]],
) -> None:
    """Write ``regressor.npz`` (for `load_regressor`), ``metrics.json``, ``predictions.npz`` (the test rows, for
    figures) and ``history.npz`` (losses by epoch and network) into the folder ``out``."""
    folder = Path(out)
    regressor.save(folder / "regressor.npz")
    about = {"kind": regressor.kind, "hypotheses": regressor.information["hypotheses"]}
    save_arrays(folder / "predictions.npz", test, about | {"metrics": metrics["test"]})
    columns = {f"member{k}/{n}": a for k, h in enumerate(histories) for n, a in h.items()}
    save_arrays(folder / "history.npz", columns, about | {"best_epochs": metrics["best_epochs"]})
    save_json(folder / "metrics.json", {**metrics, **about})


def train(
    data: WeightedEvents | Dataset,
    kind: str,
    config: RegressConfig | None = None,
    log: Log = _default_log,
    checkpoints: str | Path | None = None,
    start: Regressor | None = None,
    physics: Any = None,
) -> tuple[Regressor, dict[str, Any], dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """Train an ensemble on the weights of one kind of hypothesis.

    Args:
        data: events and weights in memory, or a dataset.
        kind: ``drell_yan``, ``ttbar`` or ``hza`` (all mass points at once, with mH and mA as inputs).
        config: networks and training.
        log: told the progress.
        checkpoints, start, physics: as of `momentax.regress.training.train_member`.

    Returns:
        The regressor, its metrics and test rows (`assemble`); the history of each member.

    Raises:
        ConfigError: unknown kind, or training diverged.
        InputError: no weights of this kind, or no usable ones.
    """
    config = config or RegressConfig()
    check_kind(kind)
    dataset = data if isinstance(data, Dataset) else in_memory(data, config.fractions)
    members = []
    for number in range(config.members):
        log(f"network {number + 1} of {config.members}")
        folder = None if checkpoints is None else Path(checkpoints) / str(number)
        members.append(train_member(dataset, kind, config, number, log, folder, physics, start))
    regressor, metrics, test = assemble(dataset, kind, config, members, log)
    return regressor, metrics, test, [m.fit.history for m in members]


def train_from_files(
    events_paths: Sequence[str],
    weights_paths: Sequence[str],
    hypothesis_kind: str,
    config_section: RegressConfig | None,
    out_dir: str | Path,
    log: Log = _default_log,
    start: Regressor | None = None,
    physics: Any = None,
) -> Regressor:
    """Train on files and write the result (`write_regressor`) into ``out_dir``.

    Checkpoints are kept there meanwhile: the same call goes on with a training that was killed.
    """
    config = config_section or RegressConfig()
    check_kind(hypothesis_kind)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix="dataset-") as folder:
        write_dataset(events_paths, weights_paths, Path(folder) / "rows", config.fractions)
        dataset = load_dataset(Path(folder) / "rows")
        found = train(dataset, hypothesis_kind, config, log, out / "checkpoints", start, physics)
    write_regressor(out, *found)
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return found[0]
