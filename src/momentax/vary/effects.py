"""What a variation does to weights, networks and a discriminant: the paper's Fig. 14 and Table 3.

Nominal and varied quantities are of the same test events, in the same order, so that the errors of their differences
are those of paired samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from momentax.classify.discriminant import discriminant
from momentax.classify.roc import Roc, auc_difference, roc
from momentax.classify.workflow import save_curves
from momentax.errors import InputError
from momentax.regress.metrics import residual_metrics
from momentax.regress.regressor import Regressor
from momentax.regress.store import save_arrays, save_json
from momentax.regress.targets import (
    TEST,
    WeightedEvents,
    information,
    mass_point,
    sample_classes,
    split,
)

VERSIONS = ("nominal", "varied")


@dataclass(frozen=True)
class Informations:
    """Event informations of one kind of hypothesis, rows (event, hypothesis) [n]: I = -log10 W, [2, n] each, nominal
    and varied."""

    integral: np.ndarray
    network: np.ndarray
    key: np.ndarray
    """Of the event."""
    sample: np.ndarray
    left_out: int
    """Rows without a usable weight or prediction in either version."""

    @property
    def residual(self) -> np.ndarray:
        """log10 W_DNN - log10 W, [2, n]."""
        return self.integral - self.network


def paired(nominal: WeightedEvents, varied: WeightedEvents) -> tuple[WeightedEvents, WeightedEvents]:
    """The events that both have, in the order of ``varied``. Raises InputError if there are none."""
    keys, others = nominal.key, varied.key
    order = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys, others, sorter=order), len(keys) - 1)
    found = keys[order[at]] == others
    if not found.any():
        raise InputError("the varied events are none of the nominal ones: weigh them from the same samples")
    return _take(nominal, order[at[found]]), _take(varied, np.flatnonzero(found))


def _take(data: WeightedEvents, index: np.ndarray) -> WeightedEvents:
    weights = {label: records[index] for label, records in data.weights.items()}
    return WeightedEvents(data.events[index], data.sample[index], weights, data.metadata)


def unseen_events(
    nominal: WeightedEvents, varied: WeightedEvents, *fractions: Sequence[float]
) -> tuple[WeightedEvents, WeightedEvents]:
    """The events of both that no network was trained on; ``fractions``: those of each network's split."""
    both = paired(nominal, varied)
    sides = [split(both[0].key, (train, validation, test)) for train, validation, test in fractions]
    test = np.flatnonzero(np.all(np.array(sides) == TEST, axis=0))
    if not len(test):
        raise InputError(
            "none of the varied events is a test event: vary more of them (variations.max_events)"
        )
    return _take(both[0], test), _take(both[1], test)


def informations(nominal: WeightedEvents, varied: WeightedEvents, regressor: Regressor) -> Informations:
    """Informations of the regressor's kind, from integrals and from its network, of paired events."""
    versions = (nominal, varied)
    columns: dict[str, list[np.ndarray]] = {"integral": [], "network": [], "key": [], "sample": []}
    left_out = 0
    for label in nominal.labels(regressor.kind):
        integral = np.stack([information(data.weights[label]) for data in versions])
        network = np.stack([regressor.predict(data.events, mass_point(label))["value"] for data in versions])
        good = np.isfinite(integral).all(axis=0) & np.isfinite(network).all(axis=0)
        left_out += int(np.sum(~good))
        for name, values in (("integral", integral), ("network", network)):
            columns[name].append(values[:, good])
        columns["key"].append(nominal.key[good])
        columns["sample"].append(nominal.sample[good])
    joined = {name: np.concatenate(parts, axis=-1) for name, parts in columns.items()}
    return Informations(**joined, left_out=left_out)


def regression_rows(kind: str, found: Informations, replicas: int, seed: int) -> list[dict[str, Any]]:
    """Rows of Table 3: bias and resolution of log10 W_DNN - log10 W, nominal and varied, of all samples and of each;
    how far the variation moves I (mean and standard deviation), by integrals and by the network."""
    rows = []
    shift = {
        name: np.diff(values, axis=0)[0]
        for name, values in (("integral", found.integral), ("network", found.network))
    }
    for sample in ("all", *np.unique(found.sample).tolist()):
        mine = np.ones(len(found.key), dtype=bool) if sample == "all" else found.sample == sample
        moved = {
            f"shift_{name}_{what}": float(f(values[mine]))
            for name, values in shift.items()
            for what, f in (("mean", np.mean), ("sd", np.std))
        }
        for version, residual in zip(VERSIONS, found.residual, strict=True):
            # the same replicas for both versions
            measured = residual_metrics(
                residual[mine], found.key[mine], replicas, np.random.default_rng(seed)
            )
            row: dict[str, Any] = {
                "kind": kind,
                "sample": sample,
                "weights": version,
                "rows": measured["rows"],
            }
            for name, column in (("bias", "bias"), ("rms", "resolution"), ("width", "width")):
                row[column], row[f"{column}_error"] = measured.get(name, (np.nan, np.nan))
            rows.append(row | (moved if version == "varied" else dict.fromkeys(moved)))
    return rows


def roc_curves(
    nominal: WeightedEvents,
    varied: WeightedEvents,
    regressors: Mapping[str, Regressor],
    pair: tuple[str, str],
    classes: Mapping[str, str],
    replicas: int,
    points: int,
    seed: int,
) -> list[Roc]:
    """ROC curves of D = P_a/(P_a + P_b): ``integral, nominal``, ``network, nominal``, and the same, ``varied``.

    Events without all four discriminants are left out; replicas of all curves are of the same events. Networks that the
    variation leaves where they are have no varied curve.
    """
    of_class = sample_classes(nominal, classes)
    scores = {}
    for version, data in zip(VERSIONS, (nominal, varied), strict=True):
        i_a, i_b = (information(data.weights[label]) for label in pair)
        scores[f"integral, {version}"] = discriminant(i_a, i_b)
        i_a, i_b = (
            regressors[_kind_of(label)].predict(data.events, mass_point(label))["value"] for label in pair
        )
        scores[f"network, {version}"] = discriminant(i_a, i_b)
    if np.array_equal(scores["network, nominal"], scores["network, varied"], equal_nan=True):
        del scores["network, varied"]
    good = np.isfinite(list(scores.values())).all(axis=0)
    here = [good & (of_class == _kind_of(label)) for label in pair]
    return [
        roc(name, score[here[0]], score[here[1]], replicas, points, seed) for name, score in scores.items()
    ]


def _kind_of(label: str) -> str:
    return next(kind for kind in ("drell_yan", "ttbar", "hza") if label.startswith(kind))


def auc_rows(curves: Sequence[Roc]) -> list[dict[str, Any]]:
    """AUC of every curve, and its difference from the nominal one of the integrals with the error of paired events."""
    rows = []
    for c in curves:
        difference, error = auc_difference(c, curves[0])
        rows.append(
            {
                "curve": c.name,
                "auc": c.auc,
                "auc_error": c.auc_error,
                "difference": difference,
                "difference_error": error,
                "signal": c.n_signal,
                "background": c.n_background,
            }
        )
    return rows


def save_effects(
    out: str | Path,
    nominal: WeightedEvents,
    varied: WeightedEvents,
    regressors: Mapping[str, Regressor],
    pair: tuple[str, str] | None,
    classes: Mapping[str, str],
    facts: Mapping[str, Any],
    *,
    fractions: Sequence[Sequence[float]] = ((0.7, 0.1, 0.2),),
    replicas: int = 200,
    points: int = 201,
    seed: int = 1,
) -> dict[str, Any]:
    """Write ``informations.npz``, ``roc.npz`` and ``effects.json`` into the folder ``out``; returns the last.

    ``facts``: what the variation is; ``pair``: hypotheses of the discriminant, or None.
    """
    both = unseen_events(nominal, varied, *fractions)
    columns: dict[str, np.ndarray] = {}
    rows: list[dict[str, Any]] = []
    left_out = {}
    for kind, regressor in regressors.items():
        found = informations(*both, regressor)
        rows += regression_rows(kind, found, replicas, seed)
        left_out[kind] = found.left_out
        columns |= {
            f"{kind}/{name}": getattr(found, name) for name in ("integral", "network", "sample", "key")
        }
    curves = roc_curves(*both, regressors, pair, classes, replicas, points, seed) if pair else []
    result = {
        **facts,
        "events": len(both[0].sample),
        "left_out": left_out,
        "regression": rows,
        "discriminant": list(pair or ()),
        "roc": auc_rows(curves) if curves else [],
    }
    folder = Path(out)
    save_arrays(folder / "informations.npz", columns, {"kinds": list(regressors)})
    save_curves(folder / "roc.npz", {"discriminant": curves})
    save_json(folder / "effects.json", result)
    return result


__all__ = [
    "Informations",
    "auc_rows",
    "informations",
    "paired",
    "regression_rows",
    "roc_curves",
    "save_effects",
]
