"""Weights in ROOT files: TTree ``Weights``, one entry per event in the order of the events file.

For every hypothesis h the tree has the branches ``{h}_value, {h}_error, {h}_chi2_dof`` (float64),
``{h}_n_eval`` (int64), ``{h}_status`` (int8, :data:`STATUS_CODES`), ``{h}_value_a0``, ``{h}_value_a1``
(the two assignments of the jets), and ``event`` (int64). Variations v that were weighed at the same points have
``{h}_{v}_ratio``, ``{h}_{v}_ratio_error`` (float64): W_v/W.
ROOT reads a dot in a branch name as a member, so it becomes ``p``
(``ttbar_172.5`` -> ``ttbar_172p5_value``); the metadata keep the labels as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from momentax.errors import InputError, nearest
from momentax.events import rootfile
from momentax.events.rootfile import PathLike, TreeWriter
from momentax.integrate.result import RATIO_DTYPE, RESULT_DTYPE, STATUS

TREE = "Weights"

#: Status of a weight -> code in the file.
STATUS_CODES = {name: code for code, name in enumerate(STATUS)}

#: Suffix of the branch -> dtype.
_PARTS: dict[str, np.dtype] = {
    "value": np.dtype(np.float64),
    "error": np.dtype(np.float64),
    "chi2_dof": np.dtype(np.float64),
    "n_eval": np.dtype(np.int64),
    "status": np.dtype(np.int8),
    "value_a0": np.dtype(np.float64),
    "value_a1": np.dtype(np.float64),
}

#: Metadata that must agree between shards of one weights file, where present.
_SAME_IN_ALL_SHARDS = ("entries_total", "config", "variations", "fingerprint", "seed", "events_file")

STEP = 100_000


Ratios = Mapping[str, Mapping[str, np.ndarray]]
"""Hypothesis label -> variation -> [n] of RATIO_DTYPE."""


class Weights(NamedTuple):
    """Contents of a weights file: event ids [n] int64, label -> records [n] of RESULT_DTYPE, metadata, and
    label -> variation -> ratios W_v/W [n] of RATIO_DTYPE."""

    event: np.ndarray
    weights: dict[str, np.ndarray]
    metadata: dict[str, Any]
    ratios: dict[str, dict[str, np.ndarray]]


def branch_prefix(label: str) -> str:
    """The branch prefix of a hypothesis label (dots become p)."""
    return label.replace(".", "p")


def _branches(labels: Sequence[str], variations: Sequence[str] = ()) -> dict[str, np.dtype]:
    prefixes = [branch_prefix(label) for label in labels]
    if len(set(prefixes)) != len(prefixes):
        raise InputError(f"hypotheses whose branches would have the same name: {', '.join(labels)}")
    branches: dict[str, np.dtype] = {"event": np.dtype(np.int64)}
    for prefix in prefixes:
        branches |= {f"{prefix}_{part}": dtype for part, dtype in _PARTS.items()}
        branches |= {name: np.dtype(np.float64) for v in variations for name in _ratio_branches(prefix, v)}
    return branches


def _ratio_branches(prefix: str, variation: str) -> tuple[str, str]:
    """Branches of value and error of a ratio."""
    return f"{prefix}_{variation}_ratio", f"{prefix}_{variation}_ratio_error"


def _to_columns(
    event_ids: np.ndarray, weights: Mapping[str, np.ndarray], where: str
) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {"event": np.asarray(event_ids, dtype=np.int64)}
    for label, records in weights.items():
        names = records.dtype.names or ()
        lacking = [name for name in RESULT_DTYPE.names or () if name not in names]
        if lacking:
            raise InputError(
                f"{where}: weights of {label!r} lack the field {lacking[0]!r}{nearest(lacking[0], names)}"
            )
        if len(records) != len(columns["event"]):
            raise InputError(
                f"{where}: {len(records)} weights of {label!r} for {len(columns['event'])} events; "
                "want one each"
            )
        prefix = branch_prefix(label)
        for part in ("value", "error", "chi2_dof", "n_eval"):
            columns[f"{prefix}_{part}"] = records[part]
        per_assignment = records["value_per_assignment"]
        columns[f"{prefix}_value_a0"], columns[f"{prefix}_value_a1"] = (
            per_assignment[:, 0],
            per_assignment[:, 1],
        )
        columns[f"{prefix}_status"] = _status_to_code(records["status"], f"{where}: {label}")
    return columns


def _status_to_code(status: np.ndarray, where: str) -> np.ndarray:
    names, inverse = np.unique(status, return_inverse=True)
    for name in names:
        if str(name) not in STATUS_CODES:
            raise InputError(f"{where}: unknown status {str(name)!r}{nearest(str(name), STATUS_CODES)}")
    codes = np.array([STATUS_CODES[str(name)] for name in names], dtype=np.int8)
    return codes[inverse.reshape(-1)] if len(names) else np.empty(0, dtype=np.int8)


def write_weights(
    path: PathLike,
    event_ids: np.ndarray,
    weights: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any] | None = None,
    compression: str = "zstd",
    ratios: Ratios | None = None,
) -> None:
    """Write the weights of one range of events; the file appears whole or not at all.

    Parameters: ``event_ids`` [n] in the order of the events file; ``weights``: hypothesis label ->
    structured array [n] (what ``momentax.weigh`` returns; its fields in any order); ``metadata``: JSON
    values. A shard says where it belongs with ``entry_start`` and ``entries_total`` in the metadata
    (default: it is the whole file). ``ratios``: those of variations to the weights, the same variations for all labels.
    Raises InputError for unequal lengths, a missing field or an unknown status.
    """
    where = os.fspath(path)
    columns = _to_columns(event_ids, weights, where)
    variations = list(next(iter(ratios.values()))) if ratios else []
    for label in weights if ratios else ():
        for variation, ratio in (ratios or {})[label].items():
            for name, part in zip(
                _ratio_branches(branch_prefix(label), variation), ("value", "error"), strict=True
            ):
                columns[name] = ratio[part]
    n = len(columns["event"])
    shard = dict(metadata or {})
    start = int(shard.setdefault("entry_start", 0))
    total = int(shard.setdefault("entries_total", n))
    stop = int(shard.setdefault("entry_stop", start + n))
    if stop - start != n or not 0 <= start <= stop <= total:
        raise InputError(
            f"{where}: {n} weights are not the entries {start}..{stop} of {total} "
            "(entry_start, entry_stop, entries_total of the metadata)"
        )
    with TreeWriter(path, TREE, _branches(list(weights), variations), compression) as out:
        out.metadata = shard | _own_metadata(list(weights), variations)
        for first in range(0, n, STEP):
            out.extend({name: values[first : first + STEP] for name, values in columns.items()})


def _own_metadata(labels: list[str], variations: list[str]) -> dict[str, Any]:
    return {
        "format": "momentax weights",
        "labels": labels,
        "status_codes": STATUS_CODES,
        "variations": variations,
    }


class _WeightFile:
    """An open weights file: its metadata, its labels, and its entries chunk by chunk."""

    def __init__(self, path: PathLike):
        self.path = path
        self._context = rootfile.opened(path)
        file = self._context.__enter__()
        try:
            self.tree = rootfile.find_tree(file, path, TREE, (TREE,))
            self.metadata = rootfile.read_metadata(file, path)
            self.n_entries = int(self.tree.num_entries)
            if self.metadata.get("format") != "momentax weights":
                raise InputError(f"{os.fspath(path)}: its metadata do not say 'momentax weights'")
            self.labels = [str(label) for label in self.metadata.get("labels", [])]
            self.variations = [str(v) for v in self.metadata.get("variations", [])]
            self.branches = _branches(self.labels, self.variations)
            rootfile.require_branches(path, self.tree, self.branches)
        except BaseException:
            self._context.__exit__(None, None, None)
            raise

    def __enter__(self) -> _WeightFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.__exit__(None, None, None)

    def chunks(self, start: int, stop: int, step: int = STEP) -> Iterator[dict[str, np.ndarray]]:
        for _, arrays in rootfile.iterate(self.path, self.tree, self.branches, start, stop, step):
            yield arrays


def _to_records(columns: Mapping[str, np.ndarray], label: str, names: np.ndarray) -> np.ndarray:
    prefix = branch_prefix(label)
    records = np.zeros(len(columns["event"]), dtype=RESULT_DTYPE)
    for part in ("value", "error", "chi2_dof", "n_eval"):
        records[part] = columns[f"{prefix}_{part}"]
    for i in (0, 1):
        records["value_per_assignment"][:, i] = columns[f"{prefix}_value_a{i}"]
    records["status"] = names[_codes(columns, prefix)]
    return records


def _codes(columns: Mapping[str, np.ndarray], prefix: str) -> np.ndarray:
    codes = columns[f"{prefix}_status"]
    if len(codes) and not (0 <= codes.min() and codes.max() < len(STATUS)):
        raise InputError(f"branch '{prefix}_status' holds a code outside 0..{len(STATUS) - 1}")
    return codes


def read_weights(path: PathLike, entry_start: int | None = None, entry_stop: int | None = None) -> Weights:
    """The weights of a file (or a range of its entries) as records; see :class:`Weights`.

    Raises InputError for a missing, unreadable or truncated file, or a missing branch.
    """
    with _WeightFile(path) as file:
        start, stop = rootfile.entry_range(path, file.n_entries, entry_start, entry_stop)
        names = np.array(STATUS)
        event = np.empty(stop - start, dtype=np.int64)
        weights = {label: np.zeros(stop - start, dtype=RESULT_DTYPE) for label in file.labels}
        ratios = {
            label: {v: np.zeros(stop - start, dtype=RATIO_DTYPE) for v in file.variations}
            for label in file.labels
        }
        done = 0
        for columns in file.chunks(start, stop):
            n = len(columns["event"])
            event[done : done + n] = columns["event"]
            with rootfile.understanding(path, done, done + n - 1):
                for label in file.labels:
                    weights[label][done : done + n] = _to_records(columns, label, names)
                    for v, ratio in ratios[label].items():
                        parts = _ratio_branches(branch_prefix(label), v)
                        ratio["value"][done : done + n], ratio["error"][done : done + n] = (
                            columns[part] for part in parts
                        )
            done += n
        return Weights(event, weights, file.metadata, ratios)


def count_weights(path: PathLike) -> int:
    """Number of events in a weights file; InputError as of :func:`read_weights`."""
    with _WeightFile(path) as file:
        return int(file.n_entries)


def varied(
    weights: Mapping[str, np.ndarray], ratios: Ratios, variation: str, path: PathLike
) -> dict[str, np.ndarray]:
    """Weights under a variation that was weighed at the same points: W ratio, with the error of both.

    Raises InputError if the file (``path``, for the message) has no such variation.
    """
    out = {}
    for label, records in weights.items():
        if variation not in ratios[label]:
            raise InputError(
                f"{os.fspath(path)}: no variation {variation!r} of {label}{nearest(variation, ratios[label])}; "
                "weigh the events with it (variations.shifts of the configuration)"
            )
        ratio, new = ratios[label][variation], records.copy()
        new["value"] = records["value"] * ratio["value"]
        new["error"] = np.hypot(records["error"] * ratio["value"], records["value"] * ratio["error"])
        new["value_per_assignment"] = records["value_per_assignment"] * ratio["value"][:, None]
        out[label] = new
    return out


def _check_shards(paths: Sequence[PathLike]) -> list[tuple[PathLike, dict[str, Any], list[str]]]:
    """The shards in the order of their entries; InputError if one is missing, doubled, or of another run."""
    shards = []
    for path in paths:
        with _WeightFile(path) as file:
            length = file.metadata["entry_stop"] - file.metadata["entry_start"]
            if file.n_entries != length:
                raise InputError(f"{os.fspath(path)}: {file.n_entries} entries, but its shard has {length}")
            shards.append((path, file.metadata, file.labels))
    # an empty shard starts where its neighbour does: it comes first
    shards.sort(key=lambda shard: (shard[1]["entry_start"], shard[1]["entry_stop"]))
    first_path, first, labels = shards[0]
    expected = 0
    for path, metadata, its_labels in shards:
        name = os.fspath(path)
        if its_labels != labels:
            raise InputError(
                f"{name}: hypotheses {', '.join(its_labels)}, "
                f"but {os.fspath(first_path)} has {', '.join(labels)}"
            )
        for key in _SAME_IN_ALL_SHARDS:
            if metadata.get(key) != first.get(key):
                raise InputError(
                    f"{name}: {key} is {metadata.get(key)!r}, "
                    f"but {os.fspath(first_path)} has {first.get(key)!r}: "
                    "shards of different runs cannot be merged"
                )
        if metadata["entry_start"] != expected:
            kind = "missing" if metadata["entry_start"] > expected else "there twice"
            low, high = sorted((expected, metadata["entry_start"]))
            raise InputError(
                f"{name}: starts at entry {metadata['entry_start']}: entries {low}..{high - 1} are {kind}"
            )
        expected = metadata["entry_stop"]
    if expected != first["entries_total"]:
        raise InputError(
            f"{len(shards)} shards end at entry {expected} of {first['entries_total']}: "
            f"entries {expected}..{first['entries_total'] - 1} are missing"
        )
    return shards


def merge_weights(
    paths: Sequence[PathLike], out: PathLike, events: PathLike | None = None, step: int = STEP
) -> dict[str, int]:
    """Join the shards of one weights file, streamed (``step`` entries at a time), in entry order.

    ``paths`` in any order: the metadata say each one's range; the ranges must cover all entries once. With
    ``events`` the ids are compared with those of that events file. The metadata get ``status_counts``, by
    hypothesis, and the sum of the shards' ``cpu_seconds``. Returns the number of weights of each status, over
    all hypotheses. Raises InputError naming the file for a gap, an overlap, other hypotheses, another
    configuration, or an event id that differs; ``out`` then stays as it was.
    """
    if not paths:
        raise InputError(f"{os.fspath(out)}: no shards to merge")
    shards = _check_shards(paths)
    metadata, labels = dict(shards[0][1]), shards[0][2]
    total = metadata["entries_total"]
    variations = metadata.get("variations", [])
    metadata |= {"entry_start": 0, "entry_stop": total, "shards": len(shards)}
    metadata |= _own_metadata(labels, variations)
    seconds = [shard["cpu_seconds"] for _, shard, _ in shards if "cpu_seconds" in shard]
    if seconds:
        metadata["cpu_seconds"] = {label: sum(s.get(label, 0.0) for s in seconds) for label in labels}
    counts = {label: np.zeros(len(STATUS), dtype=np.int64) for label in labels}
    with TreeWriter(out, TREE, _branches(labels, variations)) as writer:
        writer.metadata = metadata
        for path, shard, _ in shards:
            with _WeightFile(path) as file:
                for columns in file.chunks(0, file.n_entries, step):
                    if events is not None:
                        _compare_ids(events, path, columns["event"], writer.n_entries, total)
                    with rootfile.understanding(path, 0, file.n_entries - 1):
                        for label in labels:
                            codes = _codes(columns, branch_prefix(label))
                            counts[label] += np.bincount(codes, minlength=len(STATUS))
                    writer.extend(columns)
            if writer.n_entries != shard["entry_stop"]:
                raise InputError(f"{os.fspath(path)}: changed while it was merged")
        metadata["status_counts"] = {
            label: {name: int(k) for name, k in zip(STATUS, n, strict=True)} for label, n in counts.items()
        }
    return {name: int(sum(n[code] for n in counts.values())) for name, code in STATUS_CODES.items()}


def _compare_ids(events: PathLike, shard: PathLike, ids: np.ndarray, first: int, total: int) -> None:
    """InputError if the ids are not those of the events file from entry ``first`` on."""
    with rootfile.opened(events) as file:
        tree = rootfile.find_tree(file, events, None, ("Events",))
        if tree.num_entries != total:
            raise InputError(
                f"{os.fspath(events)}: {tree.num_entries} events, but the shards are of a file of {total}"
            )
        for start, arrays in rootfile.iterate(
            events, tree, ["event"], first, first + len(ids), max(len(ids), 1)
        ):
            differ = np.flatnonzero(arrays["event"] != ids[start - first :][: len(arrays["event"])])
            if len(differ):
                row = int(differ[0])
                raise InputError(
                    f"{os.fspath(shard)}: its event {ids[row]} stands at entry {first + row}, where "
                    f"{os.fspath(events)} has event {arrays['event'][row]}"
                )
