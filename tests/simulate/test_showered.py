"""Showered events: hard process, objects, response, seeds, the file that the reader takes for NanoAOD."""

from __future__ import annotations

import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from momentax.cli import main
from momentax.config import (
    EfficiencyConfig,
    JetConfig,
    LeptonConfig,
    PartonCuts,
    ResponseConfig,
    ShowerConfig,
)
from momentax.errors import ConfigError, InputError
from momentax.events import read_events
from momentax.simulate.cms_response import (
    b_tag_efficiency,
    electron_resolution,
    jet_resolution,
    measure,
    muon_resolution,
)
from momentax.simulate.lhe import write_lhe
from momentax.simulate.nanoaod import merge_nanoaod
from momentax.simulate.reconstruct import Jets, Leptons, Objects, last_hadrons, reconstruct
from momentax.simulate.shower import Particles, pythia_of, pythia_seed, shower
from momentax.simulate.showered import make_shard
from momentax.simulate.truth import hard_process
from momentax.weights_io import read_weights

ROOT = Path(__file__).parents[2]
EVERYTHING = ShowerConfig(parton_cuts=PartonCuts(**dict.fromkeys(PartonCuts.model_fields)))
N = 300
HARD = 1 << 7


@pytest.fixture(scope="module")
def signal(trained, tmp_path_factory):
    """H -> ZA(500, 300), no cuts on partons: (path, metadata)."""
    folder = tmp_path_factory.mktemp("showered")
    path = folder / "hza.root"
    facts = make_shard(
        trained("hza"), N, 3, path, folder / "hza.lhe.gz", config=EVERYTHING, sample="hza_500_300"
    )
    return path, facts


@pytest.fixture(scope="module")
def tree(signal):
    with uproot.open(signal[0]) as file:
        return file["Events"].arrays(library="ak")


def vector(tree, prefix) -> np.ndarray:
    """(E, px, py, pz) of a list's entries, one each event: [n, 4]."""
    pt, eta, phi, mass = (ak.to_numpy(tree[f"{prefix}_{c}"]) for c in ("pt", "eta", "phi", "mass"))
    x, y, z = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([np.sqrt(x**2 + y**2 + z**2 + mass**2), x, y, z], axis=-1)


def hard(tree, *pdg) -> np.ndarray:
    """The hard particle with one of these ids, [n, 4]; exactly one an event."""
    mine = (tree.GenPart_statusFlags & HARD > 0) & (
        sum((tree.GenPart_pdgId == code for code in pdg[1:]), tree.GenPart_pdgId == pdg[0]) > 0
    )
    assert ak.all(ak.sum(mine, axis=1) == 1)
    one = {f"GenPart_{c}": ak.flatten(tree[f"GenPart_{c}"][mine]) for c in ("pt", "eta", "phi", "mass")}
    return vector(one, "GenPart")


def mass(p) -> np.ndarray:
    return np.sqrt(np.maximum(p[..., 0] ** 2 - np.sum(p[..., 1:] ** 2, axis=-1), 0.0))


def boosted_to_rest(p, frame) -> np.ndarray:
    """Momentum of p in the rest frame of ``frame``, [n, 3]."""
    m = mass(frame)[:, None]
    along = np.sum(p[:, 1:] * frame[:, 1:], axis=1)[:, None]
    return p[:, 1:] + frame[:, 1:] / m * (along / (frame[:, :1] + m) - p[:, :1])


def test_metadata_and_events(signal, tree, trained):
    _, facts = signal
    assert (facts["n_partons"], facts["n_lost"], facts["n_events"]) == (N, 0, N)
    assert facts["sigma_pb"] == facts["sigma_gen_pb"] == trained("hza").sigma_pb
    assert facts["acceptance"] == 1.0 and facts["n_flavours"] == 2
    assert ak.to_list(tree.event) == list(range(N))
    assert ak.all(tree.genWeight >= 1.0) and ak.all(tree.run == 1)


def test_hard_process_keeps_the_resonances_and_their_decays(tree, trained, tmp_path):
    plus, minus, b, bbar = hard(tree, -11, -13), hard(tree, 11, 13), hard(tree, 5), hard(tree, -5)
    # float32 in the file: 1e-6 of energies of 1 TeV
    for parts, pdg in (((plus, minus), 23), ((b, bbar), 36), ((plus, minus, b, bbar), 35)):
        assert np.abs(sum(parts) - hard(tree, pdg)).max() < 0.01
    assert np.median(mass(b + bbar)) == pytest.approx(300.0, abs=0.1)
    mothers = ak.to_numpy(tree.GenPart_genPartIdxMother)
    assert np.all(mothers == [-1, 0, 0, 1, 1, 2, 2])
    # initial-state radiation moves the hard system
    kt = np.hypot(*(plus + minus + b + bbar)[:, 1:3].T)
    assert 20.0 < np.median(kt) < 90.0


def test_spin_correlation_of_the_z_survives(tree):
    """cos^2 theta* of l+ in H -> ZA: the Z is longitudinal, sin^2 theta*: mean 1/5, variance 3/35 - 1/25.

    A flat distribution (Pythia's own decay) has 1/3. Four standard deviations.
    """
    plus, z = hard(tree, -11, -13), hard(tree, 23)
    h = hard(tree, 35)
    in_z, z_in_h = boosted_to_rest(plus, z), boosted_to_rest(z, h)
    # axis: direction of the Z in the frame of H; helicity frame along -H seen from the Z
    h_in_z = boosted_to_rest(h, z)
    cosine = -np.sum(in_z * h_in_z, axis=1) / np.linalg.norm(in_z, axis=1) / np.linalg.norm(h_in_z, axis=1)
    assert np.all(np.linalg.norm(z_in_h, axis=1) > 0)
    error = np.sqrt((3 / 35 - 1 / 25) / N)
    assert np.mean(cosine**2) == pytest.approx(0.2, abs=4 * error)
    assert 0.2 + 4 * error < 1 / 3


def test_b_jets_are_tagged_and_matched(tree):
    quarks = {5: hard(tree, 5), -5: hard(tree, -5)}
    tagged = tree.Jet_btagDeepFlavB > 0.2783
    assert ak.all(tagged == (tree.Jet_hadronFlavour == 5))
    central = tagged & (tree.Jet_pt > 30) & (abs(tree.Jet_eta) < 2.4)
    # the others come from gluon splitting, or the b quark has radiated a hard gluon
    assert ak.mean(ak.flatten(tree.Jet_partonFlavour[central]) != 0) > 0.85
    for sign, q in quarks.items():
        pt, eta = np.hypot(q[:, 1], q[:, 2]), np.arcsinh(q[:, 3] / np.hypot(q[:, 1], q[:, 2]))
        good = (pt > 60) & (np.abs(eta) < 2.0)
        found = ak.to_numpy(ak.any(central & (tree.Jet_partonFlavour == sign), axis=1))
        assert found[good].mean() > 0.85, sign
    light = ~tagged & (tree.Jet_pt > 30)
    assert ak.mean(ak.flatten(tree.Jet_partonFlavour[light]) != 0) < 0.15


def test_reader_takes_it_for_nanoaod_and_m_bb_is_that_of_an_independent_sample(signal):
    """m_bb beside Pythia's own gg -> H -> ZA at the same masses through an independent program of the same
    response (tests/data/events/za_500_300_600.root); both medians 5 %: four standard deviations here."""
    events = read_events(signal[0])
    assert events.attrs["format"] == "nanoaod" and events.attrs["event_id"] == "branch 'event'"
    assert 0.4 < len(events) / N < 0.75
    other = read_events(ROOT / "tests/data/events/za_500_300_600.root", **events.attrs["selection"])
    medians, widths = [], []
    for sample in (events, other):
        j1, j2 = (
            vector({f"j_{c}": sample[j][c] for c in ("pt", "eta", "phi", "mass")}, "j") for j in ("j1", "j2")
        )
        low, middle, high = np.quantile(mass(j1 + j2), [0.16, 0.5, 0.84])
        medians.append(middle)
        widths.append(high - low)
        error = 1.25 * (high - low) / 2 / np.sqrt(len(sample))
        assert 4 * error < 0.09 * middle
    assert medians[0] == pytest.approx(medians[1], rel=0.05)
    assert widths[0] == pytest.approx(widths[1], rel=0.25)


def test_from_inspect_to_weights_on_the_command_line(signal, tmp_path, monkeypatch, capsys):
    """A file of NanoAOD names, in an empty folder; selected first or not, the weights are equal."""
    monkeypatch.chdir(tmp_path)
    config = Path("c.yaml")
    config.write_text(
        "selection: {jet_pt_min: 170}\nphysics: {integration: {n_eval: [4096], relative_accuracy: 0.1}}"
    )
    path, weigh = str(signal[0]), ["--hypothesis", "hza_500_300", "--config", str(config)]
    assert main(["inspect", path, "--selection", "jet_pt_min: 170"]) == 0
    shown = capsys.readouterr().out
    expected = read_events(path, jet_pt_min=170)
    n = len(expected)
    assert 2 <= n <= 12
    assert (
        "nanoaod" in shown and f"{N} entries" in shown and f"truth     yes, no neutrinos: {n} of {n}" in shown
    )
    assert main(["weigh", path, *weigh, "--out", "direct.root"]) == 0
    assert main(["weigh", path, *weigh, "--entries", "0", "2", "--out", "shard.root"]) == 1
    assert f"momentax select {path} --out selected.root" in capsys.readouterr().err
    assert main(["select", path, "--config", str(config), "--out", "selected.root"]) == 0
    assert main(["weigh", "selected.root", *weigh, "--out", "two_steps.root"]) == 0
    capsys.readouterr()
    direct, two_steps = read_weights("direct.root"), read_weights("two_steps.root")
    assert direct.event.tolist() == two_steps.event.tolist() == ak.to_list(expected.event)
    values = direct.weights["hza_500_300"]["value"]
    assert np.array_equal(values, two_steps.weights["hza_500_300"]["value"]) and np.all(values > 0.0)


def test_electron_and_muon_resolution_against_the_truth(tree):
    """Core of pT(measured)/pT(true) of isolated leptons: half the central 68 %, final-state photons dressed."""
    truth = {11: hard(tree, -11, -13), 13: hard(tree, -11, -13)}
    for name, pdg, low, high in (("Electron", -11, 0.008, 0.04), ("Muon", -13, 0.008, 0.03)):
        first = ak.firsts(tree[f"{name}_pt"][tree[f"{name}_pdgId"] == pdg])
        pt = np.hypot(truth[abs(pdg)][:, 1], truth[abs(pdg)][:, 2])
        ratio = ak.to_numpy(ak.fill_none(first, np.nan)) / pt
        ratio = ratio[np.abs(ratio - 1.0) < 0.3]
        lower, middle, upper = np.quantile(ratio, [0.16, 0.5, 0.84])
        assert len(ratio) > 60
        assert middle == pytest.approx(1.0, abs=0.01)
        assert low < (upper - lower) / 2 < high, name


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


def test_b_quarks_of_drell_yan_are_carried_to_the_laboratory(partons_of, tmp_path):
    """The transformation is one of Lorentz: all invariants of the partons of the file are kept; and without
    final-state radiation the b quarks of the record are met exactly."""
    partons = partons_of("drell_yan")
    write_lhe(tmp_path / "dy.lhe.gz", "drell_yan", partons, 6500.0)
    for settings in ((), ("PartonLevel:FSR = off", "PartonLevel:MPI = off", "HadronLevel:all = off")):
        particles = next(shower(tmp_path / "dy.lhe.gz", partons, 5, settings))
        lab, hard_frame = hard_process(particles, partons, "drell_yan"), partons.hard[particles.row]
        pair_lab, pair = (np.stack([p[:, 0], p[:, 1], p[:, 2] + p[:, 3]], axis=1) for p in (lab, hard_frame))
        for i, j in ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2)):
            assert mass(pair_lab[:, i] + pair_lab[:, j]) == pytest.approx(
                mass(pair[:, i] + pair[:, j]), rel=1e-7
            )
        moved = np.hypot(*lab.sum(axis=1)[:, 1:3].T)
        assert 10.0 < np.median(moved) < 80.0
        if settings:
            final = np.flatnonzero((particles.status > 0) & (particles.pdg == 5))
            assert np.array_equal(particles.event[final], np.arange(particles.n))
            assert particles.p[final] == pytest.approx(lab[:, 0], rel=1e-9, abs=1e-9)


def test_top_pairs_have_their_neutrinos(trained, tmp_path):
    path = tmp_path / "tt.root"
    make_shard(trained("ttbar"), 60, 3, path, tmp_path / "tt.lhe.gz", config=EVERYTHING, sample="ttbar")
    with uproot.open(path) as file:
        tree = file["Events"].arrays(library="ak")
    lepton, nu, b = hard(tree, -11, -13), hard(tree, 12, 14), hard(tree, 5)
    assert np.abs(lepton + nu - hard(tree, 24)).max() < 0.01
    assert np.median(mass(lepton + nu + b)) == pytest.approx(172.5, abs=1.5)
    met = np.hypot(*(nu + hard(tree, -12, -14))[:, 1:3].T)
    # neutrinos of b hadrons add a little
    assert np.median(np.abs(ak.to_numpy(tree.GenMET_pt) - met)) < 5.0
    charges = ak.flatten(tree.Electron_charge * tree.Electron_pdgId)
    assert ak.all(charges == -11)


def arrays(path):
    with uproot.open(path) as file:
        return file["Events"].arrays(library="ak")


def test_same_seed_same_bits_whatever_the_order_of_the_shards(trained, tmp_path):
    def shard(name, number, seed=3):
        path = tmp_path / f"{name}.root"
        sampler, first = trained("hza"), 25 * number
        make_shard(
            sampler, 25, seed, path, tmp_path / f"{name}.lhe.gz", sample="s", shard=number, first=first
        )
        return path

    second, first = shard("b", 1), shard("a", 0)
    again = shard("c", 1)
    assert ak.to_list(arrays(second)) == ak.to_list(arrays(again))
    assert not ak.any(arrays(first).MET_pt == arrays(second).MET_pt)
    other = arrays(shard("d", 1, seed=4))
    assert not ak.any(other.MET_pt == arrays(second).MET_pt)
    facts = merge_nanoaod([first, second], tmp_path / "whole.root")
    assert (facts["n_partons"], facts["n_events"], facts["shards"]) == (50, 50, 2)
    whole = arrays(tmp_path / "whole.root")
    assert ak.to_list(whole.event) == list(range(50))
    assert ak.to_list(whole) == ak.to_list(arrays(first)) + ak.to_list(arrays(second))
    with pytest.raises(InputError, match="share event numbers"):
        merge_nanoaod([first, first], tmp_path / "twice.root")
    with pytest.raises(InputError, match="seed differs"):
        merge_nanoaod([first, tmp_path / "d.root"], tmp_path / "mixed.root")
    assert not (tmp_path / "twice.root").exists() and not (tmp_path / "mixed.root").exists()
    seeds = {pythia_seed(seed, name, k) for seed in (1, 2) for name in "ab" for k in range(50)}
    assert len(seeds) == 200 and min(seeds) >= 1 and max(seeds) <= 900_000_000


def test_refusals(partons_of, tmp_path, monkeypatch):
    write_lhe(tmp_path / "x.lhe.gz", "hza", partons_of("hza"), 6500.0)
    with pytest.raises(ConfigError, match=r"shower\.pythia: 'No:suchKey = 1'"):
        pythia_of(tmp_path / "x.lhe.gz", 1, ("No:suchKey = 1",))
    with pytest.raises(InputError, match=r"missing\.lhe"):
        pythia_of(tmp_path / "missing.lhe", 1)
    with pytest.raises(InputError, match="is not in the file"):
        next(shower(tmp_path / "x.lhe.gz", partons_of("drell_yan"), 1, ("HadronLevel:all = off",)))
    monkeypatch.setitem(sys.modules, "fastjet", None)
    with pytest.raises(ConfigError, match=r"pip install 'momentax\[simulate\]'"):
        reconstruct(particles_by_hand([(211, 1, 0, 20.0, 0.0, 0.0)]), JetConfig(), LeptonConfig())
