"""Events and their weights as rows that networks learn from, on disk in random order.

A dataset is a folder: ``about.json`` and, for each side of the split, buckets ``train-000.bin``, ... of fixed records
(`record`). A hash of the event decides its side and its bucket, so that every bucket is a random part of all samples:
a training that goes through the buckets one by one, each shuffled, sees the events in random order with one bucket in
memory. Files are written in one pass over the events, in chunks.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from momentax.errors import InputError, nearest
from momentax.regress.inputs import RAW, raw_inputs
from momentax.regress.store import save_json
from momentax.regress.targets import (
    WeightedEvents,
    count_statuses,
    event_keys,
    information,
    iterate_weighted_events,
    left_out,
    mass_point,
    split,
)

SIDES = ("train", "validation", "test")
FORMAT = "momentax dataset 1"
_CHUNK = 20_000


def record(n_labels: int, slopes: bool = False) -> np.dtype:
    """A row of a dataset: one event with all its hypotheses (information NaN where there is no usable weight).

    ``event`` its id, ``key`` the 64-bit hash of sample and id, ``sample`` and ``group`` indices of the names in
    ``about.json``, ``raw`` the columns `momentax.regress.inputs.RAW`, ``information`` and its ``error`` by hypothesis,
    whether the weight ``converged``, ``slope`` d I / d ln (mH, mA).
    """
    fields: list[Any] = [
        ("event", "<i8"),
        ("key", "<u8"),
        ("sample", "<i4"),
        ("group", "<i4"),
        ("raw", "<f4", (len(RAW),)),
        ("information", "<f4", (n_labels,)),
        ("error", "<f4", (n_labels,)),
        ("converged", "?", (n_labels,)),
    ]
    return np.dtype(fields + ([("slope", "<f4", (n_labels, 2))] if slopes else []))


@dataclass(frozen=True)
class Dataset:
    """Rows of the three sides of the split, in memory or on disk.

    Attributes:
        about: labels of the hypotheses, names of samples and groups, counts, what was left out and why.
        buckets: of each side: record arrays, or paths of files that hold them.
    """

    about: dict[str, Any]
    buckets: dict[str, tuple[Any, ...]]

    @property
    def labels(self) -> list[str]:
        return list(self.about["labels"])

    @property
    def dtype(self) -> np.dtype:
        return record(len(self.about["labels"]), self.about["slopes"])

    def columns(self, kind: str, leave_out: Sequence[tuple[float, float]] = ()) -> list[int]:
        """Indices of the hypotheses of one kind (``ttbar``: of the nominal mass), without mass points ``leave_out``.

        Raises:
            InputError: there are none; a mass point that is not among them.
        """
        labels = self.labels
        found = [
            i for i, h in enumerate(labels) if (mass_point(h) is not None if kind == "hza" else h == kind)
        ]
        if not found:
            raise InputError(f"no weights of hypothesis {kind!r}{nearest(kind, labels)}")
        if kind != "hza":
            return found
        points = {mass_point(labels[i]): i for i in found}
        for point in leave_out:
            if tuple(map(float, point)) not in points:
                raise InputError(f"leave_out: {tuple(point)} is not among the mass points of the weights")
        left = {points[tuple(map(float, p))] for p in leave_out}  # type: ignore[index]
        return [i for i in found if i not in left]

    def bucket(self, side: str, number: int) -> np.ndarray:
        """A bucket as a record array."""
        bucket = self.buckets[side][number]
        if isinstance(bucket, np.ndarray):
            return bucket
        return np.fromfile(bucket, dtype=self.dtype)

    def iterate(self, side: str) -> Iterator[np.ndarray]:
        """The buckets of a side, one at a time."""
        for number in range(len(self.buckets[side])):
            yield self.bucket(side, number)

    def events(self, side: str) -> int:
        """Number of events of a side."""
        return int(self.about["events"][side])


class _Builder:
    """Sorts chunks of weighted events into sides and buckets, and counts."""

    def __init__(
        self, fractions: tuple[float, float, float], classes: Mapping[str, str] | None, n_buckets: int
    ):
        self.fractions, self.classes, self.n_buckets = fractions, dict(classes or {}), n_buckets
        self.samples: list[str] = []
        self.groups: list[str] = []
        self.labels: list[str] = []
        self.left_out: dict[str, dict[str, int]] = {}
        self.statuses: dict[str, dict[str, dict[str, int]]] = {}
        self.events = dict.fromkeys(SIDES, 0)
        self.by_group: dict[str, dict[str, int]] = {}
        self.slopes = False

    def rows(
        self, data: WeightedEvents, slopes: np.ndarray | None = None
    ) -> dict[tuple[str, int], np.ndarray]:
        """Records of a chunk by (side, bucket)."""
        self.labels = self.labels or list(data.weights)
        raw = raw_inputs(data.events)
        finite = np.isfinite(raw).all(axis=1)
        rows = np.zeros(len(raw), dtype=record(len(self.labels), slopes is not None))
        self.slopes = slopes is not None
        rows["event"] = data.events["event"]
        rows["key"] = data.key
        rows["raw"] = raw
        for i, label in enumerate(self.labels):
            weights = data.weights[label]
            rows["information"][:, i] = found = information(weights)
            with np.errstate(divide="ignore", invalid="ignore"):
                rows["error"][:, i] = weights["error"] / weights["value"] / np.log(10.0)
            rows["converged"][:, i] = weights["status"].astype(str) == "ok"
            for reason, n in left_out(weights).items():
                _count(self.left_out, label, reason, n)
            if n := int(np.sum(np.isfinite(found) & ~finite)):
                _count(self.left_out, label, "input_not_finite", n)
        if slopes is not None:
            rows["slope"] = slopes
        for name, of_label in count_statuses(data).items():
            for label, counts in of_label.items():
                for status, n in counts.items():
                    _count(self.statuses.setdefault(name, {}), label, status, n)
        for name in np.unique(data.sample):
            if str(name) not in self.samples:
                self.samples.append(str(name))
            here = data.sample == name
            group = self.classes.get(str(name)) or _class_of(str(name))
            if group not in self.groups:
                self.groups.append(group)
            rows["sample"][here] = self.samples.index(str(name))
            rows["group"][here] = self.groups.index(group)
        rows = rows[finite]
        side = split(rows["key"], self.fractions)
        # bits that the split does not look at, so that every bucket has the same mixture
        bucket = (rows["key"] & np.uint64(0xFFFFFFFF)) % np.uint64(self.n_buckets)
        out = {}
        for s, name in enumerate(SIDES):
            self.events[name] += int(np.sum(side == s))
            for g, group in enumerate(self.groups):
                n = int(np.sum((side == s) & (rows["group"] == g)))
                _count(self.by_group, group, name, n)
            for b in range(self.n_buckets):
                if len(part := rows[(side == s) & (bucket == b)]):
                    out[name, b] = part
        return out

    def about(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "labels": self.labels,
            "samples": self.samples,
            "groups": self.groups,
            "slopes": self.slopes,
            "fractions": list(self.fractions),
            "n_buckets": self.n_buckets,
            "events": self.events,
            "events_by_group": self.by_group,
            "left_out": {label: self.left_out.get(label, {}) for label in self.labels},
            "statuses": self.statuses,
            "weights": dict(metadata),
        }


def _count(table: dict[str, dict[str, int]], row: str, column: str, n: int) -> None:
    of_row = table.setdefault(row, {})
    of_row[column] = of_row.get(column, 0) + n


def _class_of(sample: str) -> str:
    """Process class of a sample by its name, or the name itself: a group of its own."""
    return next((k for k in ("drell_yan", "ttbar", "hza") if sample.startswith(k)), sample)


def in_memory(
    data: WeightedEvents,
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2),
    classes: Mapping[str, str] | None = None,
    slopes: np.ndarray | None = None,
) -> Dataset:
    """A dataset of events that are in memory, one bucket a side."""
    builder = _Builder(fractions, classes, 1)
    parts = builder.rows(data, slopes)
    about = builder.about(data.metadata)
    empty = np.zeros(0, dtype=record(len(builder.labels), slopes is not None))
    return Dataset(about, {side: (parts.get((side, 0), empty),) for side in SIDES})


def write_dataset(
    events_paths: Sequence[str],
    weights_paths: Sequence[str],
    out: str | Path,
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2),
    bucket: int = 50_000,
    classes: Mapping[str, str] | None = None,
    slopes_paths: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Write the dataset of pairs of events and weights files into the folder ``out``; memory does not grow with
    them (but for 8 bytes an event, to find ids that occur twice).

    Args:
        fractions: shares of events for training, validation and test.
        bucket: events in a bucket, about.
        classes: sample name -> process class, whose totals in the loss are equal; by default the class that a name
            begins with, else the sample itself.
        slopes_paths: files of `momentax.regress.slopes`, one for each pair.

    Returns:
        What ``about.json`` holds.

    Raises:
        InputError: files that do not belong together (see `momentax.regress.targets.read_weighted_events`); an event
            id that occurs twice in a sample.
    """
    from momentax.events.reader import EventSource
    from momentax.regress.slopes import read_slopes

    total = 0
    for path in events_paths:
        with EventSource(path) as source:
            total += source.n_entries
    builder = _Builder(fractions, classes, max(1, round(total / bucket)))
    folder = Path(out)
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    metadata: dict[str, Any] = {}
    seen: dict[str, list[np.ndarray]] = {}
    for number, (data, start) in enumerate_chunks(events_paths, weights_paths):
        slopes = None
        if slopes_paths is not None:
            slopes = read_slopes(slopes_paths[number], list(data.weights), start, start + len(data.sample))
        metadata |= data.metadata
        for name in np.unique(data.sample):
            seen.setdefault(str(name), []).append(data.key[data.sample == name])
        for (side, b), rows in builder.rows(data, slopes).items():
            with open(temporary / f"{side}-{b:03d}.bin", "ab") as f:
                rows.tofile(f)
    for name, keys in seen.items():
        every = np.concatenate(keys)
        if len(np.unique(every)) < len(every):
            raise InputError(
                f"an event id occurs twice in the sample {name!r} of {[str(p) for p in events_paths]}"
            )
    about = builder.about(metadata)
    save_json(temporary / "about.json", about)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return about


def enumerate_chunks(
    events_paths: Sequence[str], weights_paths: Sequence[str], chunk: int = _CHUNK
) -> Iterator[tuple[int, tuple[WeightedEvents, int]]]:
    """(number of the pair of files, (events and weights of a range of its entries, first entry))."""
    expected: set[str] = set()
    for number, (events, weights) in enumerate(zip(events_paths, weights_paths, strict=True)):
        for data, start in iterate_weighted_events(events, weights, chunk):
            found = set(data.weights)
            if absent := sorted((expected or found) ^ found):
                raise InputError(
                    f"{weights}: hypotheses {', '.join(absent)} are in some weights files only: weigh all with the same"
                )
            expected = found
            yield number, (data, start)


def load_dataset(path: str | Path) -> Dataset:
    """A dataset that `write_dataset` wrote.

    Raises:
        InputError: no such folder, another format, or a file whose size does not fit.
    """
    folder = Path(path)
    try:
        about = json.loads((folder / "about.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: not a dataset ({error}); make it by the rule `dataset`") from None
    if about.get("format") != FORMAT:
        raise InputError(f"{folder}: format {about.get('format')!r}, expected {FORMAT!r}")
    buckets = {side: tuple(sorted(folder.glob(f"{side}-*.bin"))) for side in SIDES}
    size = record(len(about["labels"]), about["slopes"]).itemsize
    for side, paths in buckets.items():
        n = sum(p.stat().st_size for p in paths)
        if n != size * about["events"][side]:
            raise InputError(
                f"{folder}: {n} bytes of {side} events, {size * about['events'][side]} expected: make it again"
            )
    return Dataset(about, buckets)


__all__ = ["SIDES", "Dataset", "event_keys", "in_memory", "load_dataset", "record", "write_dataset"]
