"""Files read without the reader, and kinematics worked out by hand."""

import math

import awkward as ak
import numpy as np
import uproot


def raw(path, tree="Events"):
    with uproot.open(path) as file:
        return file[tree].arrays(library="np")


def wrapped(dphi: float) -> float:
    return math.remainder(dphi, 2 * math.pi)


def four_vector(pt, eta, phi, mass):
    return np.array(
        [np.hypot(pt * np.cosh(eta), mass), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)]
    )


def numbers(events, obj):
    """Fields of an object as numpy arrays (indexing awkward arrays event by event is slow)."""
    return {f: ak.to_numpy(events[obj, f]) for f in events[obj].fields}


def inv_mass(a, b):
    s = a + b
    return math.sqrt(max(s[0] ** 2 - s[1] ** 2 - s[2] ** 2 - s[3] ** 2, 0))
