"""Physics section: everything the value of a weight depends on besides the event and the hypothesis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from momentax.config.base import CutGeV, GeV, Section
from momentax.config.shower import EfficiencyConfig
from momentax.constants import SQRT_S

EtaCut = Annotated[float, Field(gt=0)]
Relative = Annotated[float, Field(ge=0, lt=1)]


class PdfConfig(Section):
    """Parton distributions, in the LHAPDF6 grid format."""

    set: str = "NNPDF31_lo_as_0118"
    """Name of the set (found through LHAPDF_DATA_PATH, or the grid that travels with Pythia), or its path."""
    member: Annotated[int, Field(ge=0)] = 0
    """Member of the set; 0 is the central one."""


class ScalesConfig(Section):
    """Factors on the fixed scale of a hypothesis: mt, mZ, mH."""

    muF: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    """Factor on the factorisation scale, at which the parton densities are taken."""
    muR: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    """Factor on the renormalisation scale, at which alpha_s is taken."""


class Resolution(Section):
    """Gaussian energy resolution sigma(E)/E = sqrt(stochastic^2 / E + constant^2), E in GeV."""

    stochastic: Annotated[float, Field(ge=0, json_schema_extra={"unit": "GeV^1/2"})] = 0.0
    """Stochastic term a in a/sqrt(E): dominates at low energy."""
    constant: Relative = 0.02
    """Constant term: the relative resolution at high energy."""

    @model_validator(mode="after")
    def _not_a_delta(self) -> Resolution:
        if self.stochastic == 0 and self.constant == 0:
            raise ValueError(
                "a resolution of zero makes the transfer function a delta function; give one term > 0"
            )
        return self


class BJetResolution(Resolution):
    """Gaussian b-jet resolution; the constant term stands for what is radiated out of the jet."""

    stochastic: Annotated[float, Field(ge=0, json_schema_extra={"unit": "GeV^1/2"})] = 1.0
    """Stochastic term a in a/sqrt(E): dominates at low energy."""
    constant: Relative = 0.10
    """Constant term: the relative resolution at high energy."""


class KtConfig(Section):
    """g(k_T), the density of the hard system's transverse momentum: a mixture of isotropic Gaussians."""

    weights: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.5, 0.35, 0.15)
    """Share of each Gaussian of g(k_T); they sum to 1."""
    sigmas: tuple[GeV, ...] = (10.0, 30.0, 80.0)
    """Standard deviation per axis of each Gaussian of g(k_T)."""

    @model_validator(mode="after")
    def _normalised(self) -> KtConfig:
        if len(self.weights) != len(self.sigmas):
            raise ValueError(
                f"{len(self.weights)} weights for {len(self.sigmas)} sigmas; give one sigma per weight"
            )
        if abs(sum(self.weights) - 1) > 1e-9:
            raise ValueError(f"weights sum to {sum(self.weights):g}; they must sum to 1")
        return self


class KtOfHypotheses(Section):
    """g(k_T) of single kinds of hypothesis."""

    drell_yan: KtConfig | None = None
    """Of Drell-Yan + b bbar."""
    ttbar: KtConfig | None = None
    """Of top pairs, at every mass."""
    hza: KtConfig | None = None
    """Of H -> ZA, at all mass points."""


class RecoilConfig(KtConfig):
    """Transverse recoil: g(k_T) and its measurement N2(.; sigma_u)."""

    per_hypothesis: KtOfHypotheses = KtOfHypotheses()
    """g(k_T) of single kinds of hypothesis, in the place of the one above: initial-state radiation differs (k_T of
    showered H -> ZA is wider than that of ttbar). A fit gives the numbers for its sample."""
    sigma_u: GeV = 20.0
    """Standard deviation per axis of the measured transverse momentum of the hard system."""
    c: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the energy radiated off the b quarks that counts as recoil (0: exact generator closure)."""


class DirectionsConfig(Section):
    """Directions of the b jets: exact, or with the response fitted to simulation."""

    kind: Literal["exact", "smeared"] = "exact"
    """exact: a jet has the direction of its quark; smeared: the weight is the mean over directions of the quarks, drawn
    from the response in `table` (of the fit; kind binned). The time of the weights is multiplied by `draws`."""
    draws: Annotated[int, Field(ge=4, le=4096)] = 32
    """Pairs of directions (kind smeared), a power of two."""

    @model_validator(mode="after")
    def _power_of_two(self) -> DirectionsConfig:
        if self.draws & (self.draws - 1):
            raise ValueError(f"draws = {self.draws} is not a power of two; the quasi-random points need one")
        return self


class DetectorConfig(Section):
    """Transfer functions on the energies, directions and the recoil."""

    kind: Literal["gaussian", "binned"] = "gaussian"
    """gaussian: the resolutions below; binned: the table in `table`."""
    electron: Resolution = Resolution()
    """Electron energy resolution (kind gaussian)."""
    muon: Resolution = Resolution()
    """Muon energy resolution (kind gaussian)."""
    bjet: BJetResolution = BJetResolution()
    """b-jet energy resolution (kind gaussian)."""
    table: str | None = None
    """.npz file of binned transfer functions (kind binned); none: the table that travels with momentax."""
    recoil: RecoilConfig = RecoilConfig()
    """Transverse momentum of the hard system."""
    directions: DirectionsConfig = DirectionsConfig()
    """Directions of the b jets."""

    @model_validator(mode="after")
    def _table_is_for_binned(self) -> DetectorConfig:
        if self.table is not None and self.kind != "binned":
            raise ValueError("a table is given but kind is 'gaussian'; set kind: binned or drop the table")
        if self.directions.kind == "smeared" and self.table is None:
            raise ValueError(
                "directions are smeared but there is no table with their response; give table (and kind: binned)"
            )
        return self


class DrellYanConfig(Section):
    """Drell-Yan + b bbar: the parton-level cuts without which its cross section diverges."""

    photon: bool = True
    """Include the photon (and its interference with the Z); false as in MoMEMta's configuration."""
    m_ll_min: GeV = 10.0
    """Least invariant mass of the leptons, in weight and generator alike."""
    pt_b_min: GeV = 5.0
    """Least transverse momentum of each b quark, in weight and generator alike."""
    m_bb_min: GeV = 5.0
    """Least invariant mass of the b quarks, in weight and generator alike."""


class ThdmConfig(Section):
    """Type-II two-Higgs-doublet model: sets the couplings and the widths of H and A."""

    tan_beta: Annotated[float, Field(gt=0)] = 1.5
    """Ratio of the vacuum expectation values."""
    cos_ba: Annotated[float, Field(ge=-1, le=1)] = 0.01
    """cos(beta - alpha); 0 is the alignment limit."""


class IntegrationConfig(Section):
    """The integrator: requested accuracy and the budgets that a weight may climb to reach it."""

    integrator: Literal["batched", "vegas"] = "batched"
    """batched: many events at once; vegas: the reference, the vegas package on one event at a time."""
    mass_points: Literal["together", "separately"] = "together"
    """H -> ZA with the batched integrator and recoil_mode transverse. together: one table of an event serves all mass
    points, and only what it leaves open is integrated; separately: every mass point is integrated by itself."""
    relative_accuracy: Annotated[float, Field(gt=0, lt=1)] = 0.02
    """A weight is `ok` when its relative error is at most this."""
    n_eval: tuple[Annotated[int, Field(ge=100)], ...] = (1024, 2048, 4096, 8192, 16384, 32768, 65536)
    """Integrand evaluations per assignment of the jets, one number per rung of the ladder: a weight that has not
    converged is integrated again with the first budget that its error says will do, and after the last it is reported
    as what it is. ttbar starts at 8,192, H -> ZA (without tables) at 32,768, vegas at 4,000; where relative_accuracy is
    above 0.02, at fewer by the square of 0.02 over it."""
    iterations: Annotated[int, Field(ge=2, le=100)] = 8
    """Iterations a rung is divided into; the scatter between them gives chi2 and adapts the grid."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    """Seed of the weights: random numbers depend on (seed, event id, hypothesis) alone."""

    @model_validator(mode="after")
    def _ladder_rises(self) -> IntegrationConfig:
        if not self.n_eval:
            raise ValueError("n_eval is empty; give at least one budget")
        if any(b <= a for a, b in zip(self.n_eval, self.n_eval[1:], strict=False)):
            raise ValueError(f"n_eval {list(self.n_eval)} must rise from rung to rung")
        return self


class PhysicsConfig(Section):
    """Everything the value of a weight depends on besides the event and the hypothesis."""

    sqrt_s: Annotated[GeV, Field(ge=100)] = SQRT_S
    """Proton-proton centre-of-mass energy."""
    pdf: PdfConfig = PdfConfig()
    """Parton distributions."""
    scales: ScalesConfig = ScalesConfig()
    """Factorisation and renormalisation scale."""
    detector: DetectorConfig = DetectorConfig()
    """Detector that the weight assumes; the built-in generator smears with the same one."""
    efficiency: EfficiencyConfig | None = None
    """Efficiency epsilon(y) of the leptons and of the b tag at the true momenta, as a factor of the integrand and of
    the built-in generator: W and sigma_vis then are those of reconstructed events. Null leaves it out of both; `{}`
    takes the values below `shower.efficiency`."""
    recoil_mode: Literal["transverse", "balanced"] = "transverse"
    """transverse: g(k_T) and its measurement; balanced: MoMEMta's delta function, for comparison with it."""
    massless_b: bool = False
    """b mass 0 in the amplitudes of ttbar and Drell-Yan (faster); H -> ZA always keeps it."""
    drell_yan: DrellYanConfig = DrellYanConfig()
    """Options of the Drell-Yan hypothesis."""
    thdm: ThdmConfig = ThdmConfig()
    """Options of the H -> ZA hypotheses."""
    integration: IntegrationConfig = IntegrationConfig()
    """Numerical integration."""

    @field_validator("efficiency")
    @classmethod
    def _some_are_seen(cls, efficiency: EfficiencyConfig | None) -> EfficiencyConfig | None:
        if efficiency is not None and not min(efficiency.electron, efficiency.muon, efficiency.b_tag) > 0:
            raise ValueError("electron, muon and b_tag must be above 0: W of an object never seen is 0")
        return efficiency

    @property
    def mass_points_together(self) -> bool:
        """Whether H -> ZA is weighed at all mass points of an event by one table."""
        settings = self.integration
        return (
            settings.integrator == "batched"
            and settings.mass_points == "together"
            and self.recoil_mode == "transverse"
        )


class SelectionConfig(Section):
    """Event selection of CMS-HIG-18-012 (momentax.events.Selection); null switches a cut off."""

    opposite_sign: bool = True
    """Two leptons of opposite charge."""
    electron_pt_min: tuple[CutGeV, CutGeV] | None = (25.0, 15.0)
    """Least pT [GeV] of an electron that leads, and of one that does not: the trigger."""
    electron_eta_max: EtaCut | None = 2.5
    """Largest |eta| of an electron: the tracker."""
    muon_pt_min: tuple[CutGeV, CutGeV] | None = (20.0, 10.0)
    """Least pT [GeV] of a muon that leads, and of one that does not: the trigger."""
    muon_eta_max: EtaCut | None = 2.4
    """Largest |eta| of a muon: the muon chambers."""
    jet_pt_min: CutGeV | None = 20.0
    """Least pT of a b jet."""
    jet_eta_max: EtaCut | None = 2.4
    """Largest |eta| of a b jet: b tagging needs the tracker."""
    jet_lepton_dr_min: Annotated[float, Field(ge=0)] | None = 0.3
    """Least Delta R of a b jet from either lepton: a lepton is not its own jet."""
    require_two_bjets: bool = True
    """Drop events with fewer than two b jets; without it they stay, with the status bad_input."""
    bjets: Literal["leading", "pairs"] = "leading"
    """leading: the two leading b jets; pairs: up to four are kept, and weights are sums over their pairs."""
    mll_min: CutGeV | None = 12.0
    """Least m_ll: removes low-mass resonances."""
    signal_region: bool = False
    """Apply the three cuts below: the signal region of the analysis."""
    signal_mll_window: tuple[CutGeV, CutGeV] = (70.0, 110.0)
    """Signal region: range of m_ll [GeV] around the Z."""
    signal_same_flavour: bool = True
    """Signal region: ee or mumu only."""
    signal_met_max: CutGeV = 80.0
    """Signal region: largest missing transverse momentum."""
    btag_min: float | None = None
    """Least b-tag discriminant of a jet in NanoAOD; null: the reader's working point."""
    electron_id_min: Annotated[int, Field(ge=0)] | None = 3
    """Least cut-based identification of an electron in NanoAOD; 3 is medium."""
    muon_tight_id: bool = True
    """Tight muon identification in NanoAOD."""
    muon_iso_max: Annotated[float, Field(ge=0)] | None = 0.15
    """Largest relative isolation of a muon in NanoAOD."""
    jet_id_min: Annotated[int, Field(ge=0)] | None = 2
    """Least jet identification in NanoAOD; 2 is tight."""

    @model_validator(mode="after")
    def _window_is_a_range(self) -> SelectionConfig:
        low, high = self.signal_mll_window
        if low >= high:
            raise ValueError(f"signal_mll_window [{low:g}, {high:g}] is empty; give the lower end first")
        return self
