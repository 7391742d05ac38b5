"""q qbar and qbar q -> b bbar l+ l- at order g_s^2 e^2: photon and Z, 8 diagrams, one colour structure.

The pair comes off the b line (F) or off the light-quark line (I); the amplitude of a light quark is F + P I,
where P holds its couplings. F and I do not depend on the flavour, and exchanging the beams of quark and
antiquark exchanges the two polarisations and the sign of I (charge conjugation of the line). So sum |F|^2,
sum |I|^2, sum F^* I over b spins, once, serve all four channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from momentax.amplitudes.complexpair import ZERO, Pair, Real, re_conj_product, real
from momentax.amplitudes.gg_llbb import helicity_keys, sum_all
from momentax.amplitudes.llbb_lines import (
    BLine,
    Emission,
    LeptonCurrent,
    LlbbParameters,
    b_line,
    coupling,
    emission,
    lepton,
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
"""Current vbar gamma^mu u / (2 sqrt(s)) of a left- and a right-handed quark along +z and its antiquark along
-z.
"""


def initial_state_tensors(k1: Real, k2: Real, line: BLine, j: LeptonCurrent) -> tuple[Vector, Vector]:
    """For either polarisation the coefficients t of the components of the b current B in I = sum t B, without
    1/s_bb.

    I = vbar (Jslash S(q - p2) Bslash + Bslash S(p1 - q) Jslash) u / (4 sqrt(s)), q the lepton pair's
    momentum.
    """
    q = momentum(line.pair)
    q1 = q._replace(minus=q.minus - real(2.0 * k2))
    q2 = -(q._replace(plus=q.plus - real(2.0 * k1)))
    den1 = 0.5 / (line.s_ll - 2.0 * k2 * line.pair_plus)
    den2 = 0.5 / (line.s_ll - 2.0 * k1 * line.pair_minus)
    # left-handed quark: -1/2 [J.sigmabar q.sigma B.sigmabar]_12, and B, J exchanged
    r, c = row_sigma(j.bt, q1), sigma_column(q2, j.at)
    x, y = j.at[0] * -den1, j.bt[1] * -den2
    left = Vector(x * r[1], y * c[0], ZERO, x * r[0] + y * c[1])
    # right-handed quark: 1/2 [J.sigma q.sigmabar B.sigma]_21, and B, J exchanged
    r, c = row_sigmabar(j.a, q1), sigmabar_column(q2, j.b)
    x, y = j.b[1] * den1, j.a[0] * den2
    return left, Vector(x * r[0], y * c[1], -(x * r[1] + y * c[0]), ZERO)


def amplitudes(
    p: Sequence[FourVector], emitted: Emission, line: BLine, params: LlbbParameters
) -> dict[tuple[int, int, int], tuple[Pair, Pair]]:
    """(F, I) for one lepton helicity, times s_bb and without the common factor; keys (polarisation, b, bbar
    state).
    """
    k1, k2, b, bbar = p[0].e, p[1].e, p[2], p[3]
    ratio = _s_bb(b, bbar, params) / (4.0 * k1 * k2)
    tensors = initial_state_tensors(k1, k2, line, emitted.lepton.current)
    out = {}
    for sb in range(2):
        for sbb in range(2):
            b_current = current(line.rows[sb], line.columns[sbb])
            for pol, n in enumerate(POLARISATIONS):
                f = sandwich(line.rows[sb], n, emitted.columns[sbb]) + sandwich(
                    emitted.rows[sb], n, line.columns[sbb]
                )
                t = tensors[pol]
                i = t.minus * b_current.minus + t.plus * b_current.plus
                i = i + t.perp * b_current.perp + t.perpbar * b_current.perpbar
                if not (f.is_zero and i.is_zero):
                    out[pol, sb, sbb] = f * ratio, i
    return out


def _s_bb(b: FourVector, bbar: FourVector, params: LlbbParameters) -> Real:
    s = 2.0 * dot(b, bbar)
    return s if params.mass_b is None else s + 2.0 * params.mass_b * params.mass_b


def common_factor(p: Sequence[FourVector], line: BLine, params: LlbbParameters) -> Real:
    """g_s^4; the current's 2, squared; (2 sqrt s)^2; colour sum_ab tr(T^a T^b)^2 = 2; norms; 1/s_bb^2."""
    s_hat, s_bb = 4.0 * p[0].e * p[1].e, _s_bb(p[2], p[3], params)
    return (4.0 * math.pi * params.alpha_s) ** 2 * 32.0 * s_hat / (s_bb * s_bb) * line.norm


class SpinSums(NamedTuple):
    """sum |F|^2, sum |I|^2, sum F^* I over the b spins for one lepton helicity and polarisation."""

    final: Real
    initial: Real
    interference: Pair


def spin_sums(
    p: Sequence[FourVector], emitted: Emission, line: BLine, params: LlbbParameters
) -> list[SpinSums]:
    """One :class:`SpinSums` per polarisation."""
    sums = []
    amps = amplitudes(p, emitted, line, params)
    for pol in range(2):
        pairs = [pair for key, pair in amps.items() if key[0] == pol]
        sums.append(
            SpinSums(
                sum_all(f.abs2 for f, _ in pairs),
                sum_all(i.abs2 for _, i in pairs),
                sum_all(f.conj * i for f, i in pairs),
            )
        )
    return sums


def channel_term(sums: Sequence[SpinSums], c: tuple[Pair, Pair], swapped: bool) -> Real:
    """Sum over quark and b helicities of |F + P I|^2 for one lepton helicity, P = ``c`` (left, right)."""
    sign = -2.0 if swapped else 2.0
    terms = []
    for pol, (ff, ii, fi) in enumerate(sums):
        charge = c[1 - pol if swapped else pol]
        # Re(P F^* I) from the real product with the conjugate
        terms.append(ff + charge.abs2 * ii + sign * re_conj_product(charge, fi.conj))
    return terms[0] + terms[1]


def msq_of(
    p: Sequence[FourVector],
    params: LlbbParameters,
    channels: Sequence[tuple[tuple[float, float], bool]],
) -> list[Real]:
    """Squared amplitudes of light quarks ((charge, isospin), swapped: antiquark along +z), averaged."""
    line = b_line(p[2:], params)
    leptons = [lepton(p[4], p[5], params, right) for right in (False, True)]
    sums = [spin_sums(p, emission(line, lep, params), line, params) for lep in leptons]
    factor = common_factor(p, line, params) * (1.0 / 36.0)
    return [
        factor
        * sum_all(
            channel_term(s, coupling(fermion, lep, line, params), swapped) * lep.norm
            for s, lep in zip(sums, leptons, strict=True)
        )
        for fermion, swapped in channels
    ]


def msq_light(
    p: Sequence[FourVector], params: LlbbParameters, fermion: tuple[float, float], swapped: bool = False
) -> Real:
    """Squared amplitude of one light quark, averaged; p: q qbar b bbar l+ l- (qbar q ... if swapped)."""
    return msq_of(p, params, [(fermion, swapped)])[0]


def helicity_squares_light(
    p: Sequence[FourVector], params: LlbbParameters, fermion: tuple[float, float]
) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (q, qbar, b, bbar, l+, l-)."""
    line = b_line(p[2:], params, helicity_basis=True)
    factor = common_factor(p, line, params)
    squares = {}
    for l, right in enumerate((False, True)):
        lep = lepton(p[4], p[5], params, right)
        c = coupling(fermion, lep, line, params)
        for (pol, sb, sbb), (f, i) in amplitudes(p, emission(line, lep, params), line, params).items():
            squares[2 * pol - 1, 1 - 2 * pol, l, sb, sbb] = factor * lep.norm * (f + c[pol] * i).abs2
    return helicity_keys(squares)
