"""A periodic or bounded variable sampled from a function that is cheap to evaluate at a few points.

[0, 1] is divided into n equal cells; the density in cell k is (w_k + floor mean(w)) / ((1 + floor) mean(w)),
with w_k the function at the cell's centre. It is piecewise constant, never zero and known exactly, whatever
the function does between the centres. Two passes over the cells in a loop keep nothing but running sums: no
table is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array


class TabulatedCells(NamedTuple):
    """``weight(k)`` >= 0 of cell k (an integer scalar) for every element of the batch; ``n`` cells; ``floor``
    > 0.
    """

    weight: Callable[[Array], Array]
    n: int
    floor: float = 0.1

    @property
    def dim(self) -> int:
        return 1

    def forward(self, u: Array) -> tuple[Array, Array]:
        """(x, dx/du) with x in [0, 1], growing with ``u``. Where every weight is zero x = u.

        Derivatives take the cells as they are: the density jumps at borders, and a derivative at fixed u would not see
        what flows across borders that move with a parameter.
        """
        shape = jnp.broadcast_shapes(jnp.shape(u), jax.eval_shape(self.weight, jnp.zeros((), int)).shape)

        def weight(k: Array) -> Array:
            return jax.lax.stop_gradient(self.weight(k))

        zero = jnp.zeros(shape)
        total = jax.lax.fori_loop(0, self.n, lambda k, s: s + weight(k), zero)
        usable = total > 1e-280
        mean = jnp.where(usable, total, 1.0) / self.n
        target = u * (1.0 + self.floor) * self.n

        def step(k: Array, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            below, x, density = carry
            w = jnp.where(usable, weight(k) / mean, 1.0) + self.floor
            inside = target >= below
            # later cells overwrite, so the last one whose lower edge is below the target wins
            x = jnp.where(inside, (k + jnp.minimum((target - below) / w, 1.0)) / self.n, x)
            density = jnp.where(inside, w / (1.0 + self.floor), density)
            return below + w, x, density

        _, x, density = jax.lax.fori_loop(0, self.n, step, (zero, zero, jnp.ones(shape)))
        return x, 1.0 / density
