"""d ln W/d(parameter) and ratios of weights, against finite differences of independent weights."""

import awkward as ak
import numpy as np
import pytest

import momentax
from momentax.config import PhysicsConfig
from momentax.errors import ConfigError
from momentax.mass_tables import Tables, climb
from momentax.pdf import load_pdf
from momentax.processes import parse_hypothesis
from momentax.processes.tangents import scale_jets
from momentax.simulate import generate
from momentax.weight import observed_events, weigh_batched


@pytest.fixture(scope="module")
def events():
    return ak.concatenate([generate(h, 4, seed=31)[0] for h in ("hza_500_300", "ttbar")])


def settings(n_eval, accuracy):
    return PhysicsConfig.model_validate({"integration": {"n_eval": n_eval, "relative_accuracy": accuracy}})


def slope(weights_at, step):
    """Difference of fourth order of ln W."""
    far, near = (np.log(weights_at(k * step)) - np.log(weights_at(-k * step)) for k in (2, 1))
    return (8 * near - far) / (12 * step)


@pytest.fixture(scope="module")
def of_masses(events):
    return momentax.weigh_derivatives(events[:4], "hza_500_300")[1]


def from_tables(events, hypothesis, jes=0.0):
    """Weights of the finest tables, with nothing random: those of coarse ones, exact to 8e-4 in 95 %, are too rough for
    differences over steps of 0.3 %."""
    physics = settings((1024,), 1e-5)
    pdf = load_pdf(physics.pdf.set)
    detector = hypothesis.model(physics, pdf).detector
    observed = scale_jets(observed_events(events, detector), 1.0 + jes)
    return climb(Tables([hypothesis], physics, pdf, detector), observed).value[0]


@pytest.mark.parametrize("name", ["mH", "mA", "jes"])
def test_mass_point(events, of_masses, name):
    """Within 0.3 % of the steepest slope; errors below 5 % of it."""
    events = events[:4]
    expected = {
        "mH": lambda: slope(lambda h: from_tables(events, momentax.hza(500.0 + h, 300.0)), 1.0),
        "mA": lambda: slope(lambda h: from_tables(events, momentax.hza(500.0, 300.0 + h)), 0.6),
        "jes": lambda: slope(lambda s: from_tables(events, momentax.hza(500.0, 300.0), s), 0.003),
    }[name]()
    steepest = np.max(np.abs(expected))
    assert np.max(np.abs(of_masses[name]["value"] - expected)) < 3e-3 * steepest
    assert np.all(of_masses[name]["error"] < 0.05 * steepest)
    assert np.min(np.abs(expected)) > 1e-3 * steepest  # every event says something


def central(events, moved, step, physics):
    """(slope of ln W, error) from two weights with points of their own; ``moved(step)``: (observed, hypothesis)."""
    above, below = (weigh_elsewhere(events, *moved(s), s, physics) for s in (step, -step))
    relative = np.hypot(above["error"] / above["value"], below["error"] / below["value"])
    return np.log(above["value"] / below["value"]) / (2 * step), relative / (2 * step)


def weigh_elsewhere(events, observed, hypothesis, sign, physics):
    """Weights at other random points: those of other events' numbers."""
    ids = np.asarray(events["event"]) + (1000 if sign > 0 else 2000)
    return weigh_batched(observed, ids, hypothesis, hypothesis.model(physics), physics)


@pytest.mark.parametrize(
    "label, name, step", [("ttbar", "mt", 2.0), ("ttbar", "jes", 0.03), ("drell_yan", "jes", 0.02)]
)
def test_derivative_at_fixed_points(events, label, name, step):
    """Chi2 of eight differences below its 99.9 % quantile, 26.1, and the slopes are far from zero."""
    physics = settings((16384,), 0.004)
    _, found = momentax.weigh_derivatives(events, label, physics)
    hypothesis = parse_hypothesis(label)
    observed = observed_events(events, hypothesis.model(physics).detector)

    def moved(s):
        return (
            (observed, momentax.ttbar(172.5 + s))
            if name == "mt"
            else (scale_jets(observed, 1 + s), hypothesis)
        )

    expected, error = central(events, moved, step, physics)
    pulls = (found[name]["value"] - expected) / np.hypot(error, found[name]["error"])
    assert np.sum(pulls**2) < 26.1
    assert np.sum((expected / error) ** 2) > 400


def test_records_are_those_of_weigh(events):
    physics = settings((4096,), 0.05)
    for label in ("ttbar", "hza_500_300"):
        records, _ = momentax.weigh_derivatives(events[:2], label, physics)
        assert np.array_equal(records, momentax.weigh(events[:2], label, physics))


@pytest.mark.parametrize("label, key", [("hza_500_300", "mass_points"), ("ttbar", "integrator")])
def test_what_has_no_derivative_is_refused(events, label, key):
    value = {"mass_points": "separately", "integrator": "vegas"}[key]
    with pytest.raises(ConfigError, match=f"weigh_derivatives.*{value if key == 'integrator' else key}"):
        momentax.weigh_derivatives(events, label, {"integration": {key: value}})


def test_ratio_of_top_masses(events):
    """Against independent weights; chi2 of eight below 26.1, errors several times smaller than theirs."""
    physics = settings((16384,), 0.01)
    ratio = momentax.weigh_ratios(events, ["ttbar_173"], "ttbar", physics)["ttbar_173"]
    above, below = (momentax.weigh(events, h, physics) for h in ("ttbar_173", "ttbar"))
    relative = np.hypot(above["error"] / above["value"], below["error"] / below["value"])
    expected = above["value"] / below["value"]
    assert np.sum(((ratio["value"] - expected) / (relative * expected)) ** 2) < 26.1
    assert np.median(ratio["error"] / (relative * expected)) < 0.35


def test_ratio_of_mass_points_and_of_other_kinds(events):
    labels = ["hza_505_300", "hza_450_300", "drell_yan"]
    physics = settings((4096,), 0.02)
    ratios = momentax.weigh_ratios(events, labels, "hza_500_300", physics)
    alone = momentax.weigh(events, "hza_500_300", physics)
    table = momentax.weigh_mass_points(events, ["hza_500_300", *labels[:2]], physics)
    assert list(ratios) == labels
    for label in labels:
        # ratios of mass points are those of one table; other kinds are divided by the weight itself
        below = table["hza_500_300"] if label in table else alone
        above = table[label] if label in table else momentax.weigh(events, label, physics)
        np.testing.assert_allclose(ratios[label]["value"], above["value"] / below["value"], rtol=1e-6)
        relative = np.hypot(above["error"] / above["value"], below["error"] / below["value"])
        share = ratios[label]["error"] / (relative * ratios[label]["value"])
        assert np.median(share) < (0.5 if label == "hza_505_300" else 1.5)


def test_a_bad_event_has_no_ratio_and_no_derivative(events):
    broken = ak.with_field(
        events, ak.where(ak.local_index(events) == 1, np.nan, events["met", "pt"]), ["met", "pt"]
    )
    physics = settings((4096,), 0.05)
    for label in ("ttbar", "hza_500_300"):
        records, found = momentax.weigh_derivatives(broken[:3], label, physics)
        assert records["status"].tolist() == ["ok", "bad_input", "ok"]
        for slopes in found.values():
            assert np.isfinite(slopes["value"]).tolist() == [True, False, True]
    ratio = momentax.weigh_ratios(broken[:3], ["hza_505_300"], "hza_500_300", physics)["hza_505_300"]
    assert np.isfinite(ratio["value"]).tolist() == [True, False, True]
