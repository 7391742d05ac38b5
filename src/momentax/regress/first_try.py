"""Events whose integral fails on a first try with a small budget, and what the converged integral and the network say
of them: Figs. 11 and 12 of the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from momentax.config import PhysicsConfig
from momentax.config.paper import FirstTryConfig
from momentax.errors import InputError
from momentax.integrate.result import is_invalid
from momentax.regress.evaluation import CLASSES, counts_by_class, residual_summary, rows_of
from momentax.regress.store import save_arrays
from momentax.regress.unseen_weights import read_unseen


def first_try_physics(physics: PhysicsConfig, first_try: FirstTryConfig) -> PhysicsConfig:
    """The physics section of the first try: its recoil, integrator and single budget, everything else as it was.

    Directions are exact and mass points are integrated by themselves, as in MoMEMta.
    """
    settings = physics.integration.model_dump() | {
        "integrator": first_try.integrator,
        "n_eval": (first_try.n_eval,),
        "mass_points": "separately",
    }
    detector = physics.detector.model_dump()
    detector["directions"] = detector["directions"] | {"kind": "exact"}
    return PhysicsConfig.model_validate(
        physics.model_dump()
        | {"recoil_mode": first_try.recoil_mode, "integration": settings, "detector": detector}
    )


def selected(records: np.ndarray, of_class: np.ndarray, at_least: int = 0) -> np.ndarray:
    """True [n] where a first try failed by the paper's criterion, value <= error, and for what is added to them.

    Args:
        records: of the first try [n].
        of_class: process class of each event [n].
        at_least: where fewer events of a class failed, those with the largest relative errors are added.
    """
    out = is_invalid(records)
    good = np.isfinite(records["error"]) & (records["value"] > 0.0)
    relative = np.where(good, records["error"] / np.where(good, records["value"], 1.0), np.inf)
    relative[out] = np.inf
    for c in np.unique(of_class):
        here = np.flatnonzero(of_class == c)
        if out[here].sum() < at_least:
            out[here[np.argsort(-relative[here], kind="stable")[:at_least]]] = True
    return out


def save_first_try(
    out: str | Path,
    predictions: str | Path,
    tries: Mapping[str, Sequence[str]],
    classes: Mapping[str, str],
    label: str,
    at_least: int = 0,
    replicas: int = 200,
    seed: int = 1,
) -> dict[str, Any]:
    """Write the informations of test events whose first try failed, by the converged integral and by the network.

    Args:
        predictions: ``predictions.npz`` of the regressor: test events with a converged integral.
        tries: sample -> its files of first tries (:func:`momentax.regress.unseen_weights.weigh_unseen`).
        classes: sample -> process class.
        label: hypothesis.
        at_least: see :func:`selected`.

    The file has the columns of :func:`momentax.regress.evaluation.rows_of` and ``first_value``, ``first_error``,
    ``failed``, of the selected events, and ``tried/class``, ``tried/integral``, ``tried/network`` of all that were
    tried. Returned metadata: numbers by class of tried, selected and failed events, of those without a converged
    integral, and the residuals.

    Raises:
        InputError: files that do not belong together, or no event is selected.
    """
    rows, _ = rows_of(predictions, [label], classes)
    parts: dict[str, list[np.ndarray]] = {}
    no_integral = dict.fromkeys(CLASSES, 0)
    for sample, paths in tries.items():
        event, _, records, _ = read_unseen(paths, label)
        mine = np.flatnonzero(rows["sample"] == sample)
        ids = rows["event"][mine]
        order = np.argsort(ids)
        at = np.minimum(np.searchsorted(ids, event, sorter=order), max(len(ids) - 1, 0))
        found = ids[order[at]] == event if len(ids) else np.zeros(len(event), dtype=bool)
        no_integral[classes[sample]] += int(np.sum(~found))
        row = mine[order[at[found]]] if len(ids) else np.empty(0, dtype=int)
        for name, values in rows.items():
            parts.setdefault(name, []).append(values[row])
        parts.setdefault("records", []).append(records[found])
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    records = joined.pop("records")
    chosen = selected(records, joined["class"], at_least)
    tried = counts_by_class(joined["class"])
    if not chosen.any():
        raise InputError(
            f"the first try of {label} failed for none of {len(records)} test events: choose a smaller budget "
            "(paper.first_try.n_eval), or give paper.first_try.at_least"
        )
    columns = {name: values[chosen] for name, values in joined.items()}
    columns |= {
        "first_value": records["value"][chosen],
        "first_error": records["error"][chosen],
        "failed": is_invalid(records)[chosen],
    }
    facts = {
        "hypothesis": label,
        "tried": tried,
        "failed": counts_by_class(columns["class"][columns["failed"]]),
        "counts": counts_by_class(columns["class"]),
        "without_converged_integral": no_integral,
        "zero": {c: int(np.sum((columns["class"] == c) & ~(columns["first_value"] > 0.0))) for c in CLASSES},
        "residuals": {"network": residual_summary(columns, "network", replicas, seed)},
        "residuals_of_all": {"network": residual_summary(joined, "network", replicas, seed)},
    }
    columns |= {f"tried/{name}": joined[name] for name in ("class", "integral", "network")}
    save_arrays(out, columns, facts)
    return facts
