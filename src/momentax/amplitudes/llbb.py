"""All parton channels of b bbar l+ l- at once: what the Drell-Yan integrand of the weight needs.

The lepton current, the b spinors and the b line with the pair emitted are shared by gg and q qbar, the four light-quark channels
share all amplitudes (see qqbar_llbb): five squared amplitudes for little more than the price of gg.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from momentax.amplitudes.complexpair import Real
from momentax.amplitudes.gg_llbb import sum_of
from momentax.amplitudes.llbb_lines import DOWN, UP, LlbbParameters, b_line
from momentax.amplitudes.qqbar_llbb import amplitudes, msq_of
from momentax.kinematics import FourVector


class LlbbChannels(NamedTuple):
    """Squared amplitudes, averaged, GeV^-4; the first parton moves along +z; u stands for u, c and d for d, s."""

    gg: Real
    uubar: Real
    ubaru: Real
    ddbar: Real
    dbard: Real


def msq_channels(p: Sequence[FourVector], params: LlbbParameters) -> LlbbChannels:
    """All channels for p = (incoming along +z, along -z, b, bbar, l+, l-)."""
    line = b_line(p[2:], params)
    quarks = msq_of(
        amplitudes(p, line, params),
        line,
        params,
        [(UP, False), (UP, True), (DOWN, False), (DOWN, True)],
    )
    return LlbbChannels(sum_of(p, line, params), *quarks)
