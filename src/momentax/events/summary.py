"""What a file holds, seen through the reader: recognised branches, what is missing, and the cut flow."""

from __future__ import annotations

import dataclasses
import difflib
import os
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import awkward as ak
import numpy as np

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
    nearest_optional: dict[str, str] = dataclasses.field(default_factory=dict)
    """Our name -> branch with nearly the name of an optional one that is not there."""
    has_truth: bool = False
    truth: str = ""  #: where truth comes from and how complete it is, or what it lacks
    samples: list[str] = dataclasses.field(default_factory=list)
    event_id: str = ""
    btag: str = ""
    selection: dict[str, Any] = dataclasses.field(default_factory=dict)
    cut_flow: CutFlow | None = None  #: None if a required branch is missing
    n_bad_selected: int = 0  #: selected events that ``validate`` rejects
    n_more_bjets: int | None = None
    """Selected events with more than two b jets; None if the file cannot tell."""

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
            unused = self.event_id == "entry number" and "event" in self.recognised
            why = f" (the numbers in branch {self.recognised['event']!r} repeat)" if unused else ""
            lines.append(f"event id  {self.event_id}{why}")
        if self.btag:
            lines.append(f"b tag     {self.btag}")
        lines += [f"truth     {self.truth or ('yes' if self.has_truth else 'no')}", "", "branches found:"]
        for obj, found in self._by_object().items():
            lines += textwrap.wrap(f"  {obj:<16} {' '.join(found)}", 110, subsequent_indent=" " * 19)
        if self.absent_optional:
            lines.append("what follows from optional branches that are not there:")
            for what, names in self._by_consequence().items():
                text = f"  {what}: {' '.join(names)}"
                lines += textwrap.wrap(text, 110, subsequent_indent="    ", break_long_words=False)
        if self.missing:
            lines += ["", "missing:"]
            lines += [f"  {name}: {what}" for name, what in self.missing.items()]
            lines.append("the file cannot be read until these are named: branches={...}, --branches '...'")
        if self.cut_flow is not None:
            lines += ["", self.cut_flow.to_text(), ""]
            if self.n_more_bjets is not None:
                lines.append(
                    f"selected events with more than two b jets: {self.n_more_bjets}{self._what_of_them()}"
                )
            lines.append(f"selected events that would get the status bad_input: {self.n_bad_selected}")
        return "\n".join(lines)

    def _what_of_them(self) -> str:
        if not self.n_more_bjets:
            return ""
        if self.selection.get("bjets") == "pairs":
            return " (up to four are kept: weights are sums over pairs)"
        return " (the two leading ones are taken; `bjets: pairs` sums over pairs)"

    def _by_consequence(self) -> dict[str, list[str]]:
        """Optional branches that are not there (with the nearest that is), by what follows."""
        groups: dict[str, list[str]] = {}
        moot = ("genpart_mass", "genpart_status", "jet_partonFlavour") if not self.has_truth else ()
        for name, branch in self.absent_optional.items():
            if name in moot:
                continue
            nearest = self.nearest_optional.get(name)
            hint = f" (there is {nearest})" if nearest else ""
            groups.setdefault(consequence(name), []).append(f"{branch}{hint}")
        return groups

    def _by_object(self) -> dict[str, list[str]]:
        """Branches found, by the object that they describe (the part of our name before the last ``_``)."""
        objects: dict[str, list[str]] = {}
        for name, branch in self.recognised.items():
            objects.setdefault(name.rpartition("_")[0] or "event", []).append(branch)
        return objects

    def __str__(self) -> str:
        return self.to_text()


#: What the absence of an optional branch means, by our name for it.
_CONSEQUENCES = {
    "event": "entry numbers are the event ids",
    "weight": "every event has weight 1",
    "mH": "masses of the signal are 0",
    "mA": "masses of the signal are 0",
    "electron_id": "electrons are not identified: electron_id_min does nothing",
    "muon_id": "muons are not identified: muon_tight_id does nothing",
    "muon_iso": "muons are not isolated: muon_iso_max does nothing",
    "jet_id": "jets are not identified: jet_id_min does nothing",
}


def consequence(name: str) -> str:
    """What the absence of an optional branch means."""
    if name.endswith("partonFlavour"):
        return (
            "which jet is the b is told by true directions alone"
            if name.startswith("jet")
            else "b_is_j1 unknown"
        )
    if name in _CONSEQUENCES:
        return _CONSEQUENCES[name]
    if name == "genpart_mass":
        return "true b quarks have the mass of the amplitudes"
    if name == "genpart_status":
        return "incoming partons are told by their pt of 0"
    return "no truth" if name.startswith(("genpart_", "truth_")) else "not used"


def _close(name: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(name, names, n=1, cutoff=0.85)


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
        absent = {k: b for k, b in named.items() if b not in have and k not in required}
        report = Inspection(
            path=os.fspath(path),
            tree=source.tree_name,
            format=source.format.name,
            n_entries=source.n_entries,
            recognised={k: b for k, b in named.items() if b in have},
            missing=missing,
            absent_optional=absent,
            nearest_optional={
                k: near[0] for k, b in absent.items() if (near := _close(b, have - set(named.values())))
            },
            samples=source.samples(),
            selection=sel.to_dict(),
        )
        if missing:
            report.truth = "not looked for: a required branch is missing"
            return report
        if source.format.layout == "collections":
            origin = "medium working point" if sel.btag_min is None else "btag_min of the selection"
            threshold = btag_threshold(source.format, sel)
            report.btag = f"{source.format.branches['jet_btag']} > {threshold:g} ({origin})"
        n_selected, n_truth, n_matched = 0, 0, 0
        # all b jets are looked at, to count the events that have more than two
        for chunk in source.chunks(dataclasses.replace(sel, bjets="pairs"), step=step):
            report.cut_flow = chunk.cut_flow if report.cut_flow is None else report.cut_flow + chunk.cut_flow
            events = chunk.events
            n_selected += len(events)
            if "truth" in events.fields:
                n_truth += int(np.isfinite(ak.to_numpy(events.truth.kt_x)).sum())
                n_matched += int((ak.to_numpy(events.truth.b_is_j1) >= 0).sum())
            if "j3" in events.fields:
                more = ~np.isnan(ak.to_numpy(events.j3.pt)) | ~np.isnan(ak.to_numpy(events.j4.pt))
                report.n_more_bjets = (report.n_more_bjets or 0) + int(more.sum())
            report.n_bad_selected += int(bad_input(events).sum())
        report.event_id = source.event_id_origin
        report.has_truth = bool(source.truth_kind)
        if report.has_truth:
            neutrinos = "with neutrinos" if "truth_nu_pt" in source.truth_kind else "no neutrinos"
            report.truth = (
                f"yes, {neutrinos}: {n_truth} of {n_selected} selected events have it, "
                f"in {n_matched} it is known which jet is the b"
            )
        else:
            lacking = sorted(
                b for k, b in report.absent_optional.items() if k.startswith(("genpart_", "truth_"))
            )
            more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            report.truth = f"no (no {', '.join(lacking[:3])}{more})" if lacking else "no"
    return report
