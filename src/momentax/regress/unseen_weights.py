"""Weights of test events alone: at mass points that were not weighed before, or with another budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from momentax.config import PhysicsConfig
from momentax.errors import InputError
from momentax.events import read_events
from momentax.integrate.result import RESULT_DTYPE
from momentax.regress.store import load_arrays, save_arrays
from momentax.regress.targets import TEST, event_keys, split
from momentax.weight import weigh

Report = Callable[[str, int, int], None]
_SAVED = ("value", "error", "chi2_dof", "n_eval", "status")


def unseen_entries(events: ak.Array, fractions: tuple[float, float, float]) -> np.ndarray:
    """Positions of the events that no network with this split was trained on.

    Raises:
        InputError: events of more than one sample (a sample is a file of its own).
    """
    samples = np.asarray(ak.to_list(events["sample"]), dtype=str)
    if len(np.unique(samples)) > 1:
        raise InputError(
            f"events of {len(np.unique(samples))} samples in one file; give a file for each of them"
        )
    key = event_keys(samples, ak.to_numpy(events["event"]))
    return np.flatnonzero(split(key, fractions) == TEST)


def weigh_unseen(
    events_path: str | Path,
    hypotheses: Sequence[str],
    physics: PhysicsConfig,
    fractions: tuple[float, float, float],
    window: tuple[int, int],
    out: str | Path,
    report: Report | None = None,
) -> dict[str, dict[str, int]]:
    """Weigh some of the test events of a file and write their weights.

    Args:
        events_path: selected events of one sample, in the event schema.
        hypotheses: labels.
        fractions: of the networks' split.
        window: (start, stop) in the list of the test events of the file; what is beyond its end is left out.
        out: .npz with ``event``, ``entry`` (in the events file) and ``<label>/value``, ``/error``, ``/chi2_dof``,
            ``/n_eval``, ``/status``.

    Returns:
        Numbers of weights by hypothesis and status.
    """
    events = read_events(events_path, truth=False)
    entry = unseen_entries(events, fractions)[window[0] : window[1]]
    chosen = events[entry]
    columns: dict[str, np.ndarray] = {"entry": entry, "event": ak.to_numpy(chosen["event"])}
    counts: dict[str, dict[str, int]] = {}
    seconds: dict[str, float] = {}
    for label in hypotheses:
        begin = time.process_time()
        progress = None if report is None else lambda done, n, label=label: report(label, done, n)
        records = weigh(chosen, label, physics, progress) if len(entry) else np.empty(0, RESULT_DTYPE)
        seconds[label] = time.process_time() - begin
        columns |= {f"{label}/{name}": records[name] for name in _SAVED}
        names, n = np.unique(records["status"], return_counts=True)
        counts[label] = {str(s): int(k) for s, k in zip(names, n, strict=True)}
    facts: dict[str, Any] = {
        "hypotheses": list(hypotheses),
        "config": physics.model_dump(mode="json"),
        "fractions": list(fractions),
        "cpu_seconds": seconds,
        "statuses": counts,
    }
    save_arrays(out, columns, facts)
    return counts


def read_unseen(
    paths: Sequence[str | Path], label: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
    """Weights of one sample and hypothesis from the files of :func:`weigh_unseen`, joined in the order of the events.

    Returns:
        Events [n], their entries [n], records [n] with ``value``, ``error``, ``status`` (and the rest), metadata.

    Raises:
        InputError: a file of another configuration, or without this hypothesis; an event that is there twice.
    """
    entries, events, records, about = [], [], [], None
    for path in paths:
        columns, facts = load_arrays(path)
        about = about or facts
        if facts["config"] != about["config"] or facts["fractions"] != about["fractions"]:
            raise InputError(f"{path}: weighed with another configuration than {paths[0]}; make it again")
        if f"{label}/value" not in columns:
            raise InputError(f"{path}: no weights of {label!r}, only of {', '.join(facts['hypotheses'])}")
        part = np.zeros(len(columns["event"]), dtype=RESULT_DTYPE)
        for name in _SAVED:
            part[name] = columns[f"{label}/{name}"]
        entries.append(columns["entry"])
        events.append(columns["event"])
        records.append(part)
    if about is None:
        raise InputError(f"no files with weights of {label!r}")
    entry = np.concatenate(entries)
    order = np.argsort(entry)
    if len(np.unique(entry)) < len(entry):
        raise InputError(f"{', '.join(map(str, paths))}: an entry is there twice; make them again")
    return np.concatenate(events)[order], entry[order], np.concatenate(records)[order], about
