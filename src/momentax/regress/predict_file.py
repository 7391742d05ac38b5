"""Informations of the events of a file, in chunks of entries, written to a ROOT file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import momentax
from momentax.errors import InputError
from momentax.events.reader import EventSource
from momentax.events.rootfile import PathLike, TreeWriter
from momentax.integrate.result import STATUS
from momentax.regress.inference import RECORD, Fallback, Target, check_physics, counts, predict

TREE = "Predictions"
CHUNK = 50_000
Report = Callable[[str, int, int], None]
_NONE = -1
"""Code of the status of an event that has no integral."""


def predict_file(
    events_path: PathLike,
    targets: Sequence[Target],
    out: PathLike,
    fallback: Fallback | None = None,
    report: Report | None = None,
    selection: Mapping[str, Any] | None = None,
    about: Mapping[str, Any] | None = None,
    chunk: int = CHUNK,
) -> dict[str, dict[str, Any]]:
    """Predict the events of a file under hypotheses, and write a tree ``Predictions`` with one entry for each event.

    Memory does not grow with the file. Branches: ``event``; ``information``, ``uncertainty``, ``uncertainty95``,
    ``out_of_domain``, ``source`` (0 network, 1 integral) and ``status`` (position in the list ``status`` of the
    metadata, -1 for a network), with ``_<hypothesis>`` appended if there are several hypotheses.

    Args:
        events_path: file that ``momentax.read_events`` knows.
        targets: of `momentax.regress.inference.target`.
        out: ROOT file, which appears whole or not at all.
        fallback: when the integral takes over; None: never.
        report: told (what, done, total).
        selection: cuts that differ from the defaults, for a file with lists of objects (NanoAOD).
        about: further metadata.
        chunk: entries in memory.

    Returns:
        Counts (`momentax.regress.inference.counts`) by hypothesis.

    Raises:
        InputError, ConfigError: as of `momentax.regress.inference.predict`; a file that cannot be read.
    """
    labels = [t.label for t in targets]
    if len(set(labels)) < len(labels):
        raise InputError(f"{os.fspath(events_path)}: a hypothesis is asked for twice in {', '.join(labels)}")
    if fallback is not None:
        check_physics(targets, fallback.physics)
    ending = {h: "" if len(labels) == 1 else f"_{h}" for h in labels}
    branches: dict[str, np.dtype] = {"event": np.dtype(np.int64)}
    for label in labels:
        for name in RECORD.names or ():
            kind = np.dtype(np.int8) if name == "status" else RECORD[name]
            branches[name + ending[label]] = kind
    totals: dict[str, dict[str, Any]] = {}
    with EventSource(events_path, truth=False) as source, TreeWriter(out, TREE, branches) as writer:
        lists = source.format.layout == "collections"
        cuts = source.default_selection(dict(selection or {}) if lists else {})
        done = 0
        for part in source.chunks(cuts, None, None, chunk):
            integrals = None
            if report is not None and fallback is not None:
                integrals = lambda n, total, at=done: report(f"integrals from entry {at}", n, total)  # noqa: E731
            found = predict(part.events, targets, fallback, integrals)
            columns = {"event": np.asarray(part.events["event"], np.int64)}
            for label, records in found.items():
                for name in RECORD.names or ():
                    a = _codes(records["status"]) if name == "status" else records[name]
                    columns[name + ending[label]] = a
                _add(totals.setdefault(label, {}), counts(records))
            writer.extend(columns)
            done = min(done + chunk, source.n_entries)
            if report is not None:
                report("entries", done, source.n_entries)
        writer.metadata = {
            "format": "momentax predictions",
            "momentax": momentax.__version__,
            "events_file": os.fspath(events_path),
            "status": list(STATUS),
            "hypotheses": {
                t.label: {"kind": t.regressor.kind, "masses": t.masses, "counts": totals.get(t.label, {})}
                for t in targets
            },
            "fallback": None
            if fallback is None
            else {
                "max_uncertainty": fallback.max_uncertainty,
                "config": fallback.physics.model_dump(mode="json"),
            },
            **(about or {}),
        }
    return totals


def _codes(status: np.ndarray) -> np.ndarray:
    codes = {s: i for i, s in enumerate(STATUS)}
    names, which = np.unique(status, return_inverse=True)
    return np.array([codes.get(str(s), _NONE) for s in names], dtype=np.int8)[which]


def _add(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value


def text(label: str, count: Mapping[str, Any], fallback: bool) -> str:
    """One line about the predictions of a hypothesis."""
    line = f"{label}: {count['network']} by network"
    if fallback:
        statuses = ", ".join(f"{n} {s}" for s, n in count["statuses"].items())
        line += f", {count['integral']} by integral" + (f" ({statuses})" if statuses else "")
    line += f"; {count['out_of_domain']} out of the domain of the network"
    if count["nan"]:
        line += f"; {count['nan']} without a number (NaN)"
    return line
