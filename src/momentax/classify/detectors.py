"""How well weights with different detectors tell the same simulated events apart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from momentax.classify.discriminant import discriminant
from momentax.classify.roc import Roc, roc
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
        for detector in detectors:
            curves.append(
                roc(f"{background} : {detector}", *scores[detector][background], replicas, seed=seed)
            )
        for other in detectors[1:]:
            first, second = (scores[d][background] for d in (detectors[0], other))
            difference, error = auc_difference(first, second, replicas, seed)
            facts[f"{background}: {detectors[0]} less {other}"] = {"auc": difference, "error": error}
    return curves, facts


def auc_difference(a: Scores, b: Scores, replicas: int = 500, seed: int = 1) -> tuple[float, float]:
    """(AUC(a) - AUC(b), its bootstrap standard deviation) of two scores of the same events in the same order."""
    above = _above(a) - _above(b)
    n, m = above.shape
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(replicas):
        x, y = rng.poisson(1.0, n), rng.poisson(1.0, m)
        if x.any() and y.any():
            drawn.append(float(x @ above @ y) / float(x.sum() * y.sum()))
    return float(above.mean()), float(np.std(drawn, ddof=1))


def _above(scores: Scores) -> np.ndarray:
    """[n, m]: 1 where the signal event scores above the background event, 1/2 where both score the same."""
    s, b = scores.signal[:, None], scores.background[None, :]
    return (s > b) + 0.5 * (s == b)


__all__ = ["Scores", "auc_difference", "compare_detectors", "discriminants"]
