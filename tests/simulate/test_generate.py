"""The generator's events: random streams, detector response, unweighting, cross sections, bad input."""

from __future__ import annotations

import awkward as ak
import jax.numpy as jnp
import numpy as np
import pytest

from momentax.config import PhysicsConfig
from momentax.errors import ConfigError, PhysicsError
from momentax.events import Selection, bad_input, read_events, write_events
from momentax.processes import hza
from momentax.simulate import Budget, generate, generate_partons, train, unweight, visible_cross_section
from momentax.simulate.matrix_element import process_of
from momentax.simulate.sampler import apply_grid, reduced_maximum, stream_key
from momentax.transfer import default_detector

SMALL = Budget(5, 10_000, 20_000, 3, 10_000)
N = 3000


@pytest.fixture(scope="module")
def sampler():
    return train(hza(500, 300), budget=SMALL)


@pytest.fixture(scope="module")
def events(sampler):
    return generate(sampler, N, seed=5)


def vector(p) -> np.ndarray:
    """(E, px, py, pz) [n, 4] of a schema object."""
    pt, eta, phi, mass = (ak.to_numpy(p[c]) for c in ("pt", "eta", "phi", "mass"))
    x, y, z = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([np.sqrt(x**2 + y**2 + z**2 + mass**2), x, y, z], axis=1)


def test_shards_give_the_same_events_bit_for_bit(sampler):
    cuts = Selection()
    whole, _ = generate(sampler, 60, seed=7, selection=cuts)
    parts = [generate(sampler, n, seed=7, selection=cuts, first=first)[0] for first, n in ((0, 11), (11, 49))]
    assert ak.to_list(whole) == ak.to_list(ak.concatenate(parts))
    other, _ = generate(sampler, 60, seed=8, selection=cuts)
    assert not np.any(ak.to_numpy(whole.j1.pt) == ak.to_numpy(other.j1.pt))
    assert tuple(stream_key(7, "events", "a")) != tuple(stream_key(7, "events", "b"))


def test_events_fit_the_schema(events, tmp_path):
    array, info = events
    assert ak.to_numpy(array.event).tolist() == list(range(N))
    assert set(ak.to_list(array.sample)) == {"hza_500_300"}
    assert np.all(array.mH == 500.0) and np.all(array.mA == 300.0)
    assert not any(bad_input(array))
    assert np.all(array.j1.pt >= array.j2.pt)
    assert set(ak.to_list(array.lep_plus.pdgId)) == {-11, -13}
    assert np.all(array.lep_plus.pdgId == -array.lep_minus.pdgId)
    write_events(tmp_path / "events.root", array, {"simulation": info})
    assert ak.to_list(read_events(tmp_path / "events.root")) == ak.to_list(array)


def test_transverse_boost_and_directions(events):
    array, _ = events
    truth = array.truth
    total = sum(vector(truth[k]) for k in ("lep_plus", "lep_minus", "b", "bbar"))
    kt = np.stack([ak.to_numpy(truth.kt_x), ak.to_numpy(truth.kt_y)], axis=1)
    assert np.abs(total[:, 1:3] - kt).max() < 1e-8
    leads = ak.to_numpy(truth.b_is_j1) == 1
    for c in ("eta", "phi"):
        assert np.all(array.lep_plus[c] == truth.lep_plus[c])
        b = np.where(leads, array.j1[c], array.j2[c])
        assert np.all(b == ak.to_numpy(truth.b[c]))


def test_energies_follow_the_transfer_functions_and_met_the_recoil(events):
    array, _ = events
    truth = array.truth
    leads = ak.to_numpy(truth.b_is_j1)[:, None] == 1
    b = np.where(leads, vector(array.j1), vector(array.j2))
    for rec, gen, width in (
        (vector(array.lep_minus), vector(truth.lep_minus), lambda e: 0.02 * e),
        (b, vector(truth.b), lambda e: np.sqrt(e + (0.1 * e) ** 2)),
    ):
        pull = (rec[:, 0] - gen[:, 0]) / width(gen[:, 0])
        assert abs(pull.mean()) < 5.0 / np.sqrt(N)
        assert abs(pull.std() - 1.0) < 5.0 / np.sqrt(2 * N)
    visible = sum(vector(array[k]) for k in ("lep_plus", "lep_minus", "j1", "j2"))
    met_x, met_y = array.met.pt * np.cos(array.met.phi), array.met.pt * np.sin(array.met.phi)
    dx = visible[:, 1] + ak.to_numpy(met_x) - ak.to_numpy(truth.kt_x)
    dy = visible[:, 2] + ak.to_numpy(met_y) - ak.to_numpy(truth.kt_y)
    for d in (dx, dy):
        assert abs(d.mean()) < 5.0 * 20.0 / np.sqrt(N)
        assert abs(d.std() - 20.0) < 5.0 * 20.0 / np.sqrt(2 * N)


def test_share_of_radiated_energy_counts_as_recoil(sampler):
    """With c = 1, k_rec - k_T + sum_b (pT_gen - pT_rec) is what is distributed as N2."""
    detector = default_detector()
    detector = detector._replace(recoil=detector.recoil._replace(c=jnp.asarray(1.0)))
    array, _ = generate(train(hza(500, 300), detector=detector, budget=SMALL), 1000, seed=5)
    truth = array.truth
    visible = sum(vector(array[k]) for k in ("lep_plus", "lep_minus", "j1", "j2"))
    shift = vector(truth.b) + vector(truth.bbar) - vector(array.j1) - vector(array.j2)
    met = ak.to_numpy(array.met.pt * np.cos(array.met.phi))
    noise = visible[:, 1] + met - ak.to_numpy(truth.kt_x) + shift[:, 1]
    assert abs(noise.std() - 20.0) < 5.0 * 20.0 / np.sqrt(2000)
    plain = noise - shift[:, 1]
    assert plain.std() > 25.0  # without the shift it is far wider


def test_unweighted_events_follow_the_resonances(events):
    """m_bb and m_ll of the partons sit on their Breit-Wigners, m_llbb on that of H tilted by the luminosity."""
    array, info = events
    truth = array.truth

    def mass(*names):
        p = sum(vector(truth[k]) for k in names)
        return np.sqrt(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1))

    assert np.median(mass("b", "bbar")) == pytest.approx(300.0, abs=0.01)
    m_ll = mass("lep_plus", "lep_minus")
    inside = np.mean(np.abs(m_ll - 91.1876) < 2.4952 / 2)
    assert inside == pytest.approx(0.5, abs=5.0 * 0.5 / np.sqrt(N))  # half of a Breit-Wigner within Gamma/2
    assert abs(np.median(mass("lep_plus", "lep_minus", "b", "bbar")) - 500.0) < 3.0
    assert info["overweight_fraction"] < 0.05 and info["max_weight"] < 3.0


def test_visible_cross_section_two_ways(sampler):
    _, info = generate(sampler, 2000, seed=3, selection=Selection())
    value, error = visible_cross_section(sampler, Selection(), n_trials=60_000)
    spread = np.hypot(error, info["sigma_vis_error"])
    assert error < 0.01 * value
    assert info["sigma_vis_pb"] == pytest.approx(value, abs=4.0 * spread)
    assert 0.5 < info["acceptance"] < 0.9
    everything, spread = visible_cross_section(sampler, None, n_trials=60_000)
    assert everything == pytest.approx(sampler.sigma_pb, abs=4.0 * np.hypot(spread, sampler.sigma_error))


def test_partons_conserve_momentum_and_are_the_generated_events(sampler, events):
    partons = generate_partons(sampler, 500, seed=5)
    scale = partons.hard[..., 0].max()
    assert np.abs(partons.incoming.sum(axis=1) - partons.hard.sum(axis=1)).max() < 1e-9 * scale
    before, after = partons.hard.sum(axis=1), partons.lab.sum(axis=1)
    kt2 = np.sum(after[:, 1:3] ** 2, axis=1)
    assert np.abs(after[:, 0] - np.sqrt(before[:, 0] ** 2 + kt2)).max() < 1e-9 * scale
    assert np.abs(after[:, 3] - before[:, 3]).max() < 1e-9 * scale
    truth = vector(events[0].truth.lep_plus)[:500]
    assert np.abs(partons.lab[:, 0] - truth).max() < 1e-8
    assert np.all(partons.pdg[:, :2] == 21) and set(partons.pdg[:, 4]) == {5}
    assert partons.alpha_s == pytest.approx(
        1 / (1 / 0.118 + 23 / (6 * np.pi) * np.log(500 / 91.1876)), rel=1e-3
    )


def test_ttbar_partons_have_quarks_and_neutrinos():
    sampler = train("ttbar", budget=SMALL)
    partons = generate_partons(sampler, 4000, seed=2)
    incoming = partons.pdg[:, :2]
    gluons = np.mean(incoming[:, 0] == 21)
    assert 0.75 < gluons < 0.95
    quarks = incoming[incoming[:, 0] != 21]
    assert np.all(quarks.sum(axis=1) == 0)
    up, down = (np.sum(np.abs(quarks[:, 0]) == f) for f in (2, 1))
    assert up > down > 0
    charges = {(int(a), int(b)) for a, b in partons.pdg[:, [2, 3]]}
    assert charges == {(-11, 12), (-13, 14)}
    pairs = {(int(a), int(b)) for a, b in partons.pdg[:, [2, 5]]}
    assert pairs == {(-11, 11), (-11, 13), (-13, 11), (-13, 13)}
    array, _ = generate(sampler, 50, seed=2)
    assert np.abs(vector(array.truth.nu)[:, 0] - partons.lab[:50, 1, 0]).max() < 1e-8


def test_grid_and_maximum():
    edges = np.stack([np.linspace(0, 1, 5) ** 2, np.linspace(0, 1, 5)])
    y = np.array([[0.5, 0.3, 0.7], [0.999, 0.0, 0.1]])
    u, jacobian = apply_grid(jnp.asarray(edges), jnp.asarray(y))
    assert np.allclose(u[:, 0], np.interp(y[:, 0], np.linspace(0, 1, 5), edges[0]))
    assert np.allclose(u[:, 1:], y[:, 1:])
    assert np.allclose(jacobian, 4 * np.array([0.5625 - 0.25, 1 - 0.5625]))
    weights = np.array([1.0] * 98 + [3.0, 11.0])
    assert reduced_maximum(weights, 0.0) == 11.0
    w = reduced_maximum(weights, 0.1)
    assert np.sum(np.maximum(weights - w, 0)) <= 0.1 * weights.sum() < np.sum(weights - 1.0)


def test_training_depends_on_its_seed_alone(sampler):
    again = train(hza(500, 300), budget=SMALL)
    assert np.array_equal(again.edges, sampler.edges)
    assert (again.w_max, again.sigma_pb) == (sampler.w_max, sampler.sigma_pb)


def test_bad_input(sampler, monkeypatch):
    with pytest.raises(ConfigError, match=r"lepton flavours 'emu'.*choose one of all, ee, mumu"):
        generate(sampler, 5, seed=1, lepton_flavours="emu")
    with pytest.raises(ConfigError, match="no process 'wjets'; it has ttbar"):
        process_of("wjets")
    with pytest.raises(PhysicsError, match="no room for Z"):
        train(hza(300, 295))
    with pytest.raises(ConfigError, match="NoSuchSet"):
        train("ttbar", PhysicsConfig.model_validate({"pdf": {"set": "NoSuchSet"}}))
    monkeypatch.setattr(unweight, "HOPELESS", 20_000)
    with pytest.raises(ConfigError, match="no event passed the selection"):
        generate(sampler, 5, seed=1, selection={"jet_pt_min": 5000.0})
