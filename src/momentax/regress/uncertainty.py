"""Calibrated uncertainty of a prediction, and whether the event is like those of the training.

The size of a residual, s, is the quadratic sum of what the networks expect (their second output, or the residual width
of validation events with similar I) and of their spread. Its scale is calibrated on validation events: the quantiles of
|residual|/s tell how many s cover 68 %, 95 % or any other share (split conformal prediction: coverage holds on average
for events distributed like those, whatever the shape of the residuals).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

LEVELS = np.array([*np.arange(0.05, 0.65, 0.05), 0.6827, *np.arange(0.7, 0.93, 0.05), 0.9545, 0.99])
ONE_SIGMA, TWO_SIGMA = 0.6827, 0.9545
OUTSIDE = 0.999
"""Share of the training events that are inside the domain."""
_LEAST_EIGENVALUE = 1e-3
_BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Numbers of the uncertainty.

    Attributes:
        levels, quantiles: of |residual|/s on validation events.
        width_at, width: what the spread lacks of the residual by predicted I, for networks without a second output.
    """

    levels: np.ndarray
    quantiles: np.ndarray
    width_at: np.ndarray
    width: np.ndarray

    def size(self, value: np.ndarray, log_size: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """s [n] from predicted I, the logarithm of the networks' expectation (-inf: none), and their spread."""
        expected = np.where(
            np.isfinite(log_size), np.exp(log_size), np.interp(value, self.width_at, self.width)
        )
        return np.hypot(expected, spread)

    def factor(self, level: float) -> float:
        """How many s cover a share ``level`` of the events."""
        return float(np.interp(level, self.levels, self.quantiles))


def calibrate(
    value: np.ndarray, log_size: np.ndarray, spread: np.ndarray, residual: np.ndarray
) -> Calibration:
    """Calibration from validation rows [n]."""
    width_at, width = residual_width_by_value(value, residual, spread, _BINS)
    plain = Calibration(LEVELS, np.ones(len(LEVELS)), width_at, width)
    ratio = np.sort(np.abs(residual) / plain.size(value, log_size, spread))
    # of n rows the k-th smallest covers k/(n + 1) of new ones
    rank = np.clip(np.ceil(LEVELS * (len(ratio) + 1)).astype(int), 1, len(ratio)) - 1
    return Calibration(LEVELS, ratio[rank], width_at, width)


def residual_width_by_value(
    value: np.ndarray, residual: np.ndarray, spread: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """What the spread of the ensemble lacks of the residual, as a function of the predicted value.

    In quantile bins of ``value``, at least 50 entries in each: sqrt(mean residual^2 - mean spread^2), but at least half
    of the root mean square residual: the spread of few networks is itself uncertain.

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


def whitening(x: np.ndarray) -> np.ndarray:
    """Matrix [k, k] that makes standardised inputs x [n, k] of unit covariance.

    Directions in which they hardly vary (inputs that depend on each other) keep a least variance of 1e-3.
    """
    eigenvalues, vectors = np.linalg.eigh(np.cov(x, rowvar=False) if len(x) > 1 else np.eye(x.shape[1]))
    return vectors / np.sqrt(np.maximum(eigenvalues, _LEAST_EIGENVALUE))


@dataclass(frozen=True)
class Domain:
    """What the events of the training were like.

    Attributes:
        whitening: [k, k], of the event inputs.
        limit: mean square of the whitened inputs that all but 0.1 % of the training events stay below.
        mass_points: (mH, mA) of the training [m, 2], for ``hza``; else empty.
    """

    whitening: np.ndarray
    limit: float
    mass_points: np.ndarray

    def masses_outside(self, masses: np.ndarray) -> np.ndarray:
        """True [n] for (mH, mA) [n, 2] outside the convex hull of the training points in (ln mH, ln mA)."""
        edges = self.hull()
        if edges is None:
            return ~np.any(np.all(np.isclose(masses[:, None], self.mass_points[None]), axis=2), axis=1)
        normals, offsets = edges
        return np.any(np.log(masses) @ normals.T + offsets > 1e-6, axis=1)

    def hull(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Convex hull of the mass points as normals [m, 2] and offsets [m]; inside: all (ln mH, ln mA) @ normal +
        offset <= 0. The bounding box for points on a line; None for fewer than three, which stand for themselves.
        """
        if len(self.mass_points) < 3:
            return None
        from scipy.spatial import ConvexHull, QhullError

        points = np.log(self.mass_points)
        try:
            hull = ConvexHull(points).equations
        except QhullError:  # all on a line
            normals = np.concatenate([np.eye(2), -np.eye(2)])
            return normals, np.concatenate([-points.max(axis=0), points.min(axis=0)])
        return hull[:, :2], hull[:, 2]


def fitted_domain(x: np.ndarray, mass_points: np.ndarray) -> Domain:
    """Domain of standardised event inputs x [n, k] of the training."""
    matrix = whitening(x)
    distance = np.mean((x @ matrix) ** 2, axis=1)
    return Domain(matrix, float(np.quantile(distance, OUTSIDE)), mass_points)


def coverage(residual: np.ndarray, size: np.ndarray, calibration: Calibration) -> dict[str, Any]:
    """Share of rows within the calibrated intervals, by nominal level, and at 68.27 and 95.45 %."""
    ratio = np.abs(residual) / size
    found = [float(np.mean(ratio <= q)) for q in calibration.quantiles]
    return {
        "nominal": calibration.levels.tolist(),
        "found": found,
        "68": float(np.mean(ratio <= calibration.factor(ONE_SIGMA))),
        "95": float(np.mean(ratio <= calibration.factor(TWO_SIGMA))),
    }
