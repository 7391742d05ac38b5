"""Weights averaged over the directions of the b quarks (``physics.detector.directions``: smeared).

The weight takes the directions of the jets for those of the quarks. With R(d eta, d phi | pT) the response of
:mod:`momentax.transfer.directions`, the density of the measured event is

    W_R(x) = int prod_j [ d eta_j d phi_j R(eta_j^rec - eta_j, phi_j^rec - phi_j) (cosh eta_j^rec/cosh eta_j)^2 ]
             W(E_i, Omega_l, Omega_j; k_rec + c sum_j p_j^rec (n_j - n_j^rec)).

W is a density in the solid angle, d Omega = d eta d phi/cosh^2 eta, and with R normalised the integral over x stays the
cross section (R depends on pT_rec, so that it is normalised within a few per cent only: docs/transfer.md). Energies and
k_rec are those measured. In N2(k_rec - k_T + c sum_b (pT_b^gen - pT_b^rec)) pT_b^gen has the direction of the quark and
pT_b^rec the measured one, hence the shift. The integral is a mean over N quasi-random points, denser in the tail of R;
an event becomes N rows, which are weighed as events of their own.
"""

from __future__ import annotations

import dataclasses
import hashlib

import awkward as ak
import numpy as np

from momentax.bjet_pairs import PairRows
from momentax.config import DirectionsConfig, PhysicsConfig
from momentax.events.schema import JETS, extra_jet_kind, to_columns, to_records
from momentax.events.visible import visible_from_columns
from momentax.integrate.points import digital_shifts, sobol_integers, stream
from momentax.transfer.directions import DirectionResponse, load_directions

_DIM = 4  # (v, angle) of each jet


@dataclasses.dataclass(frozen=True)
class DirectionRows:
    """Events as rows, one a draw of the directions; the rows of an event are neighbours."""

    events: ak.Array
    physics: PhysicsConfig
    """With exact directions: what the rows are weighed with."""
    factor: np.ndarray
    """[rows]: the mean over draws is the sum of factor x weight."""
    draws: int

    def _rows(self) -> PairRows:
        event = np.repeat(np.arange(len(self.factor) // self.draws), self.draws)
        return PairRows(
            self.events, event, np.tile(np.arange(self.draws), event[-1] + 1 if len(event) else 0)
        )

    def _scaled(self, records: np.ndarray) -> np.ndarray:
        scaled = records.copy()
        for name in ("value", "error"):
            scaled[name] *= self.factor
        scaled["value_per_assignment"] *= self.factor[:, None]
        return scaled

    def total(self, records: np.ndarray, relative_accuracy: float) -> np.ndarray:
        """One weight per event: the mean over its draws.

        ``error``: scatter of the draws/sqrt(N) (too large by a factor 3 to 6: the points are quasi-random) and the
        numerical errors of the rows, in quadrature. The other fields are those of a sum
        (:meth:`momentax.bjet_pairs.PairRows.total`); a weight that was ``ok`` is ``not_converged`` where the error is
        above ``relative_accuracy`` of the value.
        """
        if len(records) == 0:
            return records.copy()
        scaled = self._scaled(records)
        out = self._rows().total(scaled, relative_accuracy)
        scatter = scaled["value"].reshape(-1, self.draws).std(axis=1, ddof=1) * np.sqrt(self.draws)
        with np.errstate(invalid="ignore"):
            out["error"] = np.hypot(out["error"], scatter)
            open_ = (out["status"] == "ok") & ~(out["error"] <= relative_accuracy * np.abs(out["value"]))
        out["status"][open_] = "not_converged"
        return out

    def mean(self, records: np.ndarray, ratios: np.ndarray) -> np.ndarray:
        """Ratios (or derivatives of ln W) of the means from those of the draws: sum_k w_k r_k, w_k = W_k/sum W.

        The draws are common to numerator and denominator; their scatter leaves sqrt(N/(N-1) sum_k w_k^2 (r_k - r)^2).
        """
        if len(records) == 0:
            return ratios.copy()
        scaled = self._scaled(records)
        out = self._rows().mean(scaled, ratios)
        value = scaled["value"].reshape(-1, self.draws)
        with np.errstate(invalid="ignore", divide="ignore"):
            w = value / value.sum(axis=1, keepdims=True)
            away = ratios["value"].reshape(-1, self.draws) - out["value"][:, None]
            square = np.where(w == 0.0, 0.0, (w * away) ** 2).sum(axis=1)
        out["error"] = np.hypot(out["error"], np.sqrt(square * self.draws / (self.draws - 1)))
        return out


def direction_rows(events: ak.Array, physics: PhysicsConfig) -> DirectionRows | None:
    """The rows of events (in the event schema) if the configuration smears directions; else None."""
    detector = physics.detector
    if detector.directions.kind == "exact":
        return None
    assert detector.table is not None  # the configuration has checked it
    exact = physics.model_copy(
        update={"detector": detector.model_copy(update={"directions": DirectionsConfig()})}
    )
    response, n = load_directions(detector.table), detector.directions.draws
    columns, samples = to_columns(events)
    extra = extra_jet_kind(columns)
    columns = {k: v for k, v in columns.items() if k not in extra and not k.startswith("truth_")}
    ids = columns["event"]
    rows = {k: np.repeat(v, n) for k, v in columns.items()}
    rows["event"] = np.array([_row_id(int(i), k) for i in ids for k in range(n)], dtype=np.int64)
    points = _points(ids, n, physics.integration.seed)
    with np.errstate(invalid="ignore", over="ignore"):  # an event with NaN stays one
        factor = _turn_jets(rows, points, response, detector.recoil.c)
    density = (4.0 * (1.0 - points[:, 0]) * (1.0 - points[:, 2])).reshape(-1, n)
    # divided by their sum, not by N: what does not depend on directions is averaged without error
    factor *= (density / density.sum(axis=1, keepdims=True)).reshape(-1)
    return DirectionRows(to_records(rows, samples, {}), exact, factor, n)


def _row_id(event_id: int, draw: int) -> int:
    """The id that seeds the random numbers of a draw."""
    digest = hashlib.blake2b(f"{event_id}/directions{draw}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _points(ids: np.ndarray, n: int, seed: int) -> np.ndarray:
    """[events * n, 4] in (0, 1): one scrambled Sobol net, digitally shifted for each (seed, event id)."""
    net = sobol_integers(_DIM, n)
    shifts = [digital_shifts(stream(seed, int(i), "directions"), 1, _DIM) for i in ids]
    if not shifts:
        return np.zeros((0, _DIM))
    shifted = np.bitwise_xor(net[None], np.stack(shifts))
    return ((shifted.astype(float) + 0.5) * 2.0**-32).reshape(-1, _DIM)


def _turn_jets(
    rows: dict[str, np.ndarray], u: np.ndarray, response: DirectionResponse, c: float
) -> np.ndarray:
    """Turn the jets of ``rows`` in place, energies kept, and set MET to the k_rec above; returns Jacobians [rows]."""
    before = visible_from_columns(rows)
    jacobian = np.ones(len(u))
    for i, jet in enumerate(JETS):
        v, angle = u[:, 2 * i], u[:, 2 * i + 1]
        pt, eta = rows[f"{jet}_pt"], rows[f"{jet}_eta"]
        d_eta, d_phi = response.displacement(v, angle, pt)
        rows[f"{jet}_eta"] = eta - d_eta
        rows[f"{jet}_phi"] = rows[f"{jet}_phi"] - d_phi
        shrink = np.cosh(eta) / np.cosh(rows[f"{jet}_eta"])
        rows[f"{jet}_pt"] = pt * shrink
        jacobian *= shrink**2
    after = visible_from_columns(rows)
    moved = np.stack([(a - b).sum(axis=1) for a, b in ((after.px, before.px), (after.py, before.py))], axis=1)
    # leptons do not move: `moved` is that of the jets
    met = before.k_rec + c * moved - np.stack([after.px.sum(axis=1), after.py.sum(axis=1)], axis=1)
    rows["met_pt"], rows["met_phi"] = np.hypot(*met.T), np.arctan2(met[:, 1], met[:, 0])
    return jacobian


__all__ = ["DirectionRows", "direction_rows"]
