"""Events with more than two b jets: the weight is the sum over the pairs of jets that may be the hard b and bbar.

An event in the schema with the fields ``j3``, ``j4`` (:class:`momentax.events.Selection` with ``bjets: pairs``) becomes
one row per pair, each an event with two b jets of its own; what the rows give is put together again, one record per
event. k_rec of a pair is that of the definition: its four visible objects and MET, so that other b jets are recoil.

Let x be the unordered set of b jets, two of them from the hard process. Its density is a mixture over which two,

    p(x|alpha) = sum over pairs W(x_pair|alpha)/sigma * rho(others),

a sum, not a mean: integrated over x, where each set counts once, each hard pair is met once, and the cross section
comes out. rho, the density of the other jets, is not computed. It is taken to be the same for all hypotheses and pairs,
and cancels between hypotheses; but it has a unit (GeV^-1 sr^-1 a jet), so that W of events with different numbers of b
jets are different densities.
"""

from __future__ import annotations

import dataclasses
import hashlib

import awkward as ak
import numpy as np

from momentax.events.schema import EXTRA_JETS, JETS, P4, extra_jet_kind, to_columns, to_records

PAIRS = ((1, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4))
"""Pairs of jets by their numbers, in the order of the rows of an event."""


def pair_id(event_id: int, pair: tuple[int, int]) -> int:
    """The id that seeds the random numbers of a pair: the event's own for (1, 2), else a hash (signed, 64 bits)."""
    if pair == (1, 2):
        return event_id
    digest = hashlib.blake2b(f"{event_id}/pair{pair[0]}{pair[1]}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


@dataclasses.dataclass(frozen=True)
class PairRows:
    """Events as rows, one a pair of b jets; rows of an event are neighbours, the pair (1, 2) is the first."""

    events: ak.Array
    """Rows in the event schema with two b jets; ``event`` is :func:`pair_id`."""
    event_of_row: np.ndarray
    """[rows], rising."""
    pair_of_row: np.ndarray
    """[rows], position in :data:`PAIRS`."""

    def _starts(self) -> np.ndarray:
        return np.flatnonzero(np.diff(self.event_of_row, prepend=-1))

    def total(self, records: np.ndarray, relative_accuracy: float) -> np.ndarray:
        """One weight per event from those of its pairs; an event with a single pair keeps its record as it is.

        Parameters
        ----------
        records : [rows] of :data:`momentax.integrate.result.RESULT_DTYPE`
        relative_accuracy : requested error/value of the sum

        Returns
        -------
        [events]: sums of ``value``, ``n_eval`` and ``value_per_assignment`` (in a pair, j1 is the harder jet),
        ``error`` in quadrature, ``chi2_dof`` of the pair with the largest value. ``status``: ``bad_input`` or ``nan``
        if any pair is; ``zero`` if all are; ``ok`` if the summed error is as small as requested and pairs whose
        estimates disagree (not converged for all their small errors) carry no more of the value than that; else
        ``not_converged``.
        """
        starts = self._starts()
        out = records[starts].copy()
        many = np.diff(starts, append=len(records)) > 1
        if not many.any():
            return out

        def per_event(ufunc: np.ufunc, values: np.ndarray) -> np.ndarray:
            return ufunc.reduceat(values, starts, axis=0)[many]

        value = per_event(np.add, records["value"])
        error = per_event(np.hypot, records["error"])  # no underflow of the squares
        status = records["status"]
        allowed = relative_accuracy * np.abs(records["value"])
        with np.errstate(invalid="ignore"):
            disagree = (status == "not_converged") & (records["error"] <= allowed)
            in_doubt = per_event(np.add, np.where(disagree, records["value"], 0.0))
            good = np.maximum(error, in_doubt) <= relative_accuracy * np.abs(value)
        summed = out[many]
        summed["value"], summed["error"] = value, error
        summed["value_per_assignment"] = per_event(np.add, records["value_per_assignment"])
        summed["n_eval"] = per_event(np.add, records["n_eval"])
        summed["chi2_dof"] = records["chi2_dof"][self._largest(records["value"], starts)[many]]
        summed["status"] = np.where(good, "ok", "not_converged")
        summed["status"][per_event(np.logical_and, status == "zero")] = "zero"
        for worse in ("nan", "bad_input"):
            summed["status"][per_event(np.logical_or, status == worse)] = worse
        bad = summed["status"] == "bad_input"
        for name in ("value", "error", "chi2_dof", "value_per_assignment"):
            summed[name][bad] = np.nan
        out[many] = summed
        return out

    def _largest(self, value: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Row of the largest value of every event."""
        order = np.lexsort((np.nan_to_num(value), self.event_of_row))
        return order[np.append(starts[1:], len(value)) - 1]

    def mean(self, records: np.ndarray, ratios: np.ndarray) -> np.ndarray:
        """Ratios (or derivatives of ln W) of the sums over pairs, from those of the pairs.

        sum_i V_i/sum_i W_i = sum_i (W_i/W) r_i for r_i = V_i/W_i: with V another weight or a derivative of W. Errors of
        the pairs are independent: sum_i (W_i/W)^2 [ error(r_i)^2 + (r_i - r)^2 (error(W_i)/W_i)^2 ].

        Parameters
        ----------
        records : [rows] weights W_i
        ratios : [rows] of ``RATIO_DTYPE``; pairs of weight 0 do not count
        """
        starts = self._starts()
        out = ratios[starts].copy()
        many = np.diff(starts, append=len(records)) > 1
        if not many.any():
            return out
        with np.errstate(invalid="ignore", divide="ignore"):
            w = records["value"] / np.add.reduceat(records["value"], starts)[self.event_of_row]
            spread = np.where(w == 0.0, 0.0, records["error"] / records["value"])
            r, e = (np.where(w == 0.0, 0.0, ratios[name]) for name in ("value", "error"))
            value = np.add.reduceat(w * r, starts)
            error = np.hypot.reduceat(w * np.hypot(e, (r - value[self.event_of_row]) * spread), starts)
        out["value"][many], out["error"][many] = value[many], error[many]
        return out


def pair_rows(events: ak.Array) -> PairRows | None:
    """The rows of events (in the event schema) of which at least one has more than two b jets; else None."""
    if not set(EXTRA_JETS) <= set(events.fields):
        return None
    columns, samples = to_columns(events)
    there = {k: ~np.isnan(columns[f"j{k}_pt"]) for k in (1, 2, 3, 4)}
    if not (there[3] | there[4]).any():
        return None
    n = len(columns["event"])
    chosen = [np.ones(n, dtype=bool), *(there[i] & there[j] for i, j in PAIRS[1:])]
    event = np.concatenate([np.flatnonzero(c) for c in chosen])
    pair = np.repeat(np.arange(len(PAIRS)), [c.sum() for c in chosen])
    order = np.lexsort((pair, event))
    event, pair = event[order], pair[order]
    extra = extra_jet_kind(columns)
    rows = {k: v[event] for k, v in columns.items() if k not in extra and not k.startswith("truth_")}
    numbers = np.array(PAIRS)[pair]
    for position, jet in enumerate(JETS):
        for c in P4:
            stacked = np.stack([columns[f"j{k}_{c}"][event] for k in (1, 2, 3, 4)])
            rows[f"{jet}_{c}"] = stacked[numbers[:, position] - 1, np.arange(len(event))]
    rows["event"] = np.array(
        [pair_id(int(i), PAIRS[p]) for i, p in zip(columns["event"][event], pair, strict=True)],
        dtype=np.int64,
    )
    return PairRows(to_records(rows, samples, {}), event, pair)


__all__ = ["PAIRS", "PairRows", "pair_id", "pair_rows"]
