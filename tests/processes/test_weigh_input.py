"""What weigh takes besides events: mappings as configuration, the energy that bounds an event, masses in range."""

import awkward as ak
import numpy as np
import pytest

import momentax
from momentax.errors import ConfigError, PhysicsError
from momentax.transfer import default_detector
from momentax.weight import observed_events, physics_config


def event(energy: float) -> ak.Array:
    """One event with two central jets of this energy (GeV)."""
    lepton = {"pt": 50.0, "eta": 0.1, "phi": 0.5, "mass": 0.0}
    jet = {"pt": energy, "eta": 0.0, "mass": 4.7}
    return ak.Array(
        [
            {
                "event": 1,
                "sample": "x",
                "weight": 1.0,
                "mH": 0.0,
                "mA": 0.0,
                "lep_plus": lepton | {"pdgId": -11},
                "lep_minus": lepton | {"phi": -2.0, "pdgId": 13},
                "j1": jet | {"phi": 1.0},
                "j2": jet | {"phi": -2.1},
                "met": {"pt": 10.0, "phi": 0.0},
            }
        ]
    )


def test_mapping_of_physics_keys_or_of_the_whole_configuration():
    assert physics_config({"sqrt_s": 14000.0}).sqrt_s == 14000.0
    assert physics_config({"physics": {"sqrt_s": 14000.0}}).sqrt_s == 14000.0


def test_wrong_mapping_is_a_configuration_error_with_the_nearest_key():
    with pytest.raises(ConfigError, match=r"sqrt_ss.*sqrt_s"):
        physics_config({"sqrt_ss": 14000.0})


def test_energy_bound_of_an_event_is_that_of_the_configuration():
    events = event(7000.0)
    assert np.isnan(observed_events(events, default_detector(), 13000.0).b.e_rec).all()
    assert np.isfinite(observed_events(events, default_detector(), 100_000.0).b.e_rec).all()


def test_top_mass_must_be_finite():
    with pytest.raises(PhysicsError, match="mt"):
        momentax.ttbar(np.inf)


@pytest.mark.parametrize("label", ["drell_yan", "ttbar", "hza_500_300"])
def test_a_kind_of_hypothesis_may_have_its_own_density_of_kt(label):
    """Its weights are those with this g(k_T) for all, bit for bit; the other kinds keep theirs."""
    wide = {"weights": [0.4, 0.6], "sigmas": [40.0, 120.0]}
    kind = label.split("_500")[0]

    def value(recoil: dict) -> float:
        config = {"detector": {"recoil": recoil}, "integration": {"relative_accuracy": 0.1}}
        return momentax.weigh(event(120.0), label, config)["value"][0]

    own, nobody = value({"per_hypothesis": {kind: wide}}), value({})
    assert own == value(wide)
    assert abs(own / nobody - 1.0) > 1e-3
    others = {k: wide for k in ("drell_yan", "ttbar", "hza") if k != kind}
    assert value({"per_hypothesis": others}) == nobody
