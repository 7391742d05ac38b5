"""Both b energies of H -> Z A, A -> b b from the two resonance masses, at fixed directions and fixed Z
momentum.

(E_1, E_2) <-> (s_bb, s_llbb). With w = 1 - cos(b, b), Q the Z four-vector, a_i = Q_e - Q.n_i, massless b
quarks obey

    s_bb = 2 w E_1 E_2,    S = (s_llbb - s_ll - s_bb)/2 = a_1 E_1 + a_2 E_2,
    a_1 E_1, a_2 E_2 = (S +- R)/2,   R^2 = S^2 - 2 a_1 a_2 s_bb/w,    |d(s_bb, s_llbb)/d(E_1, E_2)| = 4 w R.

A mass of 4.7 GeV moves s_bb by about 100 GeV^2, many widths of a narrow A, so the massless solution is only
the start of a fixed number of Newton steps on the massive equations; it is given as valid where they have
converged back to the requested invariants. Near the fold R = 0, where two solutions merge, Newton may fail.
So that a multi-channel sum stays exact, ``density`` is zero at exactly those energies that ``forward`` would
not return: it repeats the solution from the invariants of the point, and compares. (Another channel covers
these points; see :class:`momentax.maps.one_dim.Mixture`.) The sign of the Jacobian determinant tells the
branches apart, so every point belongs to one of them at most.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from momentax.kinematics import FourVector
from momentax.maps.energies import Direction, one_minus_cos

Array = jax.Array
ArrayLike: TypeAlias = Array | float

NEWTON_STEPS = 6
_TOLERANCE = 1e-10  # relative, on the invariants: what a converged Newton step reaches with a digit to spare


class Branch(NamedTuple):
    """One solution: energies (GeV), jacobian |d(E_1, E_2)/d(s_bb, s_llbb)| (zero where not valid), validity."""

    e1: Array
    e2: Array
    jacobian: Array
    valid: Array


class PairWithSpectator(NamedTuple):
    """(s_bb, s_llbb) <-> (E_1, E_2). Fields: Z four-vector, Q.n_i (GeV), w = 1 - cos(b, b) and the b mass
    (GeV).
    """

    z: FourVector
    z_along_1: Array
    z_along_2: Array
    w: Array
    mass: ArrayLike

    @classmethod
    def from_directions(
        cls, z: FourVector, n1: Direction, n2: Direction, mass: ArrayLike
    ) -> PairWithSpectator:
        """The map for b quarks along the unit vectors ``n1`` and ``n2``."""
        along = [z.x * n[0] + z.y * n[1] + z.z * n[2] for n in (n1, n2)]
        return cls(z, along[0], along[1], one_minus_cos(n1, n2), mass)

    @property
    def dim(self) -> int:
        return 2

    def _half_invariants(self, p1: Array, p2: Array) -> tuple[Array, Array, Array, Array]:
        """(s_bb/2 - m^2, S, E_1, E_2) of the momenta."""
        m2 = jnp.asarray(self.mass) ** 2
        e1, e2 = jnp.sqrt(p1**2 + m2), jnp.sqrt(p2**2 + m2)
        # E1 E2 - p1 p2 without cancellation
        pair = m2 * (p1**2 + p2**2 + m2) / (e1 * e2 + p1 * p2) + p1 * p2 * self.w
        return pair, self.z.e * (e1 + e2) - self.z_along_1 * p1 - self.z_along_2 * p2, e1, e2

    def _derivatives(self, p1: Array, p2: Array, e1: Array, e2: Array) -> tuple[Array, Array, Array, Array]:
        """d(s_bb/2, S)/d(p_1, p_2), row by row."""
        b1, b2, cos = p1 / e1, p2 / e2, 1.0 - self.w
        return (
            b1 * e2 - p2 * cos,
            b2 * e1 - p1 * cos,
            self.z.e * b1 - self.z_along_1,
            self.z.e * b2 - self.z_along_2,
        )

    def _targets(self, s_bb: ArrayLike, s_llbb: ArrayLike) -> tuple[Array, Array]:
        m2 = jnp.asarray(self.mass) ** 2
        return 0.5 * jnp.asarray(s_bb) - m2, 0.5 * (jnp.asarray(s_llbb) - self.z.mass2 - s_bb)

    def _start(self, pair: Array, total: Array, sign: ArrayLike) -> tuple[Array, Array]:
        """Massless energies, then once more with the first-order mass terms evaluated at them."""
        m2 = jnp.asarray(self.mass) ** 2
        a1, a2 = self.z.e - self.z_along_1, self.z.e - self.z_along_2
        shift_pair, shift_total = jnp.zeros_like(pair), jnp.zeros_like(total)
        for _ in range(2):
            s_shift = jnp.maximum(total - shift_total, 0.1 * jnp.abs(total) + 1e-6)
            product = a1 * a2 * jnp.maximum(pair - shift_pair, 0.1 * jnp.abs(pair) + 1e-6) / self.w
            # a start a little off the fold, on the branch's side, from which Newton comes down to it
            r = jnp.sqrt(jnp.maximum(s_shift**2 - 4.0 * product, 1e-4 * s_shift**2))
            larger = 0.5 * (s_shift + r)
            smaller = product / larger
            e1 = jnp.where(sign > 0, larger, smaller) / a1
            e2 = jnp.where(sign > 0, smaller, larger) / a2
            shift_pair = 0.5 * m2 * (1.0 - self.w) * (e1 / e2 + e2 / e1)
            shift_total = 0.5 * m2 * (self.z_along_1 / e1 + self.z_along_2 / e2)
        return e1, e2

    def _solve(self, s_bb: ArrayLike, s_llbb: ArrayLike, sign: ArrayLike) -> tuple[Array, Array, Array]:
        """(p_1, p_2, converged) of one branch."""
        pair, total = self._targets(s_bb, s_llbb)
        p1, p2 = self._start(pair, total, sign)
        for _ in range(NEWTON_STEPS):
            f_pair, f_total, e1, e2 = self._half_invariants(p1, p2)
            j11, j12, j21, j22 = self._derivatives(p1, p2, e1, e2)
            det = j11 * j22 - j12 * j21
            scale = 1.0 / jnp.where(jnp.abs(det) > 1e-12, det, 1.0)
            d1 = ((pair - f_pair) * j22 - (total - f_total) * j12) * scale
            d2 = ((total - f_total) * j11 - (pair - f_pair) * j21) * scale
            # a step may not carry a momentum below a fifth of itself or above five times it
            p1 = jnp.clip(p1 + d1, 0.2 * p1, 5.0 * p1)
            p2 = jnp.clip(p2 + d2, 0.2 * p2, 5.0 * p2)
        f_pair, f_total, _, _ = self._half_invariants(p1, p2)
        converged = (jnp.abs(f_pair - pair) < _TOLERANCE * jnp.abs(pair)) & (
            jnp.abs(f_total - total) < _TOLERANCE * jnp.abs(total)
        )
        return p1, p2, converged

    def _determinant(self, p1: Array, p2: Array) -> Array:
        """d(s_bb, s_llbb)/d(E_1, E_2) with its sign (massless: 4 w (a_2 E_2 - a_1 E_1))."""
        _, _, e1, e2 = self._half_invariants(p1, p2)
        j11, j12, j21, j22 = self._derivatives(p1, p2, e1, e2)
        return 4.0 * (j11 * j22 - j12 * j21) * (e1 / p1) * (e2 / p2)

    def branch(self, s_bb: ArrayLike, s_llbb: ArrayLike, sign: ArrayLike) -> Branch:
        """One branch: a_1 E_1 the larger term for ``sign`` > 0, a_2 E_2 for ``sign`` < 0 (may vary per
        element).
        """
        p1, p2, converged = self._solve(s_bb, s_llbb, sign)
        _, _, e1, e2 = self._half_invariants(p1, p2)
        det = -sign * self._determinant(p1, p2)
        valid = converged & (det > 0.0)
        return Branch(e1, e2, jnp.where(valid, 1.0 / jnp.where(valid, det, 1.0), 0.0), valid)

    def forward(self, s_bb: ArrayLike, s_llbb: ArrayLike) -> tuple[Branch, Branch]:
        """Both branches (sign +1 first)."""
        return self.branch(s_bb, s_llbb, 1.0), self.branch(s_bb, s_llbb, -1.0)

    def _momenta(self, e1: ArrayLike, e2: ArrayLike) -> tuple[Array, Array]:
        m2 = jnp.asarray(self.mass) ** 2
        p1, p2 = (jnp.sqrt(jnp.maximum(jnp.asarray(e) ** 2 - m2, 1e-12)) for e in (e1, e2))
        return p1, p2

    def inverse(self, e1: ArrayLike, e2: ArrayLike) -> tuple[Array, Array]:
        """(s_bb, s_llbb) of the energies."""
        pair, total, _, _ = self._half_invariants(*self._momenta(e1, e2))
        s_bb = 2.0 * (pair + jnp.asarray(self.mass) ** 2)
        return s_bb, 2.0 * total + self.z.mass2 + s_bb

    def density(self, e1: ArrayLike, e2: ArrayLike) -> Array:
        """|d(s_bb, s_llbb)/d(E_1, E_2)|: turns a density in (s_bb, s_llbb) into one in (E_1, E_2).

        If a branch is chosen at random, multiply by the probability of the branch of the point, that is of
        sign = +1 where a_1 E_1 > a_2 E_2 (exactly: where :meth:`branch_sign` says so).
        """
        p1, p2 = self._momenta(e1, e2)
        det = self._determinant(p1, p2)
        s_bb, s_llbb = self.inverse(e1, e2)
        q1, q2, converged = self._solve(s_bb, s_llbb, -jnp.sign(det))
        same = (jnp.abs(q1 - p1) < 1e-5 * p1) & (jnp.abs(q2 - p2) < 1e-5 * p2)
        return jnp.where(converged & same, jnp.abs(det), 0.0)

    def branch_sign(self, e1: ArrayLike, e2: ArrayLike) -> Array:
        """+1 or -1: the branch that the energies belong to."""
        return -jnp.sign(self._determinant(*self._momenta(e1, e2)))
