"""Which events cannot be given a weight, and why: a status for each event, never an exception."""

from __future__ import annotations

from collections.abc import Iterator

import awkward as ak
import numpy as np

from momentax.events.schema import EXTRA_JETS, LEPTONS, P4, VISIBLE, Columns, extra_jet_kind, to_columns

ETA_MAX = 10.0

#: |mass| / |p| below which a negative mass is rounding (float32; NanoAOD keeps 10 bits of a mass).
MASS_ROUNDING = 1e-3


def _problems(columns: Columns, sqrt_s: float) -> Iterator[tuple[np.ndarray, str, str | None]]:
    """(events concerned, text with {value}, branch whose value is shown) for each kind of problem."""
    absent = {obj: np.logical_and.reduce([np.isnan(columns[f"{obj}_{c}"]) for c in P4]) for obj in VISIBLE}
    yield absent["j1"] | absent["j2"], "fewer than two b jets (j2_pt, j2_eta, j2_phi, j2_mass are nan)", None
    for lep in LEPTONS:
        text = f"fewer than two leptons ({lep}_pt, {lep}_eta, {lep}_phi, {lep}_mass are nan)"
        yield absent[lep], text, None
    names = [(f"{obj}_{c}", absent[obj]) for obj in VISIBLE for c in P4]
    here = np.zeros(len(columns["event"]), dtype=bool)
    for name, gone in [*names, ("met_pt", here), ("met_phi", here), ("weight", here)]:
        yield ~np.isfinite(columns[name]) & ~gone, f"{name} = {{value}} is not finite", name

    energy = np.zeros(len(columns["event"]))
    for obj in VISIBLE:
        pt, eta, mass = (columns[f"{obj}_{c}"] for c in ("pt", "eta", "mass"))
        yield pt <= 0, f"{obj}_pt = {{value}}, want > 0", f"{obj}_pt"
        far = np.abs(eta) > ETA_MAX
        yield far & np.isfinite(eta), f"{obj}_eta = {{value}}, want |eta| < {ETA_MAX:g}", f"{obj}_eta"
        momentum = np.abs(pt) * np.cosh(np.clip(eta, -ETA_MAX, ETA_MAX))
        spacelike = np.isfinite(mass) & (mass < -MASS_ROUNDING * momentum)
        yield spacelike, f"{obj}_mass = {{value}}: energy below momentum", f"{obj}_mass"
        energy = energy + np.hypot(momentum, mass)
    for obj in EXTRA_JETS if extra_jet_kind(columns) else ():
        yield from _extra_jet_problems(columns, obj)
    yield columns["met_pt"] < 0, "met_pt = {value}, want >= 0", "met_pt"
    beyond = np.isfinite(energy) & (energy > sqrt_s)
    yield beyond, f"the energies of leptons and jets sum to more than sqrt(s) = {sqrt_s:g} GeV", None

    for lep, sign, want in (("lep_plus", -1, "-11 or -13"), ("lep_minus", 1, "11 or 13")):
        pdg = columns[f"{lep}_pdgId"].astype(np.int64)
        known = np.isin(np.abs(pdg), (11, 13))
        wrong = ~(known & (np.sign(pdg) == sign)) & ~absent[lep]
        text = f"{lep}_pdgId = {{value}}, want {want} (leptons of opposite sign, e or mu)"
        yield wrong, text, f"{lep}_pdgId"


def _extra_jet_problems(columns: Columns, obj: str) -> Iterator[tuple[np.ndarray, str, str | None]]:
    """A further b jet may be absent (pt NaN); one that is there must be a jet."""
    pt, eta, phi, mass = (columns[f"{obj}_{c}"] for c in P4)
    there = ~np.isnan(pt)
    yield there & ~np.isfinite(pt), f"{obj}_pt = {{value}} is not finite", f"{obj}_pt"
    for name, values in (("eta", eta), ("phi", phi), ("mass", mass)):
        yield there & ~np.isfinite(values), f"{obj}_{name} = {{value}} is not finite", f"{obj}_{name}"
    yield pt <= 0, f"{obj}_pt = {{value}}, want > 0", f"{obj}_pt"
    far = np.isfinite(eta) & (np.abs(eta) > ETA_MAX)
    yield there & far, f"{obj}_eta = {{value}}, want |eta| < {ETA_MAX:g}", f"{obj}_eta"
    momentum = np.abs(pt) * np.cosh(np.clip(eta, -ETA_MAX, ETA_MAX))
    spacelike = np.isfinite(mass) & (mass < -MASS_ROUNDING * momentum)
    yield there & spacelike, f"{obj}_mass = {{value}}: energy below momentum", f"{obj}_mass"


def validate(events: ak.Array, sqrt_s: float = 13000.0) -> list[str]:
    """For each event the reasons why it is bad input, joined by "; " and headed by its id and row, or "".

    Bad are: a NaN or infinite value, an absent lepton or jet, pt <= 0, |eta| > 10, energy below momentum,
    visible energy above ``sqrt_s`` [GeV], leptons not of opposite sign or neither e nor mu. Each
    reason names the branch: ``event 17 (row 5): j2_pt = nan is not finite``.
    Raises InputError only if the array is not in the event schema.
    """
    columns, _ = to_columns(events)
    reasons: dict[int, list[str]] = {}
    with np.errstate(invalid="ignore", over="ignore"):
        for where, text, branch in _problems(columns, sqrt_s):
            for row in np.flatnonzero(where):
                value = "" if branch is None else f"{columns[branch][row]:.6g}"
                reasons.setdefault(int(row), []).append(text.format(value=value))
    return [
        f"event {columns['event'][row]} (row {row}): {'; '.join(reasons[row])}" if row in reasons else ""
        for row in range(len(columns["event"]))
    ]


def bad_input(events: ak.Array, sqrt_s: float = 13000.0) -> np.ndarray:
    """Bool mask [n] of the events for which :func:`validate` has a reason (fast: no texts are made)."""
    columns, _ = to_columns(events)
    bad = np.zeros(len(columns["event"]), dtype=bool)
    with np.errstate(invalid="ignore", over="ignore"):
        for where, _, _ in _problems(columns, sqrt_s):
            bad |= where
    return bad
