"""The built-in leading-order generator: amplitudes, PDFs and detector of the weight."""

from momentax.simulate.generate import cross_section, generate, visible_cross_section
from momentax.simulate.partons import PartonEvents, generate_partons
from momentax.simulate.sampler import Budget, Sampler, train

__all__ = [
    "Budget",
    "PartonEvents",
    "Sampler",
    "cross_section",
    "generate",
    "generate_partons",
    "train",
    "visible_cross_section",
]
