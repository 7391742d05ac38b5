"""The strong coupling that belongs to a PDF set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from momentax.constants import MASS_Z
from momentax.errors import ConfigError

Array = jax.Array
ArrayLike = jax.Array | np.ndarray | float


class AlphaS(Protocol):
    """alpha_s as a function of the scale in GeV, any shape."""

    def __call__(self, q: ArrayLike) -> Array: ...


class OneLoopAlphaS(NamedTuple):
    """alpha_s(Q) = a / (1 + a b0 ln(Q^2/Q0^2)), b0 = (33 - 2 nf)/(12 pi), with a = alpha_s(Q0); nf fixed."""

    reference_value: float = 0.118
    reference_scale: float = MASS_Z
    flavours: int = 5

    def __call__(self, q: ArrayLike) -> Array:
        b0 = (33.0 - 2.0 * self.flavours) / (12.0 * np.pi)
        return self.reference_value / (
            1.0 + self.reference_value * b0 * 2.0 * jnp.log(jnp.asarray(q) / self.reference_scale)
        )


class IpolAlphaS(NamedTuple):
    """alpha_s interpolated as LHAPDF's ``AlphaS_Type: ipol``.

    Cubic Hermite polynomials in ln Q^2 with slopes that are the mean of the two one-sided ones, one-sided at
    the ends and at thresholds (where a Q knot is given twice). Below the first knot a power law in Q^2
    through the first two knots; above the last knot constant.

    log_q2: [n + 1] bounds of the intervals in ln Q^2; coefficients: [4, n] of powers of (ln Q^2 - lower
    bound); slope: d ln(alpha_s) / d ln Q^2 below the first knot.
    """

    log_q2: np.ndarray
    coefficients: np.ndarray
    slope: float

    def __call__(self, q: ArrayLike) -> Array:
        log_q2 = 2.0 * jnp.log(jnp.asarray(q))
        inside = jnp.clip(log_q2, self.log_q2[0], self.log_q2[-1])
        i = jnp.clip(
            jnp.searchsorted(jnp.asarray(self.log_q2), inside, side="right") - 1, 0, self.log_q2.size - 2
        )
        t = inside - jnp.asarray(self.log_q2)[i]
        c = jnp.asarray(self.coefficients)[:, i]
        value = c[0] + t * (c[1] + t * (c[2] + t * c[3]))
        return value * jnp.exp(self.slope * jnp.minimum(log_q2 - self.log_q2[0], 0.0))


def hermite_coefficients(u: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Coefficients [4, n-1, ...] of powers of u - u[i]: the cubic through ``values`` [n, ...] at ``u`` [n].

    The slope at a knot is the mean of the slopes of the intervals on its sides, or the only one at an end.
    """
    shape = (-1,) + (1,) * (values.ndim - 1)
    width = np.diff(u).reshape(shape)
    secant = np.diff(values, axis=0) / width
    slope = np.concatenate([secant[:1], 0.5 * (secant[:-1] + secant[1:]), secant[-1:]])
    low, high = slope[:-1], slope[1:]
    return np.stack(
        [values[:-1], low, (3 * secant - 2 * low - high) / width, (low + high - 2 * secant) / width**2]
    )


def alphas_from_info(info: Mapping[str, Any]) -> AlphaS:
    """alpha_s as the merged ``.info`` and header keys of a set say.

    ``AlphaS_Qs`` and ``AlphaS_Vals`` are interpolated (type ``ipol``; sets of type ``ode`` or ``analytic``
    that carry the table too). Without any key of alpha_s: one loop from alpha_s(mZ) = 0.118 with 5 flavours
    (docs/pdf.md).

    Raises :class:`ConfigError` when the keys exist but hold no table.
    """
    qs, values = info.get("AlphaS_Qs"), info.get("AlphaS_Vals")
    if qs and values:
        return _ipol(np.array(qs, dtype=float), np.array(values, dtype=float))
    if "AlphaS_Type" in info:
        raise ConfigError(
            f"alpha_s of type {info['AlphaS_Type']!r} without a table AlphaS_Qs, AlphaS_Vals is unsupported; "
            "add the table to the set's .info (LHAPDF's type 'ipol')"
        )
    return OneLoopAlphaS()


def _ipol(q: np.ndarray, values: np.ndarray) -> IpolAlphaS:
    if q.size != values.size or q.size < 2 or np.any(np.diff(q) < 0) or np.any(q <= 0) or np.any(values <= 0):
        raise ConfigError(
            f"AlphaS_Qs ({q.size} values) and AlphaS_Vals ({values.size} values) must be positive, of one "
            "length >= 2, with rising Q"
        )
    log_q2 = 2.0 * np.log(q)
    starts = np.flatnonzero(np.diff(log_q2) == 0.0) + 1
    # a threshold on the first or the last knot leaves a block of one knot: it bounds no interval
    blocks = [k for k in np.split(np.arange(q.size), starts) if k.size > 1]
    bounds = np.concatenate([log_q2[k[:-1]] for k in blocks] + [log_q2[-1:]])
    coefficients = np.concatenate([hermite_coefficients(log_q2[k], values[k]) for k in blocks], axis=1)
    first = blocks[0]
    slope = np.log(values[first[1]] / values[0]) / (log_q2[first[1]] - log_q2[0])
    return IpolAlphaS(bounds, coefficients, float(slope))
