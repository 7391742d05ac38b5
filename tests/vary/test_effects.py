"""Effects of a variation: pairing of events, bias and resolution, ROC curves with paired errors."""

from dataclasses import dataclass

import awkward as ak
import numpy as np
import pytest

from momentax.errors import InputError
from momentax.integrate.result import RESULT_DTYPE
from momentax.plots.variations import information_shifts, varied_roc
from momentax.regress.targets import TEST, WeightedEvents, split
from momentax.vary.effects import auc_rows, informations, paired, regression_rows, roc_curves, unseen_events

N = 4000
FRACTIONS = (0.5, 0.1, 0.4)


@dataclass(frozen=True)
class Network:
    """Predicts the field ``truth`` of an event, shifted: bias -0.1 in log10 W."""

    kind: str

    def predict(self, events, masses=None):
        value = np.asarray(events["truth"][self.kind]) + 0.1
        return np.array([(v, 0.0) for v in value], dtype=[("value", float), ("uncertainty", float)])


def weighted(ids, moved=0.0):
    """Events of two classes whose informations differ by one, moved under Drell-Yan."""
    rng = np.random.default_rng(7)
    sample = np.where(np.arange(N) % 2 == 0, "drell_yan", "ttbar")
    separation = rng.normal(np.where(sample == "ttbar", 0.5, -0.5), 1.0)
    truth = {
        "ttbar": 10.0 - separation,
        "drell_yan": 10.0 + separation + moved * (1.0 + 0.1 * rng.normal(size=N)),
    }
    noise = {kind: rng.normal(0.0, 0.2, N) for kind in truth}
    weights = {}
    for kind, value in truth.items():
        records = np.zeros(N, dtype=RESULT_DTYPE)
        records["value"], records["status"] = 10.0 ** -(value + noise[kind]), "ok"
        weights[kind] = records[ids]
    events = ak.zip({"event": np.arange(N), "truth": ak.zip(truth)}, depth_limit=1)
    return WeightedEvents(events[ids], sample[ids], weights, {})


def test_events_are_paired_by_their_keys_and_only_unseen_ones_are_used():
    nominal, varied = weighted(np.arange(N)), weighted(np.arange(N)[::-3])
    a, b = paired(nominal, varied)
    np.testing.assert_array_equal(a.key, b.key)
    assert len(a.key) == len(varied.key)
    a, b = unseen_events(nominal, varied, FRACTIONS)
    assert np.all(split(a.key, FRACTIONS) == TEST) and np.array_equal(a.key, b.key)
    # networks with splits of their own: an event that one of them has seen is left out
    fewer, _ = unseen_events(nominal, varied, FRACTIONS, (0.7, 0.1, 0.2))
    assert set(fewer.key) < set(a.key) and np.all(split(fewer.key, (0.7, 0.1, 0.2)) == TEST)
    other = weighted(np.arange(10))
    other = WeightedEvents(other.events, np.full(10, "elsewhere"), other.weights, {})
    with pytest.raises(InputError, match="none of the nominal ones"):
        paired(nominal, other)


def test_bias_resolution_and_change_of_the_information():
    both = weighted(np.arange(N)), weighted(np.arange(N), moved=0.3)
    found = informations(*both, Network("drell_yan"))
    rows = regression_rows("drell_yan", found, replicas=50, seed=1)
    assert [(r["sample"], r["weights"]) for r in rows[:2]] == [("all", "nominal"), ("all", "varied")]
    for row in rows:
        assert row["bias"] == pytest.approx(-0.1, abs=5 * 0.2 / np.sqrt(row["rows"]))
        assert row["resolution"] == pytest.approx(0.2, rel=0.1)
    assert rows[1]["shift_integral_mean"] == pytest.approx(0.3, abs=0.005)
    assert rows[1]["shift_network_sd"] == pytest.approx(0.03, rel=0.1)
    assert rows[0]["shift_integral_mean"] is None


def test_differences_of_auc_have_the_error_of_paired_events():
    both = weighted(np.arange(N)), weighted(np.arange(N), moved=0.3)
    networks = {kind: Network(kind) for kind in ("ttbar", "drell_yan")}
    classes = {"ttbar": "ttbar", "drell_yan": "drell_yan"}
    curves = roc_curves(*both, networks, ("ttbar", "drell_yan"), classes, replicas=100, points=51, seed=3)
    rows = {row["curve"]: row for row in auc_rows(curves)}
    assert list(rows) == ["integral, nominal", "network, nominal", "integral, varied", "network, varied"]
    assert rows["integral, nominal"]["difference"] == rows["integral, nominal"]["difference_error"] == 0.0
    varied = rows["integral, varied"]
    # a shift common to nearly all events leaves the order of D: far better known than either AUC
    assert varied["difference_error"] < 0.2 * varied["auc_error"]
    assert abs(varied["difference"]) < 5 * varied["difference_error"] + 1e-3
    assert rows["network, nominal"]["auc"] > rows["integral, nominal"]["auc"]


def test_unusable_weights_are_left_out_and_counted():
    nominal, varied = weighted(np.arange(N)), weighted(np.arange(N))
    varied.weights["ttbar"]["status"][:7] = "zero"
    assert informations(nominal, varied, Network("ttbar")).left_out == 7


def test_networks_that_do_not_move_have_no_varied_curve_and_no_points():
    nominal = weighted(np.arange(N))
    varied = WeightedEvents(nominal.events, nominal.sample, dict(nominal.weights), {})
    varied.weights["ttbar"] = nominal.weights["ttbar"].copy()
    varied.weights["ttbar"]["value"] *= np.where(nominal.sample == "ttbar", 1.1, 0.9)
    networks = {kind: Network(kind) for kind in ("ttbar", "drell_yan")}
    classes = {"ttbar": "ttbar", "drell_yan": "drell_yan"}
    pair = ("ttbar", "drell_yan")
    curves = roc_curves(nominal, varied, networks, pair, classes, replicas=20, points=51, seed=3)
    assert [c.name for c in curves] == ["integral, nominal", "network, nominal", "integral, varied"]
    rows = auc_rows(curves)
    assert rows[2]["difference"] > 3 * rows[2]["difference_error"] > 0.0
    drawn = varied_roc(curves, rows, pair, "muF_up")
    legend = [t.get_text() for t in drawn.axes[0].get_legend().get_texts()]
    assert f"({rows[2]['difference']:+.4f}" in legend[2] and "2,000 : 2,000 test events" in legend[3]
    found = informations(nominal, varied, Network("ttbar"))
    moved = information_shifts(
        {"ttbar": tuple(v[1] - v[0] for v in (found.integral, found.network))}, "muF_up"
    )
    legend = moved.axes[0].get_legend()
    assert "4,000 weights" in legend.get_title().get_text()
    assert [t.get_text() for t in legend.get_texts()] == ["integral: mean +0.002, s.d. 0.044"]
