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
    """One observable in two samples; row 1 of the arrays is the reference.

    An event may have two entries (leptons, jets): what they share by their common event is in the covariances.
    """

    edges: np.ndarray
    """[k + 1]."""
    counts: np.ndarray
    """Sums of weights, [2, k]."""
    covariances: np.ndarray
    """Of the sums of weights, [2, k, k]."""
    entries: np.ndarray
    """Entries in each bin, [2, k]."""
    totals: np.ndarray
    """Sums of weights of all entries, [2], those beyond the edges included."""

    def densities(self) -> tuple[np.ndarray, np.ndarray]:
        """(share of the sample per bin width [2, k], standard deviation)."""
        norm = self.totals[:, None] * np.diff(self.edges)
        return self.counts / norm, np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2)) / norm

    def chi2(self) -> tuple[float, int]:
        """(chi2, degrees of freedom) of the two shapes, over bins with at least 10 entries of both samples.

        Both are normalised to these bins, which takes one degree of freedom: with shares s = n / sum(n),
        cov(s) = J cov(n) J^T, J = (1 - s 1^T) / sum(n), and one bin is left out, since it follows from the others.
        """
        used = np.all(self.entries >= _LEAST, axis=0)
        k = int(used.sum())
        if k < 2:
            return 0.0, 0
        shares, covariance = [], np.zeros((k, k))
        for counts, covariances in zip(
            self.counts[:, used], self.covariances[:, used][:, :, used], strict=True
        ):
            total = counts.sum()
            jacobian = (np.eye(k) - (counts / total)[:, None]) / total
            shares.append(counts / total)
            covariance += jacobian @ covariances @ jacobian.T
        apart = (shares[0] - shares[1])[:-1]
        return float(apart @ np.linalg.solve(covariance[:-1, :-1], apart)), k - 1

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
        parts = [histogram(x, w, edges) for x, w in pair]
        counts, covariances, entries = (np.stack(rows) for rows in zip(*parts, strict=True))
        totals = np.array([w.sum() * x[0].size for x, w in pair])
        found[name] = Comparison(edges, counts, covariances, entries, totals)
    return found


def histogram(
    x: np.ndarray, weight: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sums of weights [k], their covariances [k, k], entries [k]) of x, [n] or [n, entries of an event]."""
    columns, bins = x.reshape(len(x), -1), len(edges) - 1
    # as numpy.histogram: the last edge belongs to the last bin
    place = np.where(columns == edges[-1], bins, np.searchsorted(edges, columns, side="right"))
    counts = np.stack([(place == k).sum(axis=1) for k in range(1, bins + 1)])
    return counts @ weight, (counts * weight**2) @ counts.T, counts.sum(axis=1)


def comparison_arrays(found: Mapping[str, Comparison]) -> dict[str, np.ndarray]:
    """The histograms as named arrays, for a file."""
    return {f"{name}/{f}": getattr(c, f) for name, c in found.items() for f in Comparison._fields}


def comparisons_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Comparison]:
    """The histograms out of the named arrays of :func:`comparison_arrays`."""
    names = dict.fromkeys(key.split("/")[0] for key in arrays)
    return {name: Comparison(*(arrays[f"{name}/{f}"] for f in Comparison._fields)) for name in names}
