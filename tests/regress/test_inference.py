"""Prediction with the integral as fallback, shipped regressors, their physics, training that goes on from them."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from closed_form import POINTS

from momentax import weigh
from momentax.cli import main
from momentax.config import PhysicsConfig
from momentax.errors import ConfigError, InputError
from momentax.events import read_events, write_events
from momentax.regress import RegressConfig, load_regressor, shipped
from momentax.regress.continued import continued
from momentax.regress.inference import INTEGRAL, Fallback, predict, target
from momentax.regress.inputs import raw_inputs
from momentax.regress.trained_with import differences
from momentax.regress.untrained import untrained

FILE = Path(__file__).parents[1] / "data/events/za_500_300_600.root"
CHEAP = {"integration": {"n_eval": [256], "relative_accuracy": 0.5, "mass_points": "separately"}}
PHYSICS = PhysicsConfig.model_validate(CHEAP)
SMALL = RegressConfig(inputs="paper", members=2, hidden=[8], epochs=1)


@pytest.fixture(scope="module")
def events():
    return read_events(FILE)[:40]


@pytest.fixture
def folder(tmp_path, monkeypatch, events):
    """Small regressors in the place of those that come with the package."""
    weights = {"w.root": {"config": PHYSICS.model_dump(mode="json")}}
    for kind in ("drell_yan", "ttbar", "hza"):
        points = np.array(POINTS) if kind == "hza" else None
        made = untrained(kind, SMALL, raw_inputs(events), points, information={"weights": weights})
        made.save(tmp_path / f"{kind}.npz")
    monkeypatch.setattr("momentax.regress.pretrained.FOLDER", tmp_path)
    return tmp_path


def odd_events(events):
    """Three events, the second one far from those of the training."""
    some = events[:3]
    pt = ak.Array(np.asarray(some["j1"]["pt"]) * np.array([1.0, 25.0, 1.0]))
    return ak.with_field(some, ak.with_field(some["j1"], pt, "pt"), "j1")


def test_the_integral_takes_over_what_is_out_of_the_domain(folder, events):
    some = odd_events(events)
    alone = predict(some, ["drell_yan"])["drell_yan"]
    assert alone["out_of_domain"].tolist() == [False, True, False]
    assert alone["source"].tolist() == [0, 0, 0] and set(alone["status"]) == {""}
    found = predict(some, ["drell_yan"], Fallback(PHYSICS))["drell_yan"]
    assert found["source"].tolist() == [0, INTEGRAL, 0]
    weight = weigh(some, "drell_yan", PHYSICS)[1]
    assert found["information"][1] == pytest.approx(-np.log10(weight["value"]), abs=1e-12)
    assert found["uncertainty"][1] == pytest.approx(weight["error"] / weight["value"] / np.log(10), rel=1e-12)
    assert found["status"].tolist() == ["", weight["status"], ""]
    assert np.array_equal(found["information"][[0, 2]], alone["information"][[0, 2]])
    every = predict(some, ["drell_yan"], Fallback(PHYSICS, max_uncertainty=0.0))["drell_yan"]
    assert every["source"].tolist() == [1, 1, 1]
    assert np.allclose(10.0 ** -every["information"], weigh(some, "drell_yan", PHYSICS)["value"], rtol=1e-9)


def test_mass_points_of_one_table(folder, events):
    physics = PhysicsConfig.model_validate({"integration": {"n_eval": [256], "relative_accuracy": 0.5}})
    labels = ["hza_500_300", "hza_300_100"]
    found = predict(odd_events(events), labels, Fallback(physics))
    for label in labels:
        assert found[label]["source"][1] == INTEGRAL
        assert np.all(found[label]["source"] == found[label]["out_of_domain"])


def test_other_physics_is_refused(folder, events):
    other = PhysicsConfig.model_validate(CHEAP | {"detector": {"bjet": {"constant": 0.2}}})
    with pytest.raises(ConfigError, match=r"detector\.bjet\.constant: 0\.2 \(trained with 0\.1\)"):
        predict(events[:2], ["ttbar"], Fallback(other))
    regressor = shipped("ttbar")
    # neither the accuracy of the integral nor the sections of other hypotheses change a weight of ttbar
    same = {"integration": {"seed": 7}, "thdm": {"tan_beta": 20.0}, "drell_yan": {"photon": False}}
    assert differences(regressor, PhysicsConfig.model_validate(same)) == []
    assert differences(shipped("hza"), PhysicsConfig.model_validate(same)) == [
        "thdm.tan_beta: 20.0 (trained with 1.5)"
    ]


def test_hypotheses_without_a_network(folder, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="cannot predict ttbar_180"):
        target("ttbar_180")
    with pytest.raises(InputError, match="of ttbar, it cannot predict drell_yan"):
        target("drell_yan", shipped("ttbar"))
    with pytest.raises(InputError, match="did you mean 'ttbar'"):
        shipped("ttbarr")
    monkeypatch.setattr("momentax.regress.pretrained.FOLDER", tmp_path / "none")
    with pytest.raises(InputError, match="no pretrained regressor of ttbar"):
        shipped("ttbar")


def test_command_line_with_shipped_regressors(folder, events, tmp_path, capsys):
    source, out = tmp_path / "in.root", tmp_path / "out.root"
    write_events(source, odd_events(events))
    config = tmp_path / "c.yaml"
    config.write_text("physics: {integration: {n_eval: [256], relative_accuracy: 0.5}}\n")
    arguments = ["predict", str(source), "--out", str(out), "--config", str(config)]
    assert main([*arguments, "--hypothesis", "drell_yan", "--fallback", "integral"]) == 0
    assert "drell_yan: 2 by network, 1 by integral" in capsys.readouterr().out
    with uproot.open(out) as file:
        tree = file["Predictions"].arrays(library="np")
    assert tree["source"].tolist() == [0, 1, 0]
    assert tree["status"][0] == tree["status"][2] == -1 and tree["status"][1] in (0, 1)
    assert main([*arguments, "--hypothesis", "ttbar", "hza_500_300"]) == 0
    with uproot.open(out) as file:
        tree = file["Predictions"].arrays(library="np")
    expected = shipped("hza").predict(odd_events(events), (500.0, 300.0))
    assert np.array_equal(tree["information_hza_500_300"], expected["value"])
    assert "information_ttbar" in tree and "information" not in tree
    for wrong, message in (
        ([], "say which hypothesis"),
        (["--hypothesis", "ttbar", "--max-uncertainty", "0.1"], "give --fallback"),
        (["--hypothesis", "ttbar", "ttbar"], "asked for twice"),
        (["--model", "shipped:hza"], "give --masses"),
        (["--model", "shipped"], "say of which kind"),
    ):
        assert main([*arguments, *wrong]) == 1
        assert message in capsys.readouterr().err


def test_chunks_give_the_same_file(folder, tmp_path):
    from momentax.regress.predict_file import predict_file

    columns = []
    for chunk in (10_000, 250):
        counts = predict_file(FILE, [target("ttbar")], tmp_path / "o.root", chunk=chunk)
        assert counts["ttbar"]["network"] == 600
        with uproot.open(tmp_path / "o.root") as file:
            columns.append(file["Predictions"].arrays(library="np"))
    for name in columns[0]:
        assert np.array_equal(columns[0][name], columns[1][name])


def test_a_training_goes_on_from_shipped_networks(folder, events, tmp_path, capsys):
    from momentax.weights_io import write_weights

    start = shipped("ttbar")
    config = continued(RegressConfig(epochs=3), start)
    assert (config.hidden, config.inputs, config.members, config.epochs) == ([8], "paper", 2, 3)
    assert continued(RegressConfig(hidden=[16]), start, {"hidden"}).hidden == [16]
    source, out = tmp_path / "in.root", tmp_path / "trained"
    write_events(source, events)
    records = weigh(events[:0], "ttbar", PHYSICS)
    records = np.zeros(len(events), records.dtype)
    records["value"], records["error"], records["status"] = 1e-20, 1e-22, "ok"
    write_weights(tmp_path / "w.root", np.asarray(events["event"]), {"ttbar": records}, {})
    settings = tmp_path / "c.yaml"
    settings.write_text("regress: {ttbar: {epochs: 1, learning_rate: 1.0e-6, bootstrap: 10}}\n")
    arguments = ["train", "--kind", "ttbar", "--events", str(source), "--weights", str(tmp_path / "w.root")]
    arguments += ["--out", str(out), "--config", str(settings)]
    assert main([*arguments, "--from", "shipped"]) == 0
    trained = load_regressor(out / "regressor.npz")
    assert trained.spec == start.spec and len(trained.members) == 2
    # one epoch of tiny steps: still almost the networks it began with
    before, after = (r.predict(events)["value"] for r in (start, trained))
    assert 0.0 < np.abs(after - before).max() < 1e-2
    settings.write_text("regress: {ttbar: {epochs: 1, hidden: [16]}}\n")
    assert main([*arguments, "--from", "shipped"]) == 1
    assert "hidden [8] (not [16])" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["drell_yan", "ttbar", "hza"])
def test_the_pretrained_regressors_of_the_package(kind):
    from momentax.regress.card import model_card
    from momentax.regress.pretrained import FOLDER

    path = FOLDER / f"{kind}.npz"
    if not path.is_file():
        pytest.skip(f"no pretrained regressor of {kind} in this checkout")
    regressor = shipped(kind)
    assert regressor.kind == kind and path.stat().st_size < 4e6
    assert path.with_suffix(".md").read_text() == model_card(regressor), "renew the model card"
    assert differences(regressor, PhysicsConfig()) == []
    label = "hza_500_300" if kind == "hza" else kind
    found = predict(read_events(FILE), [label])[label]
    assert np.all(np.isfinite(found["information"])) and found["out_of_domain"].mean() < 0.05


def test_a_model_card_says_what_is_known(events):
    from momentax.regress.card import model_card

    weights = {"w.root": {"config": PHYSICS.model_dump(mode="json")}}
    regressor = untrained(
        "hza", SMALL, raw_inputs(events), np.array(POINTS), information={"weights": weights}
    )
    quality = {"bias": [0.01, 0.002], "rms": [0.1, 0.01], "width": [0.08, 0.005], "rows": 1234}
    quality |= {"coverage": {"68": 0.7, "95": 0.96}, "out_of_domain": 0.001}
    metrics = {"test": {"all": quality, "by_hypothesis": {"hza_500_300": quality}}, "events": {"train": 5000}}
    card = model_card(regressor)
    assert "Not measured" in card and "(500, 300)" in card and "constant: 0.1" in card
    regressor.information["metrics"] = metrics
    row = "1,234 | 0.0100 +- 0.0020 | 0.1000 +- 0.0100 | 0.0800 +- 0.0050 | 70.0 % | 96.0 % | 0.10 % |"
    card = model_card(regressor)
    assert f"| hza_500_300 | {row}" in card and "5,000 train" in card
    assert all(f"{i}. `{name}`" in card for i, name in ((0, "lep_plus_pt"), (17, "met_phi")))
