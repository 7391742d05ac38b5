"""A CMS-like detector: resolutions of jets, electrons, muons and of the missing momentum, and efficiencies.

    jets       sigma/pT = sqrt(N^2/pT^2 + S^2/pT + C^2), wider beyond |eta| = 1.3; eta, phi smeared
    electrons  sigma/E  = sqrt(S^2/E + N^2/E^2 + C^2), wider in the endcap
    muons      sigma/pT = sqrt(C^2 + (slope pT)^2)
    MET        = -(measured isolated leptons + measured jets above a threshold + soft term)

The soft term is what of all visible particles is neither of the two, smeared. Parameters and their sources:
:class:`momentax.config.ResponseConfig`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from momentax.config import EfficiencyConfig, ResponseConfig, ShowerConfig
from momentax.events.selection import delta_r
from momentax.simulate.reconstruct import Objects, polar
from momentax.transfer import efficiency_from_config

JET_BARREL, ELECTRON_BARREL, MUON_BARREL = 1.3, 1.479, 1.2
LEAST_FACTOR = 0.01
"""Least measured share of a momentum: a Gaussian tail does not turn it round."""
TRACKER = 2.4
"""Largest |eta| of a jet that can be b tagged."""
TAGGED_PT = 20.0
"""Least pT of the b jets that enter the efficiency, GeV."""


@dataclass
class Measured:
    """Objects of one kind as measured, in decreasing pT in each event."""

    event: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    mass: np.ndarray
    pdg: np.ndarray
    """Leptons: PDG id; jets: hadronFlavour."""
    extra: np.ndarray
    """Leptons: relative isolation; jets: partonFlavour."""


@dataclass
class Reconstructed:
    """A batch of events as measured."""

    leptons: Measured
    jets: Measured
    met: np.ndarray
    """[events, 2], GeV."""
    efficiency: np.ndarray
    """Of the two leading isolated leptons and the two leading b jets, [events]."""


def jet_resolution(pt: np.ndarray, eta: np.ndarray, config: ResponseConfig) -> np.ndarray:
    """sigma/pT of jets of ``pt`` in GeV."""
    squared = (config.jet_noise / pt) ** 2 + config.jet_stochastic**2 / pt + config.jet_constant**2
    return np.sqrt(squared) * np.where(np.abs(eta) > JET_BARREL, config.jet_forward_factor, 1.0)


def electron_resolution(energy: np.ndarray, eta: np.ndarray, config: ResponseConfig) -> np.ndarray:
    """sigma/E of electrons of ``energy`` in GeV."""
    squared = (
        config.electron_stochastic**2 / energy
        + (config.electron_noise / energy) ** 2
        + config.electron_constant**2
    )
    return np.sqrt(squared) * np.where(np.abs(eta) > ELECTRON_BARREL, config.electron_endcap_factor, 1.0)


def muon_resolution(pt: np.ndarray, eta: np.ndarray, config: ResponseConfig) -> np.ndarray:
    """sigma/pT of muons of ``pt`` in GeV."""
    constant = np.where(np.abs(eta) > MUON_BARREL, config.muon_endcap_constant, config.muon_constant)
    return np.hypot(constant, config.muon_slope * pt)


def b_tag_efficiency(pt: np.ndarray, config: EfficiencyConfig) -> np.ndarray:
    """Efficiency of the b tag of b jets of ``pt`` in GeV."""
    return efficiency_from_config(config).b_jet(np.asarray(pt, dtype=float))


def measure(
    objects: Objects, quarks: np.ndarray, config: ShowerConfig, rng: np.random.Generator
) -> Reconstructed:
    """Measured leptons, jets and MET of a batch; ``quarks``: true b and bbar, [events, 2, 4]."""
    response, isolation_max = config.response, config.leptons.isolation_max
    leptons, jets = objects.leptons, objects.jets

    pt, eta, phi, mass = polar(leptons.p)
    sigma = np.where(
        np.abs(leptons.pdg) == 11,
        electron_resolution(leptons.p[:, 0], eta, response),
        muon_resolution(pt, eta, response),
    )
    factor = _factor(sigma, rng)
    lepton_vectors = leptons.p[:, 1:3] * factor[:, None]
    isolated = leptons.isolation < isolation_max
    seen = Measured(leptons.event, factor * pt, eta, phi, mass, leptons.pdg, leptons.isolation)

    pt, eta, phi, mass = polar(jets.p)
    factor = _factor(jet_resolution(pt, eta, response), rng)
    stored = factor * pt > config.jets.stored_pt_min
    parton = _parton_flavour(jets.event, eta, phi, quarks, config.jets.parton_dr)
    turned = response.jet_angle * rng.standard_normal((2, len(pt)))
    angle = np.remainder(phi + turned[1] + np.pi, 2.0 * np.pi) - np.pi
    columns = (jets.event, factor * pt, eta + turned[0], angle, factor * mass, jets.flavour, parton)
    kept = Measured(*(values[stored] for values in columns))

    def total(event: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        sums = [np.bincount(event, weights=vectors[:, c], minlength=objects.n) for c in (0, 1)]
        return np.stack(sums, axis=1)

    hard_event = np.concatenate([leptons.event[isolated], jets.event[stored]])
    hard = np.concatenate([leptons.p[isolated, 1:3], jets.p[stored, 1:3]])
    measured = np.concatenate(
        [lepton_vectors[isolated], np.stack([kept.pt * np.cos(kept.phi), kept.pt * np.sin(kept.phi)], axis=1)]
    )
    soft = objects.visible - total(hard_event, hard)
    hard_sum = np.bincount(hard_event, weights=np.hypot(*hard.T), minlength=objects.n)
    soft_sum = np.maximum(objects.visible_sum - hard_sum, 0.0)
    noise = np.sqrt(response.met_noise**2 + response.met_stochastic**2 * soft_sum)
    soft = soft + noise[:, None] * rng.standard_normal((objects.n, 2))
    met = -(total(hard_event, measured) + soft)

    ordered, tagged = _ordered(seen), _ordered(kept)
    efficiency = _efficiency(ordered, tagged, isolation_max, config.efficiency, objects.n)
    return Reconstructed(ordered, tagged, met, efficiency)


def _factor(sigma: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(1.0 + sigma * rng.standard_normal(len(sigma)), LEAST_FACTOR)


def _parton_flavour(
    event: np.ndarray, eta: np.ndarray, phi: np.ndarray, quarks: np.ndarray, distance: float
) -> np.ndarray:
    """+5, -5: nearest of the hard b and bbar within ``distance``; 0: neither."""
    apart = []
    for i in (0, 1):
        _, q_eta, q_phi, _ = polar(quarks[:, i])
        apart.append(delta_r(eta, phi, q_eta[event], q_phi[event]))
    nearest = np.where(apart[0] <= apart[1], 5, -5)
    return np.where(np.minimum(*apart) < distance, nearest, 0).astype(np.int32)


def _ordered(found: Measured) -> Measured:
    order = np.lexsort((-found.pt, found.event))
    return Measured(*(values[order] for values in vars(found).values()))


def _efficiency(
    leptons: Measured, jets: Measured, isolation_max: float, config: EfficiencyConfig, n: int
) -> np.ndarray:
    """Product of the efficiencies of the two leading isolated leptons and the two leading b jets, [events]."""
    each_lepton = np.where(np.abs(leptons.pdg) == 11, config.electron, config.muon)
    out = np.ones(n)
    for found, good, value in (
        (leptons, leptons.extra < isolation_max, each_lepton),
        (
            jets,
            (jets.pdg == 5) & (np.abs(jets.eta) < TRACKER) & (jets.pt > TAGGED_PT),
            b_tag_efficiency(jets.pt, config),
        ),
    ):
        event = found.event[good]
        counts = np.bincount(event, minlength=n)
        rank = np.arange(len(event)) - np.repeat(np.cumsum(counts) - counts, counts)
        np.multiply.at(out, event[rank < 2], value[good][rank < 2])
    return out


__all__ = [
    "Measured",
    "Reconstructed",
    "b_tag_efficiency",
    "electron_resolution",
    "jet_resolution",
    "measure",
    "muon_resolution",
]
