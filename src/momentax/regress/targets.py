"""From weights to targets: which weights can be learned from, the event information, the split by event."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError, nearest

_USABLE = ("ok", "not_converged")
TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class WeightedEvents:
    """Events with their weights, of one or several samples, in one order.

    Attributes:
        events: awkward array in the event schema, [n].
        sample: name of each event's sample, [n].
        weights: hypothesis label -> structured array with (at least) value, error, status, [n].
        metadata: metadata of the weights files, by path.
    """

    events: ak.Array
    sample: np.ndarray
    weights: dict[str, np.ndarray]
    metadata: dict[str, Any]

    @property
    def key(self) -> np.ndarray:
        """64-bit key [n] of (sample, event id)."""
        return event_keys(self.sample, ak.to_numpy(self.events["event"]))

    def labels(self, kind: str) -> list[str]:
        """Labels of one kind: ``drell_yan``, ``ttbar`` (the nominal mass), or all mass points of ``hza``.

        Raises:
            InputError: there are none.
        """
        found = [h for h in self.weights if (mass_point(h) is not None if kind == "hza" else h == kind)]
        if not found:
            raise InputError(f"no weights of hypothesis {kind!r}{nearest(kind, self.weights)}")
        return found


def mass_point(label: str) -> tuple[float, float] | None:
    """(mH, mA) in GeV of a label like ``hza_500_300``; None for any other label."""
    found = re.fullmatch(r"hza_([0-9.eE+]+)_([0-9.eE+]+)", label)
    return (float(found[1]), float(found[2])) if found else None


def mass_points(labels: Sequence[str]) -> np.ndarray:
    """(mH, mA) [n, 2] in GeV of H->ZA labels.

    Raises:
        InputError: a label is of another kind.
    """
    points = [mass_point(h) for h in labels]
    for label, point in zip(labels, points, strict=True):
        if point is None:
            raise InputError(f"{label!r} is not an H->ZA hypothesis; those read like 'hza_500_300'")
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def read_weighted_events(
    events_paths: Sequence[str], weights_paths: Sequence[str], variation: str | None = None
) -> WeightedEvents:
    """Read pairs of events and weights files, and check that they belong together.

    ``variation``: one that was weighed at the same points; the weights are then those of the variation.

    Raises:
        InputError: different numbers of files, event ids that do not match, a hypothesis that is not in
            every file, or an event id that occurs twice in a sample.
    """
    if len(events_paths) != len(weights_paths) or not events_paths:
        raise InputError(
            f"{len(events_paths)} events files and {len(weights_paths)} weights files: give one"
            " weights file for each events file, in the same order"
        )
    events, samples, tables = [], [], []
    metadata: dict[str, Any] = {}
    for path, weights_path in zip(events_paths, weights_paths, strict=True):
        part = _read_pair(path, weights_path, None, None, variation)
        samples.append(part.sample)
        events.append(part.events)
        tables.append(part.weights)
        metadata |= part.metadata
    every = {h for t in tables for h in t}
    for path, table in zip(weights_paths, tables, strict=True):
        if absent := sorted(every - set(table)):
            raise InputError(
                f"{path}: no weights of {', '.join(absent)}, which other files have: weigh it with them"
            )
    joined = WeightedEvents(
        ak.concatenate(events),
        np.concatenate(samples),
        {h: np.concatenate([t[h] for t in tables]) for h in tables[0]},
        metadata,
    )
    if len(np.unique(joined.key)) < len(joined.sample):
        raise InputError(f"an event id occurs twice in a sample of {[str(p) for p in events_paths]}")
    return joined


def _read_pair(
    path: str, weights_path: str, start: int | None, stop: int | None, variation: str | None = None
) -> WeightedEvents:
    """Events and weights of a range of entries of a pair of files."""
    from momentax.events import read_events
    from momentax.weights_io import read_weights, varied

    # samples may differ in truth and further b jets, which networks do not see
    events = read_events(path, truth=False, bjets="leading", entry_start=start, entry_stop=stop)
    ids, weights, metadata, ratios = read_weights(weights_path, start, stop)
    if variation is not None:
        weights = varied(weights, ratios, variation, weights_path)
    check_same_events(ak.to_numpy(events["event"]), ids, path, weights_path)
    sample = np.asarray(ak.to_list(events["sample"]), dtype=str)
    kept = events[[f for f in events.fields if f != "sample"]]
    return WeightedEvents(kept, sample, weights, {str(weights_path): metadata})


def iterate_weighted_events(path: str, weights_path: str, step: int) -> Iterator[tuple[WeightedEvents, int]]:
    """Events and weights of a pair of files in ranges of ``step`` entries, each with its first entry.

    Raises:
        InputError: the files do not hold the same events in the same order.
    """
    from momentax.events.reader import EventSource
    from momentax.weights_io import count_weights

    with EventSource(path) as source:
        total = source.n_entries
    if (n := count_weights(weights_path)) != total:
        raise InputError(f"{path} has {total} events, but {weights_path} has weights of {n}")
    for start in range(0, total, step):
        yield _read_pair(path, weights_path, start, min(start + step, total)), start


def check_same_events(
    ids: np.ndarray, weight_ids: np.ndarray, path: str | PathLike[str], weights_path: str | PathLike[str]
) -> None:
    """Raise InputError unless the two files hold the same events in the same order."""
    if len(ids) != len(weight_ids):
        raise InputError(f"{path} has {len(ids)} events, but {weights_path} has weights of {len(weight_ids)}")
    if not np.array_equal(ids, weight_ids):
        i = int(np.argmax(np.asarray(ids) != np.asarray(weight_ids)))
        raise InputError(
            f"entry {i}: event {ids[i]} in {path}, event {weight_ids[i]} in {weights_path}; weigh it again"
        )


def event_keys(sample: np.ndarray, event: np.ndarray) -> np.ndarray:
    """64-bit hash [n] of (sample name, event id), the same everywhere (splitmix64, BLAKE2 of the name)."""
    names, code = np.unique(np.asarray(sample, dtype=str), return_inverse=True)
    salt = np.array(
        [int.from_bytes(hashlib.blake2b(n.encode(), digest_size=8).digest(), "little") for n in names],
        dtype=np.uint64,
    )
    with np.errstate(over="ignore"):
        z = np.asarray(event).astype(np.int64).view(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        for extra in (np.uint64(0), salt[code]):  # the salt enters between two mixings: samples are unrelated
            z = z ^ extra
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = z ^ (z >> np.uint64(31))
    return z


def split(key: np.ndarray, fractions: tuple[float, float, float]) -> np.ndarray:
    """TRAIN, VALIDATION or TEST [n] for event keys.

    A function of the event alone: no event is on two sides, whatever the files, their order, or the
        hypotheses.
    """
    u = key.astype(np.float64) / 2.0**64
    return np.searchsorted(np.cumsum(fractions)[:2], u, side="right").astype(np.int8)


def usable(weights: np.ndarray, use_not_converged: bool = True) -> np.ndarray:
    """True [n] where a weight has an information: status ok (or not_converged), value positive and finite."""
    status = weights["status"].astype(str)
    good = np.isin(status, _USABLE if use_not_converged else _USABLE[:1])
    return good & np.isfinite(weights["value"]) & (weights["value"] > 0)


def left_out(weights: np.ndarray, use_not_converged: bool = True) -> dict[str, int]:
    """How many weights are not usable, by reason: their status, or ``value_not_positive`` if that is
    usable."""
    keep = usable(weights, use_not_converged)
    status = weights["status"].astype(str)
    counted = _USABLE if use_not_converged else _USABLE[:1]
    reason = np.where(np.isin(status, counted), "value_not_positive", status)[~keep]
    names, counts = np.unique(reason, return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}


def information(weights: np.ndarray, use_not_converged: bool = True) -> np.ndarray:
    """Event information I = -log10 W [n], NaN where the weight is not usable."""
    keep = usable(weights, use_not_converged)
    return np.where(keep, -np.log10(np.where(keep, weights["value"], 1.0)), np.nan)


def balanced(groups: np.ndarray) -> np.ndarray:
    """Weights [n], mean 1, that give every distinct value of ``groups`` the same total."""
    _, code, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return len(groups) / (len(counts) * counts[code])


def count_statuses(data: WeightedEvents) -> dict[str, dict[str, dict[str, int]]]:
    """Numbers of weights by sample, hypothesis and status."""
    result: dict[str, dict[str, dict[str, int]]] = {}
    for name in np.unique(data.sample):
        here = data.sample == name
        result[str(name)] = {}
        for label, weights in data.weights.items():
            statuses, counts = np.unique(weights["status"][here].astype(str), return_counts=True)
            result[str(name)][label] = {str(s): int(c) for s, c in zip(statuses, counts, strict=True)}
    return result


def sample_classes(data: WeightedEvents, classes: Mapping[str, str] | None = None) -> np.ndarray:
    """Process class (``drell_yan``, ``ttbar`` or ``hza``) of each event, [n].

    Args:
        classes: sample name -> class; by default a sample belongs to the class its name begins with.

    Raises:
        InputError: a sample without a class.
    """
    known = ("drell_yan", "ttbar", "hza")
    result = np.empty(len(data.sample), dtype="U9")
    for name in np.unique(data.sample):
        begins = next((k for k in known if str(name).startswith(k)), "")
        found = (classes or {}).get(str(name), begins)
        if found not in known:
            raise InputError(
                f"sample {str(name)!r} has no process class; state one of {', '.join(known)} for it"
            )
        result[data.sample == name] = found
    return result
