"""Event selection: the cuts of CMS-HIG-18-012, and the cut flow they leave.

:class:`Selection` holds object definitions and event cuts with the analysis' values as defaults; ``None``
switches a cut off. The cuts are applied in a fixed order to flat columns of the event schema (:func:`apply`),
so that every input format is judged by the same code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from momentax.errors import InputError, nearest
from momentax.events.schema import EXTRA_JETS, JETS, LEPTONS, P4, VISIBLE, extra_jet_kind

#: What becomes of more than two b jets: the two leading ones are taken, or further ones are kept for a sum over pairs.
BJETS = ("leading", "pairs")


@dataclasses.dataclass(frozen=True)
class Selection:
    """Object definitions and cuts (GeV); defaults are those of CMS-HIG-18-012, ``None`` means no cut.

    The two leptons are the leading ones that pass; each must exceed the first threshold of its flavour if it
    leads and the second if it does not. The signal region adds same flavour, an m_ll window and a MET
    maximum. ``bjets``: ``leading`` takes the two leading b jets; ``pairs`` keeps up to two more (``j3``,
    ``j4``), for the sum over pairs (:mod:`momentax.bjet_pairs`). The identification cuts act only on
    collections (NanoAOD and ntuples like it), where the branches exist.
    """

    opposite_sign: bool = True
    electron_pt_min: tuple[float, float] | None = (25.0, 15.0)
    electron_eta_max: float | None = 2.5
    muon_pt_min: tuple[float, float] | None = (20.0, 10.0)
    muon_eta_max: float | None = 2.4
    jet_pt_min: float | None = 20.0
    jet_eta_max: float | None = 2.4
    jet_lepton_dr_min: float | None = 0.3
    require_two_bjets: bool = True
    bjets: str = "leading"
    mll_min: float | None = 12.0
    signal_region: bool = False
    signal_mll_window: tuple[float, float] = (70.0, 110.0)
    signal_same_flavour: bool = True
    signal_met_max: float = 80.0
    btag_min: float | None = None
    electron_id_min: int | None = 3
    muon_tight_id: bool = True
    muon_iso_max: float | None = 0.15
    jet_id_min: int | None = 2

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):  # YAML and JSON have no tuples
                value = tuple(value)
                object.__setattr__(self, field.name, value)
            _check_value(field, value)

    @classmethod
    def from_keywords(cls, keywords: Mapping[str, Any]) -> Selection:
        """The default selection with the given cuts replaced; InputError with the nearest name if unknown."""
        _check_names(keywords)
        return cls(**keywords)

    @classmethod
    def only(cls, keywords: Mapping[str, Any]) -> Selection:
        """No cut except those given (for files whose events have been selected already)."""
        _check_names(keywords)
        return cls(**(_NO_CUTS | dict(keywords)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for metadata (tuples become lists in JSON and are accepted back)."""
        return dataclasses.asdict(self)


_NO_CUTS: dict[str, Any] = {
    "opposite_sign": False,
    "electron_pt_min": None,
    "electron_eta_max": None,
    "muon_pt_min": None,
    "muon_eta_max": None,
    "jet_pt_min": None,
    "jet_eta_max": None,
    "jet_lepton_dr_min": None,
    "require_two_bjets": False,
    "bjets": "pairs",
    "mll_min": None,
    "signal_region": False,
}


def _check_names(keywords: Mapping[str, Any]) -> None:
    valid = [f.name for f in dataclasses.fields(Selection)]
    for name in keywords:
        if name not in valid:
            raise InputError(f"selection: unknown cut {name!r}{nearest(name, valid)}")


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float, np.number))
        and not isinstance(value, bool)
        and bool(np.isfinite(value))
    )


def _check_value(field: dataclasses.Field[Any], value: Any) -> None:
    kind = str(field.type)
    if value is None and kind.endswith("None"):
        return
    if kind.startswith("bool"):
        good, want = isinstance(value, (bool, np.bool_)), "true or false"
    elif kind == "str":
        good, want = value in BJETS, " or ".join(BJETS)
    elif kind.startswith("tuple"):
        good = isinstance(value, tuple) and len(value) == 2 and all(_is_number(v) for v in value)
        want = "two numbers"
        if good and field.name == "signal_mll_window":
            good, want = 0 <= value[0] < value[1], "two numbers, the lower first"
    elif field.name == "btag_min":
        good, want = _is_number(value), "a number"
    else:
        good, want = _is_number(value) and value >= 0, "a number >= 0"
    if not good:
        raise InputError(f"selection: {field.name} = {value!r}, want {want}")


@dataclasses.dataclass
class CutFlow:
    """Events (and their summed weights) left after each cut, in order; the first row is all events read.

    ``bad_input`` counts events with a non-finite value: no cut can judge them, so they pass every row and are
    kept, to be reported as ``bad_input`` rather than dropped in silence.
    """

    cuts: list[str]
    counts: list[int]
    sum_weights: list[float]
    bad_input: int = 0

    def __add__(self, other: CutFlow) -> CutFlow:
        if self.cuts != other.cuts:
            raise ValueError(f"cut flows of different cuts: {self.cuts} and {other.cuts}")
        return CutFlow(
            self.cuts,
            [a + b for a, b in zip(self.counts, other.counts, strict=True)],
            [a + b for a, b in zip(self.sum_weights, other.sum_weights, strict=True)],
            self.bad_input + other.bad_input,
        )

    def to_rows(self) -> list[dict[str, Any]]:
        """One dictionary per cut: cut, events, sum_weights, fraction of all events."""
        total = self.counts[0]
        return [
            {"cut": cut, "events": n, "sum_weights": w, "fraction": n / total if total else 0.0}
            for cut, n, w in zip(self.cuts, self.counts, self.sum_weights, strict=True)
        ]

    def to_text(self) -> str:
        """The cut flow as an aligned plain-text table."""
        width = max(len(cut) for cut in self.cuts)
        lines = [f"{'cut':<{width}}  {'events':>10}  {'of all':>7}  {'of last':>7}  {'sum of weights':>14}"]
        before = self.counts[:1] + self.counts[:-1]
        for row, last in zip(self.to_rows(), before, strict=True):
            n, step = row["events"], f"{row['events'] / last:.1%}" if last else "-"
            lines.append(
                f"{row['cut']:<{width}}  {n:>10}  {row['fraction']:>7.1%}  {step:>7}  {row['sum_weights']:>14.6g}"
            )
        if self.bad_input:
            lines.append(
                f"of these {self.bad_input} with a non-finite value: kept, they get the status bad_input"
            )
        return "\n".join(lines)


def delta_r(eta1: np.ndarray, phi1: np.ndarray, eta2: np.ndarray, phi2: np.ndarray) -> np.ndarray:
    """Distance sqrt(d eta^2 + d phi^2), d phi in [-pi, pi]."""
    dphi = np.remainder(phi1 - phi2 + np.pi, 2 * np.pi) - np.pi
    return np.hypot(eta1 - eta2, dphi)


def dilepton_mass(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Invariant mass of the two leptons [GeV] from the flat columns."""
    px, py, pz, e = 0.0, 0.0, 0.0, 0.0
    for lep in LEPTONS:
        pt, eta, phi, mass = (columns[f"{lep}_{c}"] for c in P4)
        px, py, pz = px + pt * np.cos(phi), py + pt * np.sin(phi), pz + pt * np.sinh(eta)
        e = e + np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    return np.sqrt(np.maximum(e * e - px * px - py * py - pz * pz, 0.0))


def non_finite(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """True where a kinematic value or the weight of the event is NaN or infinite; j3, j4 may be absent (pt NaN)."""
    names = [f"{obj}_{c}" for obj in VISIBLE for c in P4] + ["met_pt", "met_phi", "weight"]
    bad = np.zeros(len(columns["event"]), dtype=bool)
    for name in names:
        bad |= ~np.isfinite(columns[name])
    for jet in EXTRA_JETS if extra_jet_kind(columns) else ():
        there = ~np.isnan(columns[f"{jet}_pt"])
        for c in P4:
            bad |= there & ~np.isfinite(columns[f"{jet}_{c}"])
    return bad


def _lepton_cut(columns: Mapping[str, np.ndarray], sel: Selection) -> tuple[str, np.ndarray]:
    pt = {lep: columns[f"{lep}_pt"] for lep in LEPTONS}
    plus_leads = pt["lep_plus"] >= pt["lep_minus"]
    passed = np.ones(len(plus_leads), dtype=bool)
    texts = []
    for name, pdg, pts, eta_max in (
        ("e", 11, sel.electron_pt_min, sel.electron_eta_max),
        ("mu", 13, sel.muon_pt_min, sel.muon_eta_max),
    ):
        for lep, leads in (("lep_plus", plus_leads), ("lep_minus", ~plus_leads)):
            mine = np.abs(columns[f"{lep}_pdgId"]) == pdg
            if pts is not None:
                passed &= ~mine | (pt[lep] > np.where(leads, pts[0], pts[1]))
            if eta_max is not None:
                passed &= ~mine | (np.abs(columns[f"{lep}_eta"]) < eta_max)
        cuts = [f"pT > {pts[0]:g}/{pts[1]:g}"] if pts is not None else []
        cuts += [f"|eta| < {eta_max:g}"] if eta_max is not None else []
        if cuts:
            texts.append(f"{name} {', '.join(cuts)}")
            for lep in LEPTONS:  # a lepton that is not there passes no lepton cut
                passed &= np.isfinite(pt[lep])
    return ("two leptons: " + "; ".join(texts) if texts else ""), passed


def _jet_cut(columns: Mapping[str, np.ndarray], sel: Selection) -> tuple[str, np.ndarray]:
    passed = np.ones(len(columns["event"]), dtype=bool)
    cuts = []
    if sel.require_two_bjets:
        passed &= np.isfinite(columns["j1_pt"]) & np.isfinite(columns["j2_pt"])
    for jet in JETS:
        # with require_two_bjets off an absent jet (NaN) is not judged: the event stays, with the status
        # bad_input
        absent = np.isnan(columns[f"{jet}_pt"]) & (not sel.require_two_bjets)
        if sel.jet_pt_min is not None:
            passed &= absent | (columns[f"{jet}_pt"] > sel.jet_pt_min)
        if sel.jet_eta_max is not None:
            passed &= absent | (np.abs(columns[f"{jet}_eta"]) < sel.jet_eta_max)
        if sel.jet_lepton_dr_min is not None:
            for lep in LEPTONS:
                dr = delta_r(*(columns[f"{obj}_{c}"] for obj in (jet, lep) for c in ("eta", "phi")))
                passed &= absent | (dr > sel.jet_lepton_dr_min)
    if sel.jet_pt_min is not None:
        cuts.append(f"pT > {sel.jet_pt_min:g}")
    if sel.jet_eta_max is not None:
        cuts.append(f"|eta| < {sel.jet_eta_max:g}")
    if sel.jet_lepton_dr_min is not None:
        cuts.append(f"dR(l, j) > {sel.jet_lepton_dr_min:g}")
    name = "two b jets" if sel.require_two_bjets else "b jets"
    return (f"{name}: {', '.join(cuts)}" if cuts else name if sel.require_two_bjets else ""), passed


def apply(
    columns: Mapping[str, np.ndarray], sel: Selection, bad: np.ndarray | None = None
) -> tuple[np.ndarray, CutFlow]:
    """Which events pass, in their order, and the cut flow.

    ``columns``: flat columns of the event schema. ``bad``: events that no cut can judge (default: any
    non-finite value); they pass everything, and are counted in the cut flow's ``bad_input``.
    """
    if bad is None:
        bad = non_finite(columns)
    steps: list[tuple[str, np.ndarray]] = []
    with np.errstate(invalid="ignore", over="ignore"):
        steps.append(_lepton_cut(columns, sel))
        plus, minus = (columns[f"{lep}_pdgId"] for lep in LEPTONS)
        if sel.opposite_sign:
            steps.append(("opposite sign", plus.astype(np.int64) * minus < 0))
        steps.append(_jet_cut(columns, sel))
        mll = dilepton_mass(columns)
        if sel.mll_min is not None:
            steps.append((f"m_ll > {sel.mll_min:g}", mll > sel.mll_min))
        if sel.signal_region:
            low, high = sel.signal_mll_window
            if sel.signal_same_flavour:
                steps.append(("same flavour", np.abs(plus) == np.abs(minus)))
            steps.append((f"{low:g} < m_ll < {high:g}", (mll > low) & (mll < high)))
            steps.append((f"MET < {sel.signal_met_max:g}", columns["met_pt"] < sel.signal_met_max))
    weight = np.nan_to_num(columns["weight"], nan=0.0, posinf=0.0, neginf=0.0)
    passed = np.ones(len(bad), dtype=bool)
    flow = CutFlow(["all events"], [len(bad)], [float(weight.sum())], int(bad.sum()))
    for name, ok in steps:
        if not name:
            continue
        passed &= ok | bad
        flow.cuts.append(name)
        flow.counts.append(int(passed.sum()))
        flow.sum_weights.append(float(weight[passed].sum()))
    return passed, flow
