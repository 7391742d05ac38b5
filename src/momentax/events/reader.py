"""Reading events of any recognised format, in chunks, so that memory does not grow with the file.

Formats: our own schema, the flat candidate trees of the Pythia samples, NanoAOD, and any tree with a branch
map (:mod:`momentax.events.branchmaps`).
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterator, Mapping
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import InputError
from momentax.events import event_ids, rootfile
from momentax.events.branchmaps import Branch, Format, has_p4, recognise
from momentax.events.candidates import (
    btag_threshold,
    from_candidates,
    from_collections,
    genpart_components,
)
from momentax.events.extra_jets import judge_extra_jets
from momentax.events.genparts import GenParticles
from momentax.events.rootfile import PathLike
from momentax.events.schema import (
    EVENT_BRANCHES,
    EXTRA_JET_BRANCHES,
    EXTRA_JETS,
    TREE,
    Columns,
    empty_columns,
    extra_jet_kind,
    to_records,
    truth_branches,
    truth_kind,
)
from momentax.events.selection import CutFlow, Selection, apply, non_finite

#: Trees looked for when none is named, in this order.
TREES = (TREE, "events", "tree", "t")

#: Entries read at a time; about 30 MB of our own branches.
STEP = 50_000


@dataclasses.dataclass
class Chunk:
    """A piece of a file: selected events, first input entry, number of entries read, and its cut flow."""

    events: ak.Array
    entry_start: int
    n_read: int
    cut_flow: CutFlow


class EventSource:
    """An open event file with its format recognised: a context manager that yields chunks.

    Parameters are those of :func:`read_events`. Attributes: ``format``, ``n_entries``, ``metadata`` (of the
    file), ``selection``, ``event_id_origin`` ("branch 'event'" or "entry number").
    """

    def __init__(
        self,
        path: PathLike,
        tree: str | None = None,
        branches: Mapping[str, Branch] | None = None,
        sample: str | None = None,
        truth: bool = True,
    ):
        self.path, self.sample, self._want_truth = path, sample, truth
        self._context = rootfile.opened(path)
        file = self._context.__enter__()
        try:
            self._tree = rootfile.find_tree(file, path, tree, TREES)
            self.tree_name = str(self._tree.name)
            self.metadata = rootfile.read_metadata(file, path)
            self.n_entries = int(self._tree.num_entries)
            self.branch_names: list[str] = self._tree.keys(recursive=False)
            found = recognise(self.branch_names, branches)
            if found is None:
                raise InputError(
                    f"{os.fspath(path)}: tree {self.tree_name!r} is of no known format (momentax schema, "
                    f"flat l1_pt ... b1_pt ..., NanoAOD); give branches={{'l1_pt': ..., ...}}"
                    f"{rootfile.branch_hint('l1_pt', self.branch_names)}"
                )
            self.format: Format = found
        except BaseException:
            self.close()
            raise
        self.event_id_origin = ""

    def __enter__(self) -> EventSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._context.__exit__(None, None, None)

    def default_selection(self, keywords: Mapping[str, Any]) -> Selection:
        """The full default selection for lists of objects; only the cuts named for files of candidates."""
        if self.format.layout == "collections":
            return Selection.from_keywords(keywords)
        return Selection.only(keywords)

    def check(self, sel: Selection) -> None:
        """InputError for a required branch that is missing, or a b tag without a working point."""
        required = self.format.required().values()
        rootfile.require_branches(self.path, self._tree, required)
        if self.format.layout == "collections":
            btag_threshold(self.format, sel)

    def _event_ids_unique(self) -> bool:
        """Whether branch ``event`` numbers the whole file uniquely, so that every shard of it decides alike."""
        branch = self.format.branches.get("event")
        if not isinstance(branch, str) or branch not in self.branch_names or not self.n_entries:
            return False
        return event_ids.unique(self.path, self._tree, branch, 4 * STEP)

    def _wanted(self, sel: Selection) -> list[str]:
        if self.format.layout == "own":
            extra = extra_jet_kind(self.branch_names) if sel.bjets == "pairs" else {}
            return [*EVENT_BRANCHES, *extra, *self.truth_kind]
        have = set(self.branch_names)
        unwanted = () if self.truth_kind else ("truth_", "genpart_")
        named = {k: b for k, b in self.format.branches.items() if not k.startswith(unwanted)}
        return [b for b in named.values() if isinstance(b, str) and b in have]

    def _columns(self, arrays: Any, first: int, n: int, sel: Selection) -> tuple[Columns, np.ndarray]:
        if self.format.layout == "own":
            columns = dict(arrays)
            judge_extra_jets(columns, sel)
            bad = non_finite(columns)
        elif self.format.layout == "candidates":
            columns, bad = from_candidates(arrays, self.format, n, sel, self.truth_kind)
        else:
            columns, bad = from_collections(arrays, self.format, n, sel, self.truth_kind)
        if self.event_id_origin == "entry number":
            columns["event"] = np.arange(first, first + n, dtype=np.int64)
        elif self.format.layout != "own":
            ids = arrays[str(self.format.branches["event"])]
            columns["event"] = np.asarray(ids).astype(np.int64)
        return columns, bad

    def samples(self) -> list[str]:
        """Sample names that the ``sample`` codes index."""
        if self.format.layout == "own":
            return [str(s) for s in self.metadata.get("samples", [])]
        name = self.sample or self.metadata.get("process")
        return [str(name) if name else os.path.splitext(os.path.basename(os.fspath(self.path)))[0]]

    def chunks(
        self, sel: Selection, start: int | None = None, stop: int | None = None, step: int = STEP
    ) -> Iterator[Chunk]:
        """Selected events chunk by chunk (one empty chunk for an empty range), order kept."""
        first_entry, last_entry = rootfile.entry_range(self.path, self.n_entries, start, stop)
        self.check(sel)
        self.event_id_origin = "branch 'event'" if self._event_ids_unique() else "entry number"
        samples = self.samples()
        attrs = {
            "source": os.path.basename(os.fspath(self.path)),
            "format": self.format.name,
            "event_id": self.event_id_origin,
            "selection": sel.to_dict(),
            "metadata": self.metadata,
        }
        library = "ak" if self.format.layout == "collections" else "np"
        n_chunks = 0
        wanted = self._wanted(sel)
        for first, arrays in rootfile.iterate(
            self.path, self._tree, wanted, first_entry, last_entry, step, library
        ):
            n = min(step, last_entry - first)
            with rootfile.understanding(self.path, first, first + n - 1):
                columns, bad = self._columns(arrays, first, n, sel)
            columns.setdefault("sample", np.zeros(n, dtype=np.int16))
            passed, flow = apply(columns, sel, bad)
            kept = {name: values[passed] for name, values in columns.items()}
            n_chunks += 1
            yield Chunk(to_records(kept, samples, attrs), first, n, flow)
        if n_chunks == 0:
            columns = empty_columns(EVENT_BRANCHES | self._extra_jets(sel) | self.truth_kind)
            yield Chunk(to_records(columns, samples, attrs), first_entry, 0, apply(columns, sel)[1])

    def _extra_jets(self, sel: Selection) -> dict[str, np.dtype]:
        """The branches of further b jets that events of this file have with this selection."""
        if sel.bjets != "pairs":
            return {}
        if self.format.layout == "own":
            return extra_jet_kind(self.branch_names)
        if self.format.layout == "candidates" and not any(
            has_p4(self.format.branches, obj) for obj in EXTRA_JETS
        ):
            return {}
        return EXTRA_JET_BRANCHES

    @functools.cached_property
    def truth_kind(self) -> dict[str, np.dtype]:
        """The truth branches that events of this file have: with neutrinos, without, or none (empty).

        Whether generator particles include neutrinos is decided by the first 50,000 entries, for the whole file: all
        its shards agree. A neutrino further on, in a file without, takes its event's truth.
        """
        if not self._want_truth:
            return {}
        if self.format.layout == "own":
            return truth_kind(self.branch_names)
        have = set(self.branch_names)
        present = {k: b for k, b in self.format.branches.items() if not isinstance(b, str) or b in have}
        if self.format.layout == "collections":
            components = genpart_components(present)
            return truth_branches(self._has_neutrinos(present)) if components else {}
        for neutrinos in (True, False):
            kind = truth_branches(neutrinos)
            needed = {k.removesuffix("_pt") + "_e" for k in kind if k.endswith("_pt")}
            if needed <= set(present):
                return kind
        return {}

    def _has_neutrinos(self, present: Mapping[str, Branch]) -> bool:
        names = {c: str(present[f"genpart_{c}"]) for c in genpart_components(present)}
        # pt tells incoming partons from outgoing ones where there is no status
        names = {c: names[c] for c in ("pdgId", "statusFlags", "status" if "status" in names else "pt")}
        last = min(STEP, self.n_entries)
        for first, arrays in rootfile.iterate(
            self.path, self._tree, names.values(), 0, last, STEP // 10, "ak"
        ):
            with rootfile.understanding(self.path, first, last - 1):
                parts = GenParticles({c: arrays[b] for c, b in names.items()}, len(arrays))
            if parts.any_neutrino():
                return True
        return False


def iter_events(
    path: PathLike,
    *,
    tree: str | None = None,
    branches: Mapping[str, Branch] | None = None,
    sample: str | None = None,
    truth: bool = True,
    entry_start: int | None = None,
    entry_stop: int | None = None,
    step: int = STEP,
    **selection: Any,
) -> Iterator[Chunk]:
    """Chunks of at most ``step`` input entries, with their events and cut flow; see read_events."""
    with EventSource(path, tree, branches, sample, truth) as source:
        yield from source.chunks(source.default_selection(selection), entry_start, entry_stop, step)


def read_events(
    path: PathLike,
    *,
    tree: str | None = None,
    branches: Mapping[str, Branch] | None = None,
    sample: str | None = None,
    truth: bool = True,
    entry_start: int | None = None,
    entry_stop: int | None = None,
    step: int = STEP,
    **selection: Any,
) -> ak.Array:
    """Events of a ROOT file as an awkward array in the event schema (momentax.events.schema; GeV, radian).

    Recognised: our own files, the flat trees of the Pythia samples (``l1_pt ... b1_pt ...``), NanoAOD, and
    any tree with ``branches={our name: branch}`` (see :mod:`momentax.events.branchmaps`; on a recognised file
    it replaces single branches, e.g. ``{"met_pt": "PuppiMET_pt", "met_phi": "PuppiMET_phi"}``).

    Selection: keywords are the fields of :class:`momentax.events.Selection`. NanoAOD and other lists of
    objects get the full CMS-HIG-18-012 selection, with the given values replaced; files that hold candidates
    already get only the cuts that are named, so with no keyword every event is returned. Events keep their
    order. An event with a non-finite value passes every cut (see :func:`momentax.events.validate`): nothing
    is dropped in silence.

    ``event`` is the file's own number if that is unique in the file, else the entry number. ``entry_start``
    and ``entry_stop`` bound the input entries (a shard). ``sample``: name for files without one.
    ``truth``: False leaves the truth unread.
    The result's ``attrs`` hold cut_flow (rows), cut_flow_text, n_bad_input, selection, source, format,
    event_id and the file's metadata.

    Raises InputError for a missing, unreadable or truncated file, an unknown format, a missing branch or an
    unknown keyword.
    """
    parts, flow = [], None
    chunks = iter_events(
        path,
        tree=tree,
        branches=branches,
        sample=sample,
        truth=truth,
        entry_start=entry_start,
        entry_stop=entry_stop,
        step=step,
        **selection,
    )
    for chunk in chunks:
        parts.append(chunk.events)
        flow = chunk.cut_flow if flow is None else flow + chunk.cut_flow
    assert flow is not None  # chunks() yields at least one
    events = parts[0] if len(parts) == 1 else ak.concatenate(parts)
    attrs = dict(parts[0].attrs) | {
        "cut_flow": flow.to_rows(),
        "cut_flow_text": flow.to_text(),
        "n_bad_input": flow.bad_input,
    }
    return ak.Array(events.layout, attrs=attrs)
