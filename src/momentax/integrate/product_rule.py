"""Integrals of tabulated functions against Breit-Wigner factors of any width, on a fixed grid in ln s.

Int f(s) ds/((s - M^2)^2 + M^2 Gamma^2) = sum_k f(s_k) weight_k with f interpolated by cubics through four nodes: a pole
may be much narrower than the grid (then f is interpolated at the pole) or much wider, near or far.
"""

from __future__ import annotations

import numpy as np

_GAUSS_X, _GAUSS_W = np.polynomial.legendre.leggauss(8)
_NEAR = 4.0
"""Cells whose distance from the pole is below this many of their widths are integrated in closed form."""


def breit_wigner_weights(log_s: np.ndarray, mass: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Weights of the nodes.

    Parameters
    ----------
    log_s : [n]
        Equidistant ln s of the nodes (s in GeV^2), at least 4.
    mass, width : [m]
        GeV.

    Returns
    -------
    [m, n]: weights of ``f`` at the nodes, GeV^-2.
    """
    s = np.exp(np.asarray(log_s, dtype=float))
    mass, width = np.asarray(mass, dtype=float), np.asarray(width, dtype=float)
    n = len(s)
    first = np.clip(np.arange(n - 1) - 1, 0, n - 4)  # first of the four nodes of every cell
    nodes = s[first[:, None] + np.arange(4)]  # [cells, 4]
    low, span = s[:-1], np.diff(s)
    out = np.zeros((len(mass), n))
    # far cells, or a pole wider than the cell: Gauss-Legendre in s
    x = low[:, None] + 0.5 * span[:, None] * (_GAUSS_X + 1.0)  # [cells, 8]
    basis = _lagrange(nodes, x)  # [cells, 4, 8]
    for row, (m, g) in enumerate(zip(mass, width, strict=True)):
        pole, mg = m * m, m * g
        lorentz = 1.0 / ((x - pole) ** 2 + mg**2)
        cells = 0.5 * span[:, None] * np.einsum("ckq,cq,q->ck", basis, lorentz, _GAUSS_W)
        distance = np.maximum(np.maximum(low - pole, pole - low - span), 0.0)
        near = np.flatnonzero(np.hypot(distance, mg) < _NEAR * span)
        if len(near):
            cells[near] = _closed(nodes[near], low[near], low[near] + span[near], pole, mg)
        np.add.at(out[row], first[:, None] + np.arange(4), cells)
    return out


def _lagrange(nodes: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Cubic Lagrange polynomials of ``nodes`` [cells, 4] at ``x`` [cells, q]: [cells, 4, q]."""
    out = np.ones((len(nodes), 4, x.shape[1]))
    for k in range(4):
        for j in range(4):
            if j != k:
                out[:, k] *= (x - nodes[:, j : j + 1]) / (nodes[:, k] - nodes[:, j])[:, None]
    return out


def _closed(nodes: np.ndarray, low: np.ndarray, high: np.ndarray, pole: float, mg: float) -> np.ndarray:
    """Int over [low, high] of the Lagrange polynomials times 1/((s - pole)^2 + mg^2), [cells, 4].

    With y = (s - pole)/h the moments are I0 = arctan/g, I1 = ln/2, I2 = dy - g^2 I0, I3 = dy^2/2 - g^2 I1.
    """
    h = high - low
    a, b, g = (low - pole) / h, (high - pole) / h, mg / h
    i0 = (np.arctan(b / g) - np.arctan(a / g)) / g
    i1 = 0.5 * np.log((b**2 + g**2) / (a**2 + g**2))
    i2 = (b - a) - g**2 * i0
    i3 = 0.5 * (b**2 - a**2) - g**2 * i1
    moments = np.stack([i0, i1, i2, i3], axis=1) / h[:, None]
    y = (nodes - pole) / h[:, None]
    out = np.empty((len(nodes), 4))
    for k in range(4):
        r = np.delete(y, k, axis=1)
        scale = np.prod(y[:, k : k + 1] - r, axis=1)
        # (y - r0)(y - r1)(y - r2), powers 0 to 3
        polynomial = np.stack(
            [
                -r[:, 0] * r[:, 1] * r[:, 2],
                r[:, 0] * r[:, 1] + r[:, 0] * r[:, 2] + r[:, 1] * r[:, 2],
                -r.sum(axis=1),
                np.ones(len(r)),
            ],
            axis=1,
        )
        out[:, k] = np.sum(polynomial * moments, axis=1) / scale
    return out
