"""Sections of the showered samples: parton-level cuts, Pythia, reconstruction, detector response, efficiencies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from momentax.config.base import CutGeV, GeV, Section

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class PartonCuts(Section):
    """Cuts on the partons in the frame of k_T = 0, before the shower, so that less time goes into events that cannot
    pass the selection. Null switches a cut off."""

    lepton_pt_min: CutGeV | None = 3.0
    """Least pT of each charged lepton; the selection asks 10 or more."""
    lepton_eta_max: Positive | None = 3.5
    """Largest |eta| of each charged lepton; the selection ends at 2.5, but initial-state radiation turns the whole
    event: at 2.8 the signal at (500, 300) lost 2 % of its selected events."""
    b_pt_min: CutGeV | None = None
    """Least pT of each b quark. Off: 10 halves the time of Drell-Yan and loses 10 % of its selected events, 7 saves a
    quarter and loses 4 %."""
    b_eta_max: Positive | None = 4.0
    """Largest |eta| of each b quark; the selection ends at 2.4."""


class JetConfig(Section):
    """Jets and their b tag."""

    radius: Positive = 0.4
    """Radius of the anti-kT algorithm: the jets of CMS since 2015."""
    pt_min: GeV = 8.0
    """Least pT of a jet of generated particles; below, nothing reaches `stored_pt_min` after the resolution."""
    stored_pt_min: GeV = 15.0
    """Least measured pT of a jet that is stored and counts in the MET; softer ones are part of its soft term (the
    threshold of NanoAOD and of the type-I correction)."""
    eta_max: Positive = 4.9
    """Largest |eta| of visible particles: the forward calorimeter."""
    b_tag_dr: Positive = 0.3
    """A jet is tagged if a last B hadron lies within this dR of its axis (no mistags)."""
    b_hadron_pt_min: CutGeV = 5.0
    """Least pT of that B hadron."""
    parton_dr: Positive = 0.4
    """partonFlavour is that of the nearest hard b or bbar within this dR."""


class LeptonConfig(Section):
    """Dressed, isolated leptons."""

    dressing_dr: Positive = 0.1
    """Photons within this dR are added to the lepton (the usual dressed lepton of CMS and ATLAS)."""
    isolation_dr: Positive = 0.4
    """Cone of the isolation: sum of the pT of other visible particles over the pT of the lepton. The same for both
    flavours (CMS: 0.3 for electrons, 0.4 for muons)."""
    isolation_max: Positive = 0.15
    """Largest relative isolation of a lepton that is left out of the jets; muons of CMS, tight: 0.15."""
    pt_min: GeV = 5.0
    """Least pT of a lepton that is stored."""
    eta_max: Positive = 2.5
    """Largest |eta| of a lepton that is stored; the selection has its own."""


class ResponseConfig(Section):
    """A CMS-like response without pile-up; sizes after the performance papers of CMS, forms simplified."""

    jet_noise: NotNegative = 3.0
    """Jets: sigma/pT = sqrt((noise/pT)^2 + stochastic^2/pT + constant^2), noise in GeV. The three terms follow
    CMS, JINST 12 (2017) P02014 (arXiv:1607.03663): particle-flow jets at low pile-up."""
    jet_stochastic: NotNegative = 0.80
    """Jets: stochastic term, sqrt(GeV)."""
    jet_constant: NotNegative = 0.04
    """Jets: constant term."""
    jet_forward_factor: Positive = 1.1
    """Jets: factor on sigma beyond |eta| = 1.3, the end of the barrel."""
    jet_angle: NotNegative = 0.015
    """Jets: resolution of eta and of phi, rad."""
    electron_stochastic: NotNegative = 0.10
    """Electrons: sigma/E = sqrt(stochastic^2/E + (noise/E)^2 + constant^2), sqrt(GeV). Shape of the calorimeter,
    CMS, JINST 8 (2013) P09009 (arXiv:1306.2016), widened by the material before it: CMS, JINST 16 (2021) P05014
    (arXiv:2012.06888)."""
    electron_noise: NotNegative = 0.30
    """Electrons: noise term, GeV."""
    electron_constant: NotNegative = 0.008
    """Electrons: constant term."""
    electron_endcap_factor: Positive = 1.8
    """Electrons: factor on sigma beyond |eta| = 1.479, the endcap."""
    muon_constant: NotNegative = 0.010
    """Muons: sigma/pT = sqrt(constant^2 + (slope pT)^2), barrel. CMS, JINST 13 (2018) P06015 (arXiv:1804.04528)."""
    muon_endcap_constant: NotNegative = 0.018
    """Muons: the same beyond |eta| = 1.2."""
    muon_slope: NotNegative = 1e-4
    """Muons: slope in pT, 1/GeV."""
    met_noise: NotNegative = 15.0
    """MET: each component of the soft term (all that is neither a stored jet nor an isolated lepton) is smeared by
    sqrt(noise^2 + stochastic^2 sumET_soft), noise in GeV. CMS, JINST 14 (2019) P07004 (arXiv:1903.06078): about 20
    GeV a component in Z events."""
    met_stochastic: NotNegative = 0.5
    """MET: stochastic term of the soft term, sqrt(GeV)."""


class EfficiencyConfig(Section):
    """Efficiencies of leptons and of the b tag. In showered samples no object is dropped: their product over the two
    leading leptons and b jets is the branch eff_weight. In `physics` they are a factor of the weight."""

    electron: Share = 0.80
    """Electron, identification and isolation: medium working point, CMS, JINST 16 (2021) P05014 (arXiv:2012.06888)."""
    muon: Share = 0.95
    """Muon, tight identification and isolation: CMS, JINST 13 (2018) P06015 (arXiv:1804.04528)."""
    b_tag: Share = 0.68
    """b tag: plateau of the efficiency of the medium working point, CMS, JINST 13 (2018) P05011 (arXiv:1712.07158)."""
    b_tag_turn_on: GeV = 15.0
    """b tag: efficiency = plateau (1 - exp(-pT/turn_on)) / (1 + pT/fall); our simple form of the pT dependence shown
    there, 0.49 of 0.68 at 20 GeV."""
    b_tag_fall: GeV = 1500.0
    """b tag: scale of the loss at high pT, where tracks merge."""


class ShowerConfig(Section):
    """Showered samples (kind: showered): partons of the built-in generator, Pythia 8, a CMS-like response."""

    parton_cuts: PartonCuts = PartonCuts()
    """Cuts on the partons before the shower."""
    pythia: tuple[str, ...] = ()
    """Further settings of Pythia, as `MultipartonInteractions:pT0Ref = 2.2`; the default is its Monash tune with
    multiparton interactions, initial- and final-state radiation and hadronisation."""
    jets: JetConfig = JetConfig()
    """Clustering of jets, thresholds, b tag."""
    leptons: LeptonConfig = LeptonConfig()
    """Dressing and isolation of leptons."""
    response: ResponseConfig = ResponseConfig()
    """Resolution of the detector."""
    efficiency: EfficiencyConfig = EfficiencyConfig()
    """Efficiencies of leptons and b tag."""


__all__ = [
    "EfficiencyConfig",
    "JetConfig",
    "LeptonConfig",
    "PartonCuts",
    "ResponseConfig",
    "ShowerConfig",
]
