"""epsilon(y) in the integrand: a constant factors out of every hypothesis; what depends on pT agrees with the generator
and between the tables of H -> ZA and the batched integrator."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from pydantic import ValidationError

import momentax
from momentax.config import EfficiencyConfig, PhysicsConfig, SelectionConfig
from momentax.simulate import generate, generate_partons, train, visible_cross_sections
from momentax.transfer import detector_from_config, efficiency_from_config

DATA = Path(__file__).parents[1] / "data/events"
ELECTRON, MUON, B_TAG = 0.6, 0.9, 0.7
# a turn-on far below and a fall far above every pT
CONSTANT = {"electron": ELECTRON, "muon": MUON, "b_tag": B_TAG, "b_tag_turn_on": 1e-9, "b_tag_fall": 1e12}
SOME = {"integration": {"n_eval": (4096,)}}
CUTS = SelectionConfig().model_dump()
N_EVENTS = 400


@pytest.fixture(scope="module")
def events():
    """Two Pythia events of every sample, of all lepton flavours."""
    names = ("tt", "zbb", "za_500_300")
    return ak.concatenate([momentax.read_events(DATA / f"{n}_600.root")[:2] for n in names])


def expected(events):
    """Efficiency of every event if each object has a constant one."""
    leptons = [
        np.where(np.abs(np.asarray(events[lepton]["pdgId"])) == 13, MUON, ELECTRON)
        for lepton in ("lep_plus", "lep_minus")
    ]
    return leptons[0] * leptons[1] * B_TAG**2


@pytest.mark.parametrize(
    "label, config",
    [
        ("drell_yan", SOME),
        ("ttbar", SOME),
        ("hza_500_300", SOME),
        ("hza_500_300", {"integration": {"n_eval": (4096,), "mass_points": "separately"}}),
        ("drell_yan", SOME | {"recoil_mode": "balanced"}),
    ],
    ids=["drell_yan", "ttbar", "hza_point", "hza_batched", "balanced"],
)
def test_a_constant_is_a_factor_of_the_weight(events, label, config):
    """To 1e-5: tables are in single precision; the batched integrator's grid rounds differently."""
    without = momentax.weigh(events, label, config)
    with_it = momentax.weigh(events, label, {**config, "efficiency": CONSTANT})
    assert np.all(without["value"] > 0.0)
    assert len(set(expected(events).round(3))) > 1
    np.testing.assert_allclose(with_it["value"], expected(events) * without["value"], rtol=1e-5)


def test_a_constant_is_a_factor_of_the_weights_of_many_mass_points(events):
    labels = ["hza_300_100", "hza_3000_2000"]
    without = momentax.weigh_mass_points(events[::2], labels)
    with_it = momentax.weigh_mass_points(events[::2], labels, {"efficiency": CONSTANT})
    for label in labels:
        product = expected(events[::2]) * without[label]["value"]
        np.testing.assert_allclose(with_it[label]["value"], product, rtol=1e-5)


def test_tables_equal_the_batched_integrator():
    """Chi2 of four differences below its 99.9 % quantile, 18.5; soft jets, where the b tag rises steeply."""
    soft = generate("hza_200_50", 4, seed=5)[0]
    config = {"efficiency": {"b_tag_turn_on": 40.0}}
    separately = {"mass_points": "separately", "n_eval": (16384, 65536), "relative_accuracy": 0.003}
    together = momentax.weigh(soft, "hza_200_50", config)
    table = momentax.weigh_mass_points(soft, ["hza_200_50"], config)["hza_200_50"]
    alone = momentax.weigh(soft, "hza_200_50", {**config, "integration": separately})
    for found in (together, table):
        difference = found["value"] - alone["value"]
        assert np.sum((difference / np.hypot(found["error"], alone["error"])) ** 2) < 18.5
        assert np.max(np.abs(difference) / alone["value"]) < 0.02
    moved = alone["value"] / momentax.weigh(soft, "hza_200_50", {"integration": separately})["value"]
    assert np.all((moved > 0.01) & (moved < 0.3))


@pytest.mark.proof
@pytest.mark.parametrize("label", ["drell_yan", "ttbar", "hza_300_50"])
def test_mean_of_the_ratio_with_and_without_is_the_mean_efficiency(label):
    """Over selected events of the generator: mean W_eff/W = sigma_vis_eff/sigma_vis without efficiency, and
    mean W/W_eff its inverse over events thinned by it; both within 3.3 standard errors, which are below 3 %."""
    config = {"integration": {"n_eval": (4096, 16384), "relative_accuracy": 0.1}}
    seen = PhysicsConfig.model_validate({**config, "efficiency": {}})
    detector = detector_from_config(seen.detector, seen.efficiency)
    sigma = visible_cross_sections(label, CUTS, n_trials=100_000, detector=detector)
    assert sigma.efficiency_error < 0.01 * sigma.efficiency
    for physics, power in ((PhysicsConfig.model_validate(config), 1), (seen, -1)):
        events, _ = generate(label, N_EVENTS, 7, physics, CUTS)
        ratio = momentax.weigh(events, label, seen)["value"] / momentax.weigh(events, label, config)["value"]
        ratio, weight = ratio**power, np.asarray(events["weight"])
        mean = np.average(ratio, weights=weight)
        error = np.sqrt(np.sum((weight * (ratio - mean)) ** 2)) / weight.sum()
        print(f"{label}: mean {mean:.4f} +- {error:.4f}, expected {sigma.efficiency**power:.4f}")
        assert error < 0.03 * mean
        assert abs(mean - sigma.efficiency**power) < 3.3 * error


def test_the_generator_thins_its_events_and_counts_them_in_sigma_vis():
    """Acceptance, efficiency and sigma_vis of 2,000 thinned events against weighted trials, within 4 errors; partons
    for a shower are not thinned."""
    physics = PhysicsConfig.model_validate({"efficiency": {}})
    sampler = train("hza_300_50", physics)
    _, info = generate(sampler, 2000, 3, selection=CUTS)
    found = visible_cross_sections(sampler, CUTS)
    without = visible_cross_sections("hza_300_50", CUTS)
    assert found.acceptance == pytest.approx(without.acceptance, rel=1e-12)
    assert without.efficiency == 1.0 and without.efficiency_error == 0.0
    assert found.sigma_vis == pytest.approx(found.sigma * found.acceptance * found.efficiency, rel=1e-12)
    assert found.efficiency < 0.4
    for name, mine, error in (
        ("sigma_vis_pb", "sigma_vis", "sigma_vis_error"),
        ("acceptance", "acceptance", "acceptance_error"),
        ("mean_efficiency", "efficiency", "efficiency_error"),
    ):
        own = info[name.replace("_pb", "") + "_error"]
        assert abs(info[name] - getattr(found, mine)) < 4.0 * np.hypot(own, getattr(found, error))
        assert 0.0 < own < 0.05 * info[name]
    with_it, plain = (generate_partons(s, 5, 1) for s in (sampler, train("hza_300_50")))
    assert np.array_equal(with_it.lab, plain.lab)


def test_configuration():
    assert PhysicsConfig().efficiency is None
    assert detector_from_config(PhysicsConfig().detector).efficiency is None
    assert PhysicsConfig.model_validate({"efficiency": {}}).efficiency == EfficiencyConfig()
    with pytest.raises(ValidationError, match="never seen"):
        PhysicsConfig.model_validate({"efficiency": {"electron": 0.0}})
    b_jet = efficiency_from_config(EfficiencyConfig()).b_jet(np.array([20.0, 100.0, 2000.0]))
    by_hand = [0.68 * (1 - np.exp(-pt / 15)) / (1 + pt / 1500) for pt in (20.0, 100.0, 2000.0)]
    np.testing.assert_allclose(b_jet, by_hand, rtol=1e-12)
