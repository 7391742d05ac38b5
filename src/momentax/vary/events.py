"""Events under a variation of energy scales, resolutions or the recoil: before any integration, the same events."""

from __future__ import annotations

import awkward as ak
import jax.numpy as jnp
import numpy as np

from momentax.config.variations import (
    EventVariation,
    JetEnergyResolution,
    JetEnergyScale,
    LeptonEnergyScale,
    Recoil,
)
from momentax.events.schema import (
    EXTRA_JETS,
    JETS,
    LEPTONS,
    P4,
    Columns,
    extra_jet_kind,
    to_columns,
    to_records,
)
from momentax.events.visible import visible_from_columns
from momentax.integrate.points import stream
from momentax.transfer import Detector, default_detector

PDG = {"electron": 11, "muon": 13}
LEAST_FACTOR = 0.1
"""No smearing takes more than nine tenths of a jet's energy: further Gaussian tails are not physics."""


def shift_events(
    events: ak.Array, variation: EventVariation, detector: Detector | None = None, seed: int = 1
) -> ak.Array:
    """Events [n] in the event schema with the momenta that a variation gives them, in the same order.

    Momenta and masses of an object are scaled together, directions stay. Jets are put into the order of their new pT:
    ``truth.b_is_j1`` follows. None is dropped, though some may no longer pass the cuts that the others passed.

    Parameters
    ----------
    variation : one of :data:`momentax.config.variations.EventVariation`
    detector : whose b-jet resolution is made worse; None: the built-in one
    seed : of the smearing; random numbers depend on (seed, event id) and the kind of variation alone, so that shifts of
        two sizes share them
    """
    columns, samples = to_columns(events)
    columns = dict(columns)
    before = visible_from_columns(columns)
    jets = JETS + (EXTRA_JETS if extra_jet_kind(columns) else ())
    if isinstance(variation, JetEnergyScale):
        _scale(columns, dict.fromkeys(jets, variation.factor), variation.met)
    elif isinstance(variation, JetEnergyResolution):
        factors = _smearing(columns, jets, variation.factor, detector or default_detector(), seed)
        _scale(columns, factors, variation.met)
        _order_jets(columns, jets)
    elif isinstance(variation, LeptonEnergyScale):
        chosen = [PDG[name] for name in variation.flavours]
        factors = {
            lep: np.where(np.isin(np.abs(columns[f"{lep}_pdgId"]), chosen), variation.factor, 1.0)
            for lep in LEPTONS
        }
        _scale(columns, factors, variation.met)
    elif isinstance(variation, Recoil):
        noise = _normals(columns["event"], "recoil", 2, seed) if variation.smear else 0.0
        _add_to_met(columns, (variation.factor - 1.0) * before.k_rec + variation.smear * noise)
    else:
        raise TypeError(f"{variation!r} does not change events")
    return to_records(columns, samples, dict(events.attrs))


def _scale(columns: Columns, factors: dict, met: bool) -> None:
    """Multiply pt and mass of objects by their factors (a number or [n]); ``met``: it takes up the change."""
    change = np.zeros((len(columns["event"]), 2))
    for name, factor in factors.items():
        pt, phi = columns[f"{name}_pt"], columns[f"{name}_phi"]
        added = np.nan_to_num((factor - 1.0) * pt)  # an absent jet changes nothing
        change += np.stack([added * np.cos(np.nan_to_num(phi)), added * np.sin(np.nan_to_num(phi))], axis=1)
        columns[f"{name}_pt"] = pt * factor
        columns[f"{name}_mass"] = columns[f"{name}_mass"] * factor
    if met:
        _add_to_met(columns, -change)


def _add_to_met(columns: Columns, change: np.ndarray) -> None:
    """Add a vector [n, 2] to the missing transverse momentum."""
    x = columns["met_pt"] * np.cos(columns["met_phi"]) + change[:, 0]
    y = columns["met_pt"] * np.sin(columns["met_phi"]) + change[:, 1]
    columns["met_pt"], columns["met_phi"] = np.hypot(x, y), np.arctan2(y, x)


def _smearing(
    columns: Columns, jets: tuple[str, ...], factor: float, detector: Detector, seed: int
) -> dict[str, np.ndarray]:
    """Factors [n] on the momenta of jets that make their resolution ``factor`` times as wide."""
    normal = _normals(columns["event"], "jet_energy_resolution", len(jets), seed)
    out = {}
    for i, jet in enumerate(jets):
        energy = np.hypot(columns[f"{jet}_pt"] * np.cosh(columns[f"{jet}_eta"]), columns[f"{jet}_mass"])
        there = np.isfinite(energy) & (energy > 0.0)
        _, sd = detector.bjet.likelihood_moments(jnp.asarray(np.where(there, energy, 50.0)))
        relative = np.asarray(sd) / np.where(there, energy, 50.0)
        out[jet] = np.maximum(1.0 + np.sqrt(factor**2 - 1.0) * relative * normal[:, i], LEAST_FACTOR)
    return out


def _normals(event: np.ndarray, kind: str, count: int, seed: int) -> np.ndarray:
    """Standard normal numbers [n, count] of (seed, event id, kind)."""
    return np.array([stream(seed, int(e), kind).standard_normal(count) for e in event]).reshape(-1, count)


def _order_jets(columns: Columns, jets: tuple[str, ...]) -> None:
    """Put the jets into decreasing pT (absent ones last), and mend ``truth_b_is_j1``."""
    pt = np.stack([columns[f"{jet}_pt"] for jet in jets], axis=1)
    order = np.argsort(-np.nan_to_num(pt, nan=-np.inf), axis=1, kind="stable")
    # a rejected event may lack one of the first two jets: it stays as it is
    order = np.where(np.isnan(pt[:, :2]).any(axis=1)[:, None], np.arange(len(jets)), order)
    for c in P4:
        sorted_ = np.take_along_axis(np.stack([columns[f"{jet}_{c}"] for jet in jets], axis=1), order, axis=1)
        for i, jet in enumerate(jets):
            columns[f"{jet}_{c}"] = sorted_[:, i]
    if "truth_b_is_j1" in columns:
        b_is_j1 = columns["truth_b_is_j1"]
        known = b_is_j1 >= 0
        swapped = (order[:, 0] == 1) & (order[:, 1] == 0)
        same = (order[:, 0] == 0) & (order[:, 1] == 1)
        mended = np.where(swapped & known, 1 - b_is_j1, np.where(same, b_is_j1, -1))
        columns["truth_b_is_j1"] = mended.astype(b_is_j1.dtype)


__all__ = ["shift_events"]
