"""Split by event, usable weights, counts of what is left out, joining of files."""

from __future__ import annotations

import numpy as np
import pytest

from momentax.errors import InputError
from momentax.regress import targets

FRACTIONS = (0.7, 0.1, 0.2)


def _weights(statuses: list[str], values: list[float]) -> np.ndarray:
    w = np.zeros(len(statuses), dtype=[("value", "f8"), ("error", "f8"), ("status", "U16")])
    w["status"], w["value"] = statuses, values
    return w


def test_split_shares_are_those_asked_for() -> None:
    side = targets.split(targets.event_keys(np.full(200_000, "ttbar"), np.arange(200_000)), FRACTIONS)
    shares = np.bincount(side) / len(side)
    # five standard deviations of a binomial share
    assert np.all(
        np.abs(shares - FRACTIONS) < 5 * np.sqrt(np.array(FRACTIONS) * (1 - np.array(FRACTIONS)) / 2e5)
    )


def test_an_event_is_on_one_side_whatever_the_file_and_the_order() -> None:
    rng = np.random.default_rng(3)
    event = rng.integers(-(2**62), 2**62, 5000)
    sample = np.where(rng.random(5000) < 0.5, "ttbar", "drell_yan")
    side = targets.split(targets.event_keys(sample, event), FRACTIONS)
    order = rng.permutation(5000)[:3000]
    again = targets.split(targets.event_keys(sample[order], event[order]), FRACTIONS)
    assert np.array_equal(again, side[order])


def test_the_same_event_id_in_two_samples_is_two_unrelated_events() -> None:
    ids = np.arange(100_000)
    a, b = (
        targets.split(targets.event_keys(np.full(len(ids), s), ids), FRACTIONS) for s in ("ttbar", "ttbar2")
    )
    expected = sum(f**2 for f in FRACTIONS)
    assert abs(np.mean(a == b) - expected) < 5 * np.sqrt(expected * (1 - expected) / len(ids))


def test_keys_do_not_change_between_versions() -> None:
    """Golden: first run of `event_keys`; another value would move events from test to training."""
    keys = targets.event_keys(np.array(["ttbar", "drell_yan"]), np.array([1, 2**40]))
    assert keys.tolist() == [5164606592839438191, 7654329567450160047]


def test_keys_are_unique_and_flat_in_every_bit() -> None:
    keys = targets.event_keys(np.full(100_000, "s"), np.arange(100_000))
    assert len(np.unique(keys)) == len(keys)
    bits = (keys[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.all(np.abs(bits.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(len(keys)))


def test_only_positive_weights_that_ended_well_are_used_and_the_rest_is_counted() -> None:
    statuses = ["ok", "not_converged", "zero", "nan", "bad_input", "ok", "ok"]
    w = _weights(statuses, [1.0, 0.1, 0.0, np.nan, np.nan, 0.0, -1.0])
    assert targets.usable(w).tolist() == [True, True, False, False, False, False, False]
    assert targets.left_out(w) == {"zero": 1, "nan": 1, "bad_input": 1, "value_not_positive": 2}
    assert targets.left_out(w, use_not_converged=False)["not_converged"] == 1
    information = targets.information(w)
    assert information[:2] == pytest.approx([0.0, 1.0])
    assert np.isnan(information[2:]).all()


def test_every_weight_is_used_or_counted() -> None:
    rng = np.random.default_rng(1)
    statuses = rng.choice(["ok", "not_converged", "zero", "nan", "bad_input"], 1000)
    w = _weights(statuses.tolist(), rng.choice([1.0, 0.0, np.nan, np.inf, -2.0], 1000).tolist())
    for flag in (True, False):
        assert targets.usable(w, flag).sum() + sum(targets.left_out(w, flag).values()) == 1000


def test_balanced_gives_every_group_the_same_total() -> None:
    groups = np.array(["a"] * 900 + ["b"] * 90 + ["c"] * 10)
    w = targets.balanced(groups)
    totals = [w[groups == g].sum() for g in "abc"]
    assert totals == pytest.approx([1000 / 3] * 3)
    assert w.mean() == pytest.approx(1.0)


def test_labels_of_a_kind() -> None:
    empty = _weights([], [])
    data = targets.WeightedEvents(
        None,
        np.array([]),
        {h: empty for h in ("drell_yan", "ttbar", "ttbar_173", "hza_500_300", "hza_1e+03_50")},
        {},
    )
    assert data.labels("ttbar") == ["ttbar"]
    assert data.labels("hza") == ["hza_500_300", "hza_1e+03_50"]
    assert targets.mass_points(data.labels("hza")).tolist() == [[500, 300], [1000, 50]]
    with pytest.raises(InputError, match="did you mean 'ttbar'"):
        data.labels("tbar")


def test_different_events_are_refused_with_entry_and_files() -> None:
    with pytest.raises(InputError, match=r"entry 1: event 2 in a\.root, event 7 in w\.root"):
        targets.check_same_events(np.array([1, 2, 3]), np.array([1, 7, 3]), "a.root", "w.root")
    with pytest.raises(InputError, match=r"a\.root has 3 events, but w\.root has weights of 2"):
        targets.check_same_events(np.array([1, 2, 3]), np.array([1, 2]), "a.root", "w.root")


def test_a_sample_without_a_class_is_refused() -> None:
    data = targets.WeightedEvents(None, np.array(["hza_500_300", "data", "ttbar"]), {}, {})
    with pytest.raises(InputError, match="'data' has no process class"):
        targets.sample_classes(data)
    found = targets.sample_classes(data, {"data": "drell_yan"})
    assert found.tolist() == ["hza", "drell_yan", "ttbar"]
