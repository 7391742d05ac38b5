"""Kinematic observables of events, and histograms of two samples of the same process beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import awkward as ak
import numpy as np
from scipy.stats import chi2 as chi2_distribution

from momentax.errors import InputError
from momentax.events.validate import bad_input
from momentax.events.visible import visible

_BINS = 20
_LEAST = 10
"""Events of each sample in a bin that counts in chi2: below, its error is no Gaussian one."""


class Comparison(NamedTuple):
    """One observable in two samples: edges [k + 1]; sums of weights [2, k] and their variances, row 1 the reference.

    Entries of an event that fall into the same bin (two leptons, two jets) are one draw: their variance is that of
    their sum.
    """

    edges: np.ndarray
    counts: np.ndarray
    variances: np.ndarray
    entries: np.ndarray
    """Entries in each bin, [2, k]."""
    totals: np.ndarray
    """Sums of weights of all entries, [2], those beyond the edges included."""

    def densities(self) -> tuple[np.ndarray, np.ndarray]:
        """(share of the sample per bin width [2, k], standard deviation)."""
        norm = self.totals[:, None] * np.diff(self.edges)
        return self.counts / norm, np.sqrt(self.variances) / norm

    def chi2(self) -> tuple[float, int]:
        """(chi2, degrees of freedom) of the two shapes, over bins with at least 10 entries of both samples.

        Both are normalised to these bins, which takes one degree of freedom.
        """
        used = np.all(self.entries >= _LEAST, axis=0)
        if used.sum() < 2:
            return 0.0, 0
        norm = self.counts[:, used].sum(axis=1, keepdims=True)
        share, variance = self.counts[:, used] / norm, self.variances[:, used] / norm**2
        return float(((share[0] - share[1]) ** 2 / variance.sum(axis=0)).sum()), int(used.sum()) - 1

    def probability(self) -> float:
        """Chance of a larger chi2 if the shapes are the same; 1 without a degree of freedom."""
        value, degrees = self.chi2()
        return float(chi2_distribution.sf(value, degrees)) if degrees else 1.0

    def shape(self) -> dict[str, float]:
        """``chi2``, ``degrees`` of freedom and ``probability``."""
        value, degrees = self.chi2()
        return {"chi2": value, "degrees": degrees, "probability": self.probability()}


def observables(events: ak.Array) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(observables [n], or [n, 2] with an entry for each lepton or jet; event weights [n]) of usable events.

    GeV: ``lepton_pt_1``, ``lepton_pt_2`` (leading, other), ``jet_pt_1``, ``jet_pt_2``, ``m_ll``, ``m_bb``, ``m_llbb``,
    ``pt_ll``, ``met``, ``recoil`` (of the leptons, both jets and the MET together: k_rec); ``lepton_eta``, ``jet_eta``,
    ``dr_bb``, ``dphi_ll`` (0 to pi) and ``dr_ll``.
    """
    good = events[~bad_input(events)]
    seen = visible(good)
    p = seen.direction * np.sqrt(seen.energy**2 - seen.mass**2)[..., None]
    pt = np.hypot(p[..., 0], p[..., 1])
    eta = np.arctanh(np.clip(seen.direction[..., 2], -1 + 1e-15, 1 - 1e-15))
    phi = np.arctan2(p[..., 1], p[..., 0])
    lepton_pt, jet_pt = np.sort(pt[:, :2])[:, ::-1], pt[:, 2:]

    def mass(objects: slice) -> np.ndarray:
        square = seen.energy[:, objects].sum(axis=1) ** 2 - (p[:, objects].sum(axis=1) ** 2).sum(axis=1)
        return np.sqrt(np.maximum(square, 0.0))

    def apart(i: int, j: int) -> tuple[np.ndarray, np.ndarray]:
        return eta[:, i] - eta[:, j], np.abs(np.angle(np.exp(1j * (phi[:, i] - phi[:, j]))))

    values = {
        "lepton_pt_1": lepton_pt[:, 0],
        "lepton_pt_2": lepton_pt[:, 1],
        "lepton_eta": eta[:, :2],
        "jet_pt_1": jet_pt[:, 0],
        "jet_pt_2": jet_pt[:, 1],
        "jet_eta": eta[:, 2:],
        "m_ll": mass(slice(0, 2)),
        "m_bb": mass(slice(2, 4)),
        "m_llbb": mass(slice(0, 4)),
        "pt_ll": np.hypot(*p[:, :2, :2].sum(axis=1).T),
        "met": np.hypot(*seen.met.T),
        "recoil": np.hypot(*(p[:, :, :2].sum(axis=1) + seen.met).T),
        "dphi_ll": apart(0, 1)[1],
        "dr_ll": np.hypot(*apart(0, 1)),
        "dr_bb": np.hypot(*apart(2, 3)),
    }
    return values, ak.to_numpy(good.weight).astype(float)


def compare(events: ak.Array, reference: ak.Array, bins: int = _BINS) -> dict[str, Comparison]:
    """Histograms of every observable in both samples, equal bins over the central 98 % of the two together.

    Raises InputError for a sample without usable events.
    """
    (mine, w_mine), (other, w_other) = observables(events), observables(reference)
    if not len(w_mine) or not len(w_other):
        raise InputError(f"nothing to compare: {len(w_mine)} and {len(w_other)} usable events")
    found = {}
    for name in mine:
        pair = ((mine[name], w_mine), (other[name], w_other))
        ends = np.array([np.quantile(x, [0.01, 0.99]) for x, _ in pair])
        edges = np.linspace(ends[:, 0].min(), ends[:, 1].max(), bins + 1)
        parts = [_histogram(x, w, edges) for x, w in pair]
        counts, variances, entries = (np.stack(rows) for rows in zip(*parts, strict=True))
        totals = np.array([w.sum() * x[0].size for x, w in pair])
        found[name] = Comparison(edges, counts, variances, entries, totals)
    return found


def _histogram(
    x: np.ndarray, weight: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sums of weights, their variances, entries) [k] of x, [n] or [n, entries of an event]."""
    columns = x.reshape(len(x), -1)
    bins = len(edges) - 1
    # as numpy.histogram: the last edge belongs to the last bin
    place = np.where(columns == edges[-1], bins, np.searchsorted(edges, columns, side="right"))
    counts = np.stack([(place == k).sum(axis=1) for k in range(1, bins + 1)])
    return counts @ weight, counts**2 @ weight**2, counts.sum(axis=1)


def comparison_arrays(found: Mapping[str, Comparison]) -> dict[str, np.ndarray]:
    """The histograms as named arrays, for a file."""
    return {f"{name}/{f}": getattr(c, f) for name, c in found.items() for f in Comparison._fields}


def comparisons_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Comparison]:
    """The histograms out of the named arrays of :func:`comparison_arrays`."""
    names = dict.fromkeys(key.split("/")[0] for key in arrays)
    return {name: Comparison(*(arrays[f"{name}/{f}"] for f in Comparison._fields)) for name in names}
