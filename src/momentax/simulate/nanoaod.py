"""Showered events as a ROOT file with the names of NanoAOD v9, and the merging of such files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import awkward as ak
import numpy as np
import uproot

from momentax.atomic import atomic_path
from momentax.errors import InputError
from momentax.events import rootfile
from momentax.events.candidates import ELECTRON_MASS, MUON_MASS
from momentax.simulate.cms_response import Measured, Reconstructed
from momentax.simulate.lhe import RECORDS
from momentax.simulate.partons import PartonEvents
from momentax.simulate.reconstruct import polar

TREE = "Events"
SCALARS: dict[str, str] = {
    "run": "uint32",
    "luminosityBlock": "uint32",
    "event": "uint64",
    "genWeight": "float32",
    "eff_weight": "float32",
    "MET_pt": "float32",
    "MET_phi": "float32",
    "GenMET_pt": "float32",
    "GenMET_phi": "float32",
}
_P4 = {"pt": "float32", "eta": "float32", "phi": "float32", "mass": "float32"}
LISTS: dict[str, dict[str, str]] = {
    "Electron": _P4 | {"charge": "int32", "pdgId": "int32", "cutBased": "int32", "pfRelIso03_all": "float32"},
    "Muon": _P4 | {"charge": "int32", "pdgId": "int32", "tightId": "bool", "pfRelIso04_all": "float32"},
    "Jet": _P4
    | {"btagDeepFlavB": "float32", "jetId": "int32", "partonFlavour": "int32", "hadronFlavour": "int32"},
    "GenPart": _P4
    | {"pdgId": "int32", "status": "int32", "statusFlags": "int32", "genPartIdxMother": "int32"},
}
TIGHT_ELECTRON, TIGHT_LEPTON_VETO_JET = 4, 6
IS_PROMPT, IS_HARD, FROM_HARD, FIRST_COPY, LAST_COPY = 1, 1 << 7, 1 << 8, 1 << 12, 1 << 13
RESONANCE, OUTGOING = 22, 23
"""Pythia's status of GenPart: intermediate, and outgoing of the hard process."""
STEP = 20_000
"""Events read at a time."""
SUMMED = ("n_partons", "n_lost")
"""Metadata of shards that add up."""

Columns = dict[str, Any]


def columns_of(
    measured: Reconstructed,
    truth: np.ndarray,
    partons: PartonEvents,
    rows: np.ndarray,
    kind: str,
    gen_met: np.ndarray,
    isolation_max: float,
    block: int,
) -> Columns:
    """Branches of a batch, lists grouped.

    ``truth``: (E, px, py, pz) of ``partons.particles`` in the laboratory, [events, particles, 4]; ``rows``: rows of
    the events in ``partons``; ``block``: luminosity block, the shard's number + 1.
    """
    n, leptons, jets = len(rows), measured.leptons, measured.jets
    columns: Columns = {
        "run": np.ones(n),
        "luminosityBlock": np.full(n, block),
        "event": partons.event[rows],
        "genWeight": partons.weight[rows],
        "eff_weight": measured.efficiency,
    }
    for name, vector in (("MET", measured.met), ("GenMET", gen_met)):
        columns |= {f"{name}_pt": np.hypot(*vector.T), f"{name}_phi": np.arctan2(vector[:, 1], vector[:, 0])}
    for name, pdg, identification, isolation in (
        ("Electron", 11, "cutBased", "pfRelIso03_all"),
        ("Muon", 13, "tightId", "pfRelIso04_all"),
    ):
        mine = np.abs(leptons.pdg) == pdg
        # the identification of electrons includes their isolation, that of muons does not
        passed = TIGHT_ELECTRON * (leptons.extra < isolation_max) if pdg == 11 else leptons.extra >= 0.0
        columns[name] = _grouped(
            leptons,
            mine,
            n,
            charge=-np.sign(leptons.pdg),
            pdgId=leptons.pdg,
            **{identification: passed, isolation: leptons.extra},
        )
    columns["Jet"] = _grouped(
        jets,
        np.ones(len(jets.pt), dtype=bool),
        n,
        btagDeepFlavB=jets.pdg == 5,
        jetId=np.full(len(jets.pt), TIGHT_LEPTON_VETO_JET),
        partonFlavour=jets.extra,
        hadronFlavour=jets.pdg,
    )
    return columns | {"GenPart": gen_particles(truth, partons, rows, kind)}


def _grouped(found: Measured, mine: np.ndarray, n: int, **more: np.ndarray) -> ak.Array:
    fields = {"pt": found.pt, "eta": found.eta, "phi": found.phi, "mass": found.mass, **more}
    counts = np.bincount(found.event[mine], minlength=n)
    return ak.unflatten(ak.zip({name: values[mine] for name, values in fields.items()}), counts)


def gen_particles(truth: np.ndarray, partons: PartonEvents, rows: np.ndarray, kind: str) -> ak.Array:
    """The hard process without the incoming partons, in the order of the event file: resonances and final state.

    A resonance is the sum of its final state as given in ``truth``. Of each final-state particle there is one entry:
    before its own radiation, with the flags isHardProcess, fromHardProcess, isFirstCopy and isLastCopy.
    """
    lines, place = RECORDS[kind][2:], {name: i for i, name in enumerate(partons.particles)}
    fields: dict[str, list[np.ndarray]] = {name: [] for name in LISTS["GenPart"]}
    for line in lines:
        pt, eta, phi, mass = polar(truth[:, [place[name] for name in line.parts]].sum(axis=1))
        final = isinstance(line.pdg, str)
        pdg = (
            partons.pdg[rows, 2 + place[line.pdg]]
            if isinstance(line.pdg, str)
            else np.full(len(rows), line.pdg)
        )
        if final and line.pdg not in ("b", "bbar"):
            mass = np.select([np.abs(pdg) == 11, np.abs(pdg) == 13], [ELECTRON_MASS, MUON_MASS], 0.0)
        flags = IS_HARD | FROM_HARD | FIRST_COPY | LAST_COPY | (IS_PROMPT if final else 0)
        values = (pt, eta, phi, mass, pdg, OUTGOING if final else RESONANCE, flags, max(line.mother - 3, -1))
        for name, value in zip(LISTS["GenPart"], values, strict=True):
            fields[name].append(np.broadcast_to(value, len(rows)))
    # mothers were numbered from 1 with the incoming partons first
    return ak.zip({name: ak.from_regular(np.stack(parts, axis=1)) for name, parts in fields.items()})


class NanoWriter:
    """Writes the tree Events batch by batch and the metadata; the file appears whole or not at all."""

    def __init__(self, path: str | os.PathLike[str]):
        self.metadata: dict[str, Any] = {}
        self.n_events = 0
        self._atomic = atomic_path(path)

    def __enter__(self) -> NanoWriter:
        self._file = uproot.recreate(self._atomic.__enter__(), compression=rootfile.COMPRESSIONS["zstd"])
        types: dict[str, Any] = {name: np.dtype(kind) for name, kind in SCALARS.items()}
        for name, fields in LISTS.items():
            inner = ", ".join(f"{field}: {kind}" for field, kind in fields.items())
            types[name] = f"var * {{{inner}}}"
        self._tree = self._file.mktree(TREE, types)
        return self

    def extend(self, columns: Mapping[str, Any]) -> None:
        """Append a batch: every branch of SCALARS, every list of LISTS."""
        n = len(columns["event"])
        if n == 0:
            return
        data: Columns = {name: np.asarray(columns[name]).astype(kind) for name, kind in SCALARS.items()}
        for name, fields in LISTS.items():
            data[name] = ak.zip(
                {f: ak.values_astype(columns[name][f], np.dtype(kind)) for f, kind in fields.items()}
            )
        self._tree.extend(data)
        self.n_events += n

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._file:
                if kind is None:
                    self._file["metadata"] = json.dumps({**self.metadata, "n_events": self.n_events})
        finally:
            self._atomic.__exit__(kind, value, trace)


def merge_nanoaod(paths: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> dict[str, Any]:
    """One file of several of this module, in their order, streamed; returns its metadata.

    Metadata: those of the files, which must agree, but :data:`SUMMED` added up, and ``shards`` their number. Raises
    InputError for files whose metadata differ, or that hold an event twice.
    """
    with NanoWriter(out) as writer:
        seen: list[np.ndarray] = []
        for path in paths:
            with rootfile.opened(path) as file:
                metadata = rootfile.read_metadata(file, path)
                _add_metadata(writer.metadata, metadata, path)
                tree = file[TREE]
                for arrays in tree.iterate(step_size=STEP, library="ak"):
                    seen.append(ak.to_numpy(arrays["event"]))
                    columns: Columns = {name: ak.to_numpy(arrays[name]) for name in SCALARS}
                    for name, fields in LISTS.items():
                        columns[name] = ak.zip({field: arrays[f"{name}_{field}"] for field in fields})
                    writer.extend(columns)
        events = np.concatenate(seen) if seen else np.zeros(0)
        if len(np.unique(events)) != len(events):
            raise InputError(
                f"{os.fspath(out)}: shards share event numbers; give each its own range of events"
            )
        writer.metadata["shards"] = len(paths)
    return writer.metadata | {"n_events": writer.n_events}


def _add_metadata(whole: dict[str, Any], part: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    own = {key: value for key, value in part.items() if key not in ("n_events", "shard")}
    if not whole:
        whole.update(own)
        return
    for key, value in own.items():
        if key in SUMMED:
            whole[key] += value
        elif whole.get(key) != value:
            raise InputError(f"{os.fspath(path)}: {key} differs from that of the other shards")
