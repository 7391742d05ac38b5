"""From the branches of a foreign tree to flat columns of the event schema, one chunk at a time.

Every reader here keeps the order and the number of the events; objects that are not there become NaN with
pdgId 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.events.branchmaps import BTAG_MEDIUM, BranchMap, Format, has_p4
from momentax.events.extra_jets import judge_extra_jets
from momentax.events.genparts import (
    ELECTRON_MASS,
    GENPART,
    GENPART_OPTIONAL,
    MUON_MASS,
    GenParticles,
    b_is_j1,
    truth_columns,
)
from momentax.events.schema import EXTRA_JETS, JETS, LEPTONS, NEUTRINOS, P4, TRUTH_VISIBLE, Columns
from momentax.events.selection import Selection, delta_r, non_finite


def polar_from_cartesian(
    px: np.ndarray, py: np.ndarray, pz: np.ndarray, e: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """pt, eta, phi, mass of (px, py, pz, E); the mass of a spacelike vector is -sqrt(-m2), as ROOT has it.

    Works on numpy and awkward arrays. A vector along the beam (pt 0) gets an infinite eta, a null one eta 0.
    """
    pt = np.sqrt(px * px + py * py)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = pz / pt
        # 0/0 only for a null vector: eta 0 there (a NaN input stays NaN through pz)
        eta = np.where((pt == 0) & (pz == 0), 0.0, np.arcsinh(ratio)) if _flat(pt) else np.arcsinh(ratio)
        m2 = (e - pz) * (e + pz) - pt * pt
    return pt, eta, np.arctan2(py, px), np.sign(m2) * np.sqrt(np.abs(m2))


def _flat(array: np.ndarray) -> bool:
    return isinstance(array, np.ndarray)


class _Source:
    """Branch lookup for one chunk: a map's name -> its array (float64), or the constant for every event."""

    def __init__(self, arrays: Mapping[str, np.ndarray] | ak.Array, branches: BranchMap, n: int):
        self.arrays, self.branches, self.n = arrays, branches, n

    def __contains__(self, name: str) -> bool:
        return name in self.branches

    def get(self, name: str) -> np.ndarray:
        value = self.branches[name]
        if not isinstance(value, str):
            return np.full(self.n, float(value))
        array = self.arrays[value]
        if name.split("_")[0] in ("electron", "muon", "jet", "genpart"):
            if array.ndim != 2 or ak.fields(array):
                raise InputError(f"branch {value!r} (for {name}) holds no list of numbers per event")
            return ak.values_astype(array, np.float64)
        if array.ndim == 1 and not isinstance(array, np.ndarray):
            array = ak.to_numpy(array)
        if array.ndim != 1 or array.dtype.kind not in "biuf":
            raise InputError(f"branch {value!r} (for {name}) holds no single number per event")
        return array.astype(np.float64)

    def p4(self, obj: str, default_mass: np.ndarray | float) -> dict[str, np.ndarray]:
        """pt, eta, phi, mass of an object from whichever components the map names."""
        if f"{obj}_px" in self:
            values = polar_from_cartesian(*(self.get(f"{obj}_{c}") for c in ("px", "py", "pz", "e")))
            return dict(zip(P4, values, strict=True))
        pt, eta, phi = (self.get(f"{obj}_{c}") for c in ("pt", "eta", "phi"))
        if f"{obj}_mass" in self:
            mass = self.get(f"{obj}_mass")
        elif f"{obj}_e" in self:
            with np.errstate(over="ignore", invalid="ignore"):
                p, e = pt * np.cosh(eta), self.get(f"{obj}_e")
                m2 = (e - p) * (e + p)
                mass = np.sign(m2) * np.sqrt(np.abs(m2))
        else:
            mass = np.asarray(default_mass)
        if not isinstance(pt, np.ndarray):  # constants, for every object of the lists
            eta, phi, mass = (ak.broadcast_arrays(pt, values)[1] for values in (eta, phi, mass))
        return {"pt": pt, "eta": eta, "phi": phi, "mass": mass + np.zeros_like(pt)}


def _event_level(source: _Source) -> Columns:
    n = source.n
    columns: Columns = {
        "weight": source.get("weight") if "weight" in source else np.ones(n),
        "mH": source.get("mH") if "mH" in source else np.zeros(n),
        "mA": source.get("mA") if "mA" in source else np.zeros(n),
    }
    if "met_px" in source:
        px, py = source.get("met_px"), source.get("met_py")
        columns |= {"met_pt": np.hypot(px, py), "met_phi": np.arctan2(py, px)}
    else:
        columns |= {"met_pt": source.get("met_pt"), "met_phi": source.get("met_phi")}
    return columns


def _lepton_mass(pdg_id: np.ndarray) -> np.ndarray:
    return np.where(np.abs(pdg_id) == 13, MUON_MASS, ELECTRON_MASS)


def from_candidates(
    arrays: Mapping[str, np.ndarray], fmt: Format, n: int, sel: Selection, truth: Mapping[str, np.dtype]
) -> tuple[Columns, np.ndarray]:
    """Columns of a tree with one branch per object, and which events have a non-finite value.

    Leptons go to lep_plus, lep_minus by the sign of pdgId (negative: positive lepton); with equal signs l1
    goes to lep_plus and both keep their pdgId, which marks the event. Jets are put in decreasing pt.
    ``truth``: the truth branches wanted (none: empty).
    """
    source = _Source(
        arrays, {k: b for k, b in fmt.branches.items() if not isinstance(b, str) or b in arrays}, n
    )
    columns = _event_level(source)
    pair = LEPTONS if "lep_plus_pdgId" in source else ("l1", "l2")
    leptons = []
    for obj in pair:
        pdg = source.get(f"{obj}_pdgId")
        leptons.append(source.p4(obj, _lepton_mass(pdg)) | {"pdgId": np.nan_to_num(pdg).astype(np.int32)})
    swap = (leptons[0]["pdgId"] > 0) & (leptons[1]["pdgId"] < 0)
    _store_pair(columns, LEPTONS, leptons, swap)

    jets = [source.p4(obj, 0.0) for obj in ("j1", "j2")]
    flavoured = all(f"j{i}_partonFlavour" in source for i in (1, 2))
    if flavoured:
        for i, jet in enumerate(jets, start=1):
            jet["flavour"] = source.get(f"j{i}_partonFlavour")
    flavour: Columns = {}
    _store_pair(columns, ("j1", "j2"), jets, jets[1]["pt"] > jets[0]["pt"])
    if flavoured:
        flavour = {f"j{i}": columns.pop(f"j{i}_flavour") for i in (1, 2)}
    if sel.bjets == "pairs" and any(has_p4(fmt.branches, obj) for obj in EXTRA_JETS):
        for obj in EXTRA_JETS:
            absent = dict.fromkeys(P4, np.full(n, np.nan))
            p4 = source.p4(obj, 0.0) if has_p4(fmt.branches, obj) else absent
            columns |= {f"{obj}_{c}": values for c, values in p4.items()}
        judge_extra_jets(columns, sel)
    if truth:
        columns |= _truth(source, columns, flavour)
    columns["event"] = np.zeros(n, dtype=np.int64)
    return columns, non_finite(columns)


def _store_pair(columns: Columns, names: tuple[str, ...], pair: list[Columns], swap: np.ndarray) -> None:
    for field in pair[0]:
        a, b = pair[0][field], pair[1][field]
        columns[f"{names[0]}_{field}"] = np.where(swap, b, a)
        columns[f"{names[1]}_{field}"] = np.where(swap, a, b)


def _truth(source: _Source, columns: Columns, flavour: Columns) -> Columns:
    """Truth columns if the file has the four visible partons (neutrinos if it has both); else nothing.

    Masses: leptons by their flavour and neutrinos 0 (the mass from rounded components would be noise of order
    0.1 GeV), b quarks from E^2 - p^2, not below 0.
    """

    def has(obj: str) -> bool:
        return all(f"truth_{obj}_{c}" in source for c in ("px", "py", "pz", "e"))

    if not all(has(obj) for obj in TRUTH_VISIBLE):
        return {}
    objects = TRUTH_VISIBLE + (NEUTRINOS if all(has(obj) for obj in NEUTRINOS) else ())
    truth: Columns = {}
    kt_x, kt_y = np.zeros(source.n), np.zeros(source.n)
    for obj in objects:
        px, py, pz, e = (source.get(f"truth_{obj}_{c}") for c in ("px", "py", "pz", "e"))
        pt, eta, phi, mass = polar_from_cartesian(px, py, pz, e)
        if obj in LEPTONS:
            true_flavour = f"truth_{obj}_pdgId"
            known = source.get(true_flavour) if true_flavour in source else columns[f"{obj}_pdgId"]
            mass = _lepton_mass(known)
        elif obj in NEUTRINOS:
            mass = np.zeros(source.n)
        else:
            mass = np.maximum(mass, 0.0)
        truth |= {f"truth_{obj}_{c}": v for c, v in zip(P4, (pt, eta, phi, mass), strict=True)}
        kt_x, kt_y = kt_x + px, kt_y + py
    unknown = np.full(source.n, -1, dtype=np.int8)
    truth["truth_b_is_j1"] = b_is_j1(flavour["j1"], flavour["j2"]) if flavour else unknown
    truth["truth_kt_x"], truth["truth_kt_y"] = kt_x, kt_y
    return truth


def btag_threshold(fmt: Format, sel: Selection) -> float:
    """The b-tag cut: the selection's, else the medium point of a known discriminator; else InputError."""
    if sel.btag_min is not None:
        return float(sel.btag_min)
    branch = fmt.branches["jet_btag"]
    if branch not in BTAG_MEDIUM:
        raise InputError(
            f"selection: btag_min is needed, since no working point is known for branch {branch!r} "
            f"(known: {', '.join(BTAG_MEDIUM)})"
        )
    return BTAG_MEDIUM[str(branch)]


def from_collections(
    arrays: ak.Array, fmt: Format, n: int, sel: Selection, truth: Mapping[str, np.dtype]
) -> tuple[Columns, np.ndarray]:
    """Columns of a tree with lists of objects, and which events have a non-finite value in any list.

    Leptons: those that pass identification, isolation, |eta| and the lower pt threshold of their flavour; the
    two leading ones are the pair (equal charges: the leading one stands as lep_plus). Jets: those that pass
    identification, b tag, pt, |eta| and the distance to the pair; the two leading ones, or
    four with ``bjets: pairs``. ``truth``: the truth branches wanted, from the generator particles (none: empty).
    """
    present = {k: b for k, b in fmt.branches.items() if not isinstance(b, str) or b in arrays.fields}
    source = _Source(arrays, present, n)
    columns = _event_level(source)
    bad = ~(np.isfinite(columns["met_pt"]) & np.isfinite(columns["met_phi"]) & np.isfinite(columns["weight"]))

    leptons = []
    for obj, pdg, mass in (("electron", 11, ELECTRON_MASS), ("muon", 13, MUON_MASS)):
        if any(k.startswith(f"{obj}_") for k in present):
            p4 = source.p4(obj, mass)
            bad |= _any_non_finite(p4)
            charge = source.get(f"{obj}_charge")
            fields = p4 | {"pdgId": ak.values_astype(-pdg * np.sign(charge), np.int32)}
            leptons.append(ak.zip(fields)[_good_lepton(source, obj, p4, sel)])
    merged = ak.concatenate(leptons, axis=1)
    merged = merged[ak.argsort(merged.pt, axis=1, ascending=False, stable=True)]
    first, second = _nth(merged, 0), _nth(merged, 1)
    swap = (first["pdgId"] > 0) & (second["pdgId"] < 0)
    _store_pair(columns, LEPTONS, [first, second], swap)

    p4 = source.p4("jet", 0.0)
    bad |= _any_non_finite(p4)
    jet_fields = dict(p4)
    if "jet_partonFlavour" in source:
        jet_fields["flavour"] = source.get("jet_partonFlavour")
    good = (p4["pt"] > (sel.jet_pt_min or 0.0)) & (source.get("jet_btag") > btag_threshold(fmt, sel))
    if sel.jet_eta_max is not None:
        good = good & (abs(p4["eta"]) < sel.jet_eta_max)
    if sel.jet_id_min is not None and "jet_id" in source:
        good = good & (source.get("jet_id") >= sel.jet_id_min)
    if sel.jet_lepton_dr_min is not None:
        for lep in (first, second):
            near = delta_r(p4["eta"], p4["phi"], lep["eta"], lep["phi"]) <= sel.jet_lepton_dr_min
            good = good & ~near  # an absent lepton is NaN, near nothing
    jets = ak.zip(jet_fields)[good]
    jets = jets[ak.argsort(jets.pt, axis=1, ascending=False, stable=True)]
    flavour: Columns = {}
    for i, name in enumerate(JETS + (EXTRA_JETS if sel.bjets == "pairs" else ())):
        found = _nth(jets, i)
        columns |= {f"{name}_{c}": found[c] for c in P4}
        if "flavour" in found:
            flavour[name] = found["flavour"]
    if truth:
        parts = {c: source.get(f"genpart_{c}") for c in genpart_components(present)}
        columns |= truth_columns(GenParticles(parts, n), columns, flavour, "truth_nu_pt" in truth)
    columns["event"] = np.zeros(n, dtype=np.int64)
    return columns, bad


def genpart_components(branches: Mapping[str, object]) -> tuple[str, ...]:
    """Components of the generator particles that a map names, or none if one that is needed is not there."""
    if not all(f"genpart_{c}" in branches for c in GENPART):
        return ()
    return tuple(c for c in (*GENPART, *GENPART_OPTIONAL) if f"genpart_{c}" in branches)


def _good_lepton(source: _Source, obj: str, p4: Mapping[str, ak.Array], sel: Selection) -> ak.Array:
    pts, eta_max = (
        (sel.electron_pt_min, sel.electron_eta_max)
        if obj == "electron"
        else (sel.muon_pt_min, sel.muon_eta_max)
    )
    good = p4["pt"] > (min(pts) if pts is not None else 0.0)
    if eta_max is not None:
        good = good & (abs(p4["eta"]) < eta_max)
    if obj == "electron" and sel.electron_id_min is not None and "electron_id" in source:
        good = good & (source.get("electron_id") >= sel.electron_id_min)
    if obj == "muon" and sel.muon_tight_id and "muon_id" in source:
        good = good & (source.get("muon_id") > 0)
    if obj == "muon" and sel.muon_iso_max is not None and "muon_iso" in source:
        good = good & (source.get("muon_iso") < sel.muon_iso_max)
    return good


def _any_non_finite(p4: Mapping[str, ak.Array]) -> np.ndarray:
    bad = False
    for values in p4.values():
        bad = bad | ak.to_numpy(ak.any(~np.isfinite(values), axis=1))
    return np.asarray(bad)


def _nth(objects: ak.Array, i: int) -> Columns:
    """Fields of the i-th object of every event; NaN (pdgId 0) where there is none."""
    picked = ak.pad_none(objects, i + 1, axis=1, clip=True)[:, i]
    out: Columns = {}
    for field in objects.fields:
        missing, dtype = (0, np.int32) if field == "pdgId" else (np.nan, np.float64)
        out[field] = ak.to_numpy(ak.fill_none(picked[field], missing)).astype(dtype)
    return out
