"""Inputs of the networks from events: the variables of the paper (section 3)."""

from __future__ import annotations

import awkward as ak
import numpy as np

from momentax.errors import InputError, nearest

_OBJECTS = ("lep_plus", "lep_minus", "j1", "j2")

EVENT_INPUTS = (
    *(f"{o}_{v}" for o in _OBJECTS for v in ("pt", "eta")),
    *(f"dphi_{o}_lep_plus" for o in _OBJECTS[1:]),
    "met_pt",
    "dphi_met_lep_plus",
)
MASS_INPUTS = ("mH", "mA")


def delta_phi(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b folded into [-pi, pi)."""
    return (a - b + np.pi) % (2 * np.pi) - np.pi


def event_inputs(events: ak.Array) -> np.ndarray:
    """Inputs [n, 13] of events in the event schema, in the order of `EVENT_INPUTS` (GeV, radian).

    Angles are taken relative to the positive lepton: the detector's symmetry about the beam needs no
        learning.

    Raises:
        InputError: a field of the event schema is absent.
    """

    def column(obj: str, variable: str) -> np.ndarray:
        if obj not in events.fields:
            raise InputError(f"events have no object {obj!r}{nearest(obj, events.fields)}")
        if variable not in events[obj].fields:
            raise InputError(f"events: {obj} has no {variable!r}{nearest(variable, events[obj].fields)}")
        return ak.to_numpy(events[obj][variable], allow_missing=False).astype(np.float64)

    phi_0 = column("lep_plus", "phi")
    columns = [column(o, v) for o in _OBJECTS for v in ("pt", "eta")]
    columns += [delta_phi(column(o, "phi"), phi_0) for o in _OBJECTS[1:]]
    columns += [column("met", "pt"), delta_phi(column("met", "phi"), phi_0)]
    return np.stack(columns, axis=1)


def with_masses(inputs: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Append (mH, mA) [GeV], shape [2] or [n, 2], to ``inputs`` [n, k]."""
    masses = np.asarray(masses, dtype=np.float64)
    if masses.shape not in ((2,), (len(inputs), 2)):
        raise InputError(
            f"masses: expected shape (2,) or ({len(inputs)}, 2) of (mH, mA) in GeV, got {masses.shape}"
        )
    return np.concatenate([inputs, np.broadcast_to(masses, (len(inputs), 2))], axis=1)


class Scaler:
    """x -> (x - mean) / sd, column by column; a constant column maps to zero."""

    def __init__(self, mean: np.ndarray, sd: np.ndarray):
        self.mean, self.sd = np.asarray(mean, np.float64), np.asarray(sd, np.float64)

    @classmethod
    def fitted(cls, x: np.ndarray) -> Scaler:
        sd = x.std(axis=0)
        return cls(x.mean(axis=0), np.where(sd > 0, sd, 1.0))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return (x - self.mean) / self.sd
