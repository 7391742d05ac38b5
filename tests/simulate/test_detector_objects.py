"""Objects of a showered event built by hand: dressing, isolation, b tag, response, missing momentum, efficiency."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from momentax.config import (
    EfficiencyConfig,
    JetConfig,
    LeptonConfig,
    ResponseConfig,
    ShowerConfig,
)
from momentax.errors import ConfigError
from momentax.simulate.cms_response import (
    b_tag_efficiency,
    electron_resolution,
    jet_resolution,
    measure,
    muon_resolution,
)
from momentax.simulate.reconstruct import Jets, Leptons, Objects, last_hadrons, reconstruct
from momentax.simulate.shower import Particles


def particles_by_hand(rows) -> Particles:
    """Particles of one event from (pdg, status, mother, pt, eta, phi), massless."""
    pdg, status, mother, pt, eta, phi = (np.array(c) for c in zip(*rows, strict=True))
    p = np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)
    n = len(rows)
    return Particles(np.array([0]), np.array([n]), np.zeros(n, dtype=int), pdg, status, mother, p)


def test_leptons_are_dressed_and_isolated():
    particles = particles_by_hand(
        [
            (11, 1, 0, 30.0, 0.0, 0.0),
            (22, 1, 0, 5.0, 0.0, 0.05),  # belongs to the electron
            (22, 1, 0, 2.0, 0.0, 0.2),  # too far: in the isolation
            (211, 1, 0, 1.0, 0.3, 0.0),
            (12, 1, 0, 50.0, 0.1, 0.0),  # a neutrino isolates nothing
            (-13, 1, 0, 20.0, 1.0, 2.0),
            (211, 1, 0, 10.0, 1.0, 2.3),  # spoils the muon
            (13, 1, 0, 3.0, -1.0, -2.0),  # too soft
        ]
    )
    found = reconstruct(particles, JetConfig(), LeptonConfig())
    assert found.leptons.pdg.tolist() == [11, -13]
    assert np.hypot(*found.leptons.p[0, 1:3]) == pytest.approx(
        np.hypot(30 + 5 * np.cos(0.05), 5 * np.sin(0.05))
    )
    assert found.leptons.isolation == pytest.approx([3.0 / np.hypot(*found.leptons.p[0, 1:3]), 0.5])
    # the muon is not isolated: it stays in the jet of its neighbour, the electron does not
    assert len(found.jets.p) == 1
    assert np.hypot(*found.jets.p[0, 1:3]) == pytest.approx(30.0, abs=0.5)
    assert found.met[0] == pytest.approx([50.0, 0.0])
    assert found.visible_sum == pytest.approx([71.0])


def test_last_hadrons_and_flavour_of_jets():
    particles = particles_by_hand(
        [
            (90, -11, 0, 1.0, 0.0, 0.0),
            (513, -83, 0, 40.0, 0.0, 0.0),  # B*0
            (511, -91, 1, 39.0, 0.0, 0.0),  # its B0, mixes
            (-511, -92, 2, 39.0, 0.0, 0.0),
            (411, -91, 3, 20.0, 0.0, 0.0),  # D of its decay
            (211, 1, 4, 35.0, 0.0, 0.01),
            (541, -83, 0, 4.0, 1.5, 2.0),  # Bc below the least pT
            (211, 1, 6, 30.0, 1.5, 2.0),
            (4122, -83, 0, 20.0, -1.5, 2.0),  # Lambda_c
            (211, 1, 8, 25.0, -1.5, 2.0),
            (555, -83, 0, 20.0, -1.5, -2.0),  # Y: b quark and antiquark
        ]
    )
    assert particles.pdg[last_hadrons(particles, 5)].tolist() == [-511, 541, 555]
    found = reconstruct(particles, JetConfig(), LeptonConfig())
    eta = np.arcsinh(found.jets.p[:, 3] / np.hypot(found.jets.p[:, 1], found.jets.p[:, 2]))
    assert dict(zip(np.round(eta, 1).tolist(), found.jets.flavour.tolist(), strict=True)) == {
        0.0: 5,
        1.5: 0,
        -1.5: 4,
    }


def bare_objects(n, leptons=None, jets=None, visible=0.0, visible_sum=0.0) -> Objects:
    nothing = np.zeros((0, 4))
    none = np.zeros(0, dtype=int)
    return Objects(
        n,
        leptons or Leptons(none, nothing, none, np.zeros(0)),
        jets or Jets(none, nothing, none),
        np.full((n, 2), visible),
        np.full(n, visible_sum),
        np.zeros((n, 2)),
    )


def at(pt, eta, n) -> np.ndarray:
    return np.tile([pt * np.cosh(eta), 0.0, pt, pt * np.sinh(eta)], (n, 1))


def test_response_reproduces_the_configured_resolutions():
    """20,000 objects each; five standard deviations of mean and width."""
    n, config = 20_000, ShowerConfig()
    response = config.response
    quarks = np.zeros((n, 2, 4)) + at(50.0, 3.0, 1)[:, None]
    error = 5.0 / np.sqrt(2 * n)
    for eta, forward in ((0.5, 1.0), (2.0, response.jet_forward_factor)):
        jets = Jets(np.arange(n), at(60.0, eta, n), np.zeros(n, dtype=int))
        seen = measure(bare_objects(n, jets=jets), quarks, config, np.random.default_rng(1)).jets
        sigma = forward * np.sqrt((3.0 / 60) ** 2 + 0.8**2 / 60 + 0.04**2)
        assert jet_resolution(np.array([60.0]), np.array([eta]), response) == pytest.approx(sigma)
        ratio = seen.pt / 60.0
        assert len(ratio) == n
        assert ratio.mean() == pytest.approx(1.0, abs=5 * sigma / np.sqrt(n))
        assert ratio.std() == pytest.approx(sigma, rel=error)
        for angle, true in ((seen.eta, eta), (seen.phi, np.pi / 2)):
            assert (angle - true).std() == pytest.approx(0.015, rel=error)
    for pdg, eta, width in (
        (11, 0.5, lambda: electron_resolution(np.array([40 * np.cosh(0.5)]), np.array([0.5]), response)),
        (-11, 2.0, lambda: electron_resolution(np.array([40 * np.cosh(2.0)]), np.array([2.0]), response)),
        (13, 0.5, lambda: muon_resolution(np.array([40.0]), np.array([0.5]), response)),
        (-13, 2.0, lambda: muon_resolution(np.array([40.0]), np.array([2.0]), response)),
    ):
        leptons = Leptons(np.arange(n), at(40.0, eta, n), np.full(n, pdg), np.zeros(n))
        seen = measure(bare_objects(n, leptons), quarks, config, np.random.default_rng(2)).leptons
        assert (seen.pt / 40.0).std() == pytest.approx(width()[0], rel=error)
        assert np.all(seen.eta == pytest.approx(eta)) and np.all(seen.pdg == pdg)
    energy = 40.0 * np.cosh(2.0)
    assert electron_resolution(np.array([energy]), np.array([2.0]), response)[0] == pytest.approx(
        1.8 * np.sqrt(0.01 / energy + (0.3 / energy) ** 2 + 0.008**2)
    )
    assert muon_resolution(np.array([100.0]), np.array([2.0]), response)[0] == pytest.approx(
        np.hypot(0.018, 0.01)
    )


def test_missing_momentum_is_minus_the_measured_objects_and_a_smeared_soft_term():
    n, config = 20_000, ShowerConfig()
    quarks = np.zeros((n, 2, 4)) + at(50.0, 3.0, 1)[:, None]
    exact = config.model_copy(
        update={
            "response": ResponseConfig(
                jet_noise=0, jet_stochastic=0, jet_constant=0, jet_angle=0, met_noise=15.0, met_stochastic=0.5
            )
        }
    )
    jets = Jets(np.arange(n), at(60.0, 0.0, n), np.zeros(n, dtype=int))
    # visible: the jet (0, 60), and (7, 7) of other particles with sum ET 400
    objects = bare_objects(n, jets=jets, visible=7.0, visible_sum=460.0)
    objects.visible[:, 1] += 60.0
    met = measure(objects, quarks, exact, np.random.default_rng(3)).met
    sigma = np.sqrt(15.0**2 + 0.25 * 400.0)
    assert met.mean(axis=0) == pytest.approx([-7.0, -67.0], abs=5 * sigma / np.sqrt(n))
    assert met.std(axis=0) == pytest.approx([sigma, sigma], rel=5.0 / np.sqrt(2 * n))
    # with resolution, a jet that is measured too high pulls the MET down by as much
    seen = measure(objects, quarks, config, np.random.default_rng(4))
    slope = np.polyfit(seen.jets.pt[seen.jets.event.argsort()], seen.met[:, 1], 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.1)


def test_efficiency_of_the_leading_leptons_and_b_jets():
    config = ShowerConfig()
    one = EfficiencyConfig()
    leptons = Leptons(
        np.zeros(3, dtype=int), at(40.0, 0.0, 3), np.array([11, -13, 13]), np.array([0.0, 0.1, 0.3])
    )
    quiet = config.model_copy(
        update={"response": ResponseConfig(jet_noise=0, jet_stochastic=0, jet_constant=0)}
    )
    p = np.concatenate([at(100.0, 0.0, 1), at(50.0, 0.0, 1), at(70.0, 0.0, 1), at(60.0, 0.0, 1)])
    jets = Jets(np.zeros(4, dtype=int), p, np.array([5, 5, 0, 5]))
    seen = measure(bare_objects(1, leptons, jets), np.zeros((1, 2, 4)) + 1.0, quiet, np.random.default_rng(5))
    tags = b_tag_efficiency(np.array([100.0, 60.0]), one)
    assert seen.efficiency[0] == pytest.approx(one.electron * one.muon * tags.prod())
    assert b_tag_efficiency(np.array([20.0]), one)[0] == pytest.approx(0.49, abs=0.03)


def test_without_fastjet_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastjet", None)
    with pytest.raises(ConfigError, match=r"pip install 'momentax\[simulate\]'"):
        reconstruct(particles_by_hand([(211, 1, 0, 20.0, 0.0, 0.0)]), JetConfig(), LeptonConfig())
