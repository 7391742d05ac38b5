"""Objects of generated particles: dressed isolated leptons, anti-kT jets, b tag by B hadrons, missing momentum.

Everything is flat: one entry an object or particle, and the number of its event beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import awkward as ak
import numpy as np

from momentax.config import JetConfig, LeptonConfig
from momentax.errors import ConfigError
from momentax.events.selection import delta_r
from momentax.simulate.shower import Particles

NEUTRINOS = (12, 14, 16)
PHOTON = 22
BARE_SHARE = 0.5
"""A bare lepton is looked at from this share of the least dressed pT."""


@dataclass
class Leptons:
    """Dressed electrons and muons."""

    event: np.ndarray
    p: np.ndarray
    """(E, px, py, pz) with the photons, [leptons, 4], GeV."""
    pdg: np.ndarray
    isolation: np.ndarray
    """Sum of the pT around it over its pT."""


@dataclass
class Jets:
    """Jets of generated particles."""

    event: np.ndarray
    p: np.ndarray
    """(E, px, py, pz), [jets, 4], GeV."""
    flavour: np.ndarray
    """hadronFlavour: 5 with a last B hadron, 4 with a last charm hadron, else 0."""


@dataclass
class Objects:
    """What a perfect detector sees of a batch of events."""

    n: int
    leptons: Leptons
    jets: Jets
    visible: np.ndarray
    """Transverse momentum of all visible particles, [events, 2]."""
    visible_sum: np.ndarray
    """Sum of their pT, [events]."""
    met: np.ndarray
    """Transverse momentum of all neutrinos, [events, 2]."""


def pairs(first: np.ndarray, second: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, j) in the same event; ``first``, ``second``: events of the objects, ``second`` in order."""
    counts = np.bincount(second, minlength=n)
    start = np.cumsum(counts) - counts
    each = counts[first]
    i = np.repeat(np.arange(len(first)), each)
    j = np.arange(len(i)) - np.repeat(np.cumsum(each) - each, each) + np.repeat(start[first], each)
    return i, j


def polar(p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(pt, eta, phi, mass) of (E, px, py, pz) [n, 4]; |eta| at most that of a pT of 1e-12 |pz|."""
    e, x, y, z = p.T
    pt = np.hypot(x, y)
    eta = np.arcsinh(z / np.maximum(pt, 1e-12 * np.maximum(np.abs(z), 1e-30)))
    return pt, eta, np.arctan2(y, x), np.sqrt(np.maximum(e**2 - x**2 - y**2 - z**2, 0.0))


def reconstruct(particles: Particles, jets: JetConfig, leptons: LeptonConfig) -> Objects:
    """Leptons, jets and missing momentum of generated particles. Raises ConfigError without fastjet."""
    final = np.flatnonzero(particles.status > 0)
    kind = np.abs(particles.pdg[final])
    invisible = np.isin(kind, NEUTRINOS)
    unseen = final[invisible]
    eta = polar(particles.p[final])[1]
    seen = final[~invisible & (np.abs(eta) < jets.eta_max)]
    found, owner = _leptons(particles, seen, leptons)
    isolated = found.isolation < leptons.isolation_max
    # an isolated lepton and its photons take no part in jets
    in_jets = seen[~((owner >= 0) & np.append(isolated, False)[owner])]
    event, p = particles.event[seen], particles.p[seen]

    def total(values: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.bincount(of, weights=values, minlength=particles.n)

    missing = particles.p[unseen]
    return Objects(
        n=particles.n,
        leptons=found,
        jets=_jets(particles, in_jets, jets),
        visible=np.stack([total(p[:, c], event) for c in (1, 2)], axis=1),
        visible_sum=total(np.hypot(p[:, 1], p[:, 2]), event),
        met=np.stack([total(missing[:, c], particles.event[unseen]) for c in (1, 2)], axis=1),
    )


def _leptons(particles: Particles, seen: np.ndarray, config: LeptonConfig) -> tuple[Leptons, np.ndarray]:
    """Leptons among the visible particles ``seen``, and the lepton each particle belongs to (-1: none)."""
    pdg, p, event = particles.pdg[seen], particles.p[seen], particles.event[seen]
    pt, eta, phi, _ = polar(p)
    bare = np.flatnonzero(np.isin(np.abs(pdg), (11, 13)) & (pt > BARE_SHARE * config.pt_min))
    owner = np.full(len(seen), -1)
    photon = np.flatnonzero(pdg == PHOTON)
    i, j = pairs(event[bare], event[photon], particles.n)
    distance = delta_r(eta[bare][i], phi[bare][i], eta[photon][j], phi[photon][j])
    near = distance < config.dressing_dr
    i, j, distance = i[near], j[near], distance[near]
    # a photon between two leptons belongs to the nearer one: the farther is written first
    order = np.argsort(-distance, kind="stable")
    owner[photon[j[order]]] = i[order]
    owner[bare] = np.arange(len(bare))
    dressed = np.zeros((len(bare), 4))
    np.add.at(dressed, owner[owner >= 0], p[owner >= 0])
    l_pt, l_eta, l_phi, _ = polar(dressed)
    good = (l_pt > config.pt_min) & (np.abs(l_eta) < config.eta_max)
    number = np.where(good, np.cumsum(good) - 1, -1)
    owner = np.append(number, -1)[owner]
    kept = np.flatnonzero(good)
    i, j = pairs(event[bare[kept]], event, particles.n)
    other = owner[j] != i
    i, j = i[other], j[other]
    close = delta_r(l_eta[kept][i], l_phi[kept][i], eta[j], phi[j]) < config.isolation_dr
    around = np.bincount(i[close], weights=pt[j[close]], minlength=len(kept))
    found = Leptons(event[bare[kept]], dressed[kept], pdg[bare[kept]], around / l_pt[kept])
    return found, owner


def _jets(particles: Particles, inputs: np.ndarray, config: JetConfig) -> Jets:
    fastjet = _fastjet()
    p = particles.p[inputs]
    counts = np.bincount(particles.event[inputs], minlength=particles.n)
    momenta = ak.zip(
        {name: ak.unflatten(p[:, c], counts) for c, name in enumerate(("E", "px", "py", "pz"))},
        with_name="Momentum4D",
    )
    algorithm = fastjet.JetDefinition(fastjet.antikt_algorithm, config.radius)
    found = fastjet.ClusterSequence(momenta, algorithm).inclusive_jets(min_pt=config.pt_min)
    event = np.repeat(np.arange(particles.n), ak.to_numpy(ak.num(found.px)))
    columns = [ak.to_numpy(ak.flatten(found[c])) for c in ("E", "px", "py", "pz")]
    jets = np.stack(columns, axis=1) if len(event) else np.zeros((0, 4))
    _, eta, phi, _ = polar(jets)
    flavour = np.zeros(len(event), dtype=np.int32)
    for quark, pt_min in ((4, config.b_hadron_pt_min), (5, config.b_hadron_pt_min)):
        hadron = last_hadrons(particles, quark)
        h_pt, h_eta, h_phi, _ = polar(particles.p[hadron])
        hard = h_pt > pt_min
        i, j = pairs(event, particles.event[hadron[hard]], particles.n)
        near = delta_r(eta[i], phi[i], h_eta[hard][j], h_phi[hard][j]) < config.b_tag_dr
        flavour[i[near]] = quark
    return Jets(event, jets, flavour)


def holds(pdg: np.ndarray, quark: int) -> np.ndarray:
    """Whether particles are hadrons with a quark of this flavour as their heaviest: 4 or 5."""
    code = np.abs(pdg)
    hadron = (code > 100) & (code < 10**9)
    return hadron & (np.maximum((code // 100) % 10, (code // 1000) % 10) == quark)


def last_hadrons(particles: Particles, quark: int) -> np.ndarray:
    """Indices of the hadrons of a flavour that do not go to another one: after mixing and excited states."""
    index = np.flatnonzero(holds(particles.pdg, quark))
    is_mother = np.zeros(len(particles.pdg), dtype=bool)
    is_mother[particles.mother[index]] = True
    return index[~is_mother[index]]


def _fastjet() -> ModuleType:
    try:
        import fastjet
    except ImportError:
        raise ConfigError("showered samples need fastjet: pip install 'momentax[simulate]'") from None
    return fastjet
