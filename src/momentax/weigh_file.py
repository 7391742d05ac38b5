"""Weights of an events file, or of a range of its entries, written to a weights file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from momentax.config import PhysicsConfig
from momentax.config.variations import Reweighting
from momentax.errors import InputError
from momentax.events import read_events
from momentax.events.reader import EventSource
from momentax.events.rootfile import PathLike
from momentax.processes import parse_hypothesis
from momentax.processes.hza import HZA
from momentax.vary.weights import weigh_variations
from momentax.weight import weigh, weigh_mass_points
from momentax.weights_io import write_weights

Report = Callable[[str, int, int], None]


def weigh_file(
    events_path: PathLike,
    hypotheses: Sequence[str],
    out: PathLike,
    physics: PhysicsConfig | None = None,
    entries: tuple[int, int] | None = None,
    report: Report | None = None,
    selection: Mapping[str, Any] | None = None,
    variations: Mapping[str, Reweighting] | None = None,
) -> dict[str, dict[str, int]]:
    """Weigh the events of a file under each hypothesis and write their weights, in the same order.

    Parameters
    ----------
    events_path : file that ``momentax.read_events`` knows
    hypotheses : labels, as ``"ttbar"``, ``"hza_500_300"``
    out : weights file (see :mod:`momentax.weights_io`); it appears whole or not at all
    physics : configuration of the weight; None for the defaults
    entries : (start, stop) of the entries to weigh, a shard. Entries beyond the end of the file are left
        out, so that the shards can be laid out before the file exists; a shard may be empty.
    report : told (hypothesis, weights done, weights in all)
    selection : cuts that differ from the defaults (:class:`momentax.events.Selection`), for a file with lists of
        objects (NanoAOD), whose selected events are weighed, as a whole
    variations : by name, evaluated at the points of the weights (:func:`momentax.vary.weights.weigh_variations`);
        their ratios are written beside them

    Returns
    -------
    Numbers of weights by hypothesis and status.

    Raises
    ------
    InputError, ConfigError, PhysicsError
        A file that cannot be read, an unknown hypothesis, masses out of range.
    """
    physics = physics or PhysicsConfig()
    with EventSource(events_path) as source:
        total, lists = source.n_entries, source.format.layout == "collections"
    if lists and entries is not None:
        raise InputError(
            f"{os.fspath(events_path)}: shards are ranges of selected events, and these are not selected yet; "
            f"write them first: momentax select {os.fspath(events_path)} --out selected.root"
        )
    start, stop = (min(e, total) for e in entries) if entries else (0, total)
    cuts = dict(selection or {}) if lists else {}
    events = read_events(events_path, entry_start=start, entry_stop=stop, truth=False, **cuts)
    if lists:
        stop = total = len(events)
    weights, counts, ratios = {}, {}, {}
    seconds: dict[str, float] = {}
    for labels in _groups(hypotheses, physics):
        begin = time.process_time()
        name = labels[0] if len(labels) == 1 else f"{len(labels)} mass points of H -> ZA"
        progress = None if report is None else lambda done, n, name=name: report(name, done, n)
        if variations:
            for label, found in weigh_variations(events, labels, variations, physics, progress).items():
                weights[label], ratios[label] = found
        elif len(labels) == 1:
            weights[labels[0]] = weigh(events, labels[0], physics, progress)
        else:
            weights |= weigh_mass_points(events, labels, physics, progress)
        seconds |= dict.fromkeys(labels, (time.process_time() - begin) / len(labels))
    weights = {label: weights[label] for label in hypotheses}
    for label in hypotheses:
        status = weights[label]["status"].tolist()
        counts[label] = {s: status.count(s) for s in sorted(set(status))}
    metadata: dict[str, Any] = {
        "entry_start": start,
        "entry_stop": stop,
        "entries_total": total,
        "config": physics.model_dump(mode="json"),
        "cpu_seconds": seconds,
        "reweightings": {name: v.model_dump(mode="json") for name, v in (variations or {}).items()},
    }
    if lists:
        metadata |= {key: events.attrs[key] for key in ("cut_flow", "selection")}
    write_weights(out, events["event"], weights, metadata, ratios=ratios)
    return counts


def _groups(labels: Sequence[str], physics: PhysicsConfig) -> list[list[str]]:
    """What is weighed in one go: all mass points of H -> ZA where the configuration says so, else one label."""
    points = [h for h in labels if physics.mass_points_together and isinstance(parse_hypothesis(h), HZA)]
    alone = [[h] for h in labels if h not in points]
    return alone + ([points] if points else [])
