"""Tables 1-3: sums over samples, times from histories, the paper's numbers beside ours."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from paper_data import BIAS, CLASSES, WIDTH, informations

from momentax.errors import InputError
from momentax.events import read_events, write_events
from momentax.regress.metrics import residual_metrics
from momentax.regress.paper_tables import (
    bias_rows,
    kind_facts,
    network_microseconds,
    paper_numbers,
    readable,
    residual_rows,
    time_rows,
    weight_rows,
)
from momentax.regress.store import save_arrays
from momentax.regress.targets import event_keys

ROOT = Path(__file__).parents[2]


def line(sample, hypothesis, which, ok, zero, invalid, cpu=0.01):
    """A line of tables/statuses.csv with 100 weights."""
    counts = {
        "weights": 100,
        "ok": ok,
        "not_converged": 100 - ok - zero,
        "zero": zero,
        "nan": 0,
        "bad_input": 0,
    }
    return {"sample": sample, "hypothesis": hypothesis, "pass": which, "cpu_seconds": str(cpu)} | {
        name: str(n) for name, n in (counts | {"invalid": invalid}).items()
    }


STATUSES = [
    line("tt", "ttbar", "before", 90, 4, 6),
    line("tt", "ttbar", "after", 98, 1, 1),
    line("tt2", "ttbar", "before", 80, 0, 1),
    line("tt2", "ttbar", "after", 85, 0, 0, cpu=0.03),
    line("za", "hza_500_300", "before", 99, 0, 0),
    line("za", "hza_500_300", "after", 99, 0, 0, cpu=0.001),
    line("za", "hza_800_400", "before", 97, 3, 3),
    line("za", "hza_800_400", "after", 97, 3, 3, cpu=0.003),
    line("unknown", "ttbar", "before", 0, 100, 100),
    line("unknown", "ttbar", "after", 0, 100, 100),
]


def test_table_1_sums_samples_of_a_class_and_mass_points():
    rows = weight_rows(STATUSES, {"tt": "ttbar", "tt2": "ttbar", "za": "hza"})
    assert [(r["hypothesis"], r["events"], r["weights"]) for r in rows] == [
        ("ttbar", "ttbar", 200),
        ("hza", "hza", 200),
    ]
    top, signal = rows
    assert (top["ok"], top["not_converged"], top["zero"], top["ok_after_second_pass"]) == (170, 26, 4, 13)
    assert (top["value_below_error"], top["of_them_above_after_second_pass"]) == (7, 6)
    assert (top["paper_invalid"], top["paper_recomputed"]) == (751, 545)
    assert signal["value_below_error_percent"] == 1.5 and signal["of_them_above_after_second_pass"] == 0
    with pytest.raises(InputError, match="Table 1"):
        weight_rows(STATUSES, {"nothing": "ttbar"})


def test_the_papers_shares_of_invalid_hza_weights_are_those_of_its_text():
    """9, 27 and 12 % of Drell-Yan, ttbar and H -> ZA events."""
    for c, share in (("drell_yan", 9), ("ttbar", 27), ("hza", 12)):
        n = paper_numbers("tab01")["hza"][c]
        assert round(100 * n["invalid"] / (n["valid"] + n["invalid"])) == share


def test_table_2_takes_epochs_from_histories_and_cpu_time_from_all_weights():
    history = {
        "member0/seconds": np.array([9.0, 11.0, 13.0]),
        "member1/seconds": np.array([2.0, 4.0]),
        "member0/train_loss": np.ones(3),
    }
    metrics = {"rows": {"train": 700}, "events": {"train": 70}}
    config = {"hidden": [64, 64], "l2": 0.0}
    facts = {"hza": kind_facts(config, metrics, history, STATUSES, "hza", 5.0, 20)}
    ours, paper = time_rows(facts)
    assert (ours["layers"], ours["networks"], ours["epochs"], ours["seconds_per_epoch"]) == (
        "2 x 64",
        2,
        5,
        2.0,
    )
    assert ours["integral_seconds"] == pytest.approx(0.002)
    assert ours["integral_over_network"] == pytest.approx(400.0)
    assert (paper["layers"], paper["integral_seconds"], paper["networks"]) == ("8 x 300", 600.0, None)
    assert list(ours) == list(paper)


class Network:
    """Counts the rows that it is asked for."""

    kind = "hza"
    mass_points = np.array([[500.0, 300.0], [200.0, 100.0]])

    def __init__(self):
        self.calls = []

    def predict(self, events, masses=None):
        assert len(np.unique(masses, axis=0)) == 2 and "sample" not in events.fields
        self.calls.append(len(events))


def test_the_network_is_timed_on_test_events_without_the_first_call(tmp_path):
    write_events(
        tmp_path / "tt.root", read_events(ROOT / "tests/data/events/tt_600.root", entry_stop=100), {}
    )
    ticks = itertools.accumulate(itertools.cycle([0.0, 0.5, 0.0, 0.2]))
    network = Network()
    microseconds, events = network_microseconds(
        network, [tmp_path / "tt.root"], (0.7, 0.1, 0.2), 1000, 2, lambda: next(ticks)
    )
    assert network.calls == [1000] * 3
    assert microseconds == pytest.approx(200.0) and 0 < events < 40


def test_table_3_has_shifted_jets_of_the_same_events(tmp_path):
    sample, integral, network = informations(3000)
    key = event_keys(sample, np.arange(3000))
    both = {"integral": np.stack([integral, integral + 0.3]), "network": np.stack([network, network + 0.2])}
    columns = {f"ttbar/{name}": values for name, values in both.items()}
    save_arrays(
        tmp_path / "jes.npz", columns | {"ttbar/key": key, "ttbar/sample": sample}, {"kinds": ["ttbar"]}
    )
    whole = residual_metrics(integral - network, key, 20, np.random.default_rng(1))
    metrics = {kind: {"test": {"all": whole}} for kind in ("drell_yan", "ttbar")}
    rows = bias_rows(metrics, {"jes_up": tmp_path / "jes.npz"}, CLASSES, 50)
    assert [r["hypothesis"] for r in rows[:2]] == ["drell_yan", "ttbar"]
    of_all = [r for r in rows if r["variation"] == "jes_up" and r["events"] == "all"]
    assert [r["weights"] for r in of_all] == ["nominal", "shifted"]
    assert of_all[0]["bias"] == pytest.approx(BIAS, abs=0.02)
    assert of_all[1]["bias"] - of_all[0]["bias"] == pytest.approx(0.1)
    assert of_all[1]["resolution"] == pytest.approx(WIDTH, rel=0.1)
    assert (of_all[1]["paper_bias"], of_all[1]["paper_resolution"]) == (-0.1659, 0.4137)
    assert {r["events"] for r in rows} == {"all", *CLASSES.values()}
    only_nominal = bias_rows(metrics, {}, CLASSES)
    assert [r["weights"] for r in only_nominal] == ["nominal"] * 2
    assert "±" in readable(rows)[0]["bias"] and "bias_error" not in readable(rows)[0]
    with pytest.raises(InputError, match="neither a Drell-Yan nor a ttbar regressor"):
        bias_rows({}, {}, CLASSES)


def test_every_sample_and_mass_point_has_a_row_of_residuals():
    one = {
        "rows": 10,
        "events": 5,
        "bias": [0.1, 0.01],
        "rms": [0.2, 0.02],
        "width": [0.2, 0.02],
        "median": [0.1, 0.01],
    }
    few = {"rows": 1, "events": 1}
    metrics = {
        "hza": {
            "test": {
                "all": one,
                "by_sample": {"za": one},
                "by_hypothesis": {"hza_1000_50": few, "hza_200_50": one},
            }
        }
    }
    rows = residual_rows(metrics)
    assert [r["of"] for r in rows] == ["all", "za", "hza_200_50", "hza_1000_50"]
    assert rows[-1]["bias"] is None and rows[0]["rms_error"] == 0.02
