"""Response of jets that a threshold has cut: the distribution before the cut, by the product-limit estimator."""

from __future__ import annotations

import numpy as np

LEAST_AT_RISK = 20.0
"""Pairs that a step of the estimator is divided by, at least, as long as not all pairs could have been seen."""


def product_limit(
    x: np.ndarray, limit: np.ndarray, weight: np.ndarray | None = None, least: float = LEAST_AT_RISK
) -> np.ndarray:
    """Probability [n] of each x, sum 1, in a sample without the cut x >= limit that each pair has passed.

    Product-limit estimator for left-truncated data (D. Lynden-Bell, MNRAS 155 (1971) 95; M. Woodroofe, Ann. Statist.
    13 (1985) 163): with x in rising order and the number at risk C_j = sum_i w_i [limit_i <= x_j <= x_i],

        P(x_j) = (w_j/C_j) prod_{k<j} (1 - w_k/C_k).

    It needs limits that are independent of x, and says nothing of x below the lowest limit. Where few of the pairs
    could have been seen, C_j is small and one pair takes all the probability: it is not taken below ``least`` mean
    weights there. Without a cut (every limit <= every x) each pair keeps its weight.

    Args:
        x: [n] measured values, e.g. E_rec/E_gen.
        limit: [n] least value at which each pair would have been seen, <= x.
        weight: [n] >= 0 with a positive sum; None: 1.
    """
    w = np.ones(len(x)) if weight is None else np.asarray(weight, dtype=float)
    if len(x) == 0:
        return w
    order = np.argsort(x, kind="stable")
    rising, mine = np.asarray(x, dtype=float)[order], w[order]
    by_limit = np.argsort(limit, kind="stable")
    entered = np.concatenate([[0.0], np.cumsum(w[by_limit])])[
        np.searchsorted(np.asarray(limit)[by_limit], rising, side="right")
    ]
    at_risk = np.maximum(entered - (np.cumsum(mine) - mine), mine)
    partly = rising < np.max(limit)
    floor = least * w.sum() / max(np.count_nonzero(w), 1)
    hazard = np.divide(
        mine, np.where(partly, np.maximum(at_risk, floor), at_risk), out=np.zeros_like(mine), where=mine > 0
    )
    hazard = np.minimum(hazard, 1.0)
    left = np.concatenate([[1.0], np.cumprod(1.0 - hazard)[:-1]])
    found = np.empty_like(left)
    found[order] = left * hazard
    return found / found.sum()
