"""Binned transfer functions, g(k_T), sigma_u and c fitted to events with truth. See docs/transfer.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from momentax.atomic import atomic_path
from momentax.errors import InputError
from momentax.transfer.binned import BinnedTransfer
from momentax.transfer.detector import Detector
from momentax.transfer.directions import DirectionResponse, fit_directions
from momentax.transfer.pairs import MAX_ANGLE, Pairs, RecoilPairs, matched_pairs
from momentax.transfer.recoil import make_recoil
from momentax.transfer.recoil_fit import MeasurementFit, MixtureFit, fit_measurement, fit_mixture
from momentax.transfer.table import transfer_from_counts
from momentax.transfer.truncation import product_limit

MIN_ENTRIES = 250
"""Pairs in a bin of E_gen: those beyond the 200 that the reader of tables asks for allow for cuts in ln E."""
LEAST_RESPONSE = 0.6
"""E_rec/E_gen that a bin of E_gen must be able to show: at a response of 0.88, toys with cuts at 20 and 30 GeV get the
median back within its error from there on, and miss it by 8 errors where only 0.7 and more is seen."""
_STEP_LOG_E = 0.1
_BINS_PER_WIDTH = 5.0
_MAX_DE_BINS = 4000


class CountTable(NamedTuple):
    """Counts [E_gen bin, dE bin] of dE = E_rec - E_gen, edges in GeV, counts [E_gen bin, 2] below and above."""

    counts: np.ndarray
    e_edges: np.ndarray
    de_edges: np.ndarray
    underover: np.ndarray


class FittedTransfer(NamedTuple):
    """Result of :func:`fit_transfer_functions`. ``tables``, ``transfers`` have the keys electron, muon, b_preFSR."""

    tables: dict[str, CountTable]
    transfers: dict[str, BinnedTransfer]
    mixture: MixtureFit
    measurement: MeasurementFit
    measurement_true: MeasurementFit
    """The same with pT_b^gen along the directions of the quarks: of weights with smeared directions."""
    directions: DirectionResponse
    """Of the b jets."""
    facts: dict[str, Any]
    """Counts, errors, correlations: what the .json of the fit states."""

    def detector(self) -> Detector:
        """The fitted detector, equal to the one that :meth:`config_section` describes."""
        recoil = self._recoil_section()
        model = make_recoil(recoil["weights"], recoil["sigmas"], recoil["sigma_u"], recoil["c"])
        electron, muon, bjet = (self.transfers[name] for name in ("electron", "muon", "b_preFSR"))
        return Detector(electron, muon, bjet, model)

    def config_section(self, table: str | os.PathLike[str], smeared: bool = False) -> dict[str, Any]:
        """The section ``physics.detector`` of the configuration that uses the fit, written at ``table``.

        ``smeared``: with the directions of the b jets averaged over, and c and sigma_u that belong to it.
        """
        section = {"kind": "binned", "table": os.fspath(table), "recoil": self._recoil_section(smeared)}
        return section | ({"directions": {"kind": "smeared"}} if smeared else {})

    def save_table(self, path: str | os.PathLike[str]) -> None:
        """Write the counts in the format of :func:`momentax.transfer.load_binned_transfer`, atomically."""
        parts = {
            "counts": "counts",
            "Egen_edges": "e_edges",
            "dE_edges": "de_edges",
            "underover": "underover",
        }
        arrays: dict[str, Any] = {
            f"{name}_{key}": getattr(table, field)
            for name, table in self.tables.items()
            for key, field in parts.items()
        } | self.directions.arrays()
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)

    def _recoil_section(self, smeared: bool = False) -> dict[str, Any]:
        """Rounded to 4 digits, the weights to a sum of exactly 1; c within the 0 to 1 of its meaning."""
        measurement = self.measurement_true if smeared else self.measurement
        weights = [round(float(w), 4) for w in self.mixture.weights]
        weights[-1] = round(1.0 - sum(weights[:-1]), 4)
        return {
            "weights": weights,
            "sigmas": [float(f"{s:.4g}") for s in self.mixture.sigmas],
            "sigma_u": float(f"{measurement.sigma_u:.4g}"),
            "c": round(float(np.clip(measurement.c, 0.0, 1.0)), 4),
        }


def fit_transfer_functions(
    events: ak.Array,
    *,
    min_entries: int = MIN_ENTRIES,
    components: int = 3,
    seed: int = 1,
    jet_pt_min: float | None = None,
) -> FittedTransfer:
    """Transfer functions of electrons, muons and b jets, and the recoil, of simulated events with truth.

    Parameters
    ----------
    events
        Awkward array in the event schema with ``truth``: the neutrinos are in ``truth.kt_x``, ``truth.kt_y``.
        A selection on measured quantities biases T near its threshold, and only that on the pT of jets is undone:
        give events with as little as possible.
    min_entries
        Least pairs in a bin of E_gen (at least 200).
    components
        Gaussians of g(k_T).
    seed
        Of the bootstrap that gives the errors of sigma_u and c.
    jet_pt_min
        Measured pT (GeV) below which the events have no jets: T of b jets is that before this cut
        (:mod:`momentax.transfer.truncation`). None: the softest jet of the events. Softer jets are not used.

    Raises :class:`InputError` for events without truth and for too few events, saying of what.
    """
    if min_entries < 200:
        raise InputError(f"min_entries = {min_entries}: a bin of E_gen needs at least 200 pairs")
    pairs, recoil = matched_pairs(events, jet_pt_min)
    few = [
        f"{name}: {len(p.e_gen)} of {p.candidates} pairs matched, {2 * min_entries} needed"
        for name, p in pairs.items()
        if len(p.e_gen) < 2 * min_entries
    ]
    if few:
        raise InputError(f"too few events ({len(events)}) to fit transfer functions: {'; '.join(few)}")
    tables = {name: count_table(p, min_entries) for name, p in pairs.items()}
    transfers = {name: transfer_from_counts(*table, where=f"fit of {name}") for name, table in tables.items()}
    mixture = fit_mixture(recoil.k_t, recoil.k_t_weight, components)
    measurement = fit_measurement(recoil.error, recoil.loss, recoil.weight, seed)
    along_truth = fit_measurement(recoil.error, recoil.loss_true, recoil.weight, seed)
    b = pairs["b_preFSR"]
    directions = fit_directions(np.asarray(b.angle), np.asarray(b.pt), b.weight)
    facts = {
        "events": len(events),
        "pairs": {
            name: {
                "truth": p.candidates,
                "matched": p.matched,
                "used": len(p.e_gen),
                "mean_shift_of_response": _shift_before_cut(p, tables[name].e_edges),
                "E_gen_bins": _filled(tables[name], min_entries),
            }
            for name, p in pairs.items()
        },
        "recoil": _recoil_facts(recoil, mixture, measurement, along_truth),
        "directions": _direction_facts(b),
    }
    return FittedTransfer(tables, transfers, mixture, measurement, along_truth, directions, facts)


def count_table(pairs: Pairs, min_entries: int = MIN_ENTRIES) -> CountTable:
    """Counts of pairs in bins of E_gen that are adapted to the statistics, and of E_rec - E_gen.

    E_gen: steps of 0.1 in ln E joined from below until each bin has ``min_entries`` pairs. What is left at
    the top has fewer: it is cut at its median, so that the reader takes from it the spectrum and no
    shape (the mean energy of such a wide bin is uncertain). E_rec - E_gen: equal bins of a fifth of the least
    width (half the central 68 %) among the bins of E_gen, over 99.8 % of the pairs. A threshold on the measured pT is
    undone within each bin of E_gen (:func:`weight_before_cut`); the lowest bins are left out where it hides all
    E_rec/E_gen below 0.6: the next bin is scaled.
    """
    e_edges = _seen_edges(pairs, _energy_edges(pairs.e_gen, min_entries), min_entries)
    pairs = pairs.above(e_edges[0])
    e_gen, de = pairs.e_gen, pairs.e_rec - pairs.e_gen
    where = _bin_of(e_gen, e_edges)
    widths = [
        0.5 * np.diff(np.quantile(de[where == i], [0.1587, 0.8413]))[0]
        for i in range(len(e_edges) - 1)
        if np.sum(where == i) >= min_entries
    ]
    low, high = np.quantile(de, [0.001, 0.999])
    if min(widths) <= 0:
        raise InputError(
            "E_rec = E_gen for most pairs of an object: there is no resolution to fit; "
            "are the measured objects copies of the truth?"
        )
    step = _round_down(max(min(widths) / _BINS_PER_WIDTH, (high - low) / _MAX_DE_BINS))
    de_edges = step * np.arange(np.floor(low / step), np.ceil(high / step) + 1)
    counts = np.histogram2d(
        e_gen, np.clip(de, de_edges[0] - step, de_edges[-1] + step),
        bins=(e_edges, np.concatenate([[de_edges[0] - 2 * step], de_edges, [de_edges[-1] + 2 * step]])),
        weights=weight_before_cut(pairs, e_edges),
    )[0]  # fmt: skip
    return CountTable(counts[:, 1:-1], e_edges, de_edges, counts[:, [0, -1]])


def weight_before_cut(pairs: Pairs, e_edges: np.ndarray) -> np.ndarray:
    """Weights [n] of the pairs with which E_rec/E_gen in each bin of E_gen is distributed as without the threshold.

    The sum of weights of a bin stays: the spectrum of E_gen is that of the pairs.
    """
    where, out = _bin_of(pairs.e_gen, e_edges), np.array(pairs.weight, dtype=float)
    x, limit = pairs.e_rec / pairs.e_gen, np.minimum(pairs.e_min, pairs.e_rec) / pairs.e_gen
    for i in np.unique(where):
        inside = where == i
        if limit[inside].max() > x[inside].min() and out[inside].sum() > 0:
            out[inside] = out[inside].sum() * product_limit(x[inside], limit[inside], out[inside])
    return out


def _seen_edges(pairs: Pairs, e_edges: np.ndarray, min_entries: int) -> np.ndarray:
    """``e_edges`` from the first bin on in which responses down to :data:`LEAST_RESPONSE` could have been seen."""
    where = _bin_of(pairs.e_gen, e_edges)
    lowest = np.broadcast_to(pairs.e_min, pairs.e_gen.shape) / pairs.e_gen
    first, filled = 0, int(np.sum(np.bincount(where) >= min_entries))
    while first < filled - 2 and lowest[where == first].min() > LEAST_RESPONSE:
        first += 1
    return e_edges[first:]


def _bin_of(e_gen: np.ndarray, e_edges: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(e_edges, e_gen, side="right") - 1, 0, len(e_edges) - 2)


def _energy_edges(e_gen: np.ndarray, min_entries: int) -> np.ndarray:
    low, high = np.log(e_gen.min()), np.log(e_gen.max())
    fine = np.exp(np.linspace(low, high, max(2, int(np.ceil((high - low) / _STEP_LOG_E)) + 1)))
    fine[0], fine[-1] = e_gen.min() * (1 - 1e-12), e_gen.max() * (1 + 1e-12)
    running = np.concatenate([[0], np.cumsum(np.histogram(e_gen, fine)[0])])
    edges, last = [fine[0]], 0
    for edge, below in zip(fine[1:], running[1:], strict=True):
        if below - last >= min_entries:
            edges.append(edge)
            last = below
    if len(edges) < 3:  # so narrow a spectrum that a step holds more than half: two halves
        return np.array([fine[0], np.median(e_gen), fine[-1]])
    rest = e_gen[e_gen > edges[-1]]
    if len(rest) == 0:
        return np.array(edges)
    return np.unique([*edges, np.median(rest), fine[-1]])


def _round_down(value: float) -> float:
    """The next number 1, 2 or 5 times a power of ten below ``value``."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * max(m for m in (1.0, 2.0, 5.0) if m * power <= value * (1 + 1e-9)))


def _filled(table: CountTable, min_entries: int) -> int:
    return int(np.sum(table.counts.sum(axis=1) + table.underover.sum(axis=1) >= 0.99 * min_entries))


def _shift_before_cut(pairs: Pairs, e_edges: np.ndarray) -> float:
    """What undoing the threshold does to the mean of E_rec/E_gen in the lowest bin of E_gen."""
    pairs = pairs.above(e_edges[0])
    lowest = _bin_of(pairs.e_gen, e_edges) == 0
    x = (pairs.e_rec / pairs.e_gen)[lowest]
    before = weight_before_cut(pairs, e_edges)[lowest]
    return float(np.average(x, weights=before) - np.average(x, weights=pairs.weight[lowest]))


def _direction_facts(pairs: Pairs) -> Mapping[str, Any]:
    """Delta R of b jets and quarks: median, 68, 90, 95 % and the share beyond the angle of a match."""
    return {
        "quantiles_50_68_90_95": np.quantile(pairs.angle, [0.5, 0.68, 0.9, 0.95]).tolist(),
        "share_unmatched": float(np.average(pairs.angle > MAX_ANGLE["b_preFSR"], weights=pairs.weight)),
    }


def _recoil_facts(
    recoil: RecoilPairs, mixture: MixtureFit, measurement: MeasurementFit, along_truth: MeasurementFit
) -> Mapping[str, Any]:
    return {
        "events_k_T": len(recoil.k_t),
        "events_both_b_matched": len(recoil.error),
        "weights": mixture.weights.tolist(),
        "sigmas": mixture.sigmas.tolist(),
        "sigma_u": [measurement.sigma_u, measurement.sigma_u_error],
        "c": [measurement.c, measurement.c_error],
        "kept_within_clip": measurement.kept,
        "sigma_without_c": float(
            np.sqrt(np.average(np.mean(recoil.error**2, axis=1), weights=recoil.weight))
        ),
        "correlation_with_b_loss": _correlation(-recoil.error, recoil.loss),
        "true_directions": {
            "c": [along_truth.c, along_truth.c_error],
            "sigma_u": [along_truth.sigma_u, along_truth.sigma_u_error],
            "correlation_with_b_loss": _correlation(-recoil.error, recoil.loss_true),
        },
    }


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of the components of two-dimensional vectors of mean 0; 0 where one of them vanishes."""
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0
