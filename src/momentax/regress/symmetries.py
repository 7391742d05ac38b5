"""Transformations of an event that leave every W unchanged: rotation about the beam, reflections, exchange of the jets.

The two protons are the same (reflection in z, which exchanges them), the amplitudes conserve parity in the transverse
plane once spins are summed over (reflection in y), and W sums over both assignments of the jets.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_SWAPPED = np.array([*range(8), *range(12, 16), *range(8, 12), 16, 17])
_PHI = np.array([2, 6, 10, 14, 17])
_ETA = np.array([1, 5, 9, 13])


def random(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every event [n, 18] with a random one of these (inputs do not see the rotation: it is left out)."""
    phi, eta, jets = rng.random((3, len(raw))) < 0.5
    out = np.where(jets[:, None], raw[:, _SWAPPED], raw)
    out[:, _PHI] *= np.where(phi, -1.0, 1.0)[:, None].astype(raw.dtype)
    out[:, _ETA] *= np.where(eta, -1.0, 1.0)[:, None].astype(raw.dtype)
    return out


def rotated(raw: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Columns [n, 18] (`momentax.regress.inputs.RAW`) turned about the beam by ``angle`` [n]."""
    return _changed(raw, _PHI, lambda phi: phi + angle[:, None])


def reflected_in_phi(raw: np.ndarray) -> np.ndarray:
    """phi -> -phi."""
    return _changed(raw, _PHI, np.negative)


def reflected_in_eta(raw: np.ndarray) -> np.ndarray:
    """eta -> -eta."""
    return _changed(raw, _ETA, np.negative)


def exchanged_jets(raw: np.ndarray) -> np.ndarray:
    """j1 <-> j2."""
    return raw[:, _SWAPPED]


def _changed(
    raw: np.ndarray, columns: np.ndarray, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    out = raw.copy()
    out[:, columns] = function(raw[:, columns])
    return out
