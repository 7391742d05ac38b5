"""Pythia 8: shower, multiparton interactions and hadronisation of a Les Houches event file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import awkward as ak
import numpy as np

from momentax.errors import ConfigError, InputError
from momentax.simulate.partons import PartonEvents
from momentax.simulate.sampler import stream_key

BATCH = 100
"""Events a batch: 1,500 particles each, 20 MB."""
MATCHED = 1e-6
"""Relative difference of the energies of the incoming partons in the file and in Pythia."""
SETTINGS = (
    "Beams:frameType = 4",
    "Random:setSeed = on",
    "Next:numberCount = 0",
    "Print:quiet = on",
)


@dataclass
class Particles:
    """The event record of Pythia, flat: all particles of all events of a batch one after another."""

    row: np.ndarray
    """Row of the parton event that each event was made of, [events]."""
    counts: np.ndarray
    """Particles of each event, [events]."""
    event: np.ndarray
    """Event of each particle, 0, ..., events - 1."""
    pdg: np.ndarray
    status: np.ndarray
    mother: np.ndarray
    """First mother, as an index of this flat record; the first entry of the event for none."""
    p: np.ndarray
    """(E, px, py, pz), [particles, 4], GeV."""

    @property
    def n(self) -> int:
        return len(self.counts)


def pythia_seed(seed: int, sample: str, shard: int) -> int:
    """Seed of Pythia (1, ..., 900,000,000) of a shard of a sample."""
    first, second = (int(x) for x in stream_key(seed, "pythia", sample, shard))
    return 1 + (first * 2**32 + second) % 900_000_000


def pythia_of(path: str | os.PathLike[str], seed: int, settings: Sequence[str] = ()) -> Any:
    """Initialised Pythia that reads a Les Houches event file.

    Raises ConfigError for a setting that Pythia does not know, InputError for a file it cannot read.
    """
    engine = _pythia8().Pythia("", False)
    for line in (*SETTINGS, f"Random:seed = {seed}", f"Beams:LHEF = {os.fspath(path)}"):
        engine.readString(line)
    for line in settings:
        if not engine.readString(line):
            raise ConfigError(
                f"shower.pythia: {line!r} is no setting of Pythia 8 or has a value that it refuses"
            )
    if not engine.init():
        raise InputError(f"{os.fspath(path)}: Pythia cannot start with this file of events")
    return engine


def shower(
    path: str | os.PathLike[str],
    partons: PartonEvents,
    seed: int,
    settings: Sequence[str] = (),
    batch: int = BATCH,
) -> Iterator[Particles]:
    """Batches of hadronised events of the file at ``path``, which holds ``partons``, in their order.

    Pythia may give up an event; it is then missing. Raises as :func:`pythia_of`.
    """
    engine, next_row, n = pythia_of(path, seed, settings), 0, len(partons.event)
    while next_row < n:
        # one batch never asks for more than the file still holds
        events = engine.nextBatch(min(batch, n - next_row))
        if len(events) == 0:
            break
        particles = _flat(events, partons, next_row)
        next_row = int(particles.row[-1]) + 1
        yield particles


def _flat(events: ak.Array, partons: PartonEvents, next_row: int) -> Particles:
    record = events.prt
    counts = ak.to_numpy(ak.num(record.id))
    start = np.concatenate([[0], np.cumsum(counts)[:-1]])

    def flat(values: ak.Array) -> np.ndarray:
        return ak.to_numpy(ak.flatten(values))

    p = np.stack([flat(getattr(record.p, c)) for c in ("e", "px", "py", "pz")], axis=1)
    event = np.repeat(np.arange(len(counts)), counts)
    # rows 3 and 4 of every event: the partons that enter the hard process
    incoming = p[start[:, None] + np.array([3, 4]), 0]
    return Particles(
        row=_rows(incoming, partons.incoming[:, :, 0], next_row),
        counts=counts,
        event=event,
        pdg=flat(record.id),
        status=flat(record.status),
        mother=start[event] + np.maximum(flat(record.mother1), 0),
        p=p,
    )


def _rows(incoming: np.ndarray, written: np.ndarray, first: int) -> np.ndarray:
    """Rows of the parton events of showered ones, by the energies of the incoming partons; both in order."""
    rows, row = [], first
    for pair in incoming:
        while row < len(written) and np.any(np.abs(written[row] - pair) > MATCHED * pair):
            row += 1
        if row == len(written):
            raise InputError(
                f"event with incoming partons of {pair[0]:.6g} and {pair[1]:.6g} GeV is not in the file"
            )
        rows.append(row)
        row += 1
    return np.array(rows)


def _pythia8() -> ModuleType:
    try:
        import pythia8mc
    except ImportError:
        raise ConfigError("showered samples need pythia8mc: pip install pythia8mc") from None
    return pythia8mc
