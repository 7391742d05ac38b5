"""The whole prediction of a regressor as one pure JAX function of plain numbers: what is exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.regress import model, network
from momentax.regress.model import Spec
from momentax.regress.regressor import Regressor
from momentax.regress.uncertainty import ONE_SIGMA, TWO_SIGMA, Domain

Array = jax.Array
INPUTS = ("raw", "masses")
"""Names of the arguments: measured momenta [n, 18] (`momentax.regress.inputs.RAW`), (mH, mA) [n, 2] in GeV; float32."""

_HARMLESS_MASSES = (500.0, 300.0)


class Prediction(NamedTuple):
    """What an exported regressor returns, [n] each; the fields are the names of the outputs."""

    value: Array
    """Information I = -log10 W, float32; NaN for an event with a NaN or infinite input."""
    uncertainty: Array
    """Half of the interval that holds 68.3 % of the integrals, float32."""
    uncertainty95: Array
    """... 95.5 %."""
    out_of_domain: Array
    """bool."""


def in_precision(regressor: Regressor, precision: str) -> Regressor:
    """The same regressor with its arithmetic in another precision."""
    spec = regressor.spec
    new = Spec(spec.kind, spec.inputs, replace(spec.architecture, precision=precision))

    def cast(a: Any) -> np.ndarray:
        a = np.asarray(a)
        return a.astype(precision) if a.dtype == spec.architecture.precision else a

    # the amplitude stays in float64; its tables are indexed as JAX arrays
    numbers = {
        k: jax.tree.map(jnp.asarray, v) if k == "hard" else jax.tree.map(cast, v)
        for k, v in regressor.numbers.items()
    }
    members = tuple(
        network.from_arrays(new.architecture, {k: cast(a) for k, a in network.to_arrays(m).items()})
        for m in regressor.members
    )
    return replace(regressor, spec=new, numbers=numbers, members=members)


def prediction(regressor: Regressor, precision: str = "float64") -> Callable[[Array, Array], Prediction]:
    """`Regressor.predict_raw` as a pure function (raw [n, 18], masses [n, 2]) -> `Prediction`; its numbers are inside.

    Args:
        precision: of the arithmetic inside. In float64 a compiler that orders the operations differently changes
            nothing that float32 outputs show; inputs and outputs are float32 in any case.

    The masses matter to a regressor of kind ``hza`` only; the others take them all the same (any finite numbers).
    """
    from momentax.regress.regressor import _networks

    inner = in_precision(regressor, precision)
    spec, calibration, domain = inner.spec, inner.calibration, inner.domain
    whitening = np.asarray(domain.whitening, precision)
    one, two = (calibration.factor(level) for level in (ONE_SIGMA, TWO_SIGMA))
    masses_outside = _masses_outside(domain) if spec.kind == "hza" else None
    harmless = np.asarray(model._HARMLESS[18])

    def function(raw: Array, masses: Array) -> Prediction:
        raw, masses = (jnp.asarray(a, precision) for a in (raw, masses))
        good = jnp.all(jnp.isfinite(raw), axis=1)
        if spec.kind == "hza":
            good &= jnp.all(jnp.isfinite(masses), axis=1) & (masses[:, 0] > masses[:, 1]) & (masses[:, 1] > 0)
        safe = jnp.where(good[:, None], raw, harmless)
        at = jnp.where(good[:, None], masses, np.asarray(_HARMLESS_MASSES))
        x = model.inputs_of(spec, inner.numbers, safe, at)
        value, spread, log_size, distance = _networks(spec, inner.numbers, inner.members, whitening, x, at)
        expected = jnp.where(
            jnp.isfinite(log_size),
            jnp.exp(log_size),
            _interpolated(value, calibration.width_at, calibration.width),
        )
        size = jnp.sqrt(expected**2 + spread**2)
        outside = distance > domain.limit
        if masses_outside is not None:
            outside |= masses_outside(at)

        def output(a: Array) -> Array:
            return jnp.where(good, a, jnp.nan).astype(jnp.float32)

        return Prediction(output(value), output(one * size), output(two * size), outside | ~good)

    return function


def _interpolated(x: Array, at: np.ndarray, values: np.ndarray) -> Array:
    """`numpy.interp` for few nodes, without a search: constant beyond the ends."""
    found = jnp.full_like(x, values[0])
    for low, high, a, b in zip(at[:-1], at[1:], values[:-1], values[1:], strict=True):
        if high > low:
            found += (b - a) * jnp.clip((x - low) / (high - low), 0.0, 1.0)
    return found


def _masses_outside(domain: Domain) -> Callable[[Array], Array]:
    """`Domain.masses_outside` with its geometry computed now."""
    edges = domain.hull()
    if edges is None:
        points = np.asarray(domain.mass_points)
        return lambda masses: (
            ~jnp.any(
                jnp.all(jnp.abs(masses[:, None] - points) <= 1e-8 + 1e-5 * np.abs(points), axis=2), axis=1
            )
        )
    normals, offsets = edges
    return lambda masses: jnp.any(jnp.log(masses) @ normals.T + offsets > 1e-6, axis=1)
