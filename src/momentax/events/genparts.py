"""Truth from a list of generator particles (NanoAOD's GenPart): the partons of the hard process.

Taken are the particles with the flag isHardProcess that do not come in (status 21): one positive and one negative
lepton (e, mu), the b and the bbar, and in files with neutrinos one nu and one nubar (of e, mu). Of several of a kind
the first copy (flag isFirstCopy) counts. An event where one is missing or ambiguous, as a semileptonic top pair or one
with a tau, has no truth: NaN, and b_is_j1 = -1.
"""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np

from momentax.constants import MASS_B
from momentax.errors import InputError
from momentax.events.schema import NEUTRINOS, P4, TRUTH_VISIBLE, Columns
from momentax.events.selection import delta_r

#: Components that the map must name for ``genpart``; ``status`` and ``mass`` are optional.
GENPART = ("pt", "eta", "phi", "pdgId", "statusFlags")
GENPART_OPTIONAL = ("mass", "status")

IS_HARD_PROCESS, IS_FIRST_COPY = 1 << 7, 1 << 12
INCOMING = 21

PDG_IDS = {
    "lep_plus": (-11, -13),
    "lep_minus": (11, 13),
    "b": (5,),
    "bbar": (-5,),
    "nu": (12, 14),
    "nubar": (-12, -14),
}

#: Largest distance of a jet from its quark.
MATCH_DR = 0.4

ELECTRON_MASS = 0.51099895e-3
MUON_MASS = 0.1056583755


class GenParticles:
    """The particles of n events, flat: components [particles] and the event of each."""

    def __init__(self, lists: Mapping[str, ak.Array], n: int):
        counts = ak.to_numpy(ak.num(lists["pdgId"], axis=1))
        self.n, self.event = n, np.repeat(np.arange(n), counts)
        self._flat: Columns = {name: ak.to_numpy(ak.flatten(values)) for name, values in lists.items()}
        if len({len(values) for values in self._flat.values()}) > 1:
            raise InputError("the branches of the generator particles are lists of different lengths")
        flags = self._flat["statusFlags"].astype(np.int64)
        self._pdg = self._flat["pdgId"].astype(np.int64)
        self._hard = (flags & IS_HARD_PROCESS) > 0
        if "status" in self._flat:
            self._hard &= self._flat["status"] != INCOMING
        else:  # incoming partons have no transverse momentum
            self._hard &= self._flat["pt"] > 0
        self._first = (flags & IS_FIRST_COPY) > 0

    def any_neutrino(self) -> bool:
        """Whether there is a neutrino of the hard process in any event."""
        kinds = PDG_IDS["nu"] + PDG_IDS["nubar"]
        return bool((self._hard & np.isin(self._pdg, kinds)).any())

    def position(self, obj: str) -> np.ndarray:
        """Position [n] of the one particle of this kind in the flat components; -1: none or ambiguous, -2: none."""
        of_kind = np.flatnonzero(self._hard & np.isin(self._pdg, PDG_IDS[obj]))
        counts = np.bincount(self.event[of_kind], minlength=self.n)
        chosen = of_kind[(counts[self.event[of_kind]] == 1) | self._first[of_kind]]
        single = np.bincount(self.event[chosen], minlength=self.n) == 1
        out = np.where(counts == 0, -2, -1)
        chosen = chosen[single[self.event[chosen]]]
        out[self.event[chosen]] = chosen
        return out

    def p4(self, obj: str, position: np.ndarray) -> tuple[np.ndarray, ...]:
        """pt, eta, phi, mass [n] of the particles at ``position`` (NaN where negative).

        Masses: leptons by flavour, neutrinos 0, b quarks as stored, or MASS_B where 0 is (NanoAOD keeps no masses of
        light quarks).
        """
        if not len(self.event):
            return tuple(np.full(self.n, np.nan) for _ in P4)
        at = np.maximum(position, 0)
        pt, eta, phi = (self._flat[c][at].astype(float) for c in ("pt", "eta", "phi"))
        if obj in NEUTRINOS:
            mass = np.zeros(self.n)
        elif obj in ("b", "bbar"):
            stored = self._flat["mass"][at].astype(float) if "mass" in self._flat else np.zeros(self.n)
            mass = np.where(stored > 0, stored, MASS_B)
        else:
            mass = np.where(np.abs(self._pdg[at]) == 13, MUON_MASS, ELECTRON_MASS)
        return tuple(np.where(position >= 0, a, np.nan) for a in (pt, eta, phi, mass))


def truth_columns(particles: GenParticles, columns: Columns, flavour: Columns, neutrinos: bool) -> Columns:
    """Truth columns of the event schema.

    Parameters
    ----------
    columns : flat columns with the jets j1, j2 of the events
    flavour : parton flavours of ``j1`` and ``j2`` (5, -5, other; NaN: no jet), or nothing
    neutrinos : whether events have a nu and a nubar; without, an event that has one has no truth
    """
    objects = TRUTH_VISIBLE + (NEUTRINOS if neutrinos else ())
    positions = {obj: particles.position(obj) for obj in objects}
    complete = np.logical_and.reduce([p >= 0 for p in positions.values()])
    if not neutrinos:
        for obj in NEUTRINOS:
            complete &= particles.position(obj) == -2
    truth: Columns = {}
    kt_x, kt_y = np.zeros(particles.n), np.zeros(particles.n)
    for obj, position in positions.items():
        values = particles.p4(obj, np.where(complete, position, -1))
        truth |= {f"truth_{obj}_{c}": v for c, v in zip(P4, values, strict=True)}
        kt_x = kt_x + values[0] * np.cos(values[2])
        kt_y = kt_y + values[0] * np.sin(values[2])
    matched = match_jets(truth, columns, flavour)
    truth["truth_b_is_j1"] = np.where(complete, matched, -1).astype(np.int8)
    truth["truth_kt_x"], truth["truth_kt_y"] = kt_x, kt_y
    return truth


def match_jets(truth: Columns, columns: Columns, flavour: Columns) -> np.ndarray:
    """b_is_j1 [n]: 1 if j1 is the jet of the b, 0 if of the bbar, -1 if unknown.

    A jet belongs to the nearest quark within :data:`MATCH_DR`. Where directions do not decide (both jets near the same
    quark) the parton flavours do, by the rule of :func:`b_is_j1`; with no quark near either jet nothing is known,
    whatever their flavours: a gluon that splits makes b jets too.
    """
    nearest = []
    for jet in ("j1", "j2"):
        eta, phi = columns[f"{jet}_eta"], columns[f"{jet}_phi"]
        to_b, to_bbar = (
            delta_r(eta, phi, truth[f"truth_{quark}_eta"], truth[f"truth_{quark}_phi"])
            for quark in ("b", "bbar")
        )
        sign = np.where(to_b < to_bbar, 5, -5)
        nearest.append(np.where(np.minimum(to_b, to_bbar) < MATCH_DR, sign, 0))
    by_direction = b_is_j1(*nearest)
    if not flavour:
        return by_direction
    near = (nearest[0] != 0) | (nearest[1] != 0)
    return np.where((by_direction < 0) & near, b_is_j1(flavour["j1"], flavour["j2"]), by_direction)


def b_is_j1(flavour1: np.ndarray, flavour2: np.ndarray) -> np.ndarray:
    """1: j1 is the b, 0: it is the bbar, -1: unknown; from parton flavours +5, -5, 0 of the two jets."""
    yes = ((flavour1 == 5) & (flavour2 != 5)) | ((flavour2 == -5) & (flavour1 != -5))
    no = ((flavour1 == -5) & (flavour2 != -5)) | ((flavour2 == 5) & (flavour1 != 5))
    return np.where(yes & ~no, 1, np.where(no & ~yes, 0, -1)).astype(np.int8)
