"""Parton events as a Les Houches event file, with their resonances, colour flow and cross section.

The momenta are those of the frame of k_T = 0: initial-state radiation and the primordial k_T give the transverse
momentum later. Resonances are written with the masses they have in the event, so that a shower keeps them.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from momentax.atomic import atomic_path
from momentax.constants import MASS_B
from momentax.errors import ConfigError
from momentax.simulate.partons import PartonEvents

PROTON = 2212
INCOMING, DECAYED, FINAL = -1, 2, 1
UNKNOWN_SPIN = 9.0
COMPRESSION = 5


class Line(NamedTuple):
    """One line of an event: what it is and where it comes from."""

    pdg: int | str
    """PDG id, or the name of a final-state particle (incoming: "+z", "-z")."""
    parts: tuple[str, ...]
    """Final-state particles whose momenta add up to its own."""
    mother: int
    """Number of its mother's line, from 1; 0 for both incoming partons."""
    quark: str = ""
    """Colour: "quark" and "antiquark" of the hard process, "own" and "antiown" of a singlet's decay."""


_BEAMS = (Line("+z", (), -1), Line("-z", (), -1))
_LL, _BB = ("lep_plus", "lep_minus"), ("b", "bbar")
_TOP, _ANTITOP = ("lep_plus", "nu", "b"), ("lep_minus", "nubar", "bbar")

RECORDS: dict[str, tuple[Line, ...]] = {
    "hza": (
        *_BEAMS,
        Line(35, _LL + _BB, 0),
        Line(23, _LL, 3),
        Line(36, _BB, 3),
        *(Line(name, (name,), 4) for name in _LL),
        Line("b", ("b",), 5, "own"),
        Line("bbar", ("bbar",), 5, "antiown"),
    ),
    "ttbar": (
        *_BEAMS,
        Line(6, _TOP, 0, "quark"),
        Line(-6, _ANTITOP, 0, "antiquark"),
        Line(24, ("lep_plus", "nu"), 3),
        Line("b", ("b",), 3, "quark"),
        Line(-24, ("lep_minus", "nubar"), 4),
        Line("bbar", ("bbar",), 4, "antiquark"),
        *(Line(name, (name,), 5) for name in ("lep_plus", "nu")),
        *(Line(name, (name,), 7) for name in ("lep_minus", "nubar")),
    ),
    "drell_yan": (
        *_BEAMS,
        Line(23, _LL, 0),
        Line("b", ("b",), 0, "quark"),
        Line("bbar", ("bbar",), 0, "antiquark"),
        *(Line(name, (name,), 3) for name in _LL),
    ),
}
"""Event records by kind of hypothesis; a new hypothesis adds its own. The lepton pair of Drell-Yan is written as a Z
of its mass, whatever the photon's share: the shower needs a resonance that it does not change."""


def colours(kind: str, partons: PartonEvents) -> np.ndarray:
    """Colour and anticolour of every line, [n, lines, 2].

    Gluons to a singlet (H): 501 and 502 annihilate. q qbar -> Q Qbar: the colour of the quark goes to Q. Two
    gluons: Q - gluon - gluon - Qbar are neighbours, in the order of ``partons.flow``.
    """
    lines, n = RECORDS[kind], len(partons.event)
    out = np.zeros((n, len(lines), 2), dtype=np.int64)
    gluons = partons.pdg[:, 0] == 21
    for flow, (first, second) in {0: (0, 1), 1: (0, 1), 2: (1, 0)}.items():
        rows = gluons & (partons.flow == flow)
        out[rows, first] = (501, 502)
        out[rows, second] = (502, 501 if flow == 0 else 503)
    for beam in (0, 1):
        charge = partons.pdg[:, beam]
        out[~gluons & (charge > 0), beam] = (501, 0)
        out[~gluons & (charge < 0), beam] = (0, 503)
    fixed = {"quark": (501, 0), "antiquark": (0, 503), "own": (504, 0), "antiown": (0, 504), "": (0, 0)}
    for i, line in enumerate(lines[2:], start=2):
        out[:, i] = fixed[line.quark]
    return out


def momenta(kind: str, partons: PartonEvents) -> tuple[np.ndarray, np.ndarray]:
    """(E, px, py, pz) [n, lines, 4] and mass [n, lines] of every line, GeV."""
    lines, place = RECORDS[kind], {name: i for i, name in enumerate(partons.particles)}
    rows = [partons.incoming[:, i] for i in (0, 1)]
    rows += [partons.hard[:, [place[name] for name in line.parts]].sum(axis=1) for line in lines[2:]]
    p = np.stack(rows, axis=1)
    mass = np.sqrt(np.maximum(p[..., 0] ** 2 - np.sum(p[..., 1:] ** 2, axis=-1), 0.0))
    for i, line in enumerate(lines):
        if line.pdg in ("b", "bbar"):  # exact: either of the two values that the generator has
            mass[:, i] = np.where(mass[:, i] > 0.5 * MASS_B, MASS_B, 0.0)
        elif isinstance(line.pdg, str):
            mass[:, i] = 0.0
    return p, mass


def write_lhe(
    path: str | os.PathLike[str],
    kind: str,
    partons: PartonEvents,
    beam_energy: float,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a gzipped Les Houches event file, whole or not at all; the same events give the same bytes.

    XSECUP is the cross section of all events of the file in pb: all pairs of lepton flavours together, after the
    cuts on the partons. Weighting strategy 3 (unweighted): XWGTUP is 1, or w/w_max > 1 for the few events above
    the maximum of the unweighting. Each event carries its id as a comment, ``# event 17``. ``metadata`` goes as
    JSON into the header.

    Raises ConfigError without pylhe.
    """
    pylhe = _pylhe()
    form = pylhe.LHEXMLFormat(
        version=pylhe.LHEVersion.V1,
        particle="{id:5d} {status:2d} {mother1:2d} {mother2:2d} {color1:3d} {color2:3d} "
        "{px:17.10e} {py:17.10e} {pz:17.10e} {e:17.10e} {m:17.10e} {lifetime:.0f} {spin:.0f}",
        procinfo="{xSection:.12e} {error:.6e} {unitWeight:.6e} {procId:d}",
    )
    sigma, error = (partons.n_flavours * value for value in (partons.passed_pb, partons.passed_error))
    header = ET.Element("momentax")
    header.text = json.dumps(dict(metadata or {}))
    file = pylhe.LHEFile(
        init=pylhe.LHEInit(
            pylhe.LHEInitInfo(PROTON, PROTON, beam_energy, beam_energy, -1, -1, -1, -1, 3, 1),
            [pylhe.LHEProcInfo(sigma, error, 1.0, 1)],
            [],
        ),
        events=_events(pylhe, kind, partons),
        header=pylhe.LHEHeader(pylhe.LHEInitRWGT([]), [header]),
    )
    with atomic_path(path) as temporary, open(temporary, "wb") as raw:
        # no name and no time in the gzip header: same events, same bytes
        with gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as packed, io.TextIOWrapper(packed) as text:
            file.write(text, form)


def _events(pylhe: ModuleType, kind: str, partons: PartonEvents) -> Iterator[Any]:
    lines, place = RECORDS[kind], {name: i + 2 for i, name in enumerate(partons.particles)}
    place |= {"+z": 0, "-z": 1}
    p, mass = momenta(kind, partons)
    colour = colours(kind, partons).tolist()
    ids = np.stack(
        [
            partons.pdg[:, place[line.pdg]] if isinstance(line.pdg, str) else np.full(len(p), line.pdg)
            for line in lines
        ],
        axis=1,
    ).tolist()
    decayed = {line.mother for line in lines}
    status = [INCOMING, INCOMING] + [DECAYED if i in decayed else FINAL for i in range(3, len(lines) + 1)]
    mothers = [{-1: (0, 0), 0: (1, 2)}.get(line.mother, (line.mother, line.mother)) for line in lines]
    for row, (e, m) in enumerate(zip(p.tolist(), mass.tolist(), strict=True)):
        particles = [
            pylhe.LHEParticle(
                ids[row][i],
                status[i],
                *mothers[i],
                *colour[row][i],
                *e[i][1:],
                e[i][0],
                m[i],
                0.0,
                UNKNOWN_SPIN,
            )
            for i in range(len(lines))
        ]
        about = pylhe.LHEEventInfo(
            len(lines), 1, float(partons.weight[row]), partons.scale, -1.0, partons.alpha_s
        )
        yield pylhe.LHEEvent(about, particles, optional=[f"# event {partons.event[row]}"])


def _pylhe() -> ModuleType:
    try:
        import pylhe
    except ImportError:
        raise ConfigError("showered samples need pylhe: pip install 'momentax[simulate]'") from None
    return pylhe
