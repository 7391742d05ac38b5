"""The ``paper`` section: figures and tables of JHEP 04 (2021) 020 by their numbers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from momentax.config.base import GeV, Name, Section

Count = Annotated[int, Field(ge=1)]
MassPoint = tuple[GeV, GeV]


class InterpolationConfig(Section):
    """Weights at a mass point that no network was trained on, of test events: Fig. 6."""

    point: MassPoint = (600.0, 250.0)
    """(mH, mA); not among hypotheses.hza, and surrounded by them."""
    hza_events: Count = 1000
    """Test events of each H -> ZA sample that are weighed there, from its start; the paper has 1,000."""
    other_events: Count = 5000
    """Test events of each Drell-Yan and ttbar sample; the paper has 5,000."""


class FirstTryConfig(Section):
    """Which integrals of test events fail on a first try with a small budget: Figs. 11 and 12."""

    recoil_mode: Literal["balanced", "transverse"] = "balanced"
    """balanced: MoMEMta's delta function for the transverse momentum, as in the paper: some events then have no
    solution; transverse: the weight that is used everywhere else."""
    integrator: Literal["batched", "vegas"] = "batched"
    """batched, or the vegas package on one event at a time (slow; n_eval of 4,000 at least)."""
    n_eval: Annotated[int, Field(ge=100)] = 1024
    """Evaluations of the integrand per assignment of the jets, after as many that adapt the grid."""
    at_least: Annotated[int, Field(ge=0)] = 30
    """An event is selected if value <= error, the paper's criterion of invalid. Where fewer events of a process are,
    those with the largest relative errors are added up to this number; 0: none."""
    max_events: Count = 5000
    """Test events of each sample that are tried, from its start."""


class PaperSection(Section):
    """Figures and tables of F. Bury and C. Delaere, JHEP 04 (2021) 020, by their numbers: `snakemake
    all_paper_regression`."""

    samples: tuple[Name, ...] | None = None
    """Samples they are made of; null: all whose hypothesis is known."""
    by_sample: tuple[MassPoint, ...] = Field(
        default=((250.0, 100.0), (1000.0, 50.0)), min_length=1, max_length=4
    )
    """Mass points (mH, mA) of Fig. 4, among hypotheses.hza."""
    hza: MassPoint = (800.0, 400.0)
    """Mass point (mH, mA) of Fig. 5, among hypotheses.hza."""
    interpolation: InterpolationConfig = InterpolationConfig()
    """Fig. 6."""
    first_try: FirstTryConfig = FirstTryConfig()
    """Figs. 11 and 12."""
    bootstrap: Annotated[int, Field(ge=10, le=100_000)] = 200
    """Bootstrap replicas for errors; they draw events."""

    @field_validator("by_sample")
    @classmethod
    def _once(cls, points: tuple[MassPoint, ...]) -> tuple[MassPoint, ...]:
        if len(set(points)) < len(points):
            raise ValueError("a mass point is given twice")
        return points
