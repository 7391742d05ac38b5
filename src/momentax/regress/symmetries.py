"""Transformations of an event that leave every W unchanged: rotation about the beam, reflections, exchange of the jets.

The two protons are the same (reflection in z, which exchanges them), the amplitudes conserve parity in the transverse
plane once spins are summed over (reflection in y), and W sums over both assignments of the jets.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

_SWAPPED = np.array([*range(8), *range(12, 16), *range(8, 12), 16, 17])
_PHI = np.array([2, 6, 10, 14, 17])
_ETA = np.array([1, 5, 9, 13])
_IS_PHI, _IS_ETA = (np.isin(np.arange(18), columns)[None, :] for columns in (_PHI, _ETA))


def folded(raw: jax.Array) -> jax.Array:
    """The one of its eight equivalents that an event is shown as: [n, 18] of `momentax.regress.inputs.RAW`.

    The harder jet first; p_z of the four objects positive; the harder jet on the left of the positive lepton.
    """
    pt, eta, phi = (raw[:, k:16:4] for k in range(3))
    swap = pt[:, 3] > pt[:, 2]
    raw = jnp.where(swap[:, None], raw[:, _SWAPPED], raw)
    eta, phi = raw[:, 1:16:4], raw[:, 2:16:4]
    backward = jnp.sum(raw[:, 0:16:4] * jnp.sinh(eta), axis=1) < 0
    right = jnp.sin(phi[:, 2] - phi[:, 0]) < 0
    one = jnp.ones((), raw.dtype)
    of_eta, of_phi = (jnp.where(where, -one, one)[:, None] for where in (backward, right))
    sign = jnp.where(_IS_ETA, of_eta, jnp.where(_IS_PHI, of_phi, one))
    return raw * sign


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
