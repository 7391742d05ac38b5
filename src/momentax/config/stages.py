"""Sections of the stages: samples, hypotheses, shards, and those of the learning and the scan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from momentax.config.base import GeV, Name, Section
from momentax.config.physics import DirectionsConfig
from momentax.constants import MASS_B, MASS_T, MASS_W, MASS_Z
from momentax.regress.config import DatasetConfig, RegressConfig, SlopesConfig, StudiesConfig
from momentax.scan.config import PlaneConfig, ScanConfig, SurfaceConfig
from momentax.scan.nodes import spread

Count = Annotated[int, Field(ge=1)]
MassPoint = tuple[GeV, GeV]
# the mass points of the paper
_PAPER: tuple[MassPoint, ...] = (
    (200.0, 50.0),
    (200.0, 100.0),
    (250.0, 50.0),
    (250.0, 100.0),
    (300.0, 50.0),
    (300.0, 100.0),
    (300.0, 200.0),
    (500.0, 50.0),
    (500.0, 100.0),
    (500.0, 200.0),
    (500.0, 300.0),
    (500.0, 400.0),
    (650.0, 50.0),
    (800.0, 50.0),
    (800.0, 100.0),
    (800.0, 200.0),
    (800.0, 400.0),
    (800.0, 700.0),
    (1000.0, 50.0),
    (1000.0, 200.0),
    (1000.0, 500.0),
    (2000.0, 1000.0),
    (3000.0, 2000.0),
)
_HYPOTHESIS = re.compile(r"drell_yan|ttbar(_\d+(\.\d+)?)?|hza_\d+(\.\d+)?_\d+(\.\d+)?")


def hza_label(m_h: float, m_a: float) -> str:
    """Name of the hypothesis H -> ZA at (mH, mA) in GeV, as `hza_500_300`."""
    return f"hza_{m_h:g}_{m_a:g}"


def check_mass_point(m_h: float, m_a: float) -> None:
    """Raise ValueError for a mass point (GeV) whose decays H -> ZA or A -> b bbar are closed."""
    if m_a <= 2 * MASS_B:
        raise ValueError(f"({m_h:g}, {m_a:g}): A -> b bbar is closed; mA must be above {2 * MASS_B:g} GeV")
    if m_h <= m_a + MASS_Z:
        raise ValueError(
            f"({m_h:g}, {m_a:g}): H -> Z A is closed; mH must be above mA + mZ = {m_a + MASS_Z:.1f} GeV"
        )


def check_hypothesis(label: str) -> str:
    """Return the label if it names a hypothesis that is open, else raise ValueError."""
    if not _HYPOTHESIS.fullmatch(label):
        raise ValueError(f"{label!r} is no hypothesis; write drell_yan, ttbar, ttbar_<mt> or hza_<mH>_<mA>")
    kind, *masses = label.split("_") if label != "drell_yan" else ["drell_yan"]
    if kind == "hza":
        check_mass_point(float(masses[0]), float(masses[1]))
    elif kind == "ttbar" and masses and float(masses[0]) <= MASS_W + MASS_B:
        raise ValueError(f"{label!r}: t -> W b is closed; mt must be above {MASS_W + MASS_B:.1f} GeV")
    return label


class BuiltinSample(Section):
    """Events of the built-in leading-order generator: same amplitudes, PDF and detector as the weight."""

    kind: Literal["builtin"] = "builtin"
    """Tells this sample from one read from a file."""
    hypothesis: str
    """What is generated: drell_yan, ttbar, ttbar_<mt> or hza_<mH>_<mA>."""
    n_events: Count
    """Selected events to make."""

    _known = field_validator("hypothesis")(check_hypothesis)

    @property
    def n_entries(self) -> int:
        """Most events that the sample can have."""
        return self.n_events


class FileSample(Section):
    """Events read from a ROOT file: NanoAOD or a flat tree."""

    kind: Literal["file"] = "file"
    """Tells this sample from a generated one."""
    path: str
    """ROOT file, relative to the folder from which the workflow runs."""
    max_events: Count
    """Entries to read from the start of the file; given here so that the number of jobs is known."""
    tree: str | None = None
    """Name of the TTree; null: the usual one of the recognised format."""
    branches: dict[str, str | float | int] = Field(default_factory=dict)
    """Branch map, our name to that in the file or a constant (`lep_plus_pt: my_pt`); empty: recognised."""
    hypothesis: str | None = None
    """What the sample truly is, where known: marks signal and background in the classifier and the scan."""

    @field_validator("hypothesis")
    @classmethod
    def _known(cls, label: str | None) -> str | None:
        return None if label is None else check_hypothesis(label)

    @property
    def n_entries(self) -> int:
        """Most events that the sample can have."""
        return self.max_events


class ShoweredSample(Section):
    """Partons of the built-in generator through Pythia 8 and a CMS-like response (section `shower`)."""

    kind: Literal["showered"] = "showered"
    """Tells this sample from the others."""
    hypothesis: str
    """What is generated: drell_yan, ttbar, ttbar_<mt> or hza_<mH>_<mA>."""
    n_partons: Count
    """Parton-level events to make; the selection keeps a part of them."""
    partons_per_job: Count = 20_000
    """Parton-level events of a job; 60-70 a CPU-second. The sample depends on it: each job seeds Pythia."""

    _known = field_validator("hypothesis")(check_hypothesis)

    @property
    def n_entries(self) -> int:
        """Most events that the sample can have."""
        return self.n_partons


Sample = Annotated[BuiltinSample | FileSample | ShoweredSample, Field(discriminator="kind")]


class HypothesesConfig(Section):
    """Hypotheses each event is weighed with."""

    drell_yan: bool = True
    """Weigh with Drell-Yan + b bbar."""
    ttbar: tuple[Annotated[GeV, Field(gt=MASS_W + MASS_B)], ...] = (MASS_T,)
    """Top masses to weigh dileptonic ttbar with; above mW + mb."""
    hza: tuple[MassPoint, ...] = _PAPER
    """Mass points (mH, mA) to weigh H -> ZA with."""

    @field_validator("hza")
    @classmethod
    def _open(cls, points: tuple[MassPoint, ...]) -> tuple[MassPoint, ...]:
        for point in points:
            check_mass_point(*point)
        if len(set(points)) != len(points):
            raise ValueError("a mass point is given twice")
        return points

    def labels(self) -> tuple[str, ...]:
        """Names of the hypotheses in the order of the weights file."""
        dy = ("drell_yan",) if self.drell_yan else ()
        tt = tuple("ttbar" if mt == MASS_T else f"ttbar_{mt:g}" for mt in self.ttbar)
        return dy + tt + tuple(hza_label(*p) for p in self.hza)


class ShardsConfig(Section):
    """How the weights are divided into jobs; the result does not depend on it."""

    events_per_shard: Count = 400
    """Entries of the events file per job; on a cluster aim at 5-30 minutes a job."""


class RecomputeConfig(Section):
    """Second pass over the weights that the first ladder left not_converged or zero: larger budgets, then another
    sampling."""

    integrator: Literal["batched", "vegas"] = "batched"
    """batched: after a batched first pass its ladder (physics.integration.n_eval) goes on with the budgets
    below; vegas: each of them from anew."""
    n_eval: tuple[Annotated[int, Field(ge=100)], ...] = (262144, 1048576)
    """Further integrand evaluations per assignment of the jets, one number per rung; empty: no second pass.
    A new weight replaces the old one if it converged or has the smaller relative error."""
    vegas_n_eval: tuple[Annotated[int, Field(ge=4000)], ...] = (1048576,)
    """What is open even then is sampled differently, by the vegas package (adaptive strata, other random numbers),
    with these evaluations per assignment; empty: it is left as it is."""
    events_per_job: Count = 2000
    """Entries of the weights file that a job looks through; it integrates only those left open."""

    @model_validator(mode="after")
    def _ladder_rises(self) -> RecomputeConfig:
        if any(b <= a for a, b in zip(self.n_eval, self.n_eval[1:], strict=False)):
            raise ValueError(f"n_eval {list(self.n_eval)} must rise from rung to rung")
        return self


class FileSimulation(FileSample):
    """Simulated events of a file to which transfer functions are fitted."""

    jet_pt_min: GeV | None = None
    """Measured pT below which the file has no jets: the fit undoes this cut. null: that of its softest jet. Of showered
    simulations it is `shower.jets.stored_pt_min`."""


Simulation = Annotated[FileSimulation | ShoweredSample, Field(discriminator="kind")]


def _default_simulations() -> dict[str, Any]:
    return {
        "ttbar": FileSimulation(path="tests/data/events/tt_600.root", max_events=600),
        "hza_500_300": FileSimulation(path="tests/data/events/za_500_300_600.root", max_events=600),
    }


class TransferSection(Section):
    """Transfer functions, g(k_T), sigma_u and c fitted to simulated events (used by physics.detector.table)."""

    samples: dict[Name, Simulation] = Field(default_factory=_default_simulations)
    """Simulated events with truth, a fit each: <output>/transfer/<name>.npz, and <name>.yaml with the section
    physics.detector that uses it. A file, or a showered sample that is made for the fit (no cuts on momenta, never
    weighed). Best events of their own, several thousand, without tight cuts."""
    min_entries: Annotated[int, Field(ge=200)] = 250
    """Least pairs of true and measured energy in a bin of the true energy: bins are joined up to it."""

    @field_validator("samples", mode="before")
    @classmethod
    def _file_unless_told(cls, samples: Any) -> Any:
        """A simulation without a kind is a file."""
        if not isinstance(samples, dict):
            return samples
        return {n: {"kind": "file"} | s if isinstance(s, dict) else s for n, s in samples.items()}


class RegressSection(Section):
    """Regressors of the information I = -log10 W, one per kind of hypothesis."""

    dataset: DatasetConfig = DatasetConfig()
    """Rows that they learn from."""
    slopes: SlopesConfig = SlopesConfig()
    """Derivatives in the masses as further targets."""
    drell_yan: RegressConfig = RegressConfig()
    """Network of the Drell-Yan weight."""
    ttbar: RegressConfig = RegressConfig()
    """Network of the ttbar weight."""
    hza: RegressConfig = RegressConfig()
    """Network of the H -> ZA weights, with (mH, mA) among its inputs."""
    studies: StudiesConfig = StudiesConfig()
    """Trainings beside these, for hyperparameters, training size and interpolation; none by default."""

    @model_validator(mode="after")
    def _one_split(self) -> RegressSection:
        if len({self.drell_yan.fractions, self.ttbar.fractions, self.hza.fractions}) > 1:
            raise ValueError("fractions: the three kinds share one dataset and must have the same split")
        return self


class ScanSection(ScanConfig):
    """Likelihood scan over the mass points: -ln L = mean over events of (-ln W + ln sigma_vis)."""

    samples: tuple[Name, ...] = Field(
        default=("hza_500_300",), description="Samples whose events are scanned, one likelihood each."
    )
    sigma_vis: Literal["points", "surface"] = Field(
        default="points",
        description="sigma_vis of H -> ZA, here and for the classifiers. points: the generator at every mass point; "
        "surface: at some of them, a smooth surface between (for grids of more than about 80 points).",
    )
    surface: SurfaceConfig = Field(
        default=SurfaceConfig(), description="Nodes of that surface (cross_sections/surface.json)."
    )

    def nodes(self, points: Sequence[MassPoint]) -> tuple[MassPoint, ...]:
        """Mass points (mH, mA) at which the surface is computed, for the mass points ``points``."""
        return self.surface.nodes or tuple(spread(points, self.surface.n_nodes))


class PlanesConfig(PlaneConfig):
    """Likelihood of events over a plane of mass points with two detectors: fitted, and that of `physics`."""

    samples: tuple[Name, ...] = Field(
        default=(), description="Samples whose events are scanned; none: no scan."
    )
    transfer: Name | None = Field(
        default=None, description="Simulation of `transfer.samples` whose fit is the fitted detector."
    )
    max_events: Count = Field(
        default=1000, description="Events of a sample that are scanned, from its start."
    )
    draws: Annotated[int, Field(ge=0)] = Field(
        default=8,
        description="Draws of the directions of the b jets (a power of two) of a third scan, with the fitted "
        "detector and physics.detector.directions: smeared; 0: no such scan.",
    )

    @field_validator("draws")
    @classmethod
    def _allowed(cls, draws: int) -> int:
        if draws:
            DirectionsConfig(draws=draws)
        return draws


class DetectorRocConfig(Section):
    """ROC curves of simulated events with the fitted detector beside that of `physics`."""

    signal: Name | None = None
    """Sample that is the signal; null: no curves."""
    backgrounds: tuple[Name, ...] = ()
    """Samples that it is told apart from, each by the weights of the two true hypotheses."""
    max_events: Count = 300
    """Events of each sample, from its start."""


class ValidationSection(Section):
    """Checks of simulated events and of the detector; nothing is done unless samples are named."""

    kinematics: dict[Name, Name] = Field(default_factory=dict)
    """Pairs `sample: reference` of the same process (of `samples`): their distributions beside each other."""
    ellipses: tuple[Name, ...] = ()
    """Samples of H -> ZA whose m_bb and m_llbb in the signal region are put beside the ellipses of CMS-HIG-18-012."""
    planes: PlanesConfig = PlanesConfig()
    """Position of the minimum of the likelihood, with the fitted detector and with that of `physics`."""
    roc: DetectorRocConfig = DetectorRocConfig()
    """ROC curves with the detector fitted to `planes.transfer` and with that of `physics`."""
