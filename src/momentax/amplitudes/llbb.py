"""All parton channels of b bbar l+ l- at once: what the Drell-Yan integrand of the weight needs.

The lepton current, the b spinors and the b line with the pair emitted are shared by gg and q qbar; the four
light-quark channels share all amplitudes (see qqbar_llbb).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from momentax.amplitudes import gg_llbb, qqbar_llbb
from momentax.amplitudes.complexpair import Real
from momentax.amplitudes.llbb_lines import DOWN, UP, LlbbParameters
from momentax.kinematics import FourVector

_QUARKS = ((UP, False), (UP, True), (DOWN, False), (DOWN, True))


class LlbbChannels(NamedTuple):
    """Squared amplitudes, averaged, GeV^-4; the first parton moves along +z; u stands for u, c and d for d,
    s.
    """

    gg: Real
    uubar: Real
    ubaru: Real
    ddbar: Real
    dbard: Real


def msq_channels(p: Sequence[FourVector], params: LlbbParameters) -> LlbbChannels:
    """All channels for p = (incoming along +z, along -z, b, bbar, l+, l-)."""
    return LlbbChannels(gg_llbb.msq(p, params), *qqbar_llbb.msq_of(p, params, _QUARKS))


def msq_weighted(p: Sequence[FourVector], params: LlbbParameters, luminosity: LlbbChannels) -> Real:
    """sum over channels of luminosity * squared amplitude: faster than :func:`msq_channels` and summing.

    One output is one kernel: XLA computes what several outputs share once for each of them. ``luminosity``:
    arrays over the batch.
    """
    channels = msq_channels(p, params)
    return gg_llbb.sum_all(lum * channel for lum, channel in zip(luminosity, channels, strict=True))
