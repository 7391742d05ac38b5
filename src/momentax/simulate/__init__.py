"""The built-in leading-order generator: amplitudes, PDFs and detector of the weight."""

from momentax.simulate.generate import cross_section, generate
from momentax.simulate.partons import PartonEvents, generate_partons
from momentax.simulate.sampler import Budget, Sampler, train
from momentax.simulate.visible import CrossSections, visible_cross_section, visible_cross_sections

__all__ = [
    "Budget",
    "CrossSections",
    "PartonEvents",
    "Sampler",
    "cross_section",
    "generate",
    "generate_partons",
    "train",
    "visible_cross_section",
    "visible_cross_sections",
]
