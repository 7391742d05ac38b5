"""q qbar -> t tbar -> (b l+ nu)(bbar l- nubar): one diagram, off-shell tops; the same for every light quark
and for qbar q.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from momentax.amplitudes.complexpair import Real, real
from momentax.amplitudes.gg_ttbar import with_b_helicities
from momentax.amplitudes.spinors import ZERO, Vector, sandwich
from momentax.amplitudes.top_decay import TopPair, TtbarParameters, top_pair, ttbar_parameters
from momentax.kinematics import FourVector

HELICITIES = ((1, -1), (-1, 1))
"""Quark and antiquark helicities, in the order of the sums below."""

parameters = ttbar_parameters


def quark_helicity_sums(k1: Real, k2: Real, pair: TopPair, params: TtbarParameters) -> list[Real]:
    """Colour-summed squares for the two quark helicities, without average, all couplings included.

    The massless quark current is sqrt(s)(0, 1, +-i, 0) up to a phase, for quark helicity +- along +z: one
    light-cone component, of size 2 sqrt(s).
    """
    s_hat = 4.0 * k1 * k2
    # |2 sqrt(s) / s|^2 = 4/s; colour: sum_ab tr(T^a T^b)^2 = 2; g_s^4
    factor = pair.factor * (4.0 * 2.0) * (4.0 * math.pi * params.alpha_s) ** 2 / s_hat
    one = real(1.0)
    currents = (Vector(ZERO, ZERO, ZERO, one), Vector(ZERO, ZERO, one, ZERO))
    return [factor * sandwich(pair.row, v, pair.column).abs2 for v in currents]


def msq(p: Sequence[FourVector], params: TtbarParameters) -> Real:
    """Squared amplitude, summed over final and averaged over initial spins and colours, GeV^-8.

    p: q qbar l+ nu b l- nubar bbar (or qbar q ...), each a FourVector of the batch shape, incoming along +z
    and -z.
    """
    sums = quark_helicity_sums(p[0].e, p[1].e, top_pair(p[2:], params), params)
    return (sums[0] + sums[1]) * (1.0 / 36.0)


def helicity_squares(p: Sequence[FourVector], params: TtbarParameters) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (q, qbar, l+, nu, b, l-, nubar, bbar); the
    others vanish.
    """
    sums = quark_helicity_sums(p[0].e, p[1].e, top_pair(p[2:], params), params)
    return with_b_helicities(p, dict(zip(HELICITIES, sums, strict=True)))
