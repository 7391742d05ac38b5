"""Weights of events with more than two b jets are sums over the pairs."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

import momentax
from momentax.bjet_pairs import PAIRS, pair_id, pair_rows
from momentax.config import PhysicsConfig, RecomputeConfig
from momentax.events import read_events, write_events
from momentax.integrate.result import RESULT_DTYPE
from momentax.recompute import recompute_file
from momentax.regress.targets import read_weighted_events
from momentax.weigh_file import weigh_file
from momentax.weight import weigh_mass_points
from momentax.weights_io import read_weights, write_weights

EVENTS = Path(__file__).parent / "data/events/za_500_300_600.root"
QUICK = {"integration": {"n_eval": [2048], "relative_accuracy": 0.05}}


@pytest.fixture(scope="module")
def events() -> ak.Array:
    """Three events: with two, three and four b jets."""
    out = read_events(EVENTS, entry_stop=3, truth=False)
    third = {"pt": [np.nan, 40.0, 35.0], "eta": [np.nan, 0.3, -1.0], "phi": [np.nan, 2.0, 1.0]}
    fourth = {"pt": [np.nan, np.nan, 28.0], "eta": [np.nan, np.nan, 1.4], "phi": [np.nan, np.nan, -2.0]}
    for name, jet in (("j3", third), ("j4", fourth)):
        mass = np.where(np.isnan(jet["pt"]), np.nan, 5.0)
        p4 = ak.zip({**{c: np.array(v) for c, v in jet.items()}, "mass": mass}, depth_limit=1)
        out = ak.with_field(out, p4, name)
    return out


def one_pair(events: ak.Array, row: int, pair: tuple[int, int]) -> ak.Array:
    """One event with the jets of one pair alone, under the id of the pair."""
    one = events[row : row + 1]
    first, second = (one[f"j{k}"] for k in pair)
    one = ak.with_field(ak.with_field(one, first, "j1"), second, "j2")
    one = ak.with_field(one, np.array([pair_id(int(one.event[0]), pair)]), "event")
    return one[[f for f in one.fields if f not in ("j3", "j4")]]


def pairs_of(row: int) -> tuple[tuple[int, int], ...]:
    return PAIRS[: (1, 3, 6)[row]]


def test_a_weight_is_the_sum_over_pairs(events):
    found = momentax.weigh(events, "drell_yan", QUICK)
    two = events[[f for f in events.fields if f not in ("j3", "j4")]]
    assert found[0] == momentax.weigh(two, "drell_yan", QUICK)[0]  # two b jets: the same bits
    for row in range(3):
        each = np.concatenate(
            [momentax.weigh(one_pair(events, row, p), "drell_yan", QUICK) for p in pairs_of(row)]
        )
        assert found["value"][row] == pytest.approx(each["value"].sum(), rel=1e-9)
        assert found["error"][row] == pytest.approx(np.sqrt((each["error"] ** 2).sum()), rel=1e-6)
        assert found["n_eval"][row] == each["n_eval"].sum()
    assert found["value"][2] > momentax.weigh(two, "drell_yan", QUICK)["value"][2]


def test_order_and_shards_do_not_change_it(events):
    found = momentax.weigh(events, "drell_yan", QUICK)
    alone = momentax.weigh(events[2:], "drell_yan", QUICK)
    turned = momentax.weigh(events[::-1], "drell_yan", QUICK)
    assert alone["value"][0] == pytest.approx(found["value"][2], rel=1e-9)
    assert turned["value"][::-1] == pytest.approx(found["value"], rel=1e-9)


def test_mass_points_and_derivatives(events):
    some = events[:2]
    records = weigh_mass_points(some, ["hza_500_300", "hza_300_200"], {})
    for label, found in records.items():
        each = weigh_mass_points(pair_rows(some).events, [label], {})[label]
        assert found["value"] == pytest.approx([each["value"][0], each["value"][1:].sum()], rel=1e-12)
        assert set(found["status"]) == {"ok"}
    # one mass point alone has a table of its own
    alone = momentax.weigh(some, "hza_500_300")
    assert alone["value"] == pytest.approx(records["hza_500_300"]["value"], rel=0.005)

    ratio = momentax.weigh_ratios(some, ["hza_300_200"], "hza_500_300")["hza_300_200"]
    want = records["hza_300_200"]["value"] / records["hza_500_300"]["value"]
    assert ratio["value"] == pytest.approx(want, rel=1e-6)

    total, slopes = momentax.weigh_derivatives(some, "hza_500_300")
    assert total["value"] == pytest.approx(alone["value"], rel=1e-12)
    step = 0.5
    around = weigh_mass_points(some, ["hza_500_299.5", "hza_500_300.5"], {})
    numeric = np.log(around["hza_500_300.5"]["value"] / around["hza_500_299.5"]["value"]) / (2 * step)
    assert slopes["mA"]["value"] == pytest.approx(numeric, rel=0.02)


def test_a_bad_further_jet_makes_the_event_bad(events):
    bad = ak.with_field(events, np.array([np.nan, np.nan, 1.0]), ("j3", "eta"))
    found = momentax.weigh(bad, "drell_yan", QUICK)
    assert found["status"].tolist()[1] == "bad_input" and np.isnan(found["value"][1])
    assert found["status"][0] != "bad_input" and found["status"][2] != "bad_input"


def test_files_and_the_second_pass(events, tmp_path):
    write_events(tmp_path / "e.root", events)
    settings = {"integration": {"n_eval": [512], "relative_accuracy": 0.003}}
    physics = PhysicsConfig.model_validate(settings)
    weigh_file(tmp_path / "e.root", ["drell_yan"], tmp_path / "w.root", physics)
    first = read_weights(tmp_path / "w.root").weights["drell_yan"]
    assert first["value"] == pytest.approx(momentax.weigh(events, "drell_yan", physics)["value"], rel=1e-9)
    assert "not_converged" in first["status"][1:]
    counts = recompute_file(
        tmp_path / "e.root",
        tmp_path / "w.root",
        tmp_path / "r.root",
        physics,
        RecomputeConfig(n_eval=(16384,)),
    )
    second = read_weights(tmp_path / "r.root").weights["drell_yan"]
    open_ = first["status"] == "not_converged"
    assert counts["drell_yan"]["open"] == open_.sum()
    long = {"integration": {"n_eval": [512, 16384], "relative_accuracy": 0.003}}
    once = momentax.weigh(events, "drell_yan", long)
    replaced = open_ & (second["value"] != first["value"])
    assert replaced.any()
    assert second["value"][replaced] == pytest.approx(once["value"][replaced], rel=1e-9)
    assert np.all(second["error"][open_] <= first["error"][open_])


def test_samples_with_and_without_further_jets_are_learned_together(events, tmp_path):
    records = np.zeros(3, dtype=RESULT_DTYPE)
    records["status"] = "ok"
    two = read_events(EVENTS, entry_start=3, entry_stop=6)
    paths = []
    for name, part in (("pairs", events), ("two", two)):
        part = ak.with_field(part, [name] * 3, "sample")
        write_events(tmp_path / f"{name}.root", part)
        write_weights(tmp_path / f"{name}_w.root", part.event, {"drell_yan": records})
        paths.append(str(tmp_path / f"{name}.root"))
    data = read_weighted_events(paths, [p.replace(".root", "_w.root") for p in paths])
    assert len(data.events) == 6
    assert not {"j3", "j4", "truth"} & set(data.events.fields)
    assert ak.to_numpy(data.events.j2.pt).tolist() == [*events.j2.pt, *two.j2.pt]
