"""Networks against integrals on test events, by process class: what figures of the regression are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from momentax.errors import InputError, nearest
from momentax.regress.metrics import residual_metrics
from momentax.regress.store import load_arrays, save_arrays
from momentax.regress.targets import event_keys

CLASSES = ("drell_yan", "ttbar", "hza")
"""Process classes of events, in the order of the panels."""

Columns = dict[str, np.ndarray]


def of_classes(sample: np.ndarray, classes: Mapping[str, str]) -> np.ndarray:
    """Process class [n] of events by the name of their sample; empty for samples that ``classes`` lacks."""
    names, code = np.unique(np.asarray(sample, dtype=str), return_inverse=True)
    return np.array([classes.get(str(n), "") for n in names], dtype="U9")[code]


def rows_of(
    predictions: str | Path, hypotheses: Sequence[str], classes: Mapping[str, str]
) -> tuple[Columns, dict[str, Any]]:
    """Test rows of some hypotheses, of samples with a class.

    Args:
        predictions: ``predictions.npz`` of a regressor: rows (event, hypothesis) with a usable weight.
        hypotheses: labels, as ``hza_800_400``.
        classes: sample -> process class of those that are wanted.

    Returns:
        Columns [n] ``event``, ``sample``, ``hypothesis``, ``class``, ``integral``, ``integral_error``, ``network``,
        ``network_uncertainty`` (informations I = -log10 W), and the metadata of the file.

    Raises:
        InputError: the regressor has no such hypothesis, or there is no row.
    """
    given, about = load_arrays(predictions)
    for label in hypotheses:
        if label not in about["hypotheses"]:
            raise InputError(
                f"{predictions}: no test rows of hypothesis {label!r}{nearest(label, about['hypotheses'])}; "
                "weigh the events with it (hypotheses of the configuration)"
            )
    of_class = of_classes(given["sample"], classes)
    keep = np.isin(given["hypothesis"], list(hypotheses)) & (of_class != "")
    if not keep.any():
        raise InputError(
            f"{predictions}: no test event of {', '.join(classes) or 'no sample'} has a usable weight of "
            f"{', '.join(hypotheses)}"
        )
    columns = {
        "event": given["event"],
        "sample": given["sample"],
        "hypothesis": given["hypothesis"],
        "class": of_class,
        "integral": given["information"],
        "integral_error": given["information_error"],
        "network": given["predicted"],
        "network_uncertainty": given["uncertainty"],
    }
    return {name: values[keep] for name, values in columns.items()}, about


def residual_summary(columns: Columns, name: str, replicas: int, seed: int) -> dict[str, dict[str, Any]]:
    """Bias, rms, width and median of log10 W_name - log10 W_integral with bootstrap errors, by class and of ``all``.

    Args:
        columns: with ``event``, ``sample``, ``class``, ``integral`` and ``name`` (informations [n], maybe NaN).
    """
    residual = columns["integral"] - columns[name]
    key, good = event_keys(columns["sample"], columns["event"]), np.isfinite(residual)
    rng = np.random.default_rng(seed)
    found = {}
    for c in ("all", *CLASSES):
        mine = good if c == "all" else good & (columns["class"] == c)
        found[c] = residual_metrics(residual[mine], key[mine], replicas, rng)
    return found


def counts_by_class(of_class: np.ndarray) -> dict[str, int]:
    """Number of rows of every class."""
    return {c: int(np.sum(of_class == c)) for c in CLASSES}


def save_rows(
    out: str | Path,
    predictions: str | Path,
    hypotheses: Sequence[str],
    classes: Mapping[str, str],
    replicas: int = 200,
    seed: int = 1,
) -> dict[str, Any]:
    """Write the rows of :func:`rows_of` with their residuals by hypothesis and class as metadata; returns these."""
    columns, _ = rows_of(predictions, hypotheses, classes)
    facts: dict[str, Any] = {"hypotheses": list(hypotheses), "residuals": {}, "counts": {}}
    for label in hypotheses:
        here = {name: values[columns["hypothesis"] == label] for name, values in columns.items()}
        facts["residuals"][label] = {"network": residual_summary(here, "network", replicas, seed)}
        facts["counts"][label] = counts_by_class(here["class"])
    save_arrays(out, columns, facts)
    return facts
