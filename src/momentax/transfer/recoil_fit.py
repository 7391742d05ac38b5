"""Fits of g(k_T), and of the measurement N2(k_rec - k_T + c sum_b (pT_gen - pT_rec); sigma_u)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from momentax.errors import InputError

CLIP = 5.0
"""Events with |k_rec - k_T + c loss| beyond this many sigma_u are outliers (4e-6 of a Gaussian): not fitted."""
_REPLICAS = 200
_MAX_GROUPS = 5000
_MIN_EVENTS = 200


class MixtureFit(NamedTuple):
    """g(k_T) = sum_i w_i N2(k_T; s_i): weights (sum 1), sigmas per axis in GeV, rising."""

    weights: np.ndarray
    sigmas: np.ndarray

    def cdf(self, k: np.ndarray) -> np.ndarray:
        """Probability of |k_T| < k (GeV)."""
        below = -np.expm1(-0.5 * (np.asarray(k)[..., None] / self.sigmas) ** 2)
        return (self.weights * below).sum(axis=-1)


class MeasurementFit(NamedTuple):
    """sigma_u (GeV per axis) and c, each with its standard deviation, and the share of events kept."""

    sigma_u: float
    sigma_u_error: float
    c: float
    c_error: float
    kept: float


def fit_mixture(k_t: np.ndarray, weight: np.ndarray | None = None, components: int = 3) -> MixtureFit:
    """Maximum-likelihood mixture of isotropic two-dimensional Gaussians of mean 0 for ``k_t`` [n, 2], GeV.

    Expectation-maximisation on s = k_T^2, whose density is sum_i w_i exp(-s/2v_i)/(2 v_i); start: the sample
    in parts of equal size, each with its own mean. Beyond 5,000 events s is averaged in groups of
    neighbours. A component with a weight below 0.1 % is dropped.
    Raises InputError for fewer than 200 events or k_T = 0 throughout.
    """
    square = (k_t**2).sum(axis=1)
    if len(square) < _MIN_EVENTS:
        raise InputError(f"g(k_T): {len(square)} events with a true k_T, at least {_MIN_EVENTS} are needed")
    if np.median(square) <= 0:
        raise InputError(
            "g(k_T): the true k_T is 0 in most events; give a sample with initial-state radiation"
        )
    order = np.argsort(square, kind="stable")
    groups = np.array_split(order, min(len(square), _MAX_GROUPS))
    w = np.ones(len(square)) if weight is None else weight
    n = np.array([w[g].sum() for g in groups])
    s = np.array([(w[g] * square[g]).sum() for g in groups])[n > 0] / n[n > 0]
    n = n[n > 0] / n.sum()
    part = np.minimum((components * (np.cumsum(n) - 0.5 * n)).astype(int), components - 1)
    share = np.bincount(part, n, components)
    variance = np.bincount(part, n * s, components) / (2.0 * share)
    floor, last = 1e-5 * (n * s).sum(), -np.inf
    for _ in range(20_000):
        joint = share / (2.0 * variance) * np.exp(-s[:, None] / (2.0 * variance))
        density = joint.sum(axis=1)
        likelihood = float((n * np.log(density)).sum())
        responsibility = n[:, None] * joint / density[:, None]
        share = responsibility.sum(axis=0)
        variance = np.maximum((responsibility * s[:, None]).sum(axis=0) / (2.0 * share), floor)
        if likelihood - last < 1e-11:
            break
        last = likelihood
    used = np.flatnonzero(share > 1e-3)
    used = used[np.argsort(variance[used])]
    return MixtureFit(share[used] / share[used].sum(), np.sqrt(variance[used]))


def fit_measurement(
    error: np.ndarray, loss: np.ndarray, weight: np.ndarray | None = None, seed: int = 1
) -> MeasurementFit:
    """sigma_u and c from ``error`` = k_rec - k_T and ``loss`` = sum_b (pT_gen - pT_rec), both [n, 2] in GeV.

    c minimises the variance of error + c loss: c = -sum error.loss / sum loss.loss; sigma_u is its standard
    deviation per axis. Both over events within :data:`CLIP` sigma_u, repeated until the set is
    stable (start: c = 0, sigma_u from the median), sigma_u corrected for what a Gaussian loses there.
    Errors: bootstrap over events, 200 replicas. Raises InputError for fewer than 200 events.
    """
    if len(error) < _MIN_EVENTS:
        raise InputError(
            f"recoil: {len(error)} events with both b quarks matched to jets, at least {_MIN_EVENTS} are needed"
        )
    w = np.ones(len(error)) if weight is None else weight
    sigma, c, kept = _clipped(error, loss, w)
    rng = np.random.default_rng(seed)
    replicas = np.empty((_REPLICAS, 2))
    for i in range(_REPLICAS):
        again = w * np.bincount(rng.integers(0, len(w), len(w)), minlength=len(w))
        replicas[i] = _clipped(error, loss, again)[:2]
    sigma_error, c_error = replicas.std(axis=0, ddof=1)
    return MeasurementFit(sigma, float(sigma_error), c, float(c_error), kept)


def _clipped(error: np.ndarray, loss: np.ndarray, w: np.ndarray) -> tuple[float, float, float]:
    """(sigma_u, c, kept share) of events with weights ``w``."""
    tail = np.exp(-0.5 * CLIP**2)
    lost = 0.5 * CLIP**2 * tail / (1.0 - tail)
    dot = (error * loss).sum(axis=1)
    loss2 = (loss**2).sum(axis=1)
    c, sigma = 0.0, float(np.median(np.hypot(*error[w > 0].T)) / np.sqrt(2.0 * np.log(2.0)))
    used = np.zeros(len(w), dtype=bool)
    for _ in range(100):
        distance2 = ((error + c * loss) ** 2).sum(axis=1)
        now = distance2 <= (CLIP * sigma) ** 2
        if np.array_equal(now, used):
            break
        used, total = now, (w * now * loss2).sum()
        c = float(-(w * now * dot).sum() / total) if total > 0 else 0.0
        distance2 = ((error + c * loss) ** 2).sum(axis=1)
        sigma = float(np.sqrt(0.5 * (w * now * distance2).sum() / (w * now).sum() / (1.0 - lost)))
    return sigma, c, float((w * used).sum() / w.sum())
