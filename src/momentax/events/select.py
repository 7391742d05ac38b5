"""From any events file to a file of selected events in the schema, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import awkward as ak

from momentax.events.branchmaps import Branch
from momentax.events.reader import STEP, EventSource
from momentax.events.rootfile import PathLike
from momentax.events.selection import CutFlow
from momentax.events.writer import EventWriter


def select_file(
    path: PathLike,
    out: PathLike,
    *,
    tree: str | None = None,
    branches: Mapping[str, Branch] | None = None,
    sample: str | None = None,
    truth: bool = True,
    entry_start: int | None = None,
    entry_stop: int | None = None,
    step: int = STEP,
    metadata: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
    **selection: Any,
) -> CutFlow:
    """Write the selected events of a file (see ``read_events``) in the event schema; memory does not grow with it.

    The file is the one that ``write_events(out, read_events(path, ...))`` would write. ``sample`` is the name of all
    its events, also where the input has names. ``metadata`` is added to the cut flow, selection, source and format.
    ``progress``: told (entries read, entries in all). Returns the cut flow. Raises InputError as ``read_events``;
    ``out`` appears whole or not at all.
    """
    flow: CutFlow | None = None
    with EventSource(path, tree, branches, sample, truth) as source, EventWriter(out) as writer:
        cuts = source.default_selection(selection)
        total = source.n_entries if entry_stop is None else min(entry_stop, source.n_entries)
        for chunk in source.chunks(cuts, entry_start, entry_stop, step):
            events = chunk.events
            if sample is not None:
                events = ak.with_field(events, [sample] * len(events), "sample")
            writer.write(events)
            flow = chunk.cut_flow if flow is None else flow + chunk.cut_flow
            facts = {key: events.attrs[key] for key in ("selection", "source", "format")}
            writer.metadata = {**facts, "cut_flow": flow.to_rows(), **(metadata or {})}
            if progress is not None:
                progress(chunk.entry_start + chunk.n_read, total)
    assert flow is not None  # chunks() yields at least one
    return flow
