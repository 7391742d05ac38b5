"""How well a fit describes the events it was made of: histograms beside what the fit expects in each bin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import awkward as ak
import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtr

from momentax.transfer.binned import BinnedTransfer
from momentax.transfer.fit import FittedTransfer, weight_before_cut
from momentax.transfer.pairs import matched_pairs

_BINS = 30
_SPECTRUM = 500
"""Quantiles of the true energies over which the expectation of a bin is averaged."""
_MIN_EXPECTED = 5.0
_ANGLES = (-2.3, 0.8)
"""Range of log10 of Delta R; below 0.005 the first step of the quantile function is coarser than the jets."""


class Histogram(NamedTuple):
    """Counts in bins, what the fit expects there, and the standard deviation that it expects."""

    edges: np.ndarray
    counts: np.ndarray
    expected: np.ndarray
    deviation: np.ndarray
    e_gen: np.ndarray
    """Range [2] of E_gen, GeV; empty where the histogram is not in one."""

    def chi2(self) -> tuple[float, int]:
        """(chi2, bins) over bins where at least 5 counts are expected; fitted parameters are not subtracted."""
        used = self.expected >= _MIN_EXPECTED
        pull = (self.counts - self.expected)[used] / self.deviation[used]
        return float((pull**2).sum()), int(used.sum())


def closure(
    events: ak.Array, fitted: FittedTransfer, jet_pt_min: float | None = None
) -> dict[str, Histogram]:
    """Histograms of the events and their expectation; b jets with the weights that undo the threshold ``jet_pt_min``.

    ``<object>_<i>``: E_rec/E_gen in the lower, middle and upper third of E_gen (i = 0, 1, 2), expected: the
    mean over the true energies there of the integral of T over the bin. ``k_T``: the true absolute k_T (GeV)
    and its mixture. ``u``: both components (GeV) of k_rec - k_T + c sum_b (pT_gen - pT_rec) and N2.
    ``directions_<i>``: log10 of Delta R(b, jet) in thirds of the measured pT, whose range is in the place of E_gen.
    """
    pairs, recoil = matched_pairs(events, jet_pt_min)
    histograms = {}
    for name, every in pairs.items():
        p = every.above(fitted.tables[name].e_edges[0])
        weight = weight_before_cut(p, fitted.tables[name].e_edges)
        response, thirds = p.e_rec / p.e_gen, np.quantile(p.e_gen, [0.0, 1 / 3, 2 / 3, 1.0])
        for i in range(3):
            inside = (p.e_gen >= thirds[i]) & (p.e_gen <= thirds[i + 1])
            x, energies = response[inside], p.e_gen[inside]
            edges = np.linspace(*_core(x), _BINS + 1)
            expected = _expected_shares(fitted.transfers[name], energies, edges)
            histograms[f"{name}_{i}"] = _histogram(x, weight[inside], edges, expected, thirds[i : i + 2])
    b = pairs["b_preFSR"]
    angle, pt = np.log10(np.maximum(b.angle, 1e-9)), np.asarray(b.pt)
    edges, thirds = np.linspace(*_ANGLES, _BINS + 1), np.quantile(pt, [0.0, 1 / 3, 2 / 3, 1.0])
    for i in range(3):
        inside = (pt >= thirds[i]) & (pt <= thirds[i + 1])
        middle = np.quantile(pt[inside], (np.arange(_SPECTRUM) + 0.5) / _SPECTRUM)
        expected = np.mean([np.diff(fitted.directions.cdf(10.0**edges, p)) for p in middle], axis=0)
        histograms[f"directions_{i}"] = _histogram(
            angle[inside], b.weight[inside], edges, expected, thirds[i : i + 2]
        )
    k = np.hypot(*recoil.k_t.T)
    edges = np.linspace(0.0, np.quantile(k, 0.99), _BINS + 1)
    histograms["k_T"] = _histogram(k, recoil.k_t_weight, edges, np.diff(fitted.mixture.cdf(edges)))
    sigma = fitted.measurement.sigma_u
    u = (recoil.error + fitted.measurement.c * recoil.loss).ravel()
    edges = np.linspace(-4.5 * sigma, 4.5 * sigma, _BINS + 1)
    histograms["u"] = _histogram(u, np.repeat(recoil.weight, 2), edges, np.diff(ndtr(edges / sigma)))
    return histograms


def closure_arrays(histograms: Mapping[str, Histogram]) -> dict[str, np.ndarray]:
    """The histograms as named arrays, for a file."""
    return {f"{name}/{f}": getattr(h, f) for name, h in histograms.items() for f in Histogram._fields}


def histograms_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Histogram]:
    """The histograms out of the named arrays of :func:`closure_arrays`."""
    names = dict.fromkeys(key.split("/")[0] for key in arrays)
    return {name: Histogram(*(arrays[f"{name}/{f}"] for f in Histogram._fields)) for name in names}


def _core(x: np.ndarray) -> tuple[float, float]:
    """The central 99 %, but no further from the median than 5 times half the central 68 %."""
    far_low, low, median, high, far_high = np.quantile(x, [0.005, 0.1587, 0.5, 0.8413, 0.995])
    reach = 2.5 * (high - low)
    return max(far_low, median - reach), min(far_high, median + reach)


def _histogram(
    x: np.ndarray,
    weight: np.ndarray,
    edges: np.ndarray,
    shares: np.ndarray,
    e_gen: np.ndarray | tuple[()] = (),
) -> Histogram:
    counts = np.histogram(x, edges, weights=weight)[0]
    expected = weight.sum() * shares
    deviation = np.sqrt(np.maximum(expected, 1e-12) * (weight**2).sum() / weight.sum())
    return Histogram(edges, counts, expected, deviation, np.asarray(e_gen, dtype=float))


def _expected_shares(transfer: BinnedTransfer, e_gen: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean over ``e_gen`` of the integral of T over each bin of E_rec/E_gen: three Gauss points in each bin."""
    spectrum = np.quantile(e_gen, (np.arange(_SPECTRUM) + 0.5) / _SPECTRUM)
    nodes, weights = np.polynomial.legendre.leggauss(3)
    half = 0.5 * np.diff(edges)[:, None]
    x = edges[:-1, None] + half * (1.0 + nodes)
    e = spectrum[:, None, None]
    density = np.asarray(_density(transfer, jnp.asarray(e * x), jnp.asarray(e)))
    return ((density * e).mean(axis=0) * weights * half).sum(axis=1)


@jax.jit
def _density(transfer: BinnedTransfer, e_rec: jax.Array, e_gen: jax.Array) -> jax.Array:
    return transfer.density(e_rec, e_gen)
