"""Complex numbers as pairs of real arrays, with structural zeros.

XLA on a CPU vectorises real float64 arithmetic, complex128 hardly, so the amplitudes are
written on :class:`Pair`. A part that is known to vanish when the code is traced (half the components of a
chiral spinor, three of four components of a gluon polarisation along z) is ``None`` and costs nothing.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax

Real: TypeAlias = "jax.Array | float"
Part: TypeAlias = "Real | None"


def _add(a: Part, b: Part) -> Part:
    return b if a is None else a if b is None else a + b


def _sub(a: Part, b: Part) -> Part:
    if b is None:
        return a
    return -b if a is None else a - b


def _mul(a: Part, b: Part) -> Part:
    if a is None or b is None:
        return None
    if isinstance(a, float) and a == 1.0:
        return b
    return a if isinstance(b, float) and b == 1.0 else a * b


class Pair(NamedTuple):
    """re + i im; a part that is None is zero by structure."""

    re: Part = None
    im: Part = None

    def __add__(self, o: Pair) -> Pair:  # type: ignore[override]
        return Pair(_add(self.re, o.re), _add(self.im, o.im))

    def __sub__(self, o: Pair) -> Pair:
        return Pair(_sub(self.re, o.re), _sub(self.im, o.im))

    def __neg__(self) -> Pair:
        return Pair(_sub(None, self.re), _sub(None, self.im))

    def __mul__(self, o: Pair | Real | None) -> Pair:  # type: ignore[override]
        if isinstance(o, Pair):
            return Pair(
                _sub(_mul(self.re, o.re), _mul(self.im, o.im)),
                _add(_mul(self.re, o.im), _mul(self.im, o.re)),
            )
        return Pair(_mul(self.re, o), _mul(self.im, o))

    @property
    def conj(self) -> Pair:
        """Complex conjugate."""
        return Pair(self.re, _sub(None, self.im))

    @property
    def is_zero(self) -> bool:
        """Whether the number is zero by structure."""
        return self.re is None and self.im is None

    @property
    def abs2(self) -> Real:
        """|z|^2, a real array (0.0 for a structural zero)."""
        total = _add(_mul(self.re, self.re), _mul(self.im, self.im))
        return 0.0 if total is None else total


ZERO = Pair()


def real(x: Part) -> Pair:
    """The real number ``x`` as a pair."""
    return Pair(x, None)


def re_conj_product(a: Pair, b: Pair) -> Real:
    """Re(a b*), a real array (0.0 if it vanishes by structure)."""
    total = _add(_mul(a.re, b.re), _mul(a.im, b.im))
    return 0.0 if total is None else total


def propagator(q2: Real, mass: Real, width: Real) -> Pair:
    """1/(q^2 - M^2 + i M Gamma), fixed width; one real division."""
    d, mg = q2 - mass * mass, mass * width
    norm = 1.0 / (d * d + mg * mg)
    return Pair(d * norm, -mg * norm)
