"""u ubar -> b bbar l+ l-: photon and Z, order g_s^2 e^2 (see qqbar_llbb)."""

from __future__ import annotations

from collections.abc import Sequence

from momentax.amplitudes.complexpair import Real
from momentax.amplitudes.llbb_lines import UP, LlbbParameters, llbb_parameters
from momentax.amplitudes.qqbar_llbb import helicity_squares_light, msq_light
from momentax.kinematics import FourVector

parameters = llbb_parameters


def msq(p: Sequence[FourVector], params: LlbbParameters) -> Real:
    """Squared amplitude, summed over final and averaged over initial spins and colours, GeV^-4.

    p: u ubar b bbar l+ l-, each a FourVector of the batch shape, quark along +z and antiquark along -z.
    """
    return msq_light(p, params, UP)


def helicity_squares(p: Sequence[FourVector], params: LlbbParameters) -> dict[tuple[int, ...], Real]:
    """Colour-summed squares, not averaged, for each helicity (u, ubar, b, bbar, l+, l-)."""
    return helicity_squares_light(p, params, UP)
