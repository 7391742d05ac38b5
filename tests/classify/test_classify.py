"""ROC curves against scikit-learn and closed forms; the discriminant; classifiers on toy informations."""

from __future__ import annotations

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from momentax.classify.classifier import CLASSES, load_classifier, table
from momentax.classify.config import ClassifyConfig
from momentax.classify.discriminant import discriminant
from momentax.classify.roc import roc
from momentax.classify.workflow import load_curves, run, run_from_files
from momentax.errors import InputError
from momentax.regress.targets import WeightedEvents, sample_classes

POINTS = ((300.0, 100.0), (500.0, 300.0))
CONFIG = ClassifyConfig(
    kinds=["simple", "global", "parametric"],
    hidden=[16],
    epochs=15,
    batch_size=128,
    learning_rate=5e-3,
    bootstrap=30,
)


def quiet(_: str) -> None:
    pass


def _weights(information: np.ndarray) -> np.ndarray:
    w = np.zeros(len(information), dtype=[("value", "f8"), ("error", "f8"), ("status", "U16")])
    w["value"], w["status"] = 10.0**-information, "ok"
    w["error"] = 0.01 * w["value"]
    return w


@pytest.fixture(scope="module")
def toy() -> WeightedEvents:
    """1,000 events of each of four samples; I of the true hypothesis is lower by 1.5, with a spread of 1."""
    rng = np.random.default_rng(4)
    samples = ("drell_yan", "ttbar", "hza_300_100", "hza_500_300")
    sample = np.repeat(samples, 1000)
    masses = np.repeat([(0.0, 0.0), (0.0, 0.0), *POINTS], 1000, axis=0)
    events = ak.zip({"event": np.tile(np.arange(1000), 4), "mH": masses[:, 0], "mA": masses[:, 1]})
    labels = ("drell_yan", "ttbar", "hza_300_100", "hza_500_300")
    weights = {h: _weights(20.0 + rng.normal(size=4000) - 1.5 * (sample == h)) for h in labels}
    return WeightedEvents(events, sample, weights, {})


@pytest.fixture(scope="module")
def result(toy: WeightedEvents):
    return run(toy, CONFIG, log=quiet)


def test_roc_equals_scikit_learn_also_with_ties() -> None:
    rng = np.random.default_rng(1)
    for digits in (15, 1):
        s, b = np.round(rng.normal(1, 1, 700), digits), np.round(rng.normal(0, 1.3, 900), digits)
        truth, score = np.repeat([1, 0], [700, 900]), np.concatenate([s, b])
        found = roc("toy", s, b, replicas=10)
        assert found.auc == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
        fpr, tpr, _ = roc_curve(truth, score, drop_intermediate=False)
        # on the grid both interpolate the same steps; at a vertical step scikit-learn has several values of
        # fpr
        for e, value in zip(found.efficiency, found.misidentification, strict=True):
            below, above = fpr[tpr <= e + 1e-12].max(), fpr[tpr >= e - 1e-12].min()
            assert min(below, above) - 1e-12 <= value <= max(below, above) + 1e-12


def test_auc_of_two_normals_is_the_closed_form_within_its_error() -> None:
    """Phi(d / sqrt 2) for unit normals a distance d apart; Hanley and McNeil's error to 20 %."""
    rng = np.random.default_rng(2)
    n, d = 3000, 1.2
    found = roc("normals", rng.normal(d, 1, n), rng.normal(0, 1, n), replicas=200)
    auc = norm.cdf(d / np.sqrt(2))
    assert abs(found.auc - auc) < 4 * found.auc_error
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    hanley = np.sqrt((auc * (1 - auc) + (n - 1) * (q1 + q2 - 2 * auc**2)) / n**2)
    assert found.auc_error == pytest.approx(hanley, rel=0.2)


def test_bands_cover_the_exact_curve_at_their_confidence() -> None:
    """68.3 % on average over 40 samples; coverages of single samples spread by 0.35, their mean by 0.055."""
    rng, d, inside = np.random.default_rng(6), 1.2, []
    for _ in range(40):
        found = roc("normals", rng.normal(d, 1, 400), rng.normal(0, 1, 400), replicas=100)
        middle = (found.efficiency > 0.3) & (found.efficiency < 0.95)
        exact = norm.cdf(norm.ppf(found.efficiency[middle]) - d)
        inside.append(np.mean((exact >= found.low[middle]) & (exact <= found.high[middle])))
    assert abs(np.mean(inside) - 0.683) < 3 * 0.055


def test_bootstrap_draws_events_not_rows() -> None:
    """Every event ten times: the error must not shrink."""
    rng = np.random.default_rng(3)
    s, b = rng.normal(1, 1, 400), rng.normal(0, 1, 400)
    once = roc("once", s, b, replicas=300)
    keys = np.repeat(np.arange(400), 10)
    tenfold = roc("ten", np.repeat(s, 10), np.repeat(b, 10), replicas=300, events=(keys, keys))
    assert tenfold.auc == pytest.approx(once.auc, abs=1e-12)
    assert tenfold.auc_error == pytest.approx(once.auc_error, rel=0.25)
    assert roc("rows", np.repeat(s, 10), np.repeat(b, 10), replicas=300).auc_error < once.auc_error / 2


def test_roc_refuses_what_it_cannot_draw() -> None:
    with pytest.raises(InputError, match="0 signal and 3 background"):
        roc("empty", np.array([]), np.ones(3))
    with pytest.raises(InputError, match="1 scores are not finite"):
        roc("nan", np.array([1.0, np.nan]), np.ones(3))


def test_discriminant_is_equation_5() -> None:
    w_a, w_b, gamma = np.array([1e-12, 3e-9, 1.0]), np.array([2e-12, 1e-12, 1e-3]), 0.3
    expected = w_a / (w_a + gamma * w_b)
    assert discriminant(-np.log10(w_a), -np.log10(w_b), gamma) == pytest.approx(expected, rel=1e-12)
    extreme = discriminant(np.array([500.0, 0.0, np.nan]), np.array([0.0, 500.0, 1.0]))
    assert extreme[:2].tolist() == [0.0, 1.0] and np.isnan(extreme[2])


def test_gamma_makes_it_the_ratio_of_probabilities() -> None:
    """P = W / sigma_vis: equal probabilities must give one half."""
    sigma_a, sigma_b = 20.0, 5.0
    i_a, i_b = -np.log10(0.1 * sigma_a), -np.log10(0.1 * sigma_b)
    assert discriminant(np.array([i_a]), np.array([i_b]), sigma_a / sigma_b)[0] == pytest.approx(0.5)


def test_discriminant_of_the_toy_reaches_the_neyman_pearson_auc(result) -> None:
    """I_a - I_b is normal with spread sqrt 2 and means -1.5 and 1.5: AUC = Phi(3 / 2)."""
    (found,) = result[0]["discriminant"]
    assert abs(found.auc - norm.cdf(1.5)) < 4 * found.auc_error
    assert (found.n_signal, found.n_background) == (1000, 1000)


def test_classifiers_gain_from_the_signal_weights(result) -> None:
    auc = {kind: {c.name: c.auc for c in result[0][kind]} for kind in CONFIG.kinds}
    assert set(auc["simple"]) == set(CLASSES)
    assert auc["simple"]["drell_yan"] > 0.8
    assert auc["global"]["hza"] > auc["simple"]["hza"] + 0.03
    assert auc["parametric"]["hza"] > auc["simple"]["hza"] + 0.03


def test_parametric_rows_hold_the_true_point_for_signal_and_all_for_background(toy: WeightedEvents) -> None:
    rows = table(toy, sample_classes(toy), "parametric")
    assert rows.names == ("I_drell_yan", "I_ttbar", "I_hza", "mH", "mA")
    per_event = np.bincount(rows.event, minlength=4000)
    assert per_event.tolist() == [2] * 2000 + [1] * 2000
    signal = rows.event >= 2000
    truth = np.stack([ak.to_numpy(toy.events["mH"]), ak.to_numpy(toy.events["mA"])], axis=1)
    assert np.array_equal(rows.masses[signal], truth[rows.event[signal]])
    point = rows.event[signal][0]
    assert rows.x[signal][0, 2] == pytest.approx(-np.log10(toy.weights["hza_300_100"]["value"][point]))


def test_events_without_a_usable_weight_are_counted(toy: WeightedEvents) -> None:
    weights = {h: w.copy() for h, w in toy.weights.items()}
    weights["ttbar"]["status"][:7] = "zero"
    del weights["hza_500_300"]
    data = WeightedEvents(toy.events, toy.sample, weights, {})
    rows = table(data, sample_classes(data), "parametric")
    assert rows.left_out == {
        "drell_yan": {"weight_not_usable": 7},
        "ttbar": {},
        "hza": {"mass_point_without_weights": 1000},
    }
    assert len(rows.x) == 993 + 1000 + 1000


def test_a_missing_class_or_hypothesis_is_named(toy: WeightedEvents) -> None:
    few = toy.sample != "ttbar"
    data = WeightedEvents(toy.events[few], toy.sample[few], {h: w[few] for h, w in toy.weights.items()}, {})
    with pytest.raises(InputError, match="no ttbar event for training"):
        run(data, CONFIG.model_copy(update={"discriminants": [], "kinds": ["simple"]}), log=quiet)
    with pytest.raises(InputError, match="'hza_500_30'; did you mean 'hza_500_300'"):
        run(
            toy,
            CONFIG.model_copy(update={"discriminants": [("hza_500_30", "ttbar")], "kinds": ["simple"]}),
            log=quiet,
        )


def test_a_signal_discriminant_takes_events_of_its_masses(toy: WeightedEvents) -> None:
    change = {"discriminants": [("hza_500_300", "ttbar")], "kinds": ["simple"], "epochs": 1}
    config = CONFIG.model_copy(update=change)
    (found,) = run(toy, config, log=quiet)[0]["discriminant"]
    assert found.n_signal == 1000


def test_files_hold_curves_scores_and_networks(
    toy: WeightedEvents, result, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("momentax.classify.workflow.read_weighted_events", lambda *_: toy)
    run_from_files(["e.root"], ["w.root"], CONFIG, tmp_path, log=quiet)
    curves = load_curves(tmp_path / "roc.npz")
    assert set(curves) == {"discriminant", "simple", "global", "parametric"}
    for group, found in curves.items():
        for a, b in zip(found, result[0][group], strict=True):
            assert a.auc == b.auc and np.array_equal(a.misidentification, b.misidentification)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["simple"]["hza"]["auc"] == [curves["simple"][2].auc, curves["simple"][2].auc_error]
    network = load_classifier(tmp_path / "classifier_parametric.npz")
    x = table(toy, sample_classes(toy), "parametric").x[:50]
    assert np.array_equal(network.probabilities(x), result[3]["parametric"].probabilities(x))
    assert np.all((network.probabilities(x) >= 0) & (network.probabilities(x) <= 1))
    with pytest.raises(InputError, match="format None, expected"):
        load_classifier(tmp_path / "roc.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"discriminants": [("ttbar", "ttbar")]}, "must differ"),
        ({"kinds": ["simpel"]}, "simple"),
        ({"kinds": []}, "1"),
    ],
)
def test_impossible_configurations_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ClassifyConfig(**change)
