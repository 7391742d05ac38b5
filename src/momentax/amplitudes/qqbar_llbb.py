"""q qbar and qbar q -> b bbar l+ l- at order g_s^2 e^2: photon and Z, 8 diagrams, one colour structure.

The pair comes off the b line (F) or off the light-quark line (I); the amplitude of a light quark is F + P I, where P holds its
couplings. F and I do not depend on the flavour, and exchanging the beams of quark and antiquark exchanges the two polarisations
and the sign of I (charge conjugation of the line). So sum |F|^2, sum |I|^2, sum F^* I over b spins, once, serve all four channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from momentax.amplitudes.complexpair import ZERO, Pair, Real, real
from momentax.amplitudes.gg_llbb import helicity_keys
from momentax.amplitudes.llbb_lines import (
    BLine,
    LlbbParameters,
    b_line,
    couplings,
)
from momentax.amplitudes.spinors import (
    Vector,
    current,
    momentum,
    row_sigma,
    row_sigmabar,
    sandwich,
    sigma_column,
    sigmabar_column,
)
from momentax.kinematics import FourVector, dot

POLARISATIONS = (Vector(ZERO, ZERO, real(1.0), ZERO), Vector(ZERO, ZERO, ZERO, real(1.0)))
"""Current vbar gamma^mu u / (2 sqrt(s)) of a left- and a right-handed quark along +z and its antiquark along -z."""


class Amplitudes(NamedTuple):
    """F and I, keys (polarisation, lepton, b, bbar state index)."""

    final: dict[tuple[int, int, int, int], Pair]
    initial: dict[tuple[int, int, int, int], Pair]
    factor: Real


def initial_state_tensors(k1: Real, k2: Real, line: BLine) -> list[list[Vector]]:
    """[polarisation][lepton]: coefficients t of the components of the b current B in I = sum t B, without 1/s_bb.

    I = vbar (Jslash S(q - p2) Bslash + Bslash S(p1 - q) Jslash) u / (4 sqrt(s)), q the lepton pair's momentum.
    """
    q = momentum(line.q)
    q1 = q._replace(minus=q.minus - real(2.0 * k2))
    q2 = -(q._replace(plus=q.plus - real(2.0 * k1)))
    den1 = 1.0 / (line.s_ll - 2.0 * k2 * q.plus.re)
    den2 = 1.0 / (line.s_ll - 2.0 * k1 * q.minus.re)
    left, right = [], []
    for j in line.leptons:
        # left-handed quark: -1/2 [J.sigmabar q.sigma B.sigmabar]_12, and B, J exchanged
        r, c = row_sigma(j.bt, q1), sigma_column(q2, j.at)
        x, y = j.at[0] * -(0.5 * den1), j.bt[1] * -(0.5 * den2)
        left.append(Vector(x * r[1], y * c[0], ZERO, x * r[0] + y * c[1]))
        # right-handed quark: 1/2 [J.sigma q.sigmabar B.sigma]_21, and B, J exchanged
        r, c = row_sigmabar(j.a, q1), sigmabar_column(q2, j.b)
        x, y = j.b[1] * (0.5 * den1), j.a[0] * (0.5 * den2)
        right.append(Vector(x * r[0], y * c[1], -(x * r[1] + y * c[0]), ZERO))
    return [left, right]


def amplitudes(p: Sequence[FourVector], line: BLine, params: LlbbParameters) -> Amplitudes:
    """F and I of all helicities; ``factor`` (couplings, colour, norms, 4 s) multiplies their squares."""
    k1, k2, b, bbar = p[0].e, p[1].e, p[2], p[3]
    s_hat = 4.0 * k1 * k2
    mass2 = 0.0 if params.mass_b is None else params.mass_b * params.mass_b
    # everything relative to 1/s_bb: F gets s_bb/s
    s_bb = 2.0 * (mass2 + dot(b, bbar))
    ratio = s_bb / s_hat
    tensors = initial_state_tensors(k1, k2, line)
    final, initial = {}, {}
    for sb in range(2):
        for sbb in range(2):
            bcurrent = current(line.rows[sb], line.columns[sbb])
            for l in range(2):
                for pol, n in enumerate(POLARISATIONS):
                    f = sandwich(line.rows[sb], n, line.columns_emitted[l][sbb]) + sandwich(
                        line.rows_emitted[l][sb], n, line.columns[sbb]
                    )
                    t = tensors[pol][l]
                    i = (
                        t.minus * bcurrent.minus
                        + t.plus * bcurrent.plus
                        + t.perp * bcurrent.perp
                        + t.perpbar * bcurrent.perpbar
                    )
                    if not (f.is_zero and i.is_zero):
                        final[pol, l, sb, sbb] = f * ratio
                        initial[pol, l, sb, sbb] = i
    # g_s^4; 2 of the lepton current, squared; (2 sqrt s)^2; colour 2; norms
    factor = (4.0 * math.pi * params.alpha_s) ** 2 * 32.0 * s_hat / (s_bb * s_bb) * line.norm
    return Amplitudes(final, initial, factor)


def msq_of(
    amps: Amplitudes,
    line: BLine,
    params: LlbbParameters,
    channels: Sequence[tuple[tuple[float, float], bool]],
) -> list[Real]:
    """Squared amplitudes of light quarks (charge, isospin), swapped (True: antiquark along +z) or not; averaged."""
    sums: dict[tuple[int, int], tuple[Real, Real, Pair]] = {}
    for (pol, l, sb, sbb), f in amps.final.items():
        i = amps.initial[pol, l, sb, sbb]
        term = (f.abs2, i.abs2, f.conj * i)
        if (pol, l) in sums:
            old = sums[pol, l]
            term = (old[0] + term[0], old[1] + term[1], old[2] + term[2])
        sums[pol, l] = term
    out = []
    for fermion, swapped in channels:
        c = couplings(fermion, params, line.photon, line.z)
        total: Real = 0.0
        for (pol, l), (ff, ii, fi) in sums.items():
            charge = c[l][1 - pol if swapped else pol]
            interference = (charge * fi).re
            total = total + ff + charge.abs2 * ii + (-2.0 if swapped else 2.0) * interference
        out.append(total * amps.factor * (1.0 / 36.0))
    return out


def msq_light(
    p: Sequence[FourVector], params: LlbbParameters, fermion: tuple[float, float], swapped: bool = False
) -> Real:
    """Squared amplitude of one light quark, averaged; p: q qbar b bbar l+ l- (qbar q ... if swapped)."""
    line = b_line(p[2:], params)
    return msq_of(amplitudes(p, line, params), line, params, [(fermion, swapped)])[0]


def helicity_squares_light(
    p: Sequence[FourVector], params: LlbbParameters, fermion: tuple[float, float]
) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (q, qbar, b, bbar, l+, l-); the others vanish."""
    line = b_line(p[2:], params, helicity_basis=True)
    amps = amplitudes(p, line, params)
    c = couplings(fermion, params, line.photon, line.z)
    squares = {}
    for (pol, l, sb, sbb), f in amps.final.items():
        amplitude = f + c[l][pol] * amps.initial[pol, l, sb, sbb]
        squares[2 * pol - 1, 1 - 2 * pol, l, sb, sbb] = amps.factor * amplitude.abs2
    return helicity_keys(squares)
