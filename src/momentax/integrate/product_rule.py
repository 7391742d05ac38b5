"""Integrals of tabulated functions against Breit-Wigner factors of any width, on a fixed grid in ln s.

Int f(s) ds/((s - M^2)^2 + M^2 Gamma^2) = sum_k f(s_k) weight_k with f interpolated by polynomials through
several nodes: a pole may be much narrower than the grid (then f is interpolated at the pole) or much wider, near or
far.
"""

from __future__ import annotations

import numpy as np

_GAUSS_X, _GAUSS_W = np.polynomial.legendre.leggauss(8)
_NEAR = 4.0
"""Cells whose distance from the pole is below this many of their widths are integrated in closed form."""


def breit_wigner_weights(
    log_s: np.ndarray, mass: np.ndarray, width: np.ndarray, points: int = 6
) -> np.ndarray:
    """Weights of the nodes.

    Parameters
    ----------
    log_s : [n]
        Equidistant ln s of the nodes (s in GeV^2), at least ``points``.
    mass, width : [m]
        GeV.
    points : int
        Nodes that interpolate f in a cell; even.

    Returns
    -------
    [m, n]: weights of ``f`` at the nodes, GeV^-2.
    """
    s = np.exp(np.asarray(log_s, dtype=float))
    mass, width = np.asarray(mass, dtype=float), np.asarray(width, dtype=float)
    n = len(s)
    first = np.clip(np.arange(n - 1) - (points // 2 - 1), 0, n - points)  # of the nodes of every cell
    nodes = s[first[:, None] + np.arange(points)]  # [cells, points]
    low, span = s[:-1], np.diff(s)
    out = np.zeros((len(mass), n))
    # far cells, or a pole wider than the cell: Gauss-Legendre in s
    x = low[:, None] + 0.5 * span[:, None] * (_GAUSS_X + 1.0)  # [cells, 8]
    rule = _lagrange(nodes, x) * (0.5 * span[:, None, None] * _GAUSS_W)  # [cells, points, 8]
    for row, (m, g) in enumerate(zip(mass, width, strict=True)):
        pole, mg = m * m, m * g
        lorentz = 1.0 / ((x - pole) ** 2 + mg**2)
        cells = (rule @ lorentz[..., None])[..., 0]
        distance = np.maximum(np.maximum(low - pole, pole - low - span), 0.0)
        near = np.flatnonzero(np.hypot(distance, mg) < _NEAR * span)
        if len(near):
            cells[near] = _closed(nodes[near], low[near], low[near] + span[near], pole, mg)
        for k in range(points):
            out[row] += np.bincount(first + k, cells[:, k], minlength=n)
    return out


def _lagrange(nodes: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Lagrange polynomials of ``nodes`` [cells, points] at ``x`` [cells, q]: [cells, points, q]."""
    points = nodes.shape[1]
    out = np.ones((len(nodes), points, x.shape[1]))
    for k in range(points):
        for j in range(points):
            if j != k:
                out[:, k] *= (x - nodes[:, j : j + 1]) / (nodes[:, k] - nodes[:, j])[:, None]
    return out


def _closed(nodes: np.ndarray, low: np.ndarray, high: np.ndarray, pole: float, mg: float) -> np.ndarray:
    """Int over [low, high] of the Lagrange polynomials times 1/((s - pole)^2 + mg^2), [cells, points].

    With y = (s - pole)/h, g = mg/h the moments are I0 = arctan/g, I1 = ln/2, I_k = dy^(k-1)/(k-1) - g^2 I_(k-2).
    """
    points = nodes.shape[1]
    h = high - low
    a, b, g = (low - pole) / h, (high - pole) / h, mg / h
    moments = [
        (np.arctan(b / g) - np.arctan(a / g)) / g,
        0.5 * np.log((b**2 + g**2) / (a**2 + g**2)),
    ]
    for k in range(2, points):
        moments.append((b ** (k - 1) - a ** (k - 1)) / (k - 1) - g**2 * moments[k - 2])
    y = (nodes - pole) / h[:, None]
    out = np.zeros((len(nodes), points))
    for k in range(points):
        # coefficients of prod_j (y - y_j), ascending
        polynomial = np.zeros((len(nodes), points))
        polynomial[:, 0] = 1.0
        for j in range(points):
            if j != k:
                shifted = np.concatenate([np.zeros((len(nodes), 1)), polynomial[:, :-1]], axis=1)
                polynomial = (shifted - y[:, j : j + 1] * polynomial) / (y[:, k] - y[:, j])[:, None]
        out[:, k] = np.sum(polynomial * np.stack(moments, axis=1), axis=1) / h
    return out
