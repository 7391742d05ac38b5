"""ROC curves with bootstrap bands, in one sort: replicas only reweight the sorted scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from momentax.errors import InputError


@dataclass(frozen=True)
class Roc:
    """A ROC curve on a grid of efficiencies.

    Attributes:
        name: what is told apart, by what.
        efficiency: probability that a signal event is accepted, grid [k] from 0 to 1.
        misidentification: probability that a background event is accepted, [k].
        low, high: its central 68.3 % bootstrap interval, [k].
        auc, auc_error: probability that a signal event scores above a background event (ties count one
            half), and its bootstrap standard deviation.
        n_signal, n_background: numbers of rows.
        replicas: AUC of every bootstrap replica. Curves of the same events, in the same order and with the same seed,
            share their replicas: the scatter of a difference is its error.
    """

    name: str
    efficiency: np.ndarray
    misidentification: np.ndarray
    low: np.ndarray
    high: np.ndarray
    auc: float
    auc_error: float
    n_signal: int
    n_background: int
    replicas: np.ndarray


def roc(
    name: str,
    signal: np.ndarray,
    background: np.ndarray,
    replicas: int = 200,
    points: int = 201,
    seed: int = 1,
    events: tuple[np.ndarray, np.ndarray] | None = None,
) -> Roc:
    """ROC curve of scores (higher = more signal-like) with bootstrap errors.

    Args:
        name: of the curve.
        signal, background: scores, [n] and [m].
        replicas: bootstrap replicas; each event gets a Poisson(1) number.
        points: of the grid in efficiency.
        seed: of the bootstrap.
        events: event keys of the rows ([n], [m]), when an event has several rows: it is drawn as a whole.

    Raises:
        InputError: no signal or no background, or a score that is not finite.
    """
    n, m = len(signal), len(background)
    if not n or not m:
        raise InputError(f"ROC curve {name!r}: {n} signal and {m} background events; both must be there")
    scores = np.concatenate([signal, background]).astype(np.float64)
    if not np.isfinite(scores).all():
        raise InputError(f"ROC curve {name!r}: {int((~np.isfinite(scores)).sum())} scores are not finite")
    grid = np.linspace(0.0, 1.0, points)
    levels, code = np.unique(-scores, return_inverse=True)
    rng = np.random.default_rng(seed)
    keys = events or (np.arange(n), np.arange(m))
    drawn_from = [np.unique(k, return_inverse=True)[1] for k in keys]

    def curve(w_signal: np.ndarray, w_background: np.ndarray) -> tuple[np.ndarray, float]:
        s = np.bincount(code[:n], w_signal, len(levels))
        b = np.bincount(code[n:], w_background, len(levels))
        tpr = np.minimum(np.concatenate([[0.0], np.cumsum(s)]) / s.sum(), 1.0)
        fpr = np.concatenate([[0.0], np.cumsum(b)]) / b.sum()
        auc = float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2))
        return _interpolate(grid, tpr, fpr), auc

    central, auc = curve(np.ones(n), np.ones(m))
    curves: list[np.ndarray] = []
    aucs: list[float] = []
    while len(aucs) < replicas:
        w = [rng.poisson(1.0, int(d.max()) + 1)[d].astype(np.float64) for d in drawn_from]
        if w[0].any() and w[1].any():
            c, a = curve(w[0], w[1])
            curves.append(c)
            aucs.append(a)
    low, high = np.quantile(curves, (0.158655, 0.841345), axis=0)
    return Roc(name, grid, central, low, high, auc, float(np.std(aucs, ddof=1)), n, m, np.array(aucs))


def auc_difference(a: Roc, b: Roc) -> tuple[float, float]:
    """(AUC(a) - AUC(b), its bootstrap standard deviation) of curves of the same events, in the same order and with the
    same seed: their replicas draw the same events."""
    return a.auc - b.auc, float(np.std(a.replicas - b.replicas, ddof=1))


def _interpolate(grid: np.ndarray, tpr: np.ndarray, fpr: np.ndarray) -> np.ndarray:
    """Misidentification at given efficiencies: linear between neighbouring points of the curve.

    Where background events alone make it rise at one efficiency, the lowest value.
    """
    after = np.searchsorted(tpr, grid, side="left")
    before = np.maximum(after - 1, 0)
    step = tpr[after] - tpr[before]
    share = np.where(step > 0, (grid - tpr[before]) / np.where(step > 0, step, 1.0), 0.0)
    return fpr[before] + share * (fpr[after] - fpr[before])
