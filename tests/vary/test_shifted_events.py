"""Events under variations of scales, resolution and recoil."""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

import momentax
from momentax.config.variations import JetEnergyResolution, JetEnergyScale, LeptonEnergyScale, Recoil
from momentax.events import visible
from momentax.transfer import default_detector
from momentax.vary.events import shift_events

DATA = Path(__file__).parents[1] / "data/events"


@pytest.fixture(scope="module")
def events():
    return momentax.read_events(DATA / "tt_600.root")


def test_jet_energy_scale_moves_the_jets_and_the_missing_momentum(events):
    shifted = shift_events(events, JetEnergyScale(factor=1.1))
    before, after = visible(events), visible(shifted)
    np.testing.assert_allclose(after.energy[:, 2:], 1.1 * before.energy[:, 2:], rtol=1e-12)
    np.testing.assert_array_equal(after.energy[:, :2], before.energy[:, :2])
    np.testing.assert_array_equal(after.direction, before.direction)
    np.testing.assert_allclose(after.k_rec, before.k_rec, atol=1e-9)
    kept = shift_events(events, JetEnergyScale(factor=1.1, met=False))
    np.testing.assert_array_equal(kept.met.pt, events.met.pt)
    assert ak.all(shifted.event == events.event) and shifted.attrs == events.attrs


def test_lepton_energy_scale_of_one_flavour(events):
    shifted = visible(shift_events(events, LeptonEnergyScale(factor=0.98, flavours=("muon",))))
    before = visible(events)
    factor = shifted.energy[:, :2] / before.energy[:, :2]
    np.testing.assert_allclose(factor, np.where(before.is_muon, 0.98, 1.0), rtol=1e-12)
    np.testing.assert_allclose(shifted.k_rec, before.k_rec, atol=1e-9)


def test_recoil_is_scaled_and_smeared(events):
    before = visible(events).k_rec
    scaled = visible(shift_events(events, Recoil(factor=1.2))).k_rec
    np.testing.assert_allclose(scaled, 1.2 * before, atol=1e-9)
    noise = visible(shift_events(events, Recoil(smear=15.0), seed=3)).k_rec - before
    # 1,162 numbers: the width is known to 2 %, the mean to 0.44
    assert noise.std() == pytest.approx(15.0, rel=0.08)
    assert abs(noise.mean()) < 2.0


def test_resolution_becomes_worse_by_the_factor_and_jets_stay_ordered(events):
    shifted = shift_events(events, JetEnergyResolution(factor=1.5), seed=5)
    assert ak.all(shifted.j1.pt >= shifted.j2.pt)
    before, after = visible(events), visible(shifted)
    # match each jet with the one it was: same direction
    swapped = np.abs(after.direction[:, 2] - before.direction[:, 2]).max(axis=1) > 1e-9
    assert 0.02 < swapped.mean() < 0.4
    energy = np.where(swapped[:, None], after.energy[:, :1:-1], after.energy[:, 2:])
    _, sigma = default_detector().bjet.likelihood_moments(before.energy[:, 2:])
    pull = (energy - before.energy[:, 2:]) / np.asarray(sigma)
    assert pull.std() == pytest.approx(np.sqrt(1.5**2 - 1.0), rel=0.08)
    flips = np.asarray(shifted.truth.b_is_j1) != np.asarray(events.truth.b_is_j1)
    known = np.asarray(events.truth.b_is_j1) >= 0
    np.testing.assert_array_equal(flips, swapped & known)
    np.testing.assert_allclose(after.k_rec, before.k_rec, atol=1e-9)


def test_random_numbers_belong_to_the_event(events):
    whole = shift_events(events, JetEnergyResolution(factor=1.2))
    part = shift_events(events[100:110], JetEnergyResolution(factor=1.2))
    np.testing.assert_array_equal(whole.j1.pt[100:110], part.j1.pt)
    small = shift_events(events, JetEnergyResolution(factor=1.1))
    # the same numbers for both sizes: the shifts are proportional
    a, b = (
        visible(e).energy[:, 2:].sum(axis=1) - visible(events).energy[:, 2:].sum(axis=1)
        for e in (whole, small)
    )
    np.testing.assert_allclose(a, b * np.sqrt((1.2**2 - 1) / (1.1**2 - 1)), rtol=1e-6, atol=1e-6)


def test_further_jets_are_shifted_and_take_part_in_the_order(events):
    extra = {"pt": np.full(len(events), 25.0), "eta": np.zeros(len(events)), "phi": np.zeros(len(events))}
    extra["mass"] = np.full(len(events), 5.0)
    absent = {c: np.full(len(events), np.nan) for c in extra}
    more = ak.with_field(ak.with_field(events, ak.zip(extra), "j3"), ak.zip(absent), "j4")
    shifted = shift_events(more, JetEnergyResolution(factor=2.0), seed=1)
    assert ak.all(shifted.j2.pt >= shifted.j3.pt) and np.isnan(np.asarray(shifted.j4.pt)).all()
    # a third jet that became a leading one: which b is j1 is not known any more
    new = np.isin(np.asarray(shifted.j1.eta), 0.0) | np.isin(np.asarray(shifted.j2.eta), 0.0)
    assert new.any() and np.all(np.asarray(shifted.truth.b_is_j1)[new] == -1)
