"""g g -> b bbar l+ l- at order g_s^2 e^2: photon and Z, 16 diagrams, two colour flows."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from momentax.amplitudes.complexpair import Pair, Real, real
from momentax.amplitudes.gg_ttbar import colour_sum, first_flow, second_flow
from momentax.amplitudes.llbb_lines import (
    LEPTON_HELICITIES,
    BLine,
    Emission,
    LlbbParameters,
    b_line,
    beam_products,
    emission,
    lepton,
    llbb_parameters,
)
from momentax.amplitudes.spinors import (
    Dirac,
    Vector,
    gluon_along_z,
    momentum,
    propagate_column,
    propagate_row,
    row_slash,
    sandwich,
    scale,
    slash_column,
    triple_gluon_along_z,
    weyl_product,
)
from momentax.kinematics import FourVector

Term = TypeVar("Term", Real, Pair)

HELICITIES = ((-1, -1), (-1, 1), (1, -1), (1, 1))
"""Gluon helicities."""

parameters = llbb_parameters


class GluonLines(NamedTuple):
    """The b line with one gluon emitted, whatever the lepton helicity. Keys: (gluon, its helicity, b or bbar
    state).
    """

    rows: dict[tuple[int, int, int], Dirac]  # ubar(b) eps_i S(b - k_i)
    columns: dict[tuple[int, int, int], Dirac]  # S(k_i - bbar) eps_i v(bbar)
    fused: Vector  # the off-shell gluon of both, over s


_EPS = {(i, h): gluon_along_z(h, direction) for i, direction in ((1, 1), (2, -1)) for h in (-1, 1)}


def gluon_lines(p: Sequence[FourVector], line: BLine, params: LlbbParameters) -> GluonLines:
    """Either gluon absorbed at either end of the b line; (b - k)^2 - m^2 = -2 k.b without cancellation."""
    k1, k2, b, bbar = p[0].e, p[1].e, p[2], p[3]
    mass = params.mass_b
    (b_minus, b_plus), (bb_minus, bb_plus) = beam_products(b, mass), beam_products(bbar, mass)
    q_b, q_bbar = momentum(b), momentum(-bbar)
    two_k1, two_k2 = real(2.0 * k1), real(2.0 * k2)
    shifted = {
        1: (q_b._replace(plus=q_b.plus - two_k1), q_bbar._replace(plus=q_bbar.plus + two_k1)),
        2: (q_b._replace(minus=q_b.minus - two_k2), q_bbar._replace(minus=q_bbar.minus + two_k2)),
    }
    inverse = {
        1: (-0.5 / (k1 * b_minus), -0.5 / (k1 * bb_minus)),
        2: (-0.5 / (k2 * b_plus), -0.5 / (k2 * bb_plus)),
    }
    rows, columns = {}, {}
    for (i, h), eps in _EPS.items():
        for s in range(2):
            row = propagate_row(row_slash(line.rows[s], eps), shifted[i][0], mass)
            column = propagate_column(shifted[i][1], mass, slash_column(eps, line.columns[s]))
            rows[i, h, s] = scale(row, inverse[i][0])
            columns[i, h, s] = scale(column, inverse[i][1])
    return GluonLines(rows, columns, triple_gluon_along_z((1, 1), k1, k2).scaled(0.25 / (k1 * k2)))


def lepton_squares(
    gluons: GluonLines,
    line: BLine,
    emitted: Emission,
    square: Callable[[Pair, Pair], Real] = colour_sum,
) -> dict[tuple[int, int, int, int], Real]:
    """Colour-summed squares of one lepton helicity, without common factor; key (gluons' helicities, b, bbar
    state). ``square``: of the two colour flows.
    """
    j, c = emitted.lepton.current, emitted.coupling
    # L_i Jslash R_k is the sum of two products of numbers
    left = {key: (weyl_product(r.left, j.b), weyl_product(r.right, j.at)) for key, r in gluons.rows.items()}
    right = {
        key: (weyl_product(j.a, r.right) * c[1], weyl_product(j.bt, r.left) * c[0])
        for key, r in gluons.columns.items()
    }

    def flow(first: tuple[int, int], second: tuple[int, int], sb: int, sbb: int) -> Pair:
        """Three places of the lepton pair, gluon ``first`` before ``second`` along the line."""
        x, y = left[*first, sb], right[*second, sbb]
        return (
            sandwich(gluons.rows[*first, sb], _EPS[second], emitted.columns[sbb])
            + (x[0] * y[0] + x[1] * y[1])
            + sandwich(emitted.rows[sb], _EPS[first], gluons.columns[*second, sbb])
        )

    out = {}
    for sb in range(2):
        for sbb in range(2):
            s_channel = sandwich(line.rows[sb], gluons.fused, emitted.columns[sbb]) + sandwich(
                emitted.rows[sb], gluons.fused, line.columns[sbb]
            )
            for h1, h2 in HELICITIES:
                flow12 = flow((1, h1), (2, h2), sb, sbb)
                flow21 = flow((2, h2), (1, h1), sb, sbb)
                if h1 == h2:
                    flow12, flow21 = flow12 + s_channel, flow21 - s_channel
                if not (flow12.is_zero and flow21.is_zero):
                    out[h1, h2, sb, sbb] = square(flow12, flow21)
    return out


def common_factor(line: BLine, params: LlbbParameters) -> Real:
    """g_s^4, the sqrt2 of both polarisations and the 2 of the lepton current (squared: 4, 4), the b norms."""
    return 16.0 * (4.0 * math.pi * params.alpha_s) ** 2 * line.norm


def lepton_term(
    p: Sequence[FourVector], right: bool | jax.Array, line: BLine, params: LlbbParameters
) -> Real:
    """Sum over gluon and b helicities for one lepton helicity, without common factor."""
    lep = lepton(p[4], p[5], params, right)
    squares = lepton_squares(gluon_lines(p, line, params), line, emission(line, lep, params))
    return sum_all(squares.values()) * lep.norm


def flow_squares(p: Sequence[FourVector], params: LlbbParameters) -> tuple[Real, Real]:
    """(|M12|^2, |M21|^2) summed over helicities, up to a common factor: relative weights of the colour flows.

    p: as for :func:`msq`. Flow 12: b - gluon 1 - gluon 2 - bbar are neighbours in colour; 21: exchanged.
    """

    def both(p: Sequence[FourVector], right: jax.Array) -> Real:
        line = b_line(p[2:], params)
        lep = lepton(p[4], p[5], params, right)
        gluons, emitted = gluon_lines(p, line, params), emission(line, lep, params)
        sums = [
            sum_all(lepton_squares(gluons, line, emitted, square).values())
            for square in (first_flow, second_flow)
        ]
        return jnp.stack(jnp.broadcast_arrays(*sums)) * lep.norm

    flows = jnp.asarray(loop_over_leptons(both, p))
    return flows[0], flows[1]


def loop_over_leptons(
    term: Callable[[Sequence[FourVector], jax.Array], Real], p: Sequence[FourVector]
) -> Real:
    """Sum of ``term(p, right)`` over the lepton helicities as a loop that is not unrolled.

    XLA's CPU compiler fuses an amplitude into one kernel. Beyond some 3,000 operations its code no longer
    fits the 32 KiB instruction cache and its speed halves. In a loop, ``term`` does again what both
    helicities share and still wins; the barrier keeps the compiler from moving the shared part out of the
    loop, into one kernel per intermediate result.
    """

    def body(right: jax.Array) -> Real:
        return term(*jax.lax.optimization_barrier((list(p), right)))

    return jnp.sum(jax.lax.map(body, jnp.arange(2) == 1), axis=0)


def sum_all(terms: Iterable[Term]) -> Term:
    """Sum of arrays or pairs, without a leading zero."""
    return functools.reduce(operator.add, terms)


def msq(p: Sequence[FourVector], params: LlbbParameters) -> Real:
    """Squared amplitude, summed over final and averaged over initial spins and colours, GeV^-4.

    p: g g b bbar l+ l-, each a FourVector of the batch shape, gluons along +z and -z.
    """
    line = b_line(p[2:], params)
    if params.mass_b is None:
        total = lepton_term(p, False, line, params) + lepton_term(p, True, line, params)
    else:
        total = loop_over_leptons(lambda p, right: lepton_term(p, right, b_line(p[2:], params), params), p)
    return total * common_factor(line, params) * (1.0 / 256.0)


def helicity_squares(p: Sequence[FourVector], params: LlbbParameters) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (g, g, b, bbar, l+, l-)."""
    line = b_line(p[2:], params, helicity_basis=True)
    gluons = gluon_lines(p, line, params)
    factor = common_factor(line, params)
    out = {}
    for l, right in enumerate((False, True)):
        lep = lepton(p[4], p[5], params, right)
        for key, square in lepton_squares(gluons, line, emission(line, lep, params)).items():
            out[(*key[:2], l, *key[2:])] = square * factor * lep.norm
    return helicity_keys(out)


def helicity_keys(
    squares: dict[tuple[int, int, int, int, int], Real],
) -> dict[tuple[int, ...], Real]:
    """Keys (h1, h2, lepton index, b index, bbar index) -> helicities (h1, h2, b, bbar, l+, l-)."""
    return {
        (h1, h2, 2 * sb - 1, 2 * sbb - 1, *LEPTON_HELICITIES[l]): square
        for (h1, h2, l, sb, sbb), square in squares.items()
    }
