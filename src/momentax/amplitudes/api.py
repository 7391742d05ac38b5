"""The public squared amplitude: checks its input, then hands arrays to the process."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.amplitudes import ddbar_llbb, gg_hza, gg_llbb, gg_ttbar, uubar_llbb, uubar_ttbar
from momentax.errors import ConfigError, InputError, nearest
from momentax.kinematics import from_array

PROCESSES: dict[str, ModuleType] = {
    "gg_ttbar": gg_ttbar,
    "uubar_ttbar": uubar_ttbar,
    "gg_llbb": gg_llbb,
    "uubar_llbb": uubar_llbb,
    "ddbar_llbb": ddbar_llbb,
    "gg_hza": gg_hza,
}

PARTICLES: dict[str, tuple[str, ...]] = {
    "gg_ttbar": ("g", "g", "l+", "nu", "b", "l-", "nubar", "bbar"),
    "uubar_ttbar": ("u", "ubar", "l+", "nu", "b", "l-", "nubar", "bbar"),
    "gg_llbb": ("g", "g", "b", "bbar", "l+", "l-"),
    "uubar_llbb": ("u", "ubar", "b", "bbar", "l+", "l-"),
    "ddbar_llbb": ("d", "dbar", "b", "bbar", "l+", "l-"),
    "gg_hza": ("g", "g", "l+", "l-", "b", "bbar"),
}
"""Order of the momenta of each process."""

_MASSLESS_B_GEV2 = 1e-2
_COMPILED = {name: jax.jit(module.msq) for name, module in PROCESSES.items()}


def squared_amplitude(process: str, momenta: Any, parameters: Mapping[str, Any] | None = None) -> jax.Array:
    """Tree-level |M|^2 (one-loop for gg -> H), summed over final and averaged over initial spins and colours.

    Parameters
    ----------
    process
        gg_ttbar, uubar_ttbar, gg_llbb, uubar_llbb, ddbar_llbb or gg_hza.
    momenta
        Array [n, particles, 4] of (E, px, py, pz) in GeV, incoming first, in the order of :data:`PARTICLES`.
        The incoming partons are back to back; where they are not along +z and -z, the event is turned until
        they are (gluons are polarised transverse to their direction, on which gg -> ttbar with off-shell tops
        depends). Leading axes may be any batch shape.
    parameters
        Mapping with the names of MadGraph's param_card, for instance MT, WT, MB, MZ, WZ, WW, aS, aEWM1, Gf,
        ymb, MHH, WHH, MHA, WHA, tb, cba; also MW, and aEW, ee, G where the card's aEWM1, aS are not given.
        Values: numbers or arrays over the batch. Other derived parameters of the reference models follow from
        these and are accepted without effect. Defaults: see ``momentax.amplitudes.parameters.DEFAULTS``; MW
        from (aEWM1, Gf, MZ); WT leading order; ymb = MB; MB = 4.7, or 0 where every b momentum given is
        massless. ``photon``: False leaves the photon out of the llbb processes.

    Returns
    -------
    Array [n]; GeV^-8 for ttbar, GeV^-4 otherwise. Can be differentiated in momenta and parameters, jitted and
    vmapped.

    Raises
    ------
    ConfigError
        Unknown process or parameter, with the nearest valid name.
    InputError
        Wrong shape, or (outside of jit) a momentum that is not finite, has no positive energy, or incoming
        partons that are not back to back.
    """
    if process not in PROCESSES:
        raise ConfigError(f"unknown process {process!r}{nearest(str(process), PROCESSES)}")
    names = PARTICLES[process]
    p = _as_array(momenta, process)
    given = dict(parameters or {})
    options: dict[str, Any] = {}
    if process.endswith("llbb"):
        options["photon"] = bool(given.pop("photon", True))
    if not isinstance(p, jax.core.Tracer):
        p = _aligned(_checked(np.asarray(p), process), process)
        if "MB" not in given and _massless_b(p, names):
            given["MB"] = 0
    params = PROCESSES[process].parameters(given, **options)
    p = jnp.asarray(p)
    return _COMPILED[process]([from_array(p[..., i, :]) for i in range(len(names))], params)


def _as_array(momenta: Any, process: str) -> Any:
    try:
        p = momenta if isinstance(momenta, jax.Array) else np.asarray(momenta, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{process}: momenta is not an array of numbers: {error}") from error
    want = (len(PARTICLES[process]), 4)
    if p.ndim < 2 or p.shape[-2:] != want:
        raise InputError(
            f"{process}: momenta has shape {p.shape}, but needs [n, {want[0]}, 4]: (E, px, py, pz) of "
            + " ".join(PARTICLES[process])
        )
    return p.astype(jnp.float64)


def _first(bad: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(bad)[0])


def _checked(p: np.ndarray, process: str) -> np.ndarray:
    finite = np.isfinite(p).all(axis=-1)
    for ok, what in ((finite, "is not finite"), (p[..., 0] > 0.0, "has no positive energy")):
        if not ok.all():
            *point, particle = _first(~ok)
            raise InputError(
                f"{process}: momentum of {PARTICLES[process][particle]} at point {tuple(point)} {what}: "
                f"{p[(*point, particle)].tolist()}"
            )
    return p


def _aligned(p: np.ndarray, process: str) -> np.ndarray:
    """Turn each point until its first parton moves along +z; unchanged bits where it does already."""
    one, two = p[..., 0, :], p[..., 1, :]
    if not (
        np.any(one[..., 1:3]) or np.any(two[..., 1:3]) or np.any(one[..., 3] <= 0) or np.any(two[..., 3] >= 0)
    ):
        return p
    n = one[..., 1:] / np.linalg.norm(one[..., 1:], axis=-1, keepdims=True)
    along = -np.sum(n * two[..., 1:], axis=-1)
    bad = np.abs(along - two[..., 0]) > 1e-8 * two[..., 0]
    if bad.any():
        raise InputError(
            f"{process}: the incoming partons of point {_first(bad)} are not back to back and massless; "
            "boost the event to the frame without transverse momentum first "
            "(momentax.kinematics.transverse_boost_to_rest)"
        )
    # two reflections: along u = n - z, which takes n to z, and of y, which keeps the handedness
    u = n - np.array([0.0, 0.0, 1.0])
    size = np.linalg.norm(u, axis=-1, keepdims=True)
    u = np.where(size > 0.0, u, np.array([0.0, 1.0, 0.0])) / np.where(size > 0.0, size, 1.0)
    v = p[..., 1:] - 2.0 * u[..., None, :] * np.sum(u[..., None, :] * p[..., 1:], axis=-1, keepdims=True)
    return np.concatenate([p[..., :1], v * np.array([1.0, -1.0, 1.0])], axis=-1)


def _massless_b(p: np.ndarray, names: tuple[str, ...]) -> bool:
    b = p[..., [names.index("b"), names.index("bbar")], :]
    mass2 = b[..., 0] ** 2 - np.sum(b[..., 1:] ** 2, axis=-1)
    return bool(b.size) and bool(np.all(np.abs(mass2) < _MASSLESS_B_GEV2))
