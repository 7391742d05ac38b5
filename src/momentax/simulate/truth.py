"""The hard process in the laboratory: after initial-state radiation, before final-state radiation.

Decay products of resonances (all of H -> ZA and ttbar, the leptons of Drell-Yan) stand in Pythia's record with the
status 23: momenta after initial-state radiation and primordial k_T, before their own radiation. In a top decay the W
has taken the recoil of the b quark's radiation before it decays (0.6 GeV in the median): b and leptons are taken as
they stand.

The b quarks of Drell-Yan come from no resonance: radiation off them and off the initial state are interleaved, so no
entry of the record is "after the one, before the other". But each initial-state branching, and the primordial k_T,
applies one Lorentz transformation L to all partons of the hard process, radiated ones as well, and records the copies
(status 44 and 62). L is known from the copies of three of them, Z, b and bbar: a vector

    v = x1 Z + x2 b + x3 bbar + x4 e(Z, b, bbar)   goes to   x1 Z' + x2 b' + x3 bbar' + x4 e(Z', b', bbar')

(e: the vector orthogonal to the three). So the b quarks of the event file are carried through all of them: what they
would be, had they not radiated.
"""

from __future__ import annotations

import numpy as np

from momentax.errors import InputError
from momentax.simulate.partons import PartonEvents
from momentax.simulate.shower import Particles

HARD, RECOILS = 23, (44, 62)
UNIT = 100.0
"""GeV: keeps the four columns of a basis of like size."""


def hard_process(particles: Particles, partons: PartonEvents, kind: str) -> np.ndarray:
    """Momenta of ``partons.particles`` in the laboratory, (E, px, py, pz) [events, particles, 4], GeV."""
    names = partons.particles
    out = np.empty((particles.n, len(names), 4))
    is_hard = np.abs(particles.status) == HARD
    first = {}
    for i, name in enumerate(names):
        mine = is_hard & (particles.pdg == partons.pdg[particles.row, 2 + i][particles.event])
        found = np.flatnonzero(mine)
        if not np.array_equal(particles.event[found], np.arange(particles.n)):
            raise InputError(f"hard process: an event of Pythia has not exactly one {name} of status {HARD}")
        out[:, i], first[name] = particles.p[found], found
    if kind == "drell_yan":
        quarks = [names.index(q) for q in ("b", "bbar")]
        out[:, quarks] = without_radiation(particles, first["b"], first["bbar"])
    return out


def without_radiation(particles: Particles, b: np.ndarray, bbar: np.ndarray) -> np.ndarray:
    """b and bbar [events, 2, 4] after all recoils against the initial state, but without radiation of their own.

    ``b``, ``bbar``: their first entries, beside a Z as the third outgoing parton of the hard process.
    """
    # the event's entries 0-4 are the event, the beams and the incoming partons; the Z is the first outgoing one
    z = np.cumsum(particles.counts) - particles.counts + 5
    lines = [_recoils(particles, first) for first in (z, b, bbar)]
    if any(len(line) != len(lines[0]) or np.any((line < 0) != (lines[0] < 0)) for line in lines[1:]):
        raise InputError("hard process: Z and b quarks of an event of Pythia have not recoiled equally often")
    quarks = np.stack([particles.p[b], particles.p[bbar]], axis=1)
    for copies in zip(*lines, strict=True):
        rows = np.flatnonzero(copies[0][:, 1] >= 0)
        before, after = (_basis(*(particles.p[line[rows, side]] for line in copies)) for side in (0, 1))
        shares = np.linalg.solve(before, np.swapaxes(quarks[rows], 1, 2))
        quarks[rows] = np.swapaxes(after @ shares, 1, 2)
    return quarks


def _recoils(particles: Particles, first: np.ndarray) -> np.ndarray:
    """Entries (before, after) of every recoil of the partons ``first`` and of what they become: [steps, events, 2],
    -1 beyond the last of an event."""
    pdg, mother = particles.pdg, particles.mother
    kind = pdg[first[0]]
    same = np.flatnonzero((pdg == kind) & (pdg[mother] == kind))
    heir = np.full(len(pdg), -1)
    heir[mother[same]] = same
    recoil = np.isin(np.abs(particles.status), RECOILS)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    event, entry = np.arange(len(first)), first
    while len(event):
        following = heir[entry]
        going = following >= 0
        event, entry, following = event[going], entry[going], following[going]
        hit = recoil[following]
        found.append((event[hit], entry[hit], following[hit]))
        entry = following
    events, before, after = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(events, kind="stable")
    counts = np.bincount(events, minlength=len(first))
    step = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    out = np.full((counts.max(initial=0), len(first), 2), -1)
    out[step, events[order], 0], out[step, events[order], 1] = before[order], after[order]
    return out


def _basis(*vectors: np.ndarray) -> np.ndarray:
    """Matrices [n, 4, 4] whose columns are three vectors and the vector orthogonal to them, in units of UNIT."""
    rows = np.stack(vectors, axis=1) / UNIT
    normal = np.empty_like(rows[:, 0])
    for i, sign in enumerate((1.0, 1.0, -1.0, 1.0)):
        # cofactors are the components with lower index: the metric turns the sign of the spatial ones
        normal[:, i] = sign * np.linalg.det(np.delete(rows, i, axis=2))
    return np.concatenate([np.swapaxes(rows, 1, 2), normal[:, :, None]], axis=2)
