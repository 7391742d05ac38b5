"""Files of the variations' events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from momentax.config import PhysicsConfig
from momentax.config.variations import OtherDetector, Reweighting, Variation
from momentax.errors import InputError
from momentax.events import read_events, write_events
from momentax.events.rootfile import PathLike, opened, read_metadata
from momentax.events.schema import to_columns
from momentax.events.selection import Selection, apply
from momentax.transfer import detector_from_config
from momentax.vary.events import shift_events


def vary_file(
    nominal: PathLike,
    out: PathLike,
    variation: Variation,
    physics: PhysicsConfig,
    selection: Mapping[str, Any],
    seed: int = 1,
    max_events: int | None = None,
) -> tuple[int, int]:
    """Write the events of a file under a variation, all of them and in their order.

    The selection was that of the nominal events: who would no longer pass stays, so that each event is compared with
    itself; who would pass now for the first time is not there. Both are of the size of the shift at the cuts.

    Returns (events, events that still pass). The metadata have the variation, and ``still_selected``.
    """
    events = read_events(nominal, entry_stop=max_events)
    if isinstance(variation, Reweighting):
        raise InputError(
            f"a variation of kind {variation.kind!r} leaves the events as they are: it has none of its own"
        )
    if not isinstance(variation, OtherDetector):
        events = shift_events(events, variation, detector_from_config(physics.detector), seed)
    passed, _ = apply(to_columns(events)[0], Selection.from_keywords(selection))
    still = int(passed.sum())
    facts = {"variation": variation.model_dump(mode="json"), "still_selected": still}
    write_events(out, events, facts)
    return len(events), still


def selected_shares(paths: Sequence[PathLike]) -> dict[str, float]:
    """Share of the events that still pass the selection, by sample, of files that :func:`vary_file` wrote."""
    shares = {}
    for path in paths:
        with opened(path) as file:
            metadata = read_metadata(file, path)
        if metadata["n_events"]:
            shares[", ".join(metadata["samples"])] = metadata["still_selected"] / metadata["n_events"]
    return shares
