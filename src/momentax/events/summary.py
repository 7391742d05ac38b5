"""What a file holds, seen through the reader: recognised branches, what is missing, and the cut flow."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from momentax.events.branchmaps import Branch
from momentax.events.candidates import btag_threshold
from momentax.events.reader import STEP, EventSource
from momentax.events.rootfile import PathLike, branch_hint
from momentax.events.selection import CutFlow, Selection
from momentax.events.validate import bad_input


@dataclasses.dataclass
class Inspection:
    """The result of :func:`inspect`; ``to_text()`` renders it for a terminal."""

    path: str
    tree: str
    format: str
    n_entries: int
    recognised: dict[str, str]  #: our name -> branch in the file
    missing: dict[str, str]  #: our name -> required branch that is not there (with the nearest that is)
    absent_optional: dict[str, str]  #: our name -> optional branch that is not there
    has_truth: bool = False
    samples: list[str] = dataclasses.field(default_factory=list)
    event_id: str = ""
    btag: str = ""
    selection: dict[str, Any] = dataclasses.field(default_factory=dict)
    cut_flow: CutFlow | None = None  #: None if a required branch is missing
    n_bad_selected: int = 0  #: selected events that ``validate`` rejects

    def to_text(self) -> str:
        """Plain text, one fact a line, then the cut flow."""
        lines = [
            f"file      {self.path}",
            f"tree      {self.tree}, {self.n_entries} entries",
            f"format    {self.format}",
        ]
        if self.samples:
            lines.append(f"samples   {', '.join(self.samples)}")
        if self.event_id:
            lines.append(f"event id  {self.event_id}")
        if self.btag:
            lines.append(f"b tag     {self.btag}")
        lines.append(f"truth     {'yes' if self.has_truth else 'no'}")
        lines.append("branches found:")
        for obj, found in self._by_object().items():
            lines.append(f"  {obj:<16} {' '.join(found)}")
        if self.absent_optional:
            lines.append(f"optional, not there: {', '.join(sorted(set(self.absent_optional.values())))}")
        if self.missing:
            lines.append("missing:")
            lines += [f"  {name}: {what}" for name, what in self.missing.items()]
            lines.append("the file cannot be read until these are named with branches={...}")
        if self.cut_flow is not None:
            lines += ["", self.cut_flow.to_text()]
            lines.append(f"selected events that would get the status bad_input: {self.n_bad_selected}")
        return "\n".join(lines)

    def _by_object(self) -> dict[str, list[str]]:
        """Branches found, by the object that they describe (the part of our name before the last ``_``)."""
        objects: dict[str, list[str]] = {}
        for name, branch in self.recognised.items():
            objects.setdefault(name.rpartition("_")[0] or "event", []).append(branch)
        return objects

    def __str__(self) -> str:
        return self.to_text()


def inspect(
    path: PathLike,
    *,
    tree: str | None = None,
    branches: Mapping[str, Branch] | None = None,
    step: int = STEP,
    **selection: Any,
) -> Inspection:
    """What the reader makes of a file: format, branches found and missing, events that pass each cut.

    The cut flow is that of the full selection (``Selection`` defaults with the given keywords replaced), also
    for files whose candidates ``read_events`` would return uncut. A missing branch is reported, not raised.
    Raises InputError for a file that cannot be read, of no known format, or an unknown keyword.
    """
    sel = Selection.from_keywords(selection)
    with EventSource(path, tree, branches) as source:
        have = set(source.branch_names)
        named = {k: b for k, b in source.format.branches.items() if isinstance(b, str)}
        required = source.format.required()
        missing = {
            k: f"no branch {b!r}{branch_hint(b, source.branch_names, named.values())}"
            for k, b in required.items()
            if b not in have
        }
        report = Inspection(
            path=os.fspath(path),
            tree=source.tree_name,
            format=source.format.name,
            n_entries=source.n_entries,
            recognised={k: b for k, b in named.items() if b in have},
            missing=missing,
            absent_optional={k: b for k, b in named.items() if b not in have and k not in required},
            samples=source.samples(),
            selection=sel.to_dict(),
        )
        if missing:
            return report
        if source.format.layout == "collections":
            report.btag = f"{source.format.branches['jet_btag']} > {btag_threshold(source.format, sel):g}"
        for chunk in source.chunks(sel, step=step):
            report.cut_flow = chunk.cut_flow if report.cut_flow is None else report.cut_flow + chunk.cut_flow
            report.has_truth = "truth" in chunk.events.fields
            report.n_bad_selected += int(bad_input(chunk.events).sum())
        report.event_id = source.event_id_origin
    return report
