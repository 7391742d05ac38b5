"""Events: schema, reading (own files, flat trees, NanoAOD), selection, validation, writing."""

from momentax.events.reader import iter_events, read_events
from momentax.events.select import select_file
from momentax.events.selection import CutFlow, Selection
from momentax.events.summary import Inspection, inspect
from momentax.events.validate import bad_input, validate
from momentax.events.visible import Visible, visible
from momentax.events.writer import EventWriter, write_events

__all__ = [
    "CutFlow",
    "EventWriter",
    "Inspection",
    "Selection",
    "Visible",
    "bad_input",
    "inspect",
    "iter_events",
    "read_events",
    "select_file",
    "validate",
    "visible",
    "write_events",
]
