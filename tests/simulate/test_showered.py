"""Showered events: hard process, tags, seeds, the file that the reader takes for NanoAOD, from there to weights."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from momentax.cli import main
from momentax.config import (
    PartonCuts,
    ShowerConfig,
)
from momentax.errors import ConfigError, InputError
from momentax.events import read_events
from momentax.simulate.lhe import write_lhe
from momentax.simulate.nanoaod import merge_nanoaod
from momentax.simulate.shower import pythia_of, pythia_seed, shower
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


def test_refusals(partons_of, tmp_path):
    write_lhe(tmp_path / "x.lhe.gz", "hza", partons_of("hza"), 6500.0)
    with pytest.raises(ConfigError, match=r"shower\.pythia: 'No:suchKey = 1'"):
        pythia_of(tmp_path / "x.lhe.gz", 1, ("No:suchKey = 1",))
    with pytest.raises(InputError, match=r"missing\.lhe"):
        pythia_of(tmp_path / "missing.lhe", 1)
    with pytest.raises(InputError, match="is not in the file"):
        next(shower(tmp_path / "x.lhe.gz", partons_of("drell_yan"), 1, ("HadronLevel:all = off",)))
