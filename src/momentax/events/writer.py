"""Writing events in the schema as a ROOT TTree ``Events`` with a JSON string ``metadata`` beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.events.rootfile import PathLike, TreeWriter
from momentax.events.schema import (
    EVENT_BRANCHES,
    SCHEMA_VERSION,
    TREE,
    extra_jet_kind,
    to_columns,
    truth_branches,
)

#: Entries per basket: large enough to compress, small enough to stream.
CHUNK = 50_000

#: The cut flow as a TTree: cut (string), events (int64), sum_weights (float64).
CUT_FLOW_TREE = "CutFlow"


class EventWriter:
    """Streams events into one file; atomic (see TreeWriter). All chunks must agree on having truth, and
    further b jets, or not. The rows under ``cut_flow`` of ``metadata``, which may be set until the block ends, are also
    written as a TTree ``CutFlow`` (cut, events, sum_weights).

    >>> with EventWriter("out.root", metadata={"seed": 1}) as out:   # doctest: +SKIP
    ...     out.write(events)
    """

    def __init__(self, path: PathLike, metadata: Mapping[str, Any] | None = None, compression: str = "zstd"):
        self.path = path
        self.metadata = dict(metadata or {})
        self._compression = compression
        self._samples: dict[str, int] = {}
        self._writer: TreeWriter | None = None
        self._branches: dict[str, np.dtype] = {}

    def __enter__(self) -> EventWriter:
        return self

    def write(self, events: ak.Array) -> None:
        """Append events (an awkward array in the schema)."""
        columns, samples = to_columns(events)
        branches = EVENT_BRANCHES | extra_jet_kind(columns)
        if "truth_b_is_j1" in columns:
            branches |= truth_branches("truth_nu_pt" in columns)
        if self._writer is None:
            self._branches = branches
            self._writer = TreeWriter(self.path, TREE, branches, self._compression)
            self._writer.__enter__()
        elif branches != self._branches:
            differ = sorted(set(branches) ^ set(self._branches))
            raise InputError(
                f"{self.path}: chunks differ in their fields of truth or further jets: {', '.join(differ[:4])}, ..."
            )
        codes = np.array([self._samples.setdefault(s, len(self._samples)) for s in samples], dtype=np.int16)
        if len(codes):
            columns["sample"] = codes[columns["sample"]]
        for first in range(0, len(columns["event"]), CHUNK):
            self._writer.extend({name: values[first : first + CHUNK] for name, values in columns.items()})

    def __exit__(self, kind: type[BaseException] | None, value: Any, trace: Any) -> None:
        if self._writer is None:
            if kind is not None:
                return
            # no chunk at all: an empty file in the schema, since "no event passed" is a result too
            self._writer = TreeWriter(self.path, TREE, EVENT_BRANCHES, self._compression)
            self._writer.__enter__()
        own = {
            "format": "momentax events",
            "schema_version": SCHEMA_VERSION,
            "samples": list(self._samples),
            "n_events": self._writer.n_entries,
        }
        self._writer.metadata = {**self.metadata, **own}
        if rows := self.metadata.get("cut_flow"):
            self._writer.tables[CUT_FLOW_TREE] = _cut_flow_columns(rows)
        self._writer.__exit__(kind, value, trace)


def _cut_flow_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "cut": [str(row["cut"]) for row in rows],
        "events": np.array([row["events"] for row in rows], dtype=np.int64),
        "sum_weights": np.array([row.get("sum_weights", np.nan) for row in rows], dtype=np.float64),
    }


def write_events(
    path: PathLike,
    events: ak.Array,
    metadata: Mapping[str, Any] | None = None,
    compression: str = "zstd",
) -> None:
    """Write events as TTree ``Events``; the file appears whole or not at all.

    ``metadata``: JSON values stored beside the tree, under the keys given (``format``, ``schema_version``,
    ``samples`` and ``n_events`` are ours). The cut flow and selection that ``read_events`` attached to the
    array (``events.attrs``) are stored too unless given; the cut flow also as a TTree ``CutFlow``.
    ``compression``: zstd, lz4, zlib or none.
    ``read_events`` of the file gives the same array, bit for bit. Raises InputError naming the field if the
    array is not in the event schema.
    """
    attached = {key: events.attrs[key] for key in ("cut_flow", "selection") if key in events.attrs}
    before = events.attrs.get("metadata", {})
    if len(attached.get("cut_flow", ())) == 1 and "cut_flow" in before:
        # read without a cut from a file that was selected earlier: that selection is still the one to tell
        attached = {key: before[key] for key in ("cut_flow", "selection") if key in before}
    with EventWriter(path, {**attached, **(metadata or {})}, compression) as out:
        out.write(events)
