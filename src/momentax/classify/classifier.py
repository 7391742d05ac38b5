"""Networks on the informations of several hypotheses, one output per process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from scipy.special import expit

import momentax
from momentax.classify.config import ClassifyConfig
from momentax.errors import InputError
from momentax.regress import network
from momentax.regress.fit import Log
from momentax.regress.inputs import Scaler
from momentax.regress.network import Architecture
from momentax.regress.rows import Rows, binary_cross_entropy, evaluate, fit_rows
from momentax.regress.store import load_arrays, save_arrays
from momentax.regress.targets import (
    TRAIN,
    VALIDATION,
    WeightedEvents,
    balanced,
    information,
    mass_points,
    split,
)

CLASSES = ("drell_yan", "ttbar", "hza")
FORMAT = "momentax classifier 1"


@dataclass(frozen=True)
class Table:
    """Rows of inputs for a classifier.

    Attributes:
        names: of the inputs.
        x: inputs [n, k].
        event: index of the event of each row [n] (an event may have a row per mass point).
        masses: (mH, mA) of the hypothesis in the row [n, 2], 0 where there is none.
        left_out: events without a row, by class and reason.
    """

    names: tuple[str, ...]
    x: np.ndarray
    event: np.ndarray
    masses: np.ndarray
    left_out: dict[str, dict[str, int]]


def table(data: WeightedEvents, classes: np.ndarray, kind: str, use_not_converged: bool = True) -> Table:
    """Inputs of a classifier.

    ``simple``: I of drell_yan and ttbar. ``global``: also of every H->ZA point. ``parametric``: I of
    drell_yan, ttbar and one H->ZA point, and its mH, mA: the true point for H->ZA events, each point in turn
    for the others.

    An event needs a usable weight for every input of its row; those without are counted in ``left_out``.
    """
    labels = [data.labels("drell_yan")[0], data.labels("ttbar")[0]]
    background = np.stack([information(data.weights[h], use_not_converged) for h in labels], axis=1)
    names = tuple(f"I_{h}" for h in labels)
    everything = np.arange(len(classes))
    no_masses = np.zeros((len(classes), 2))
    if kind == "simple":
        x, event, masses = background, everything, no_masses
    elif kind == "global":
        points = data.labels("hza")
        signal = np.stack([information(data.weights[h], use_not_converged) for h in points], axis=1)
        x, event, masses = np.concatenate([background, signal], axis=1), everything, no_masses
        names += tuple(f"I_{h}" for h in points)
    else:
        truth = np.stack([ak.to_numpy(data.events["mH"]), ak.to_numpy(data.events["mA"])], axis=1)
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        labels_hza = data.labels("hza")
        for label, point in zip(labels_hza, mass_points(labels_hza), strict=True):
            here = np.flatnonzero((classes != "hza") | np.all(np.abs(truth - point) < 1e-6, axis=1))
            signal = information(data.weights[label], use_not_converged)
            columns = (background[here], signal[here, None], np.broadcast_to(point, (len(here), 2)))
            parts.append((np.concatenate(columns, axis=1), here))
        x, event = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        masses = x[:, 3:]
        names += ("I_hza", "mH", "mA")
    good = np.isfinite(x).all(axis=1)
    lacking: dict[str, dict[str, int]] = {}
    for c in CLASSES:
        of_class = np.flatnonzero(classes == c)
        no_point = len(of_class) - np.isin(of_class, event).sum()
        unusable = np.isin(of_class, event[~good]).sum()
        counts = {"mass_point_without_weights": int(no_point), "weight_not_usable": int(unusable)}
        lacking[c] = {reason: n for reason, n in counts.items() if n}
    return Table(names, x[good], event[good], masses[good], lacking)


@dataclass(frozen=True)
class Classifier:
    """A trained network with one sigmoid output per process of `CLASSES`."""

    kind: str
    names: tuple[str, ...]
    architecture: Architecture
    parameters: Any
    scaler: Scaler
    information: dict[str, Any]

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Outputs [n, 3] in [0, 1] for inputs [n, k] in the order of ``names``. Each is a probability of one
        process against the others (classes of equal weight); they need not add up to one."""
        return expit(evaluate(self.architecture, self.parameters, self.scaler(x)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one .npz file, atomically."""
        arrays = network.to_arrays(self.parameters) | {
            "input_mean": self.scaler.mean,
            "input_sd": self.scaler.sd,
        }
        metadata = {
            "format": FORMAT,
            "kind": self.kind,
            "input_names": list(self.names),
            "classes": list(CLASSES),
            "architecture": self.architecture.as_dict(),
            "information": self.information,
        }
        save_arrays(path, arrays, metadata)


def load_classifier(path: str | os.PathLike[str]) -> Classifier:
    """Read a classifier that `Classifier.save` wrote; InputError for any other file."""
    arrays, meta = load_arrays(path)
    if meta.get("format") != FORMAT:
        raise InputError(f"{path}: format {meta.get('format')!r}, expected {FORMAT!r}")
    architecture = Architecture.from_dict(meta["architecture"])
    scaler = Scaler(arrays["input_mean"], arrays["input_sd"])
    parameters = network.from_arrays(architecture, arrays)
    return Classifier(
        meta["kind"], tuple(meta["input_names"]), architecture, parameters, scaler, meta["information"]
    )


def train_classifier(
    data: WeightedEvents, classes: np.ndarray, kind: str, config: ClassifyConfig, log: Log
) -> tuple[Classifier, Table, np.ndarray, dict[str, np.ndarray]]:
    """Train on the training events, every class with the same total weight.

    Returns:
        The classifier; all its rows; TRAIN/VALIDATION/TEST of each row; the history of the training.

    Raises:
        InputError: a class has no row for training or validation.
    """
    rows = table(data, classes, kind, config.use_not_converged)
    side = split(data.key, config.fractions)[rows.event]
    row_class = classes[rows.event]
    y = (row_class[:, None] == np.array(CLASSES)).astype(np.float64)
    for name, s in (("training", TRAIN), ("validation", VALIDATION)):
        for c in CLASSES:
            if not np.any((side == s) & (row_class == c)):
                raise InputError(
                    f"{kind} classifier: no {c} event for {name} has all weights usable (left out:"
                    f" {rows.left_out}): weigh more events or give the missing sample"
                )
    scaler = Scaler.fitted(rows.x[side == TRAIN])
    x = scaler(rows.x)

    def part(s: int) -> Rows:
        here = side == s
        return Rows(x[here], y[here], balanced(row_class[here]))

    architecture = Architecture(x.shape[1], tuple(config.hidden), len(CLASSES), config.activation)
    log(f"{kind} classifier: {int((side == TRAIN).sum())} rows to train on, inputs {', '.join(rows.names)}")
    result = fit_rows(
        architecture, part(TRAIN), part(VALIDATION), config, binary_cross_entropy, config.seed, log
    )
    about = {
        "config": config.model_dump(mode="json"),
        "momentax": momentax.__version__,
        "left_out": rows.left_out,
    }
    classifier = Classifier(kind, rows.names, architecture, result.parameters, scaler, about)
    return classifier, rows, side, result.history
