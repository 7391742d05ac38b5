"""How well weights with different detectors tell the same simulated events apart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from momentax.classify.discriminant import discriminant
from momentax.classify.roc import Roc, auc_difference, roc
from momentax.config import PhysicsConfig
from momentax.errors import InputError
from momentax.regress.targets import information, left_out
from momentax.weight import weigh

Log = Callable[[str], None]
Progress = Callable[[str, int, int], None]
_default_log: Log = logging.getLogger("momentax.classify").info


class Scores(NamedTuple):
    """Discriminant D = W_a/(W_a + W_b) of the signal and of the background sample of a pair."""

    signal: np.ndarray
    background: np.ndarray


def discriminants(
    events: Mapping[str, ak.Array],
    truth: Mapping[str, str],
    signal: str,
    physics: PhysicsConfig,
    progress: Progress | None = None,
    log: Log = _default_log,
) -> dict[str, Scores]:
    """D of the signal sample against every other sample, each with the hypothesis that it truly is.

    A weight without information (status zero, nan) counts as the least likely of its hypothesis, and is logged.

    Args:
        events: by sample.
        truth: hypothesis of each sample.
        signal: which sample is the signal.
    """
    report = progress or (lambda what, done, total: None)
    found: dict[tuple[str, str], np.ndarray] = {}
    for label in dict.fromkeys(truth.values()):
        for name, some in events.items():
            if label in (truth[signal], truth[name]) or name == signal:
                records = weigh(some, label, physics, lambda *n, w=f"{name}, {label}": report(w, *n))
                found[name, label] = information(records)
                log(f"{name}, {label}: not usable {left_out(records)}")
        known = np.concatenate([i[np.isfinite(i)] for (_, h), i in found.items() if h == label])
        if len(known) == 0:
            raise InputError(f"no event has a usable weight of {label}")
        for (_, h), i in found.items():
            if h == label:
                i[~np.isfinite(i)] = known.max()
    return {
        name: Scores(*(discriminant(found[s, truth[signal]], found[s, truth[name]]) for s in (signal, name)))
        for name in events
        if name != signal
    }


def compare_detectors(
    scores: Mapping[str, Mapping[str, Scores]], replicas: int = 500, seed: int = 1
) -> tuple[list[Roc], dict[str, Any]]:
    """ROC curves ``<background> : <detector>``, and the differences of AUC between the first detector and the others.

    Differences are of the same events: bootstrap over events draws them for both at once.

    Args:
        scores: by detector, then by background (:func:`discriminants`).
    """
    detectors = list(scores)
    curves, facts = [], {}
    for background in scores[detectors[0]]:
        mine = [
            roc(f"{background} : {detector}", *scores[detector][background], replicas, seed=seed)
            for detector in detectors
        ]
        curves += mine
        for other, curve in zip(detectors[1:], mine[1:], strict=True):
            difference, error = auc_difference(mine[0], curve)
            facts[f"{background}: {detectors[0]} less {other}"] = {"auc": difference, "error": error}
    return curves, facts


__all__ = ["Scores", "compare_detectors", "discriminants"]
