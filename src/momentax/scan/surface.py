"""sigma_vis of H -> ZA as a smooth function of (mH, mA), from a few mass points.

    sigma_vis = sigma x A,    ln(A/(TOP - A)) = Gaussian process in (ln mA, ln p)

sigma is known everywhere (:mod:`momentax.processes.hza_cross_section`) and holds all that is not smooth: thresholds of
the branching ratios and of the loop, widths. The acceptance (times the efficiency, if the detector has one) A is
smooth. A polynomial is no form for it: from (132, 28) to (3000, 2000) one of degree 8 in the same coordinates still
leaves a chi2 of 6 per degree, because A falls steeply where jets are too soft for the selection, and is flat elsewhere.
The process has a linear mean, the Matern kernel of order 5/2 and the errors of the nodes; its lengths and size are
those of the largest likelihood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from momentax.config import PhysicsConfig
from momentax.errors import InputError
from momentax.processes.hza import hza
from momentax.processes.hza_cross_section import cross_sections
from momentax.scan.nodes import LEAST_NODES, coordinates
from momentax.simulate import visible_cross_section

Progress = Callable[[int, int], None]

TOP = 1.1
"""Above 1: the estimated acceptance of a loose selection may exceed 1 by its error."""
_MEAN_SD = 10.0
"""Prior standard deviation of the mean's constant and slopes: no constraint."""
_BOUNDS = ((-1.5, 3.0), (-1.5, 3.0), (-3.0, 3.0))
"""Of ln of the lengths and of ln of the size."""
_STARTS = ((0.0, 0.0, 0.0), (1.0, 1.5, 1.0), (2.0, 2.0, 1.0))


class Surface(NamedTuple):
    """A fitted surface; :func:`fit_surface` makes it."""

    points: np.ndarray
    """Nodes (mH, mA) [k, 2], GeV."""
    values: np.ndarray
    """sigma_vis and its standard deviation at the nodes, [k, 2], pb."""
    sigma: np.ndarray
    """Cross sections before the selection, [k], pb."""
    lengths: np.ndarray
    """Of the kernel in ln mA and ln p."""
    size: float
    """Standard deviation of the process around its mean."""
    physics: PhysicsConfig

    def at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(sigma_vis, its standard deviation) [k] in pb at (mH, mA) [k, 2]."""
        points = np.asarray(points, dtype=float)
        total = cross_sections([hza(*p) for p in points], self.physics)
        mean, covariance = self._process(points)
        share = TOP / (1.0 + np.exp(-mean))
        error = np.sqrt(np.diag(covariance)) * share * (TOP - share) / TOP
        return total * share, total * error * np.sqrt(self.inflation)

    def covariance(self, points: np.ndarray) -> np.ndarray:
        """Covariance [k, k] of ln sigma_vis at (mH, mA) [k, 2]: neighbours err together."""
        mean, covariance = self._process(np.asarray(points, dtype=float))
        slope = 1.0 - 1.0 / (1.0 + np.exp(-mean))
        return covariance * np.outer(slope, slope) * self.inflation

    @property
    def coefficients(self) -> np.ndarray:
        """[k]: the process is the sum of these times the kernel at the nodes (its prior mean's included)."""
        target, _ = _target(self.values, self.sigma)
        return cho_solve(self._factor(), target)

    @property
    def residuals(self) -> np.ndarray:
        """(deviation, its expected standard deviation) [k, 2] of ln(A/(TOP - A)) at every node from all the others."""
        inverse = cho_solve(self._factor(), np.eye(len(self.points)))
        variance = 1.0 / np.diag(inverse)
        return np.stack([self.coefficients * variance, np.sqrt(variance)], axis=1)

    @property
    def relative_residuals(self) -> np.ndarray:
        """(deviation, its expected standard deviation) [k, 2] of sigma_vis/surface - 1, each node left out."""
        share = self.values[:, 0] / self.sigma
        return self.residuals * ((TOP - share) / TOP)[:, None]

    @property
    def chi2(self) -> float:
        """Sum of the squared residuals in units of their standard deviations."""
        deviation, expected = self.residuals.T
        return float(np.sum((deviation / expected) ** 2))

    @property
    def degrees(self) -> int:
        """Residuals that enter chi2."""
        return len(self.points)

    @property
    def inflation(self) -> float:
        """Of variances: nodes that scatter by more than their errors say that the form is wrong by as much."""
        return max(1.0, self.chi2 / self.degrees)

    def _process(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean [k] and covariance [k, k] of ln(A/(TOP - A))."""
        centre = coordinates(self.points).mean(axis=0)
        x, nodes = coordinates(points) - centre, coordinates(self.points) - centre
        cross = _kernel(x, nodes, self.lengths, self.size)
        mean = cross @ self.coefficients
        prior = _kernel(x, x, self.lengths, self.size)
        return mean, prior - cross @ cho_solve(self._factor(), cross.T)

    def _factor(self) -> Any:
        return _factor(self.points, _target(self.values, self.sigma)[1], self.lengths, self.size)

    def to_dict(self) -> dict[str, Any]:
        """Numbers for a file: :meth:`from_dict` makes the surface again."""
        relative = self.relative_residuals
        columns = ("mH", "mA", "sigma", "sigma_vis", "sigma_vis_error", "residual", "residual_expected")
        rows = np.column_stack([self.points, self.sigma, self.values, relative])
        return {
            "form": "sigma_vis = sigma A, ln(A/(top - A)): Gaussian process in (ln mA, ln p), Matern 5/2, linear mean",
            "unit": "pb",
            "top": TOP,
            "nodes": [dict(zip(columns, row.tolist(), strict=True)) for row in rows],
            "lengths": self.lengths.tolist(),
            "size": self.size,
            "coefficients": self.coefficients.tolist(),
            "covariance_of_ln_sigma_vis": self.covariance(self.points).tolist(),
            "chi2": self.chi2,
            "degrees": self.degrees,
            "physics": self.physics.model_dump(mode="json"),
        }

    @classmethod
    def from_dict(cls, numbers: Mapping[str, Any]) -> Surface:
        """The surface of :meth:`to_dict`."""
        nodes = numbers["nodes"]
        points, values = (
            np.array([[node[key] for key in keys] for node in nodes])
            for keys in (("mH", "mA"), ("sigma_vis", "sigma_vis_error"))
        )
        sigma = np.array([node["sigma"] for node in nodes])
        physics = PhysicsConfig.model_validate(numbers["physics"])
        return cls(points, values, sigma, np.array(numbers["lengths"]), float(numbers["size"]), physics)


def visible_surface(
    nodes: Sequence[tuple[float, float]],
    physics: PhysicsConfig,
    selection: Mapping[str, Any],
    n_trials: int = 100_000,
    seed: int = 1,
    progress: Progress | None = None,
) -> Surface:
    """Fit the surface to visible cross sections at ``nodes`` (mH, mA) in GeV.

    ``selection``, ``n_trials``, ``seed``: of :func:`momentax.simulate.visible_cross_section`. Raises InputError for
    fewer than 13 nodes or a node where nothing passes.
    """
    points = np.array(nodes, dtype=float)
    values = []
    for i, (m_h, m_a) in enumerate(points):
        values.append(
            visible_cross_section(f"hza_{m_h:g}_{m_a:g}", selection, physics, n_trials=n_trials, seed=seed)
        )
        if progress is not None:
            progress(i + 1, len(points))
    return fit_surface(points, np.array(values), physics)


def fit_surface(points: np.ndarray, values: np.ndarray, physics: PhysicsConfig | None = None) -> Surface:
    """The surface through (sigma_vis, standard deviation) [k, 2] in pb at (mH, mA) [k, 2]."""
    if len(points) < LEAST_NODES:
        raise InputError(
            f"{len(points)} nodes: a surface needs at least {LEAST_NODES}, to be checked as well"
        )
    if not np.all(values[:, 0] > 0):
        raise InputError(f"nothing passes the selection at {points[int(np.argmin(values[:, 0]))].tolist()}")
    physics = physics or PhysicsConfig()
    sigma = cross_sections([hza(*p) for p in points], physics)
    if np.any(values[:, 0] >= TOP * sigma):
        worst = int(np.argmax(values[:, 0] / sigma))
        raise InputError(
            f"sigma_vis = {values[worst, 0]:g} pb at {points[worst].tolist()} is above the cross section, "
            f"{sigma[worst]:g} pb: was it made with another configuration?"
        )
    target, error = _target(values, sigma)

    def minus_log_likelihood(t: np.ndarray) -> float:
        factor = _factor(points, error, np.exp(t[:2]), float(np.exp(t[2])))
        return float(0.5 * target @ cho_solve(factor, target) + np.log(np.diag(factor[0])).sum())

    found = [
        minimize(minus_log_likelihood, start, method="Nelder-Mead", bounds=_BOUNDS, options={"maxiter": 400})
        for start in _STARTS
    ]
    best = min(found, key=lambda result: result.fun).x
    return Surface(points, values, sigma, np.exp(best[:2]), float(np.exp(best[2])), physics)


def _target(values: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln(A/(TOP - A)) and its standard deviation, [k]."""
    share, relative = values[:, 0] / sigma, values[:, 1] / values[:, 0]
    return np.log(share / (TOP - share)), relative * TOP / (TOP - share)


def _factor(points: np.ndarray, error: np.ndarray, lengths: np.ndarray, size: float) -> Any:
    x = coordinates(points)
    x = x - x.mean(axis=0)
    # 1e-6: rounding of a nearly singular kernel, below any error of a node
    return cho_factor(_kernel(x, x, lengths, size) + np.diag(error**2 + 1e-12 * size**2), lower=True)


def _kernel(x: np.ndarray, y: np.ndarray, lengths: np.ndarray, size: float) -> np.ndarray:
    """Covariance [n, m] of the process at coordinates [n, 2] and [m, 2]."""
    r = np.sqrt(5.0 * np.sum(((x[:, None] - y) / lengths) ** 2, axis=2))
    return size**2 * (1.0 + r + r**2 / 3.0) * np.exp(-r) + _MEAN_SD**2 * (1.0 + x @ y.T)


__all__ = ["Surface", "fit_surface", "visible_surface"]
