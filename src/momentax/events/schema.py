"""The event schema: what an event is in memory (awkward records) and in a file (flat branches).

In memory an event is a record with the fields

- ``event`` int64, unique in its sample; ``sample`` string; ``weight``, ``mH``, ``mA`` float64 (0 if not H ->
  ZA);
- ``lep_plus``, ``lep_minus``: pt, eta, phi, mass, pdgId (negative pdgId for the positive lepton);
- ``j1``, ``j2`` (b jets in decreasing pt): pt, eta, phi, mass; optional ``j3``, ``j4``: further b jets, for the
  sum over pairs (:mod:`momentax.bjet_pairs`);
- ``met``: pt, phi;
- ``truth`` (optional): lep_plus, lep_minus, b, bbar and, where there are neutrinos, nu, nubar, each with
  pt, eta, phi, mass; ``b_is_j1`` int8 (1: j1 is the b, 0: j1 is the bbar, -1: unknown); kt_x, kt_y.

Energies, momenta and masses are in GeV, angles in radian, all float64. In a file the same names joined by
``_`` are the branches (``lep_plus_pt``, ``truth_b_is_j1``). An object that the event does not have is four
NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError, nearest

TREE = "Events"
SCHEMA_VERSION = 1

P4 = ("pt", "eta", "phi", "mass")
LEPTONS = ("lep_plus", "lep_minus")
JETS = ("j1", "j2")
EXTRA_JETS = ("j3", "j4")
VISIBLE = LEPTONS + JETS
TRUTH_VISIBLE = ("lep_plus", "lep_minus", "b", "bbar")
NEUTRINOS = ("nu", "nubar")

Columns = dict[str, np.ndarray]


def _event_fields() -> dict[str, np.dtype]:
    f8, i4 = np.dtype(np.float64), np.dtype(np.int32)
    fields: dict[str, np.dtype] = {
        "event": np.dtype(np.int64),
        "sample": np.dtype(np.int16),
        "weight": f8,
        "mH": f8,
        "mA": f8,
    }
    for obj in LEPTONS:
        fields |= {f"{obj}_{c}": f8 for c in P4} | {f"{obj}_pdgId": i4}
    for obj in JETS:
        fields |= {f"{obj}_{c}": f8 for c in P4}
    return fields | {"met_pt": f8, "met_phi": f8}


#: Branch name -> dtype of the fields of every event (``sample`` indexes the metadata's ``samples``).
EVENT_BRANCHES: dict[str, np.dtype] = _event_fields()


#: The optional further b jets, beyond the pair ``j1``, ``j2``.
EXTRA_JET_BRANCHES: dict[str, np.dtype] = {
    f"{obj}_{c}": np.dtype(np.float64) for obj in EXTRA_JETS for c in P4
}


def extra_jet_kind(names: Iterable[str]) -> dict[str, np.dtype]:
    """The branches of further b jets if a set of branch names holds them all, else none (empty)."""
    return EXTRA_JET_BRANCHES if set(names).issuperset(EXTRA_JET_BRANCHES) else {}


def truth_branches(neutrinos: bool) -> dict[str, np.dtype]:
    """Branch name -> dtype of the optional truth, with or without the two neutrinos."""
    objects = TRUTH_VISIBLE + (NEUTRINOS if neutrinos else ())
    f8 = np.dtype(np.float64)
    fields = {f"truth_{obj}_{c}": f8 for obj in objects for c in P4}
    return fields | {"truth_b_is_j1": np.dtype(np.int8), "truth_kt_x": f8, "truth_kt_y": f8}


def truth_kind(names: Iterable[str]) -> dict[str, np.dtype]:
    """The truth branches that a set of branch names holds: with neutrinos, without, or none (empty)."""
    have = set(names)
    for neutrinos in (True, False):
        branches = truth_branches(neutrinos)
        if have.issuperset(branches):
            return branches
    return {}


def _record(columns: Mapping[str, np.ndarray], prefix: str, fields: Iterable[str]) -> ak.Array:
    return ak.zip({f: columns[f"{prefix}_{f}"] for f in fields}, depth_limit=1)


def to_records(columns: Mapping[str, np.ndarray], samples: list[str], attrs: dict[str, Any]) -> ak.Array:
    """Flat columns (keys of :data:`EVENT_BRANCHES`, truth optional) as the in-memory record array."""
    n = len(columns["event"])
    codes = np.asarray(columns["sample"], dtype=np.int64)
    if n and (codes.min() < 0 or codes.max() >= len(samples)):
        raise InputError(
            f"branch 'sample' holds codes {codes.min()}..{codes.max()}, "
            f"but the metadata names {len(samples)} samples"
        )
    fields: dict[str, Any] = {"event": columns["event"]}
    # an empty list of names has no string type, hence the placeholder that no code points to
    fields["sample"] = ak.Array(samples or [""])[codes]
    fields |= {name: columns[name] for name in ("weight", "mH", "mA")}
    fields |= {obj: _record(columns, obj, (*P4, "pdgId")) for obj in LEPTONS}
    fields |= {obj: _record(columns, obj, P4) for obj in JETS}
    if extra_jet_kind(columns):
        fields |= {obj: _record(columns, obj, P4) for obj in EXTRA_JETS}
    fields["met"] = _record(columns, "met", ("pt", "phi"))
    truth = truth_kind(columns)
    if truth:
        objects = TRUTH_VISIBLE + (NEUTRINOS if "truth_nu_pt" in truth else ())
        parts: dict[str, Any] = {obj: _record(columns, f"truth_{obj}", P4) for obj in objects}
        parts |= {f: columns[f"truth_{f}"] for f in ("b_is_j1", "kt_x", "kt_y")}
        fields["truth"] = ak.zip(parts, depth_limit=1)
    return ak.zip(fields, depth_limit=1, attrs=attrs)


def _column(events: ak.Array, path: tuple[str, ...], dtype: np.dtype) -> np.ndarray:
    node = events
    for part in path:
        if part not in node.fields:
            raise InputError(
                f"event array: field {'.'.join(path)!r} is missing "
                f"(no {part!r} among {', '.join(node.fields)})"
                f"{nearest(part, node.fields)}"
            )
        node = node[part]
    try:
        return np.ascontiguousarray(ak.to_numpy(node, allow_missing=False), dtype=dtype)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"event array: field {'.'.join(path)!r} has type {node.type}, want one {dtype} per event"
        ) from error


def _split(branch: str) -> tuple[str, ...]:
    """``truth_lep_plus_pt`` -> ('truth', 'lep_plus', 'pt'): the record path of a branch name."""
    if branch.startswith("truth_"):
        rest = branch.removeprefix("truth_")
        for obj in TRUTH_VISIBLE + NEUTRINOS:
            if rest.removeprefix(f"{obj}_") in P4:
                return ("truth", obj, rest.removeprefix(f"{obj}_"))
        return ("truth", rest)
    for obj in (*VISIBLE, *EXTRA_JETS, "met"):
        if branch.startswith(f"{obj}_"):
            return (obj, branch.removeprefix(f"{obj}_"))
    return (branch,)


def to_columns(events: ak.Array) -> tuple[Columns, list[str]]:
    """The record array as flat columns in file order, and the sample names that the ``sample`` codes index.

    Raises InputError naming the field if one is missing or is not one number per event.
    """
    columns: Columns = {}
    samples: list[str] = []
    for name, dtype in EVENT_BRANCHES.items():
        if name == "sample":
            if "sample" not in events.fields:
                raise InputError("event array: field 'sample' (a string per event) is missing")
            found, codes = np.unique(ak.to_numpy(events["sample"]).astype(str), return_inverse=True)
            samples = [str(s) for s in found]
            columns[name] = codes.reshape(-1).astype(dtype)
        else:
            columns[name] = _column(events, _split(name), dtype)
    if any(obj in events.fields for obj in EXTRA_JETS):
        columns |= {name: _column(events, _split(name), dtype) for name, dtype in EXTRA_JET_BRANCHES.items()}
    if "truth" in events.fields:
        neutrinos = "nu" in events["truth"].fields
        for name, dtype in truth_branches(neutrinos).items():
            columns[name] = _column(events, _split(name), dtype)
    return columns, samples


def empty_columns(branches: Mapping[str, np.dtype]) -> Columns:
    """Columns of length 0 with the dtypes of the given branches."""
    return {name: np.empty(0, dtype=dtype) for name, dtype in branches.items()}
