"""sigma_vis of H -> ZA as a smooth function of (mH, mA), from a few mass points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from momentax.config import PhysicsConfig
from momentax.constants import MASS_Z
from momentax.errors import InputError
from momentax.processes.thdm import two_higgs_doublet
from momentax.simulate import visible_cross_section

Progress = Callable[[int, int], None]


class Surface(NamedTuple):
    """ln(sigma_vis / (BR(H -> ZA) BR(A -> bb))) = polynomial of degree 3 in (ln mH, ln p).

    The branching ratios have thresholds (A -> t tbar, H -> A A): they are taken out. p is the momentum of Z and A in
    the rest frame of H: the acceptance follows it, and it moves as the root of the distance to mH = mA + mZ,
    where a polynomial in mA is 3 % off (chi2 of 225 for 8 degrees; 16 in p).
    """

    coefficients: np.ndarray
    """[10], of x^i y^j, i + j <= 3, with (x, y) = (ln mH, ln p) - centre."""
    covariance: np.ndarray
    centre: np.ndarray
    thdm: tuple[float, float]
    """tan(beta), cos(beta - alpha)."""
    chi2: float
    degrees: int
    """Nodes less 10."""

    def at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(sigma_vis, its standard deviation) [k] in pb at (mH, mA) [k, 2]."""
        basis = _basis(points, self.centre)
        value = np.exp(basis @ self.coefficients) * branching_ratios(points, *self.thdm)
        variance = np.einsum("ki,ij,kj->k", basis, self.covariance, basis)
        # nodes that scatter by more than their errors: the form is wrong by as much
        return value, value * np.sqrt(variance * max(1.0, self.chi2 / self.degrees))


def branching_ratios(points: np.ndarray, tan_beta: float, cos_ba: float) -> np.ndarray:
    """BR(H -> ZA) BR(A -> b bbar) [k] of the type-II model at (mH, mA) [k, 2]."""
    models = [two_higgs_doublet(h, a, tan_beta, cos_ba) for h, a in points]
    return np.array([m.partial_h.za / m.width_h * m.partial_a.bb / m.width_a for m in models])


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
    return fit_surface(points, np.array(values), (physics.thdm.tan_beta, physics.thdm.cos_ba))


def fit_surface(points: np.ndarray, values: np.ndarray, thdm: tuple[float, float]) -> Surface:
    """The surface through (sigma_vis, standard deviation) [k, 2] in pb at (mH, mA) [k, 2], least squares in ln."""
    if len(points) < 13:
        raise InputError(
            f"{len(points)} nodes: a surface of degree 3 needs at least 13, to be checked as well"
        )
    sigma, error = values.T
    if not np.all(sigma > 0):
        raise InputError(f"nothing passes the selection at {points[int(np.argmin(sigma))].tolist()}")
    centre = _coordinates(points).mean(axis=0)
    relative = error / sigma
    basis = _basis(points, centre) / relative[:, None]
    target = np.log(sigma / branching_ratios(points, *thdm)) / relative
    covariance = np.linalg.inv(basis.T @ basis)
    coefficients = covariance @ basis.T @ target
    chi2 = float(((target - basis @ coefficients) ** 2).sum())
    return Surface(coefficients, covariance, centre, thdm, chi2, len(points) - 10)


def _basis(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    x, y = (_coordinates(points) - centre).T
    return np.stack([x**i * y**j for i in range(4) for j in range(4 - i)], axis=1)


def _coordinates(points: np.ndarray) -> np.ndarray:
    """(ln mH, ln p) [k, 2], p = sqrt(lambda(mH^2, mA^2, mZ^2))/(2 mH)."""
    m_h, m_a = np.asarray(points, dtype=float).T
    square = ((m_h - m_a) ** 2 - MASS_Z**2) * ((m_h + m_a) ** 2 - MASS_Z**2)
    if not np.all(square > 0):
        raise InputError(f"H -> ZA is closed at {np.asarray(points)[int(np.argmin(square))].tolist()}")
    return np.stack([np.log(m_h), 0.5 * np.log(square) - np.log(2.0 * m_h)], axis=1)
