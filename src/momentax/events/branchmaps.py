"""Which branch holds what: the formats that are recognised, and maps given by the user.

A branch map goes from a name of ours to a branch of the file, or to a number for a constant. Two layouts:

``candidates`` (one branch per object and component)
    ``l1``, ``l2`` (any order) or ``lep_plus``, ``lep_minus``, and ``j1``, ``j2``, each with ``_pt _eta _phi``
    and ``_mass`` or ``_e``, or with ``_px _py _pz _e``; leptons with ``_pdgId`` (or a constant, e.g.
    ``"l1_pdgId": -13``); ``met_pt met_phi`` or ``met_px met_py``. Optional: ``event weight mH mA
    j1_partonFlavour j2_partonFlavour``, further b jets ``j3`` and ``j4`` (absent: pt NaN or <= 0), and truth
    ``truth_<obj>_px _py _pz _e`` for lep_plus, lep_minus, b, bbar, nu, nubar (leptons also ``_pdgId``).
``collections`` (a list per event and component)
    ``electron``, ``muon`` (at least one of them) and ``jet`` with components as above; leptons with
    ``_charge``, jets with ``_btag``; optional ``electron_id electron_iso muon_id muon_iso jet_id
    jet_partonFlavour``, generator particles ``genpart_pt _eta _phi _pdgId _statusFlags`` (also ``_mass _status``), from
    which truth is taken, and the same event branches.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from momentax.errors import InputError, nearest
from momentax.events.genparts import GENPART, GENPART_OPTIONAL
from momentax.events.schema import EVENT_BRANCHES, EXTRA_JETS, JETS, NEUTRINOS, TRUTH_VISIBLE

Branch = str | float | int
BranchMap = dict[str, Branch]

OWN = "momentax"

_EVENT_LEVEL = ("event", "weight", "mH", "mA", "met_pt", "met_phi", "met_px", "met_py")
_COMPONENTS = ("pt", "eta", "phi", "mass", "px", "py", "pz", "e")
_CANDIDATES = ("l1", "l2", "lep_plus", "lep_minus", *JETS, *EXTRA_JETS)
_COLLECTIONS = ("electron", "muon", "jet", "genpart")
_TRUTH_OBJECTS = TRUTH_VISIBLE + NEUTRINOS

_CANDIDATE_KEYS = (
    *_EVENT_LEVEL,
    *(f"{o}_{c}" for o in _CANDIDATES for c in _COMPONENTS),
    *(f"{o}_pdgId" for o in _CANDIDATES[:4]),
    "j1_partonFlavour",
    "j2_partonFlavour",
    "truth_lep_plus_pdgId",
    "truth_lep_minus_pdgId",
    *(f"truth_{o}_{c}" for o in _TRUTH_OBJECTS for c in ("px", "py", "pz", "e")),
)
_COLLECTION_KEYS = (
    *_EVENT_LEVEL,
    *(f"{o}_{c}" for o in _COLLECTIONS[:3] for c in _COMPONENTS),
    *("electron_charge", "electron_id", "electron_iso"),
    *("muon_charge", "muon_id", "muon_iso"),
    *("jet_btag", "jet_id", "jet_partonFlavour"),
    *(f"genpart_{c}" for c in (*GENPART, *GENPART_OPTIONAL)),
)


@dataclasses.dataclass(frozen=True)
class Format:
    """A way to read a tree: name, layout (own, candidates, collections), map, and what may be absent."""

    name: str
    layout: str
    branches: BranchMap
    optional: frozenset[str] = frozenset()

    def required(self) -> dict[str, str]:
        """Our name -> branch, for the branches that must be there."""
        return {k: b for k, b in self.branches.items() if isinstance(b, str) and k not in self.optional}


def _objects(mapping: Mapping[str, str], components: tuple[str, ...]) -> BranchMap:
    return {f"{ours}_{c}": f"{theirs}_{c}" for ours, theirs in mapping.items() for c in components}


def _pythia_flat() -> Format:
    kinematic = ("pt", "eta", "phi", "mass")
    branches = _objects({"l1": "l1", "l2": "l2", "j1": "b1", "j2": "b2"}, kinematic)
    branches |= {"l1_pdgId": "l1_pdgId", "l2_pdgId": "l2_pdgId", "met_pt": "MET_pt", "met_phi": "MET_phi"}
    optional: BranchMap = {"event": "event", "weight": "weight", "mH": "mH", "mA": "mA"}
    optional |= {f"j{i}_partonFlavour": f"b{i}_partonFlavour" for i in (1, 2)}
    truth = {"lep_plus": "lp", "lep_minus": "lm", "b": "b", "bbar": "bbar", "nu": "nu", "nubar": "nubar"}
    for ours, theirs in truth.items():
        optional |= {f"truth_{ours}_{c}": f"gen_{theirs}_{c}" for c in ("px", "py", "pz")}
        optional[f"truth_{ours}_e"] = f"gen_{theirs}_E"
    optional |= {"truth_lep_plus_pdgId": "gen_lp_pdgId", "truth_lep_minus_pdgId": "gen_lm_pdgId"}
    return Format("pythia_flat", "candidates", branches | optional, frozenset(optional))


def _nanoaod(btag: str) -> Format:
    kinematic = ("pt", "eta", "phi", "mass")
    branches = _objects({"electron": "Electron", "muon": "Muon", "jet": "Jet"}, kinematic)
    branches |= {"electron_charge": "Electron_charge", "muon_charge": "Muon_charge", "jet_btag": btag}
    branches |= {"met_pt": "MET_pt", "met_phi": "MET_phi"}
    optional: BranchMap = {
        "event": "event",
        "weight": "genWeight",
        "electron_id": "Electron_cutBased",
        "muon_id": "Muon_tightId",
        "muon_iso": "Muon_pfRelIso04_all",
        "jet_id": "Jet_jetId",
        "jet_partonFlavour": "Jet_partonFlavour",
    }
    optional |= {f"genpart_{c}": f"GenPart_{c}" for c in (*GENPART, *GENPART_OPTIONAL)}
    return Format("nanoaod", "collections", branches | optional, frozenset(optional))


PYTHIA_FLAT = _pythia_flat()

#: Medium working points of the b-tag discriminators: DeepJet and DeepCSV for 2018 (Run 2 UL), CSVv2 for 2016.
BTAG_MEDIUM = {"Jet_btagDeepFlavB": 0.2783, "Jet_btagDeepB": 0.4168, "Jet_btagCSVV2": 0.8484}

_OWN_FORMAT = Format(OWN, "own", {name: name for name in EVENT_BRANCHES})


def _known_formats(existing: Collection[str]) -> list[Format]:
    btag = next((b for b in BTAG_MEDIUM if b in existing), "Jet_btagDeepFlavB")
    return [_OWN_FORMAT, PYTHIA_FLAT, _nanoaod(btag)]


def _layout(branches: Mapping[str, Branch]) -> str | None:
    """The layout that the keys of a user's map speak of; None if they are event-level only."""
    collections = {k for k in branches if k.split("_")[0] in _COLLECTIONS}
    candidates = {k for k in branches if k not in _EVENT_LEVEL and k not in collections}
    if collections and candidates:
        raise InputError(
            f"branches: {min(collections)!r} belongs to lists of objects and {min(candidates)!r} to single "
            "candidates; a map holds one kind"
        )
    return "collections" if collections else "candidates" if candidates else None


def _check_keys(branches: Mapping[str, Branch]) -> None:
    valid = dict.fromkeys((*_CANDIDATE_KEYS, *_COLLECTION_KEYS))
    for key, value in branches.items():
        if key not in valid:
            raise InputError(f"branches: unknown name {key!r}{nearest(key, valid)}")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise InputError(f"branches: {key} = {value!r}, want the name of a branch or a number")


def best_known(existing: Collection[str]) -> tuple[Format | None, float]:
    """The known format with the largest share of its required branches in the tree, and that share."""
    have = set(existing)
    best: Format | None = None
    share = 0.0
    for known in _known_formats(have):
        wanted = set(known.required().values())
        part = len(wanted & have) / len(wanted)
        if part > share:
            best, share = known, part
    return best, share


def recognise(existing: Collection[str], user: Mapping[str, Branch] | None) -> Format | None:
    """The format of a tree with these branches: known, known with changes, or the user's; else None.

    A tree is taken for a known format when at least half of its required branches are there (what is missing
    is then reported by name). Raises InputError for a map with an unknown name.
    """
    known, share = best_known(existing)
    if share < 0.5:
        known = None
    if not user:
        return known
    _check_keys(user)
    layout = _layout(user)
    lacking = "the leptons and the jets" if layout is None else _lacking(user, layout)
    if lacking is None:
        return Format("branches", str(layout), dict(user))
    if known is not None and known.layout != "own" and layout in (None, known.layout):
        changed = _without_replaced(known.branches, user)
        kept = frozenset(k for k in known.optional if k not in user)
        return Format(f"{known.name}, changed by branches", known.layout, changed | dict(user), kept)
    raise InputError(f"branches: the map lacks {lacking}")


def _without_replaced(branches: BranchMap, user: Mapping[str, Branch]) -> BranchMap:
    """The known map without pt, eta, phi, mass of objects that the user describes by px, py, pz, e."""
    cartesian = {k.rsplit("_", 1)[0] for k in user if k.endswith("_px")}
    return {
        k: b
        for k, b in branches.items()
        if not (k.rsplit("_", 1)[0] in cartesian and k.rsplit("_", 1)[1] in ("pt", "eta", "phi", "mass"))
    }


def has_p4(branches: Mapping[str, Branch], obj: str) -> bool:
    """Whether the map gives a full four-vector of the object."""
    has = {c for c in _COMPONENTS if f"{obj}_{c}" in branches}
    lepton = obj in ("electron", "muon", "l1", "l2", "lep_plus", "lep_minus")
    polar = {"pt", "eta", "phi"} <= has and (lepton or bool(has & {"mass", "e"}))
    return polar or {"px", "py", "pz", "e"} <= has


def _lacking(branches: Mapping[str, Branch], layout: str) -> str | None:
    """All that a user's map lacks to stand alone, or None."""
    lacking: list[str] = []
    objects: tuple[str, ...]
    if layout == "candidates":
        signed = any(key.startswith(("lep_plus_", "lep_minus_")) for key in branches)
        pair = ("lep_plus", "lep_minus") if signed else ("l1", "l2")
        scalars, objects = [f"{obj}_pdgId" for obj in pair], (*pair, "j1", "j2")
    else:
        leptons = [o for o in ("electron", "muon") if any(k.startswith(f"{o}_") for k in branches)]
        if not leptons:
            lacking.append("electrons or muons: electron_pt ... or muon_pt ...")
        scalars, objects = [*(f"{obj}_charge" for obj in leptons), "jet_btag"], (*leptons, "jet")
    lacking += [
        f"{name} (a branch, or a number such as -13)" if name.endswith("pdgId") else name
        for name in scalars
        if name not in branches
    ]
    if unknown := [obj for obj in objects if not has_p4(branches, obj)]:
        p4 = "_pt _eta _phi and _mass (or _e), or _px _py _pz _e"
        lacking.append(f"the four-vectors of {', '.join(unknown)}: {p4}")
    if not ({"met_pt", "met_phi"} <= set(branches) or {"met_px", "met_py"} <= set(branches)):
        lacking.append("met_pt and met_phi (or met_px and met_py)")
    return "; ".join(lacking) or None
