"""What networks see of an event: its measured momenta as plain columns, from which `features` computes the inputs."""

from __future__ import annotations

import awkward as ak
import numpy as np

from momentax.errors import InputError, nearest

OBJECTS = ("lep_plus", "lep_minus", "j1", "j2")
RAW = (*(f"{o}_{v}" for o in OBJECTS for v in ("pt", "eta", "phi", "mass")), "met_pt", "met_phi")
"""Columns of the measured momenta (GeV, radian): what an exported network takes."""


def raw_inputs(events: ak.Array) -> np.ndarray:
    """Measured momenta [n, 18] of events in the event schema, float64, in the order of `RAW`.

    Raises:
        InputError: a field of the event schema is absent.
    """

    def column(name: str) -> np.ndarray:
        obj, variable = name.rsplit("_", 1)
        if obj not in events.fields:
            raise InputError(f"events have no object {obj!r}{nearest(obj, events.fields)}")
        if variable not in events[obj].fields:
            raise InputError(f"events: {obj} has no {variable!r}{nearest(variable, events[obj].fields)}")
        return ak.to_numpy(events[obj][variable], allow_missing=False).astype(np.float64)

    return np.stack([column(name) for name in RAW], axis=1)


def mass_inputs(masses: np.ndarray | None, n: int) -> np.ndarray:
    """(mH, mA) [n, 2] in GeV from shape [2] or [n, 2]; zeros for None.

    Raises:
        InputError: another shape.
    """
    if masses is None:
        return np.zeros((n, 2))
    masses = np.asarray(masses, dtype=np.float64)
    if masses.shape not in ((2,), (n, 2)):
        raise InputError(f"masses: expected shape (2,) or ({n}, 2) of (mH, mA) in GeV, got {masses.shape}")
    return np.broadcast_to(masses, (n, 2))


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
