"""Rows on disk: nothing lost, no event on two sides, memory and resumption of trainings."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from closed_form import POINTS, as_weights, make_events, true_information

from momentax.errors import ConfigError, InputError
from momentax.events import write_events
from momentax.regress import RegressConfig, train
from momentax.regress.batches import Selected, in_order, shuffled
from momentax.regress.checkpoint import Checkpoints
from momentax.regress.dataset import SIDES, Dataset, in_memory, load_dataset, write_dataset
from momentax.regress.network import to_arrays
from momentax.regress.targets import read_weighted_events
from momentax.regress.training import selected, train_member
from momentax.weights_io import write_weights

N = 1500
SHORT = RegressConfig(
    inputs="paper", layers="plain", hidden=[16], epochs=6, members=1, batch_size=64, bootstrap=10
)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    folder = tmp_path_factory.mktemp("dataset")
    events_paths, weights_paths = [], []
    for seed, sample in enumerate(("drell_yan", "ttbar", "hza_500_300", "other")):
        events = make_events(N, seed, sample)
        for o in ("lep_plus", "lep_minus"):
            events = ak.with_field(events, np.full(N, -11 if o == "lep_plus" else 11), (o, "pdgId"))
        events = ak.with_field(events, np.ones(N), "weight")
        weights = {"drell_yan": as_weights(true_information(events))}
        for point in POINTS:
            weights[f"hza_{point[0]:g}_{point[1]:g}"] = as_weights(true_information(events, point))
        weights["drell_yan"]["status"][:7], weights["drell_yan"]["value"][:7] = "zero", 0.0
        weights["drell_yan"]["status"][7:9] = "not_converged"
        events_paths.append(str(folder / f"{sample}.events.root"))
        weights_paths.append(str(folder / f"{sample}.weights.root"))
        write_events(events_paths[-1], events)
        write_weights(weights_paths[-1], np.arange(N), weights)
    return events_paths, weights_paths


@pytest.fixture(scope="module")
def dataset(paths, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("rows") / "d"
    write_dataset(*paths, out, bucket=1000)
    return load_dataset(out)


def _all(dataset: Dataset, side: str) -> np.ndarray:
    return np.concatenate(list(dataset.iterate(side)))


def test_every_event_is_on_one_side_and_in_one_bucket(dataset: Dataset) -> None:
    keys = {side: _all(dataset, side)["key"] for side in SIDES}
    every = np.concatenate(list(keys.values()))
    assert len(every) == len(np.unique(every)) == 4 * N
    assert {s: len(k) for s, k in keys.items()} == dataset.about["events"]
    assert len(dataset.buckets["train"]) == 6
    # a bucket is a random part of every sample
    counts = np.array([np.bincount(b["sample"], minlength=4) for b in dataset.iterate("train")])
    assert counts.min() > 110 and counts.max() < 250  # 175 expected, five standard deviations


def test_no_event_nor_a_copy_of_it_is_on_two_sides(dataset: Dataset) -> None:
    """Rows of a training, all mass points and epochs, against the events of the test rows."""
    rows_of = Selected(dataset, "train", tuple(dataset.columns("hza")), (1.0,) * 4, None, True)
    seen = set()
    for epoch in range(2):
        for batch in shuffled(rows_of, 50, None, np.random.default_rng(epoch), 10):
            # what a row is recognised by: the smallest and largest pt do not change under the symmetries
            seen |= {tuple(np.sort(r[0:16:4])) for r in batch.raw.reshape(-1, 18)}
    held = _all(dataset, "test")["raw"][:, 0:16:4]
    assert not seen & {tuple(np.sort(r)) for r in held}
    assert len(seen) > 0.95 * dataset.events("train")


def test_rows_are_those_of_the_files(dataset: Dataset, paths) -> None:
    data = read_weighted_events(*paths)
    memory = in_memory(data)
    assert memory.about["events"] == dataset.about["events"]
    assert memory.about["left_out"] == dataset.about["left_out"]
    assert dataset.about["left_out"]["drell_yan"] == {"zero": 28}
    for side in SIDES:
        one, two = (r[np.argsort(r["key"])] for r in (_all(dataset, side), _all(memory, side)))
        for name in ("event", "raw", "information", "error"):
            assert np.array_equal(one[name], two[name], equal_nan=True), name
    assert dataset.about["groups"] == ["drell_yan", "ttbar", "hza", "other"]


def test_an_epoch_shows_every_row_once(dataset: Dataset) -> None:
    rows_of = Selected(dataset, "train", tuple(dataset.columns("hza")), (1.0,) * 4, None, True)
    n, _ = rows_of.count()
    assert n == 3 * dataset.events("train")
    rows = [b for b in shuffled(rows_of, 10, None, np.random.default_rng(1), 1)]
    shown = np.concatenate([b.information.reshape(-1) for b in rows])
    every = np.concatenate([b.information for b, _, _ in in_order(rows_of, 1000)])
    assert len(every) == n and n - len(shown) < 10
    assert np.isin(shown, every).all() and len(np.unique(shown)) > 0.999 * len(shown)
    few = [b for b in shuffled(rows_of, 10, 1, np.random.default_rng(1), 1)]
    pts = np.concatenate([b.raw[..., 0].reshape(-1) for b in few])
    assert len(np.unique(pts)) > 0.999 * len(pts)  # one mass point of each event
    assert abs(len(pts) - dataset.events("train")) < 10


def test_weights_of_the_loss(dataset: Dataset) -> None:
    rows = selected(dataset, "drell_yan", SHORT, "train")
    totals = np.zeros(4)
    for batch, records, _ in in_order(rows, 10_000):
        np.add.at(totals, records["group"], batch.weight)
    assert totals == pytest.approx(totals.mean(), rel=0.02)  # classes count alike, but for what was left out
    batch, records, _ = next(in_order(rows, 10))
    # 1 % on W is 0.0043 in log10 W, and the floor is 0.03
    group = np.asarray(rows.weights)[records["group"]]
    assert batch.weight == pytest.approx(group / (1 + (0.01 / np.log(10) / 0.03) ** 2), rel=1e-5)


def test_memory_of_an_epoch_does_not_grow_with_the_events(dataset: Dataset) -> None:
    """Ten times the buckets on disk: the peak of Python's memory grows by less than 5 % of what they hold.

    What is loaded once, by the first pass, counts for neither.
    """
    size = sum(Path(p).stat().st_size for p in dataset.buckets["train"])

    def peak(copies: int) -> int:
        many = Dataset(dataset.about, {"train": dataset.buckets["train"] * copies})
        rows = Selected(many, "train", tuple(dataset.columns("hza")), (1.0,) * 4, None, True)
        tracemalloc.start()
        n = sum(b.weight.size for b in shuffled(rows, 64, None, np.random.default_rng(1), 4))
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert n > 0.9 * copies * 3 * dataset.events("train")
        return result

    _, few, many = peak(1), peak(1), peak(10)
    assert many - few < 0.05 * 9 * size


def test_damaged_datasets_are_refused(dataset: Dataset, paths, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a dataset"):
        load_dataset(tmp_path)
    write_dataset(*paths, tmp_path / "d", bucket=1000)
    file = next((tmp_path / "d").glob("test-*.bin"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="of test events"):
        load_dataset(tmp_path / "d")


def test_a_killed_training_goes_on_to_the_same_bits(dataset: Dataset, tmp_path: Path, monkeypatch) -> None:
    class Killed(Exception):
        pass

    def dies_after_three(self: Checkpoints, step: int, state: dict) -> None:
        save(self, step, state)
        if step == 3:
            raise Killed

    save = Checkpoints.save
    monkeypatch.setattr(Checkpoints.__init__, "__defaults__", (0.0,))  # a state after every epoch
    whole = train_member(dataset, "hza", SHORT, log=lambda _: None)
    monkeypatch.setattr(Checkpoints, "save", dies_after_three)
    with pytest.raises(Killed):
        train_member(dataset, "hza", SHORT, log=lambda _: None, checkpoints=tmp_path / "c")
    monkeypatch.setattr(Checkpoints, "save", save)
    lines: list[str] = []
    again = train_member(dataset, "hza", SHORT, log=lines.append, checkpoints=tmp_path / "c")
    assert "going on after epoch 3, of a training that was interrupted" in lines
    one, two = (to_arrays(m.fit.parameters) for m in (whole, again))
    assert all(np.array_equal(one[k], two[k]) for k in one)
    assert np.array_equal(whole.fit.history["validation_loss"], again.fit.history["validation_loss"])
    assert not (tmp_path / "c").exists()


def test_a_state_of_another_training_is_not_taken_up(dataset: Dataset, tmp_path: Path) -> None:
    state = {"a": np.arange(3.0)}
    one = Checkpoints(tmp_path / "c", "first", 0.0)
    one.save(1, state)
    assert np.array_equal(Checkpoints(tmp_path / "c", "first").restore(state)["a"], state["a"])
    assert Checkpoints(tmp_path / "c", "second").restore(state) is None
    assert Checkpoints(tmp_path / "c", "first").restore(state) is None  # the second removed it


def test_a_mass_point_left_out_is_measured_but_not_learned(dataset: Dataset) -> None:
    config = SHORT.model_copy(update={"leave_out": ((500.0, 300.0),), "epochs": 2})
    regressor, metrics, _, _ = train(dataset, "hza", config, lambda _: None)
    assert regressor.mass_points.tolist() == [[300.0, 100.0], [800.0, 400.0]]
    assert set(metrics["test"]["by_hypothesis"]) == {"hza_300_100", "hza_500_300", "hza_800_400"}
    with pytest.raises(InputError, match="not among the mass points"):
        train(dataset, "hza", config.model_copy(update={"leave_out": ((1.0, 2.0),)}), lambda _: None)


def test_training_on_part_of_the_events_keeps_the_test(dataset: Dataset) -> None:
    config = SHORT.model_copy(update={"max_events": 1000, "epochs": 1})
    _, metrics, _, _ = train(dataset, "drell_yan", config, lambda _: None)
    assert 850 < metrics["rows"]["train"] < 1150
    assert metrics["test"]["all"]["rows"] == dataset.events("test") - _left(dataset)


def _left(dataset: Dataset) -> int:
    return int(np.sum(np.isnan(_all(dataset, "test")["information"][:, 0])))


def test_networks_are_trained_further(dataset: Dataset, tmp_path: Path) -> None:
    first, before, _, _ = train(dataset, "drell_yan", SHORT, lambda _: None)
    _, after, _, _ = train(dataset, "drell_yan", SHORT, lambda _: None, start=first)
    assert after["validation"]["rms"][0] < before["validation"]["rms"][0]
    other = SHORT.model_copy(update={"hidden": [32]})
    with pytest.raises(ConfigError, match=r"hidden \[16\] \(not \[32\]\)"):
        train(dataset, "drell_yan", other, lambda _: None, start=first)


def test_about_is_readable(dataset: Dataset) -> None:
    assert json.dumps(dataset.about)


def test_the_domain_holds_events_of_all_samples(dataset: Dataset) -> None:
    """Samples come one after the other in a bucket: none may be taken for outside."""
    regressor, metrics, _, _ = train(dataset, "drell_yan", SHORT, lambda _: None)
    shares = {s: m["out_of_domain"] for s, m in metrics["test"]["by_sample"].items()}
    assert len(shares) == 4 and max(shares.values()) < 0.02
    far = _all(dataset, "test")["raw"][:5].astype(np.float64)
    far[:, 0] *= 100.0
    assert regressor.predict_raw(far, np.zeros((5, 2)))["out_of_domain"].all()
