"""Train a regressor from events and their weights."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

import momentax
from momentax.errors import ConfigError, InputError, nearest
from momentax.regress.config import RegressConfig
from momentax.regress.fit import Log, Rows, fit, squared_error
from momentax.regress.inputs import Scaler, event_inputs, with_masses
from momentax.regress.metrics import residual_metrics, residual_width_by_value
from momentax.regress.network import Architecture
from momentax.regress.regressor import Regressor
from momentax.regress.store import save_arrays, save_json
from momentax.regress.targets import (
    TEST,
    TRAIN,
    VALIDATION,
    WeightedEvents,
    balanced,
    count_statuses,
    information,
    left_out,
    mass_points,
    read_weighted_events,
    split,
)

KINDS = ("drell_yan", "ttbar", "hza")
_default_log: Log = logging.getLogger("momentax.regress").info


class _Table:
    """Rows (event, hypothesis) of everything that can be learned from."""

    def __init__(self, data: WeightedEvents, kind: str, config: RegressConfig):
        labels = data.labels(kind)
        points = mass_points(labels) if kind == "hza" else np.empty((0, 2))
        inputs = event_inputs(data.events)
        finite = np.isfinite(inputs).all(axis=1)
        key, side = data.key, split(data.key, config.fractions)
        columns: dict[str, list[np.ndarray]] = {n: [] for n in ("x", "i", "event", "side", "label", "error")}
        self.left_out: dict[str, dict[str, int]] = {}
        for number, label in enumerate(labels):
            weights = data.weights[label]
            target = information(weights, config.use_not_converged)
            keep = np.isfinite(target) & finite
            self.left_out[label] = left_out(weights, config.use_not_converged)
            if n := int(np.sum(np.isfinite(target) & ~finite)):
                self.left_out[label]["input_not_finite"] = n
            columns["x"].append(with_masses(inputs, points[number])[keep] if kind == "hza" else inputs[keep])
            columns["i"].append(target[keep])
            columns["event"].append(np.flatnonzero(keep))
            columns["side"].append(side[keep])
            columns["label"].append(np.full(int(keep.sum()), number))
            relative = weights["error"][keep] / weights["value"][keep]
            columns["error"].append(relative / np.log(10.0))
        joined = {n: np.concatenate(c) for n, c in columns.items()}
        self.x, self.information, self.error = joined["x"], joined["i"], joined["error"]
        self.event, self.side, self.label = joined["event"], joined["side"], joined["label"]
        self.key, self.sample = key[self.event], data.sample[self.event]
        self.labels, self.points = labels, points
        for name, s in (("training", TRAIN), ("validation", VALIDATION), ("test", TEST)):
            if not np.any(self.side == s):
                raise InputError(
                    f"no event for {name} has a usable {kind} weight ({len(self.x)} rows in all, left out:"
                    f" {self.left_out}): weigh more events or change fractions"
                )


def train(
    data: WeightedEvents, kind: str, config: RegressConfig | None = None, log: Log = _default_log
) -> tuple[Regressor, dict[str, Any], dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """Train an ensemble on the weights of one kind of hypothesis.

    Args:
        data: events and weights.
        kind: ``drell_yan``, ``ttbar`` or ``hza`` (all mass points at once, with mH and mA as inputs).
        config: networks and training.
        log: told the progress.

    Returns:
        The regressor; its metrics (residuals log10 W_DNN - log10 W on the test events, counts of all that
        was left out and why); columns of the test rows; the history of each member.

    Raises:
        ConfigError: unknown kind, or training diverged.
        InputError: no weights of this kind, or no usable ones.
    """
    config = config or RegressConfig()
    if kind not in KINDS:
        raise ConfigError(f"unknown kind of hypothesis {kind!r}{nearest(kind, KINDS)}")
    table = _Table(data, kind, config)
    parts = {
        name: table.side == s for name, s in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST))
    }
    fitted = table.information[parts["train"]]
    scaler = Scaler.fitted(table.x[parts["train"]])
    shift, scale = _target_scale(fitted, config.output_activation)
    x, y = scaler(table.x), ((table.information - shift) / scale)[:, None]

    def rows(name: str) -> Rows:
        here = parts[name]
        weights = balanced(table.sample[here]) if config.equalise_samples else np.ones(int(here.sum()))
        return Rows(x[here], y[here], weights)

    architecture = Architecture(
        x.shape[1], tuple(config.hidden), 1, config.activation, config.output_activation, config.precision
    )
    log(f"{kind}: rows {', '.join(f'{n} {int(p.sum())}' for n, p in parts.items())}")
    fits = []
    for member in range(config.members):
        log(f"network {member + 1} of {config.members}")
        seed = config.seed + 1_000_003 * member
        fits.append(fit(architecture, rows("train"), rows("validation"), config, squared_error, seed, log))
    members = tuple(f.parameters for f in fits)

    plain = Regressor(
        kind, table.points, architecture, members, scaler, (shift, scale), np.zeros(1), np.zeros(1), {}
    )
    predicted = plain.predict_inputs(table.x)  # of width zero: its uncertainty is the spread of the ensemble
    residual = table.information - predicted["value"]  # = log10 W_DNN - log10 W
    held = parts["validation"]
    width_at, width = residual_width_by_value(
        predicted["value"][held], residual[held], predicted["uncertainty"][held], config.uncertainty_bins
    )
    metrics = _metrics(data, table, residual, parts, config)
    metrics["best_epochs"] = [f.best_epoch for f in fits]
    regressor = Regressor(
        kind,
        table.points,
        architecture,
        members,
        scaler,
        (shift, scale),
        width_at,
        width,
        {
            "config": config.model_dump(mode="json"),
            "hypotheses": table.labels,
            "metrics": metrics,
            "momentax": momentax.__version__,
            "weights": data.metadata,
        },
    )
    here = parts["test"]
    test_prediction = regressor.predict_inputs(table.x[here])
    test = {
        "event": ak.to_numpy(data.events["event"])[table.event[here]],
        "sample": table.sample[here],
        "hypothesis": np.array(table.labels)[table.label[here]],
        "information": table.information[here],
        "information_error": table.error[here],
        "predicted": test_prediction["value"],
        "uncertainty": test_prediction["uncertainty"],
    }
    overall = metrics["test"]["all"]
    if "bias" in overall:
        log("test: " + ", ".join(f"{n} {overall[n][0]:.4f}" for n in ("bias", "rms", "width")))
    return regressor, metrics, test, [f.history for f in fits]


def _target_scale(target: np.ndarray, output_activation: str) -> tuple[float, float]:
    """(shift, scale) of the targets: standardised; for selu, which ends at -1.76, shifted to its linear
    part."""
    scale = float(target.std()) or 1.0
    shift = float(target.min()) - scale if output_activation == "selu" else float(target.mean())
    return shift, scale


def _metrics(
    data: WeightedEvents,
    table: _Table,
    residual: np.ndarray,
    parts: dict[str, np.ndarray],
    config: RegressConfig,
) -> dict[str, Any]:
    rng = np.random.default_rng(config.seed)
    here = parts["test"]

    def measure(select: np.ndarray) -> dict[str, Any]:
        return residual_metrics(residual[select], table.key[select], config.bootstrap, rng)

    by_sample = {str(s): measure(here & (table.sample == s)) for s in np.unique(table.sample)}
    by_label = {h: measure(here & (table.label == n)) for n, h in enumerate(table.labels)}
    return {
        "definition": "residual = log10 W_DNN - log10 W on test events; [value, bootstrap error]",
        "test": {"all": measure(here), "by_sample": by_sample, "by_hypothesis": by_label},
        "rows": {name: int(p.sum()) for name, p in parts.items()},
        "events": {name: len(np.unique(table.key[p])) for name, p in parts.items()},
        "left_out": table.left_out,
        "statuses": count_statuses(data),
    }


def train_from_files(
    events_paths: Sequence[str],
    weights_paths: Sequence[str],
    hypothesis_kind: str,
    config_section: RegressConfig | None,
    out_dir: str | Path,
    log: Log = _default_log,
) -> Regressor:
    """Train on files and write the result.

    Writes into ``out_dir``: ``regressor.npz`` (for `load_regressor`), ``metrics.json``, ``predictions.npz``
    (the test rows, for figures), ``history.npz`` (losses by epoch and network).
    """
    data = read_weighted_events(events_paths, weights_paths)
    regressor, metrics, test, histories = train(data, hypothesis_kind, config_section, log)
    out = Path(out_dir)
    regressor.save(out / "regressor.npz")
    about = {"kind": hypothesis_kind, "hypotheses": regressor.information["hypotheses"]}
    save_arrays(out / "predictions.npz", test, about | {"metrics": metrics["test"]})
    columns = {f"member{k}/{n}": a for k, h in enumerate(histories) for n, a in h.items()}
    save_arrays(out / "history.npz", columns, about | {"best_epochs": metrics["best_epochs"]})
    save_json(out / "metrics.json", metrics | about)
    return regressor
