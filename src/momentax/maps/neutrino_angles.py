"""Both neutrinos of a dileptonic top pair on their ellipses, drawn together so that the recoil is a likely one.

The transverse momentum of the whole final state, k = k_0 + (axes of ellipse 1 at phi_1) + (axes of ellipse 2 at phi_2),
is known to a few tens of GeV, while the ellipses are hundreds of GeV wide: only a few parts of the torus
(phi_1, phi_2) count. They are found by a tree of cells. On each of its levels a cell is divided into n x n; a row is
drawn by the first uniform number, then a column by the second, each with a probability proportional to a kernel. The
kernel follows the density of k, smeared with the extent of the cell, so that a coarse cell with a narrow peak inside
is not missed. The density of the final cell is the product of the probabilities: known exactly, piecewise constant,
never zero.

With p_i the axes at the cell's centre and t_i = dp_i/dphi_i, points of a cell of size h (rad) have the mean
S sum p_i, S = sin(h/2)/(h/2), and the covariance sum_i [T t_i t_i^T + P p_i p_i^T], T = (1 - sin(h)/h)/2,
P = (1 + sin(h)/h)/2 - S^2. With (m, v) the moments of the density of k, C = v 1 + that covariance and r = the mean of
k in the cell - m: kernel = |C|^-1/2 [1 + r^T C^-1 r/8]^-4, close to a Gaussian near m and safe in the tails. Divisions
and products are all it takes: a table of exponentials would cost more than all other maps together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector
from momentax.maps.neutrino_ellipse import NeutrinoEllipse
from momentax.precision import single

Array = jax.Array

LEVELS = (8, 4, 4, 2)
"""Divisions of an angle on each level: final cells are 2 pi/256 wide, 2.5 GeV on an ellipse of 100 GeV."""
FLOOR = 0.03
"""Share of the mean over its neighbours that every cell gets besides its own kernel."""


class NeutrinoAngles(NamedTuple):
    """(u_1, u_2) -> both neutrinos.

    ``first``, ``second``: their ellipses; ``x``, ``y`` (GeV): what the neutrinos' transverse momenta should sum up to;
    ``variance`` (GeV^2): how well that is known, per axis.
    """

    first: NeutrinoEllipse
    second: NeutrinoEllipse
    x: Array
    y: Array
    variance: Array

    @property
    def dim(self) -> int:
        return 2

    def forward(self, u1: Array, u2: Array) -> tuple[FourVector, FourVector, Array]:
        """(nu_1, nu_2, prod_i [d^3 nu_i/(2E)]/(ds_W ds_t)_i per du_1 du_2).

        Derivatives take the cells as they are: the density jumps at borders, and a derivative at fixed u would not see
        what flows across borders that move with a parameter.
        """
        r0 = _Transverse(
            self.first.centre.x + self.second.centre.x - self.x,
            self.first.centre.y + self.second.centre.y - self.y,
        )
        shape = jnp.broadcast_shapes(jnp.shape(u1), jnp.shape(u2), jnp.shape(r0.x), jnp.shape(self.variance))
        u1, u2 = jnp.broadcast_to(u1, shape), jnp.broadcast_to(u2, shape)
        angle1 = angle2 = _Rotation(jnp.ones(shape), jnp.zeros(shape))
        density, size = jnp.ones(shape), 2.0 * math.pi
        # kernels only place the points, and their density is known from the same numbers: single precision will do
        first, second, r0, variance = single((self.first, self.second, r0, self.variance))
        for n in LEVELS:
            size /= n
            turns = [_Rotation.by((k - 0.5 * (n - 1)) * size) for k in range(n)]
            low_turns, low1, low2 = single((turns, angle1, angle2))
            cell = _Cell.of(size)

            def kernel(a: _OnEllipse, turn: _Rotation, cell=cell, angle2=low2) -> Array:
                return cell.kernel(r0, a, _on_ellipse(second, angle2.turned(turn)), variance)

            def row(
                _: None, turn: _Rotation, turns=low_turns, kernel=kernel, angle1=low1
            ) -> tuple[None, Array]:
                a = _on_ellipse(first, angle1.turned(turn))
                return None, sum((kernel(a, other) for other in turns[1:]), start=kernel(a, turns[0]))

            turn, u1, density1 = _choose(_stacked(row, turns), turns, u1)
            angle1 = angle1.turned(turn)
            here = _on_ellipse(first, single(angle1))

            def column(_: None, turn: _Rotation, kernel=kernel, here=here) -> tuple[None, Array]:
                return None, kernel(here, turn)

            turn, u2, density2 = _choose(_stacked(column, turns), turns, u2)
            angle2 = angle2.turned(turn)
            density = density * density1 * density2
        angle1, angle2 = (
            angle.turned(_small_rotation((u - 0.5) * size)) for angle, u in ((angle1, u1), (angle2, u2))
        )
        jacobian = self.first.jacobian() * self.second.jacobian() / density
        return self.first.at(*angle1), self.second.at(*angle2), jacobian


class _Rotation(NamedTuple):
    cos: Array
    sin: Array

    @classmethod
    def by(cls, angle: float) -> _Rotation:
        return cls(jnp.asarray(math.cos(angle)), jnp.asarray(math.sin(angle)))

    def turned(self, other: _Rotation) -> _Rotation:
        """The sum of both angles."""
        return _Rotation(
            self.cos * other.cos - self.sin * other.sin, self.sin * other.cos + self.cos * other.sin
        )


def _small_rotation(angle: Array) -> _Rotation:
    """Of an angle below pi/256, where the series end at 1e-17."""
    a2 = angle**2
    cos = 1.0 - a2 / 2.0 * (1.0 - a2 / 12.0 * (1.0 - a2 / 30.0 * (1.0 - a2 / 56.0)))
    return _Rotation(cos, angle * (1.0 - a2 / 6.0 * (1.0 - a2 / 20.0 * (1.0 - a2 / 42.0))))


class _Transverse(NamedTuple):
    x: Array
    y: Array


class _OnEllipse(NamedTuple):
    """Transverse parts of the axes at an angle, p, and of dp/dphi."""

    at: _Transverse
    tangent: _Transverse


def _on_ellipse(ellipse: NeutrinoEllipse, angle: _Rotation) -> _OnEllipse:
    p, q = ellipse.axis_cos, ellipse.axis_sin
    at = _Transverse(p.x * angle.cos + q.x * angle.sin, p.y * angle.cos + q.y * angle.sin)
    return _OnEllipse(at, _Transverse(q.x * angle.cos - p.x * angle.sin, q.y * angle.cos - p.y * angle.sin))


class _Cell(NamedTuple):
    """How points spread in a cell: S, T and P of the module's docstring."""

    mean: float
    along: float
    across: float

    @classmethod
    def of(cls, size: float) -> _Cell:
        mean, twice = math.sin(0.5 * size) / (0.5 * size), math.sin(size) / size
        return cls(mean, 0.5 * (1.0 - twice), 0.5 * (1.0 + twice) - mean**2)

    def kernel(self, origin: _Transverse, a: _OnEllipse, b: _OnEllipse, variance: Array) -> Array:
        """v |C|^-1/2 [1 + r^T C^-1 r/8]^-4."""
        x, y = origin.x + self.mean * (a.at.x + b.at.x), origin.y + self.mean * (a.at.y + b.at.y)
        c_xx, c_yy, c_xy = (
            self.along * (a.tangent[i] * a.tangent[j] + b.tangent[i] * b.tangent[j])
            + self.across * (a.at[i] * a.at[j] + b.at[i] * b.at[j])
            for i, j in ((0, 0), (1, 1), (0, 1))
        )
        # the determinant, at least v (v + trace): it is not when thousands of GeV cancel
        least = variance * (variance + c_xx + c_yy)
        c_xx, c_yy = variance + c_xx, variance + c_yy
        det = jnp.maximum(c_xx * c_yy - c_xy**2, least)
        z = 1.0 + (x**2 * c_yy + y**2 * c_xx - 2.0 * x * y * c_xy) / (8.0 * det)
        z2 = z * z
        return variance / (jnp.sqrt(det) * (z2 * z2))


def _stacked(function: Callable, turns: list[_Rotation]) -> Array:
    """Values of ``function`` for all turns along a new leading axis; in a loop, whose body is compiled once."""
    together = jax.tree.map(lambda *a: jnp.stack(a), *single(turns))
    return jax.lax.stop_gradient(jax.lax.scan(function, None, together)[1].astype(float))


def _choose(weights: Array, turns: list[_Rotation], u: Array) -> tuple[_Rotation, Array, Array]:
    """(the chosen turn, u rescaled inside it to [0, 1], n times its probability); ``weights`` [n, ...].

    Where every weight is zero, all have the same probability.
    """
    n = len(turns)
    total = jnp.sum(weights, axis=0)
    usable = total > 1e-30
    scale = jnp.where(usable, n / jnp.where(usable, total, 1.0), 0.0)
    target = u * ((1.0 + FLOOR) * n)

    def step(carry: tuple, here: tuple[Array, _Rotation]) -> tuple[tuple, None]:
        below, start, width, turn = carry
        weight, this = here
        weight = jnp.where(usable, weight * scale, 1.0) + FLOOR
        # the last one that begins below the target is the one that holds it
        inside = target >= below
        chosen = (
            jnp.where(inside, new, old)
            for new, old in ((below, start), (weight, width), (this.cos, turn.cos), (this.sin, turn.sin))
        )
        start, width, cos, sin = chosen
        return (below + weight, start, width, _Rotation(cos, sin)), None

    zero = jnp.zeros_like(target)
    one = jnp.ones_like(target)
    together = jax.tree.map(lambda *a: jnp.stack(a), *turns)
    (_, start, width, turn), _ = jax.lax.scan(
        step, (zero, zero, one, _Rotation(one, zero)), (weights, together)
    )
    return turn, jnp.clip((target - start) / width, 0.0, 1.0), width / (1.0 + FLOOR)
