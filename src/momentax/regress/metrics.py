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
