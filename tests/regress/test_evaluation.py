"""Test rows by class, events that fail at first, weights of test events alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from paper_data import BIAS, CLASSES, POINTS, WIDTH, informations, records, save_predictions, save_unseen

from momentax.config import PhysicsConfig
from momentax.config.paper import FirstTryConfig
from momentax.errors import InputError
from momentax.events import read_events, write_events
from momentax.regress.evaluation import rows_of, save_rows
from momentax.regress.first_try import first_try_physics, save_first_try, selected
from momentax.regress.store import load_arrays
from momentax.regress.targets import TEST, event_keys, split
from momentax.regress.unseen_weights import read_unseen, weigh_unseen
from momentax.weight import weigh

ROOT = Path(__file__).parents[2]
FRACTIONS = (0.7, 0.1, 0.2)


def test_rows_are_those_of_the_hypotheses_and_of_samples_with_a_class(tmp_path):
    predictions = save_predictions(tmp_path / "p.npz", POINTS)
    columns, _ = rows_of(predictions, POINTS[1:2], CLASSES)
    assert set(columns["hypothesis"]) == {POINTS[1]} and set(columns["sample"]) == set(CLASSES)
    assert len(columns["event"]) == 810
    assert all(CLASSES[s] == c for s, c in zip(columns["sample"], columns["class"], strict=True))
    with pytest.raises(
        InputError, match="no test rows of hypothesis 'hza_800_40'; did you mean 'hza_800_400'"
    ):
        rows_of(predictions, ["hza_800_40"], CLASSES)
    with pytest.raises(InputError, match="no test event of nothing"):
        rows_of(predictions, POINTS, {"nothing": "ttbar"})


def test_residuals_by_class_have_the_bias_and_width_of_the_network(tmp_path):
    facts = save_rows(
        tmp_path / "r.npz", save_predictions(tmp_path / "p.npz", ["ttbar"], 6000), ["ttbar"], CLASSES
    )
    found = facts["residuals"]["ttbar"]["network"]
    assert found["all"]["rows"] == sum(found[c]["rows"] for c in CLASSES.values())
    for measured in found.values():
        bias, error = measured["bias"]
        assert error == pytest.approx(WIDTH / np.sqrt(measured["rows"]), rel=0.3)
        assert abs(bias - BIAS) < 5 * error
        assert measured["width"][0] == pytest.approx(WIDTH, rel=0.1)
    assert load_arrays(tmp_path / "r.npz")[1]["counts"]["ttbar"] == {
        "drell_yan": 1800,
        "ttbar": 1800,
        "hza": 1800,
    }


def test_failed_events_and_those_of_largest_error_are_selected():
    value = np.array([1.0, 1.0, 0.0, 2.0, 3.0, 1.0, np.nan])
    error = np.array([0.9, 1.0, 0.0, 0.1, 0.6, 0.1, np.nan])
    of_class = np.array(["ttbar"] * 6 + ["hza"])
    given = records(value, error)
    np.testing.assert_array_equal(selected(given, of_class), [0, 1, 1, 0, 0, 0, 1])
    np.testing.assert_array_equal(selected(given, of_class, 2), [0, 1, 1, 0, 0, 0, 1])
    np.testing.assert_array_equal(selected(given, of_class, 4), [1, 1, 1, 0, 1, 0, 1])


def test_first_tries_are_joined_with_the_networks_test_events(tmp_path):
    n = 900
    predictions = save_predictions(tmp_path / "p.npz", ["ttbar"], n)
    sample, integral, _ = informations(n)
    tries = {}
    for name in CLASSES:
        # events of the sample, in another order, and one that has no converged integral
        event = np.append(np.flatnonzero((sample == name) & (np.arange(n) % 10 != 0)), n + 5)
        weights = records(np.ones(len(event)), np.where(event % 4 == 0, 1.5, 0.1))
        tries[name] = [save_unseen(tmp_path / f"{name}.npz", "ttbar", event, weights)]
    facts = save_first_try(tmp_path / "f.npz", predictions, tries, CLASSES, "ttbar")
    columns, _ = load_arrays(tmp_path / "f.npz")
    assert np.all(columns["event"] % 4 == 0) and columns["failed"].all()
    np.testing.assert_array_equal(columns["integral"], integral[columns["event"]])
    assert facts["tried"] == dict.fromkeys(CLASSES.values(), 270)
    assert facts["without_converged_integral"] == dict.fromkeys(CLASSES.values(), 1)
    assert sum(facts["failed"].values()) == len(columns["event"]) == np.sum(np.arange(n) % 4 == 0) - 45
    assert len(columns["tried/integral"]) == 810
    good = {
        name: [save_unseen(tmp_path / "g.npz", "ttbar", np.arange(3), records(np.ones(3), np.zeros(3)))]
        for name in CLASSES
    }
    with pytest.raises(InputError, match=r"failed for none of \d+ test events"):
        save_first_try(tmp_path / "f.npz", predictions, good, CLASSES, "ttbar")


def test_first_try_has_one_budget_and_the_papers_recoil():
    physics = first_try_physics(PhysicsConfig(), FirstTryConfig(n_eval=700))
    assert (physics.recoil_mode, physics.integration.n_eval) == ("balanced", (700,))
    assert physics.pdf == PhysicsConfig().pdf and not physics.mass_points_together


def test_weights_of_test_events_do_not_depend_on_the_shards(tmp_path, events_file):
    physics = PhysicsConfig.model_validate({"integration": {"n_eval": [1024]}})
    whole, first, second = (tmp_path / f"{name}.npz" for name in ("whole", "first", "second"))
    for out, window in ((whole, (0, 6)), (first, (0, 4)), (second, (4, 6))):
        weigh_unseen(events_file, ["drell_yan"], physics, FRACTIONS, window, out)
    event, entry, weights, _ = read_unseen([second, first], "drell_yan")
    events = read_events(events_file, truth=False)
    key = event_keys(np.asarray(events["sample"].to_list(), dtype=str), np.asarray(events["event"]))
    test = np.flatnonzero(split(key, FRACTIONS) == TEST)
    np.testing.assert_array_equal(entry, test[:6])
    np.testing.assert_array_equal(event, np.asarray(events["event"])[test[:6]])
    assert weights["value"].tobytes() == read_unseen([whole], "drell_yan")[2]["value"].tobytes()
    direct = weigh(events[entry], "drell_yan", physics)
    np.testing.assert_allclose(weights["value"], direct["value"], rtol=1e-9)
    weigh_unseen(events_file, ["drell_yan"], physics, FRACTIONS, (10_000, 10_010), second)
    assert len(read_unseen([whole, second], "drell_yan")[0]) == 6
    with pytest.raises(InputError, match="an entry is there twice"):
        read_unseen([whole, first], "drell_yan")
    with pytest.raises(InputError, match="no weights of 'ttbar', only of drell_yan"):
        read_unseen([whole], "ttbar")
    other = PhysicsConfig.model_validate({"integration": {"n_eval": [2048]}})
    weigh_unseen(events_file, ["drell_yan"], other, FRACTIONS, (6, 6), second)
    with pytest.raises(InputError, match="weighed with another configuration"):
        read_unseen([whole, second], "drell_yan")


@pytest.fixture
def events_file(tmp_path):
    """120 selected events of Pythia as one sample."""
    events = read_events(ROOT / "tests/data/events/tt_600.root", entry_stop=120)
    path = tmp_path / "tt.root"
    write_events(path, events, {})
    return path
