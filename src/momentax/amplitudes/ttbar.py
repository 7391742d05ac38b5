"""All parton channels of dileptonic ttbar at once, sharing the decays: what the integrand of the weight
needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from momentax.amplitudes.complexpair import Real
from momentax.amplitudes.gg_ttbar import gluon_helicity_sums
from momentax.amplitudes.top_decay import TtbarParameters, top_pair
from momentax.amplitudes.uubar_ttbar import quark_helicity_sums
from momentax.kinematics import FourVector


class TtbarChannels(NamedTuple):
    """Squared amplitudes, averaged, GeV^-8; q qbar serves every light quark and qbar q as well."""

    gg: Real
    qqbar: Real


def msq_channels(p: Sequence[FourVector], params: TtbarParameters) -> TtbarChannels:
    """Both channels for p = (incoming along +z, along -z, l+, nu, b, l-, nubar, bbar)."""
    pair = top_pair(p[2:], params)
    k1, k2 = p[0].e, p[1].e
    gg = gluon_helicity_sums(k1, k2, pair, params)
    qq = quark_helicity_sums(k1, k2, pair, params)
    return TtbarChannels((gg[0] + gg[1] + gg[2] + gg[3]) * (1.0 / 256.0), (qq[0] + qq[1]) * (1.0 / 36.0))
