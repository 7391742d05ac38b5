"""g g -> t tbar -> (b l+ nu)(bbar l- nubar): three diagrams, two colour flows, double-resonant, off-shell
tops.

With the tops off shell the result depends on the gluon polarisations and on the width in the t-channel
propagator: gluon 1 must move along +z and gluon 2 along -z, their polarisations are transverse to z, and
every top propagator has the fixed width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from momentax.amplitudes.complexpair import Pair, Real, propagator, re_conj_product
from momentax.amplitudes.spinors import (
    Vector,
    gluon_along_z,
    product,
    propagate_row,
    row_slash,
    sandwich,
    slash_column,
    triple_gluon_along_z,
)
from momentax.amplitudes.top_decay import (
    TopPair,
    TtbarParameters,
    b_helicity_fractions,
    top_pair,
    ttbar_parameters,
)
from momentax.kinematics import FourVector

HELICITIES = ((-1, -1), (-1, 1), (1, -1), (1, 1))
"""Gluon helicities, in the order of the sums below."""

parameters = ttbar_parameters


def colour_sum(flow12: Pair, flow21: Pair) -> Real:
    """Sum over colours of |T^a T^b M12 + T^b T^a M21|^2: 16/3 (|M12|^2 + |M21|^2) - 4/3 Re(M12 M21^*)."""
    return (16.0 / 3.0) * (flow12.abs2 + flow21.abs2) - (4.0 / 3.0) * re_conj_product(flow12, flow21)


def first_flow(flow12: Pair, flow21: Pair) -> Real:
    """|M12|^2: the colour of the quark is that of gluon 1, in place of :func:`colour_sum`."""
    return flow12.abs2


def second_flow(flow12: Pair, flow21: Pair) -> Real:
    """|M21|^2: the colour of the quark is that of gluon 2, in place of :func:`colour_sum`."""
    return flow21.abs2


def gluon_helicity_sums(
    k1: Real,
    k2: Real,
    pair: TopPair,
    params: TtbarParameters,
    square: Callable[[Pair, Pair], Real] = colour_sum,
) -> list[Real]:
    """Colour-summed squares for the four gluon helicities, without average, all couplings included.

    k1, k2: energies of the gluons along +z and -z; ``square``: of the two colour flows.
    """
    mt, wt = params.mass_t, params.width_t
    # p - k1 and p - k2 with k1 = (plus 2 k1), k2 = (minus 2 k2)
    minus, plus = pair.top.minus, pair.top.plus
    q1 = pair.top._replace(plus=plus - Pair(2.0 * k1))
    q2 = pair.top._replace(minus=minus - Pair(2.0 * k2))
    prop1 = propagator(pair.s_top - 2.0 * k1 * pair.top_minus, mt, wt)
    prop2 = propagator(pair.s_top - 2.0 * k2 * pair.top_plus, mt, wt)
    s_hat = 4.0 * k1 * k2
    # alpha_s from g_s^4 = (4 pi alpha_s)^2; the two polarisations' sqrt2, squared: 4
    factor = pair.factor * 4.0 * (4.0 * math.pi * params.alpha_s) ** 2
    sums = []
    for h1, h2 in HELICITIES:
        e1, e2 = gluon_along_z(h1, 1), gluon_along_z(h2, -1)
        flow12 = _t_channel(pair, e1, q1, e2, mt) * prop1
        flow21 = _t_channel(pair, e2, q2, e1, mt) * prop2
        if h1 == h2:
            fused = sandwich(pair.row, triple_gluon_along_z((h1, h2), k1, k2), pair.column) * (1.0 / s_hat)
            flow12, flow21 = flow12 + fused, flow21 - fused
        sums.append(factor * square(flow12, flow21))
    return sums


def _t_channel(pair: TopPair, first: Vector, q: Vector, second: Vector, mass: Real) -> Pair:
    """ubar e1slash (qslash + m) e2slash v."""
    return product(propagate_row(row_slash(pair.row, first), q, mass), slash_column(second, pair.column))


def flow_squares(p: Sequence[FourVector], params: TtbarParameters) -> tuple[Real, Real]:
    """(|M12|^2, |M21|^2) summed over helicities, up to a common factor: relative weights of the colour flows.

    p: as for :func:`msq`. Flow 12: top - gluon 1 - gluon 2 - tbar are neighbours in colour; 21: exchanged.
    """
    k1, k2, pair = p[0].e, p[1].e, top_pair(p[2:], params)
    one, two = (
        sum(gluon_helicity_sums(k1, k2, pair, params, square)) for square in (first_flow, second_flow)
    )
    return one, two


def msq(p: Sequence[FourVector], params: TtbarParameters) -> Real:
    """Squared amplitude, summed over final and averaged over initial spins and colours, GeV^-8.

    p: g g l+ nu b l- nubar bbar, each a FourVector of the batch shape, gluons along +z and -z.
    """
    sums = gluon_helicity_sums(p[0].e, p[1].e, top_pair(p[2:], params), params)
    return (sums[0] + sums[1] + sums[2] + sums[3]) * (1.0 / 256.0)


def helicity_squares(p: Sequence[FourVector], params: TtbarParameters) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (g, g, l+, nu, b, l-, nubar, bbar)."""
    sums = gluon_helicity_sums(p[0].e, p[1].e, top_pair(p[2:], params), params)
    return with_b_helicities(p, dict(zip(HELICITIES, sums, strict=True)))


def with_b_helicities(
    p: Sequence[FourVector], squares: dict[tuple[int, int], Real]
) -> dict[tuple[int, ...], Real]:
    """Split squares summed over the b helicities into the four b, bbar helicity states."""
    b = b_helicity_fractions(p[4], p[3], antiparticle=False)
    bbar = b_helicity_fractions(p[7], p[6], antiparticle=True)
    return {
        (*initial, 1, -1, hb, -1, 1, hbbar): square * b[(hb + 1) // 2] * bbar[(hbbar + 1) // 2]
        for initial, square in squares.items()
        for hb in (-1, 1)
        for hbbar in (-1, 1)
    }
