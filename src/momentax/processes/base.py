"""What a hypothesis is: a name, its parameters, and an integrand over the unit cube."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax

from momentax.config import PhysicsConfig
from momentax.pdf import FixedScalePdf, PdfSet, load_pdf
from momentax.processes.observed import Observed
from momentax.transfer import Detector, detector_from_config

Array = jax.Array
IntegrandFn = Callable[[Array, Observed, Any], Array]
"""integrand(u [..., dim], observed, model) -> value [...] for the assignment (b, bbar) of ``observed``."""


class Options(NamedTuple):
    """Choices that change the code of an integrand, not only its numbers: one compilation each."""

    recoil_mode: str = "transverse"
    """``transverse``: g(k_T) N2; ``balanced``: MoMEMta's delta function (g and E_lab/E_hard set to 1)."""
    massless_b: bool = False
    """b mass 0 in kinematics and amplitudes of ttbar and Drell-Yan."""

    @classmethod
    def from_physics(cls, physics: PhysicsConfig) -> Options:
        """The options of a configuration."""
        return cls(physics.recoil_mode, physics.massless_b)


class Model(NamedTuple):
    """Numbers an integrand needs beside the event; a pytree, so that mass points share one compilation."""

    sqrt_s: Array
    """Proton-proton centre-of-mass energy, GeV."""
    pdf: FixedScalePdf
    """Parton densities at the hypothesis' scale muF."""
    detector: Detector
    """Transfer functions and recoil."""
    amplitude: Any
    """Masses, widths and couplings of the squared amplitude (a NamedTuple of its module)."""
    cuts: Any = ()
    """Parton-level cuts, where the hypothesis has any."""


LEAST_BUDGET_ACCURACY = 0.02
"""Relative accuracy that the least budgets of hypotheses are for."""


@dataclass(frozen=True)
class Hypothesis(abc.ABC):
    """A process with its parameters; subclasses live one a file and register in :mod:`momentax.processes`."""

    kind: ClassVar[str]
    """Name of the process: drell_yan, ttbar, hza."""
    jets_exchangeable: ClassVar[bool] = False
    """Both assignments of the jets have the same weight (b and bbar enter alike): one is integrated, for two."""

    least_budget: ClassVar[int] = 1024
    """Evaluations below which the batched integrator's error is not to be trusted to the accuracy of
    :data:`LEAST_BUDGET_ACCURACY`: more for integrands with tails."""
    alpha_s_power: ClassVar[int] = 2
    """Power of alpha_s(muR) in the squared amplitude."""
    masses: ClassVar[tuple[str, ...]] = ()
    """Fields that are masses in GeV which a measurement may want: derivatives of ln W are taken in these."""

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """Short unique name, e.g. ``hza_500_300``: of branches, files and random streams."""

    @abc.abstractmethod
    def scale(self) -> float:
        """The fixed scale, GeV: that of factorisation and renormalisation unless ``physics.scales`` has factors."""

    def factorisation_scale(self, physics: PhysicsConfig) -> float:
        """muF, GeV: the parton densities are taken there."""
        return physics.scales.muF * self.scale()

    def alpha_s(self, physics: PhysicsConfig, pdf: PdfSet) -> float:
        """alpha_s of the PDF set at muR."""
        return float(pdf.alpha_s(physics.scales.muR * self.scale()))

    @abc.abstractmethod
    def amplitude_parameters(self, alpha_s: float, physics: PhysicsConfig) -> Any:
        """Parameters of the squared amplitude."""

    @abc.abstractmethod
    def integrand(self, options: Options) -> tuple[int, IntegrandFn]:
        """(dimension of the unit cube, integrand); the same function object for the same options."""

    def cuts(self, physics: PhysicsConfig) -> Any:
        """Parton-level cuts as a pytree (none by default)."""
        return ()

    def model(
        self, physics: PhysicsConfig, pdf: PdfSet | None = None, detector: Detector | None = None
    ) -> Model:
        """Everything the integrand needs, from the configuration.

        alpha_s is that of the PDF set at muR; a given ``detector`` has its own efficiency. Raises ConfigError when the
        set is not found.
        """
        pdf = pdf if pdf is not None else load_pdf(physics.pdf.set, physics.pdf.member)
        if detector is None:
            detector = detector_from_config(physics.detector, physics.efficiency, self.kind)
        return Model(
            sqrt_s=jax.numpy.asarray(float(physics.sqrt_s)),
            pdf=pdf.at_scale(self.factorisation_scale(physics)),
            detector=detector,
            amplitude=self.amplitude_parameters(self.alpha_s(physics, pdf), physics),
            cuts=self.cuts(physics),
        )
