"""Discriminants and classifiers of a set of weighted events, and their ROC curves, as data files for
figures."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from momentax.classify.classifier import CLASSES, Classifier, train_classifier
from momentax.classify.config import ClassifyConfig
from momentax.classify.discriminant import discriminant
from momentax.classify.roc import Roc, roc
from momentax.errors import InputError, nearest
from momentax.regress.fit import Log
from momentax.regress.store import load_arrays, save_arrays, save_json
from momentax.regress.targets import (
    TEST,
    WeightedEvents,
    count_statuses,
    information,
    mass_point,
    read_weighted_events,
    sample_classes,
)

_default_log: Log = logging.getLogger("momentax.classify").info


def run(
    data: WeightedEvents,
    config: ClassifyConfig | None = None,
    classes: Mapping[str, str] | None = None,
    sigma_vis: Mapping[str, float] | None = None,
    log: Log = _default_log,
) -> tuple[dict[str, list[Roc]], dict[str, np.ndarray], dict[str, Any], dict[str, Classifier]]:
    """Every discriminant and classifier of the configuration.

    Args:
        data: events of all processes with their weights.
        classes: sample name -> process class (`sample_classes`).
        sigma_vis: visible cross sections [pb] by hypothesis, for gamma in Eq. 5; gamma = 1 without.

    Returns:
        ROC curves by group (``discriminant``, and each kind of classifier: one curve per class against the
        rest, on test events; discriminants need no training and use all events); columns of scores; metrics;
        classifiers.

    Raises:
        InputError: no events of a class, or no weights of a hypothesis.
    """
    config = config or ClassifyConfig()
    of_class = sample_classes(data, classes)
    event = ak.to_numpy(data.events["event"])
    curves: dict[str, list[Roc]] = {"discriminant": []}
    columns: dict[str, np.ndarray] = {}
    metrics: dict[str, Any] = {"left_out": {}, "statuses": count_statuses(data)}
    for a, b in config.discriminants:
        name = f"{a} : {b}"
        gamma = sigma_vis[a] / sigma_vis[b] if sigma_vis and a in sigma_vis and b in sigma_vis else 1.0
        i_a, i_b = (information(_weights(data, h), config.use_not_converged) for h in (a, b))
        score = discriminant(i_a, i_b, gamma)
        good = np.isfinite(score)
        here = [_of_hypothesis(data, of_class, h) for h in (a, b)]
        metrics["left_out"][name] = {h: int(np.sum(s & ~good)) for h, s in zip((a, b), here, strict=True)}
        signal, background = (score[s & good] for s in here)
        curves["discriminant"].append(
            roc(name, signal, background, config.bootstrap, config.roc_points, config.seed)
        )
        columns |= {f"discriminant/{a}:{b}/score": score, f"discriminant/{a}:{b}/class": of_class}
        columns[f"discriminant/{a}:{b}/event"] = event
    networks: dict[str, Classifier] = {}
    for kind in config.kinds:
        networks[kind], rows, side, history = train_classifier(data, of_class, kind, config, log)
        test = side == TEST
        probability = networks[kind].probabilities(rows.x)
        row_class, key = of_class[rows.event], data.key[rows.event]
        metrics["left_out"][kind] = rows.left_out
        curves[kind] = []
        for k, c in enumerate(CLASSES):
            s, b = test & (row_class == c), test & (row_class != c)
            curves[kind].append(
                roc(
                    c,
                    probability[s, k],
                    probability[b, k],
                    config.bootstrap,
                    config.roc_points,
                    config.seed,
                    (key[s], key[b]),
                )
            )
        columns |= {f"{kind}/class": row_class[test], f"{kind}/event": event[rows.event][test]}
        columns |= {f"{kind}/probability": probability[test], f"{kind}/masses": rows.masses[test]}
        columns |= {f"{kind}/history/{name}": a for name, a in history.items()}
    for group, found in curves.items():
        metrics[group] = {}
        for r in found:
            metrics[group][r.name] = {"auc": [r.auc, r.auc_error], "n": [r.n_signal, r.n_background]}
            log(f"{group}: {r.name}: AUC {r.auc:.4f} +- {r.auc_error:.4f} ({r.n_signal} : {r.n_background})")
    return curves, columns, metrics, networks


def _weights(data: WeightedEvents, label: str) -> np.ndarray:
    if label not in data.weights:
        raise InputError(f"no weights of hypothesis {label!r}{nearest(label, data.weights)}")
    return data.weights[label]


def _of_hypothesis(data: WeightedEvents, classes: np.ndarray, label: str) -> np.ndarray:
    """Events [n] that truly are of a hypothesis (its masses too, for H->ZA)."""
    point = mass_point(label)
    if point is None:
        return classes == next((c for c in CLASSES if label.startswith(c)), label)
    masses = np.stack([ak.to_numpy(data.events["mH"]), ak.to_numpy(data.events["mA"])], axis=1)
    return (classes == "hza") & np.all(np.abs(masses - point) < 1e-6, axis=1)


def save_curves(path: str | Path, curves: Mapping[str, Sequence[Roc]]) -> None:
    """Write ROC curves by group; `load_curves` reads them."""
    arrays: dict[str, np.ndarray] = {}
    groups: dict[str, Any] = {}
    for group, found in curves.items():
        groups[group] = [{n: v for n, v in asdict(c).items() if not isinstance(v, np.ndarray)} for c in found]
        for i, c in enumerate(found):
            arrays |= {f"{group}/{i}/{n}": v for n, v in asdict(c).items() if isinstance(v, np.ndarray)}
    save_arrays(path, arrays, {"groups": groups})


def load_curves(path: str | Path) -> dict[str, list[Roc]]:
    """ROC curves by group from a file of `save_curves`."""
    arrays, meta = load_arrays(path)

    def curve(group: str, i: int, numbers: dict[str, Any]) -> Roc:
        fields = ("efficiency", "misidentification", "low", "high", "replicas")
        given: dict[str, Any] = numbers | {n: arrays[f"{group}/{i}/{n}"] for n in fields}
        return Roc(**given)

    return {
        group: [curve(group, i, n) for i, n in enumerate(found)] for group, found in meta["groups"].items()
    }


def run_from_files(
    events_paths: Sequence[str],
    weights_paths: Sequence[str],
    config_section: ClassifyConfig | None,
    out_dir: str | Path,
    classes: Mapping[str, str] | None = None,
    sigma_vis: Mapping[str, float] | None = None,
    log: Log = _default_log,
) -> None:
    """Run on files and write into ``out_dir``: ``roc.npz`` (curves), ``scores.npz`` (columns of the test
    rows), ``metrics.json``, and ``classifier_<kind>.npz`` for each kind of the configuration."""
    data = read_weighted_events(events_paths, weights_paths)
    curves, columns, metrics, networks = run(data, config_section, classes, sigma_vis, log)
    out = Path(out_dir)
    for kind, classifier in networks.items():
        classifier.save(out / f"classifier_{kind}.npz")
    save_arrays(out / "scores.npz", columns, {"classes": list(CLASSES)})
    save_curves(out / "roc.npz", curves)
    save_json(out / "metrics.json", metrics)
