"""PDFs at one scale: what integrands evaluate, a million points per second and core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from momentax.pdf.alphas import hermite_coefficients

Array = jax.Array


class Partons(NamedTuple):
    """x f(x) of every parton an integrand uses, each an array of the shape of x."""

    g: Array
    d: Array
    u: Array
    s: Array
    c: Array
    b: Array
    dbar: Array
    ubar: Array
    sbar: Array
    cbar: Array
    bbar: Array


PIDS = (21, 1, 2, 3, 4, 5, -1, -2, -3, -4, -5)
"""PDG ids in the order of the fields of :class:`Partons`."""


class FixedScalePdf(NamedTuple):
    """x f(x) at a fixed scale: cubic in ln x, the interpolation in Q already done.

    Arrays only, so that sets at several scales of one grid stack (``jax.tree.map(jnp.stack, ...)``) and vmap.

    log_x: [n] knots in ln x.
    lookup: [buckets] interval that holds the lower edge of each of the equal buckets of ln x.
    bucket_per_log_x: [] number of buckets per unit of ln x. A bucket is narrower than every interval, so that
        it holds one knot at most and the interval is the tabulated one or the next: two loads, no search.
    coefficients: [partons, 4, n - 1] of the powers of (ln x - lower knot). One gather per parton and power
        from a small table: XLA drops those of partons that the integrand does not use.
    """

    log_x: Array
    lookup: Array
    bucket_per_log_x: Array
    coefficients: Array

    def xf(self, x: Array) -> Partons:
        """x f(x) for every parton. x below the grid: frozen at its edge; x >= 1 or above the grid: 0."""
        x = jnp.asarray(x)
        interval, t = self._interval(x)
        inside = x <= jnp.exp(self.log_x[-1])
        inside &= x < 1.0

        def cubic(parton: int) -> Array:
            c = self.coefficients[parton]
            c0, c1, c2, c3 = (c[k].at[interval].get(mode="promise_in_bounds") for k in range(4))
            return jnp.where(inside, c0 + t * (c1 + t * (c2 + t * c3)), 0.0)

        return Partons(*(cubic(parton) for parton in range(len(PIDS))))

    def _interval(self, x: Array) -> tuple[Array, Array]:
        """Index of the interval in ln x and the distance from its lower knot; both finite for every x."""
        # clipped before the log: x = 0 would have an infinite derivative there
        log_x = jnp.log(jnp.clip(x, jnp.exp(self.log_x[0]), 1.0))
        log_x = jnp.clip(log_x, self.log_x[0], self.log_x[-1])
        bucket = ((log_x - self.log_x[0]) * self.bucket_per_log_x).astype(jnp.int32)
        bucket = jnp.clip(bucket, 0, self.lookup.shape[-1] - 1)
        i = self.lookup.at[bucket].get(mode="promise_in_bounds")
        i = i + (log_x >= self.log_x.at[i + 1].get(mode="promise_in_bounds"))
        i = jnp.minimum(i, self.log_x.shape[-1] - 2)
        return i, log_x - self.log_x.at[i].get(mode="promise_in_bounds")


def fixed_scale(log_x: np.ndarray, values: np.ndarray, linear: bool = False) -> FixedScalePdf:
    """FixedScalePdf of ``values`` [n, partons] at the knots ``log_x`` [n]; ``linear`` or cubic in ln x."""
    if linear:
        secant = np.diff(values, axis=0) / np.diff(log_x)[:, None]
        coefficients = np.stack([values[:-1], secant, np.zeros_like(secant), np.zeros_like(secant)])
    else:
        coefficients = hermite_coefficients(log_x, values)
    span = log_x[-1] - log_x[0]
    # 1 % more than the narrowest interval asks for, so that rounding cannot put two knots into one bucket
    buckets = int(np.ceil(1.01 * span / np.diff(log_x).min()))
    edges = log_x[0] + span / buckets * np.arange(buckets)
    lookup = np.clip(np.searchsorted(log_x, edges, side="right") - 1, 0, log_x.size - 2)
    # computed now even inside somebody's jit, so that a model built there holds no tracers
    with jax.ensure_compile_time_eval():
        return FixedScalePdf(
            jnp.asarray(log_x),
            jnp.asarray(lookup, dtype=jnp.int32),
            jnp.asarray(buckets / span),
            jnp.asarray(coefficients.transpose(2, 0, 1)),
        )


def stacked(pdfs: Sequence[FixedScalePdf]) -> FixedScalePdf:
    """PDFs at several scales, or of several sets, with a leading axis.

    Shorter grids are filled up at their end, where no x below 1 gets to.
    """

    def joined(leaves: Sequence[Array]) -> Array:
        arrays = [np.asarray(leaf) for leaf in leaves]
        shape = np.max([a.shape for a in arrays], axis=0)
        filled = [
            np.pad(a, [(0, int(n - m)) for n, m in zip(shape, a.shape, strict=True)], mode="edge")
            if a.ndim
            else a
            for a in arrays
        ]
        return jnp.asarray(np.stack(filled))

    with jax.ensure_compile_time_eval():
        return FixedScalePdf(*(joined(leaves) for leaves in zip(*pdfs, strict=True)))
