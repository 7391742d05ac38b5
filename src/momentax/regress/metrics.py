"""How well the network reproduces the integral: bias and resolution of log10 W, with errors."""

from __future__ import annotations

from typing import Any

import numpy as np


def _quantiles(sorted_values: np.ndarray, weights: np.ndarray, q: tuple[float, ...]) -> np.ndarray:
    total = np.cumsum(weights) - 0.5 * weights
    return np.interp(np.array(q) * weights.sum(), total, sorted_values)


def _measures(sorted_values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    bias = np.average(sorted_values, weights=weights)
    rms = np.sqrt(np.average((sorted_values - bias) ** 2, weights=weights))
    low, median, high = _quantiles(sorted_values, weights, (0.158655, 0.5, 0.841345))
    return np.array([bias, rms, (high - low) / 2, median])


def residual_metrics(
    residual: np.ndarray, event: np.ndarray, replicas: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Bias and widths of ``residual`` = log10 W_DNN - log10 W [n].

    Errors are standard deviations over bootstrap replicas that draw events, not rows: an event that enters
    with several mass points is drawn as a whole (each gets a Poisson(1) number).

    Args:
        residual: [n].
        event: key of the event of each row [n].
        replicas: number of replicas.
        rng: their random numbers.

    Returns:
        ``rows``, ``events``, and [value, error] of ``bias`` (mean), ``rms`` (standard deviation), ``width``
        (half the central 68.3 % interval: no tail enters) and ``median``; only the counts below two rows.
    """
    keys, code = np.unique(event, return_inverse=True)
    result: dict[str, Any] = {"rows": len(residual), "events": len(keys)}
    if len(keys) < 2:
        return result
    order = np.argsort(residual, kind="stable")
    values, code = residual[order], code[order]
    central = _measures(values, np.ones(len(values)))
    drawn: list[np.ndarray] = []
    while len(drawn) < replicas:
        weights = rng.poisson(1.0, len(keys))[code].astype(np.float64)
        if weights.any():
            drawn.append(_measures(values, weights))
    errors = np.std(drawn, axis=0, ddof=1)
    for name, v, e in zip(("bias", "rms", "width", "median"), central, errors, strict=True):
        result[name] = [float(v), float(e)]
    return result


def residual_width_by_value(
    value: np.ndarray, residual: np.ndarray, spread: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """What the spread of the ensemble lacks of the residual, as a function of the predicted value.

    In quantile bins of ``value``, at least 50 entries in each: sqrt(mean residual^2 - mean spread^2). The
    quadratic sum with the spread has the size of the residual on average (bias included, because a user of the
    prediction suffers it too), and grows where the networks disagree. It is at least half of the root mean
    square residual: the spread of few networks is itself uncertain.

    Args:
        value, residual, spread: predicted value, its residual and the spread of the ensemble, [n].
        bins: at most this many.

    Returns:
        (medians of the value in the bins, widths), increasing in the value; one bin at least.
    """
    bins = max(1, min(bins, len(value) // 50))
    order = np.argsort(value, kind="stable")
    parts = np.array_split(order, bins)
    centres = np.array([np.median(value[p]) for p in parts])
    squares = np.array([(np.mean(residual[p] ** 2), np.mean(spread[p] ** 2)) for p in parts])
    return centres, np.sqrt(np.maximum(squares[:, 0] - squares[:, 1], squares[:, 0] / 4))
