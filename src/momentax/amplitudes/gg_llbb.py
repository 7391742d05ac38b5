"""g g -> b bbar l+ l- at order g_s^2 e^2: photon and Z, 16 diagrams, two colour flows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from momentax.amplitudes.complexpair import Pair, Real, real
from momentax.amplitudes.gg_ttbar import colour_sum
from momentax.amplitudes.llbb_lines import (
    LEPTON_HELICITIES,
    BLine,
    LlbbParameters,
    b_line,
    beam_products,
    llbb_parameters,
)
from momentax.amplitudes.spinors import (
    Dirac,
    gluon_along_z,
    momentum,
    product,
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

HELICITIES = ((-1, -1), (-1, 1), (1, -1), (1, 1))
"""Gluon helicities."""

parameters = llbb_parameters


def colour_summed(
    p: Sequence[FourVector], line: BLine, params: LlbbParameters
) -> dict[tuple[int, int, int, int, int], Real]:
    """Colour-summed squares without common factor; key (gluon 1, gluon 2 helicity, lepton, b, bbar state index)."""
    k1, k2, b, bbar = p[0].e, p[1].e, p[2], p[3]
    mass = params.mass_b
    hels = (-1, 1)
    eps = {1: {h: gluon_along_z(h, 1) for h in hels}, 2: {h: gluon_along_z(h, -1) for h in hels}}
    # rows ubar(b) eps_i S(b - k_i), columns S(k_i - bbar) eps_i v(bbar); (b - k)^2 - m^2 = -2 k.b
    (b_minus, b_plus), (bb_minus, bb_plus) = beam_products(b, mass), beam_products(bbar, mass)
    shifts = {1: ("plus", k1, b_minus, bb_minus), 2: ("minus", k2, b_plus, bb_plus)}
    rows: dict[tuple[int, int, int], Dirac] = {}
    columns: dict[tuple[int, int, int], Dirac] = {}
    for i, (component, k, den_b, den_bbar) in shifts.items():
        q_b, q_bbar = momentum(b), momentum(-bbar)
        q_b = q_b._replace(**{component: getattr(q_b, component) - real(2.0 * k)})
        q_bbar = q_bbar._replace(**{component: getattr(q_bbar, component) + real(2.0 * k)})
        inv_b, inv_bbar = -0.5 / (k * den_b), -0.5 / (k * den_bbar)
        for h in hels:
            for s in range(2):
                rows[i, h, s] = scale(propagate_row(row_slash(line.rows[s], eps[i][h]), q_b, mass), inv_b)
                columns[i, h, s] = scale(
                    propagate_column(q_bbar, mass, slash_column(eps[i][h], line.columns[s])), inv_bbar
                )
    fused = triple_gluon_along_z((1, 1), k1, k2).scaled(0.25 / (k1 * k2))
    out = {}
    for l, (j, c) in enumerate(zip(line.leptons, line.couplings, strict=True)):
        # L_i Jslash R_k / 2 = sum of two products of scalars
        row_scalars = {
            key: (weyl_product(r.left, j.b), weyl_product(r.right, j.at)) for key, r in rows.items()
        }
        column_scalars = {
            key: (weyl_product(j.a, r.right) * c[1], weyl_product(j.bt, r.left) * c[0])
            for key, r in columns.items()
        }
        for sb in range(2):
            for sbb in range(2):
                emitted_row, emitted_column = line.rows_emitted[l][sb], line.columns_emitted[l][sbb]
                s_channel = sandwich(line.rows[sb], fused, emitted_column) + sandwich(
                    emitted_row, fused, line.columns[sbb]
                )

                def flow(
                    first: int, h_first: int, second: int, h_second: int, sb: int = sb, sbb: int = sbb
                ) -> Pair:
                    """Three orders of the lepton pair with gluon ``first`` before ``second`` along the line."""
                    left, right = rows[first, h_first, sb], columns[second, h_second, sbb]
                    x = row_scalars[first, h_first, sb]  # noqa: B023
                    y = column_scalars[second, h_second, sbb]  # noqa: B023
                    return (
                        sandwich(left, eps[second][h_second], emitted_column)  # noqa: B023
                        + (x[0] * y[0] + x[1] * y[1])
                        + sandwich(emitted_row, eps[first][h_first], right)  # noqa: B023
                    )

                for h1, h2 in HELICITIES:
                    flow12, flow21 = flow(1, h1, 2, h2), flow(2, h2, 1, h1)
                    if h1 == h2:
                        flow12, flow21 = flow12 + s_channel, flow21 - s_channel
                    if not (flow12.is_zero and flow21.is_zero):
                        out[h1, h2, l, sb, sbb] = colour_sum(flow12, flow21)
    return out


def common_factor(line: BLine, params: LlbbParameters) -> Real:
    """g_s^4, the 2 of the lepton current and the sqrt2 of both polarisations (squared: 4, 4), the spinor norms."""
    return 16.0 * (4.0 * math.pi * params.alpha_s) ** 2 * line.norm


def msq(p: Sequence[FourVector], params: LlbbParameters) -> Real:
    """Squared amplitude, summed over final and averaged over initial spins and colours, GeV^-4.

    p: g g b bbar l+ l-, each a FourVector of the batch shape, gluons along +z and -z.
    """
    line = b_line(p[2:], params)
    return sum_of(p, line, params)


def sum_of(p: Sequence[FourVector], line: BLine, params: LlbbParameters) -> Real:
    """:func:`msq` with the b line given."""
    terms = list(colour_summed(p, line, params).values())
    return sum(terms[1:], terms[0]) * common_factor(line, params) * (1.0 / 256.0)


def helicity_squares(p: Sequence[FourVector], params: LlbbParameters) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (g, g, b, bbar, l+, l-); the others vanish."""
    line = b_line(p[2:], params, helicity_basis=True)
    factor = common_factor(line, params)
    return helicity_keys({key: square * factor for key, square in colour_summed(p, line, params).items()})


def helicity_keys(
    squares: dict[tuple[int, int, int, int, int], Real],
) -> dict[tuple[int, ...], Real]:
    """Keys (h1, h2, lepton index, b index, bbar index) -> helicities (h1, h2, b, bbar, l+, l-)."""
    return {
        (h1, h2, 2 * sb - 1, 2 * sbb - 1, *LEPTON_HELICITIES[l]): square
        for (h1, h2, l, sb, sbb), square in squares.items()
    }
