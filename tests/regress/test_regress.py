"""The regressor learns a closed-form information, keeps its uncertainty, and survives the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from closed_form import true_information
from pydantic import ValidationError

import momentax
from momentax.errors import ConfigError, InputError
from momentax.regress import RegressConfig, load_regressor, paper_preset, train
from momentax.regress.inputs import raw_inputs
from momentax.regress.metrics import residual_metrics
from momentax.regress.model import Spec
from momentax.regress.network import Architecture, from_arrays, to_arrays
from momentax.regress.regressor import Regressor
from momentax.regress.rows import Rows, fit_rows, squared_error
from momentax.regress.targets import TEST, WeightedEvents, split

CONFIG = RegressConfig(
    inputs="paper",
    layers="plain",
    hidden=[48, 48],
    epochs=60,
    members=2,
    batch_size=128,
    learning_rate=5e-3,
    bootstrap=50,
)


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def trained(problem: WeightedEvents):
    return train(problem, "drell_yan", CONFIG, quiet)


@pytest.fixture(scope="module")
def trained_hza(problem: WeightedEvents):
    return train(problem, "hza", CONFIG.model_copy(update={"members": 1, "batch_size": 256}), quiet)


def test_the_network_beats_the_mean_fivefold(trained) -> None:
    _, metrics, test, _ = trained
    assert metrics["test"]["all"]["rms"][0] < test["information"].std() / 5


def test_the_parametric_network_beats_the_mean_fourfold(trained_hza) -> None:
    _, metrics, test, _ = trained_hza
    assert metrics["test"]["all"]["rms"][0] < test["information"].std() / 4
    assert set(metrics["test"]["by_hypothesis"]) == {"hza_300_100", "hza_500_300", "hza_800_400"}


def test_the_parametric_network_interpolates_in_the_masses(trained_hza, problem: WeightedEvents) -> None:
    masses = (600.0, 320.0)
    test = split(problem.key, CONFIG.fractions) == TEST
    truth = true_information(problem.events, masses)[test]
    predicted = trained_hza[0].predict(problem.events[test], masses)["value"]
    assert np.std(predicted - truth) < np.std(truth) / 3
    assert abs(np.mean(predicted - truth)) < 0.2


def test_test_events_are_those_of_the_split(trained, problem: WeightedEvents) -> None:
    _, metrics, test, _ = trained
    expected = split(problem.key, CONFIG.fractions) == TEST
    assert metrics["rows"]["test"] == expected.sum() == len(test["event"])
    assert sum(metrics["events"].values()) == len(problem.sample)


def test_uncertainty_covers_the_residual(trained) -> None:
    """350 validation events with tails, spreads of two networks: seeds 1-4 give 0.92-1.11 and 0.73-0.80."""
    _, _, test, _ = trained
    pull = (test["predicted"] - test["information"]) / test["uncertainty"]
    assert 0.75 < pull.std() < 1.25
    assert 0.6 < np.mean(np.abs(pull) < 1) < 0.85


def test_same_seed_same_bits_other_seed_other_bits(problem: WeightedEvents) -> None:
    short = CONFIG.model_copy(update={"epochs": 3, "members": 1})
    one, two = (train(problem, "drell_yan", short, quiet)[2]["predicted"] for _ in range(2))
    assert np.array_equal(one, two)
    other = train(problem, "drell_yan", short.model_copy(update={"seed": 2}), quiet)[2]["predicted"]
    assert not np.array_equal(one, other)


def test_float32_moves_information_by_less_than_1e_4(trained, problem: WeightedEvents) -> None:
    """Why float32 is the default: the same kernels in float64 move I by far less than its resolution."""
    regressor: Regressor = trained[0]
    arch = Architecture.from_dict(regressor.spec.architecture.as_dict() | {"precision": "float64"})
    members = tuple(
        from_arrays(arch, {k: v.astype(np.float64) for k, v in to_arrays(m).items()})
        for m in regressor.members
    )
    numbers = {k: v.astype(np.float64) for k, v in regressor.numbers.items()}
    spec = Spec(regressor.spec.kind, regressor.spec.inputs, arch)
    wide = Regressor(**(vars(regressor) | {"spec": spec, "members": members, "numbers": numbers}))
    shift = wide.predict(problem.events)["value"] - regressor.predict(problem.events)["value"]
    assert 0 < np.abs(shift).max() < 1e-4


def test_round_trip_is_bit_equal_and_self_describing(
    trained, problem: WeightedEvents, tmp_path: Path
) -> None:
    regressor: Regressor = trained[0]
    regressor.save(tmp_path / "r.npz")
    again = momentax.load_regressor(tmp_path / "r.npz")
    assert np.array_equal(again.predict(problem.events), regressor.predict(problem.events))
    assert again.information["config"] == CONFIG.model_dump(mode="json")
    assert again.information["hypotheses"] == ["drell_yan"]
    assert again.information["momentax"] == momentax.__version__
    assert again.information["metrics"]["test"]["all"] == trained[1]["test"]["all"]
    again.save(tmp_path / "s.npz")
    assert (tmp_path / "r.npz").read_bytes() == (tmp_path / "s.npz").read_bytes()


def test_files_that_are_not_regressors_are_refused(trained, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_regressor(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("no arrays")
    with pytest.raises(InputError, match="not a file that momentax wrote"):
        load_regressor(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(InputError, match="not a file that momentax wrote"):
        load_regressor(tmp_path / "other.npz")
    trained[0].save(tmp_path / "good.npz")
    content = dict(np.load(tmp_path / "good.npz"))
    content["member0/layer1/kernel"] = content["member0/layer1/kernel"][:-1]
    np.savez(tmp_path / "damaged.npz", **content)
    with pytest.raises(InputError, match=r"damaged .layer1/kernel: expected float32"):
        load_regressor(tmp_path / "damaged.npz")


def test_masses_are_asked_for_where_they_matter(trained, trained_hza, problem: WeightedEvents) -> None:
    some = problem.events[:5]
    with pytest.raises(InputError, match="give masses"):
        trained_hza[0].predict(some)
    with pytest.raises(InputError, match="leave masses out"):
        trained[0].predict(some, (500, 300))
    with pytest.raises(InputError, match=r"expected shape \(2,\) or \(5, 2\)"):
        trained_hza[0].predict(some, [500, 300, 1])
    one = trained_hza[0].predict(some, (500, 300))
    each = trained_hza[0].predict(some, np.tile([500.0, 300.0], (5, 1)))
    assert np.array_equal(one, each)
    with pytest.warns(UserWarning, match="extrapolation"):
        trained_hza[0].predict(some, (3000, 2000))


def test_an_event_with_a_nan_is_predicted_nan_and_no_other(trained, problem: WeightedEvents) -> None:
    import awkward as ak

    some = problem.events[:4]
    pt = ak.to_numpy(some["met"]["pt"]).copy()
    pt[2] = np.nan
    bad = ak.with_field(some, pt, ("met", "pt"))
    predicted = trained[0].predict(bad)
    assert np.isnan(predicted["value"]).tolist() == [False, False, True, False]
    assert np.isnan(predicted["uncertainty"]).tolist() == [False, False, True, False]
    assert len(trained[0].predict(problem.events[:0])) == 0


def test_what_is_left_out_is_counted(problem: WeightedEvents) -> None:
    weights = problem.weights["drell_yan"].copy()
    weights["status"][:30], weights["value"][:30] = "zero", 0.0
    weights["status"][30:40] = "not_converged"
    data = WeightedEvents(problem.events, problem.sample, {"drell_yan": weights}, {})
    short = CONFIG.model_copy(update={"epochs": 1, "members": 1, "use_not_converged": False})
    _, metrics, _, _ = train(data, "drell_yan", short, quiet)
    assert metrics["left_out"] == {"drell_yan": {"zero": 30, "not_converged": 10}}
    assert sum(metrics["rows"].values()) == len(weights) - 40
    assert metrics["statuses"]["drell_yan"]["drell_yan"] == {"ok": 1960, "zero": 30, "not_converged": 10}


def test_nothing_to_learn_from_says_why(problem: WeightedEvents) -> None:
    weights = problem.weights["drell_yan"].copy()
    weights["status"] = "zero"
    data = WeightedEvents(problem.events, problem.sample, {"drell_yan": weights}, {})
    with pytest.raises(InputError, match=r"no event for training.*'zero': 4000"):
        train(data, "drell_yan", CONFIG, quiet)
    with pytest.raises(ConfigError, match="did you mean 'drell_yan'"):
        train(data, "drellyan", CONFIG, quiet)


def test_a_diverging_training_stops_with_a_remedy(problem: WeightedEvents) -> None:
    wild = CONFIG.model_copy(update={"learning_rate": 1.0, "l2": 10.0, "hidden": [512] * 6, "epochs": 30})
    rows = Rows(np.full((256, 2), 1e30), np.zeros((256, 1)), np.ones(256))
    with pytest.raises(ConfigError, match="lower learning_rate"):
        fit_rows(Architecture(2, (4,), 1), rows, rows, wild, squared_error, 1, quiet)


def test_selu_output_reaches_every_target(problem: WeightedEvents) -> None:
    """The paper's output activation is bounded below; the shifted targets keep clear of the bound."""
    config = CONFIG.model_copy(update={"output_activation": "selu", "activation": "relu", "members": 1})
    _, metrics, test, _ = train(problem, "drell_yan", config, quiet)
    assert metrics["test"]["all"]["rms"][0] < test["information"].std() / 3
    lowest = np.argsort(test["information"])[:20]
    assert abs(np.mean(test["predicted"][lowest] - test["information"][lowest])) < 0.2


def test_robust_loss_is_not_led_by_a_few_far_events(problem: WeightedEvents) -> None:
    """One weight in fifty off by twenty orders of magnitude, in training alone what the rest says."""
    weights = problem.weights["drell_yan"].copy()
    rng = np.random.default_rng(8)
    far = (rng.random(len(weights)) < 0.02) & (split(problem.key, CONFIG.fractions) != TEST)
    weights["value"][far] *= 1e-20
    weights["error"][far] *= 1e-20
    data = WeightedEvents(problem.events, problem.sample, {"drell_yan": weights}, {})
    widths = []
    for robust in (0.5, None):
        config = CONFIG.model_copy(update={"members": 1, "epochs": 30, "robust": robust})
        _, metrics, _, _ = train(data, "drell_yan", config, quiet)
        widths.append(metrics["test"]["all"]["rms"][0])
    assert widths[0] < 0.6 * widths[1]


def test_plateaus_halve_the_step_and_stop_early() -> None:
    """Pure noise: the validation loss cannot improve for long."""
    rng = np.random.default_rng(5)
    train_rows = Rows(rng.normal(size=(64, 3)), rng.normal(size=(64, 1)), np.ones(64))
    validation = Rows(rng.normal(size=(64, 3)), rng.normal(size=(64, 1)), np.ones(64))
    config = RegressConfig(
        epochs=200, plateau_patience=3, patience=8, learning_rate=0.01, batch_size=16, schedule="plateau"
    )
    result = fit_rows(Architecture(3, (16,), 1), train_rows, validation, config, squared_error, 1, quiet)
    epochs = len(result.history["train_loss"])
    assert epochs == result.best_epoch + 8 < 200
    steps = result.history["learning_rate"]
    assert np.allclose(np.unique(steps[1:] / steps[:-1]), [0.5, 1.0])
    assert result.best_epoch - 1 == int(np.argmin(result.history["validation_loss"]))


def test_a_missing_object_is_named() -> None:
    import awkward as ak

    lepton = ak.zip({"pt": [1.0], "eta": [0.0], "phi": [0.0], "mass": [0.0]})
    with pytest.raises(InputError, match="no object 'lep_minus'; did you mean 'lep_mins'"):
        raw_inputs(ak.zip({"lep_plus": lepton, "lep_mins": [1.0]}))


def test_metrics_of_a_known_distribution() -> None:
    """Normal residuals, each event twice: the error of the mean follows the number of events, not of rows."""
    rng = np.random.default_rng(2)
    residual = np.repeat(rng.normal(0.3, 0.5, 4000), 2)
    found = residual_metrics(residual, np.repeat(np.arange(4000), 2), 300, rng)
    assert found["rows"], found["events"] == (8000, 4000)
    expected = {"bias": 0.3, "rms": 0.5, "width": 0.5, "median": 0.3}
    for name, value in expected.items():
        assert abs(found[name][0] - value) < 4 * found[name][1]
    assert found["bias"][1] == pytest.approx(0.5 / np.sqrt(4000), rel=0.2)


def test_paper_presets() -> None:
    assert paper_preset("ttbar").hidden == [500] * 8
    assert (paper_preset("hza").l2, paper_preset("drell_yan").l2) == (0.1, 0.0)
    assert paper_preset("drell_yan").output_activation == "selu"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fractions": (0.7, 0.2, 0.2)}, "sum 1"),
        ({"hidden": [10, 0]}, "at least one neuron"),
        ({"output_activation": "relu"}, "cannot reach"),
        ({"learning_rate": 0.0}, "greater than 0"),
        ({"layers": "gated", "hidden": [10, 20]}, "equally wide"),
        ({"epoch": 3}, "Extra inputs"),
    ],
)
def test_impossible_configurations_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RegressConfig(**change)
