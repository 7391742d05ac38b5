"""Helicity amplitudes: a small toolkit (spinors, vertices, propagators) and one file per process.

Each process module has ``parameters(mapping)`` -> NamedTuple, ``msq(p, params)`` on FourVectors of any batch
shape, and ``helicity_squares(p, params)``, colour-summed squares per helicity. ``ttbar_channels`` and
``llbb_channels`` give all parton channels of a hypothesis at once.
"""

from momentax.amplitudes.api import PARTICLES, PROCESSES, squared_amplitude
from momentax.amplitudes.gg_hza import HzaParameters
from momentax.amplitudes.gg_hza import parameters as hza_parameters
from momentax.amplitudes.llbb import LlbbChannels
from momentax.amplitudes.llbb import msq_channels as llbb_channels
from momentax.amplitudes.llbb import msq_weighted as llbb_weighted
from momentax.amplitudes.llbb_lines import LlbbParameters, llbb_parameters
from momentax.amplitudes.parameters import top_width_lo
from momentax.amplitudes.top_decay import TtbarParameters, ttbar_parameters
from momentax.amplitudes.ttbar import TtbarChannels
from momentax.amplitudes.ttbar import msq_channels as ttbar_channels

__all__ = [
    "PARTICLES",
    "PROCESSES",
    "HzaParameters",
    "LlbbChannels",
    "LlbbParameters",
    "TtbarChannels",
    "TtbarParameters",
    "hza_parameters",
    "llbb_channels",
    "llbb_parameters",
    "llbb_weighted",
    "squared_amplitude",
    "top_width_lo",
    "ttbar_channels",
    "ttbar_parameters",
]
