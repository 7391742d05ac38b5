"""Events: schema, reading (own files, flat trees, NanoAOD), selection, validation, writing."""

from momentax.events.reader import iter_events, read_events
from momentax.events.selection import CutFlow, Selection
from momentax.events.writer import EventWriter, write_events

__all__ = ["CutFlow", "EventWriter", "Selection", "iter_events", "read_events", "write_events"]
