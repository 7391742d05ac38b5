"""Second pass: what did not converge gets better, everything else keeps its bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import momentax.weight
from momentax.config import PhysicsConfig, RecomputeConfig
from momentax.config.variations import Scales
from momentax.errors import InputError
from momentax.events import read_events, write_events
from momentax.integrate.result import RESULT_DTYPE
from momentax.recompute import OPEN, improve, is_better, recompute_file, second_ladder
from momentax.vary.weights import weigh_variations
from momentax.weigh_file import weigh_file
from momentax.weight import weigh
from momentax.weights_io import merge_weights, read_weights, write_weights

EVENTS = Path(__file__).parent / "data/events/za_500_300_600.root"
LABEL = "hza_500_300"
N = 8


def _physics(*n_eval: int) -> PhysicsConfig:
    settings = {"n_eval": n_eval, "relative_accuracy": 0.01, "mass_points": "separately"}
    return PhysicsConfig.model_validate({"integration": settings})


FIRST, AGAIN = _physics(4096), RecomputeConfig(n_eval=(16384,), vegas_n_eval=())


def _records(*rows: tuple[float, float, str, int]) -> np.ndarray:
    out = np.zeros(len(rows), dtype=RESULT_DTYPE)
    for name, column in zip(("value", "error", "status", "n_eval"), zip(*rows, strict=True), strict=True):
        out[name] = column
    return out


@pytest.fixture(scope="module")
def passes(tmp_path_factory):
    """Paths of the weights of a few events after the first and the second pass, and the counts of the second."""
    folder = tmp_path_factory.mktemp("recompute")
    weigh_file(EVENTS, [LABEL], folder / "first.root", FIRST, (0, N))
    first = read_weights(folder / "first.root")
    write_weights(folder / "first.root", first.event, first.weights, _as_whole(first.metadata))
    counts = recompute_file(EVENTS, folder / "first.root", folder / "final.root", FIRST, AGAIN)
    return folder / "first.root", folder / "final.root", counts[LABEL]


def _as_whole(metadata: dict) -> dict:
    """Metadata of a file of the first N events alone."""
    return metadata | {"entry_stop": N, "entries_total": N}


def test_what_did_not_converge_is_what_one_long_ladder_gives(passes):
    first, final, counts = (*(read_weights(p).weights[LABEL] for p in passes[:2]), passes[2])
    was_open = np.isin(first["status"], OPEN)
    assert 0 < was_open.sum() < N, "the accuracy must leave some open and some not"
    long = weigh(read_events(EVENTS, entry_stop=N), LABEL, _physics(4096, 16384))
    replaced = is_better(long, first) & was_open
    assert replaced.sum() == counts["replaced"] > 0
    for name in ("value", "error", "chi2_dof", "status", "value_per_assignment"):
        assert np.array_equal(final[name][replaced], long[name][replaced]), name
    assert (final["error"] / final["value"] < first["error"] / first["value"])[replaced].all()
    assert (final["n_eval"] == first["n_eval"] + np.where(was_open, long["n_eval"], 0)).all()
    assert counts["converged"] == (final["status"] == "ok").sum() - (first["status"] == "ok").sum() > 0


def test_untouched_records_keep_their_bits_and_their_order(passes):
    first, final = (read_weights(p) for p in passes[:2])
    closed = ~np.isin(first.weights[LABEL]["status"], OPEN)
    assert final.weights[LABEL][closed].tobytes() == first.weights[LABEL][closed].tobytes()
    assert np.array_equal(final.event, first.event)


def test_time_and_budgets_of_both_passes_are_told(passes):
    first, final = (read_weights(p).metadata for p in passes[:2])
    assert final["cpu_seconds"][LABEL] > first["cpu_seconds"][LABEL]
    assert RecomputeConfig.model_validate(final["recompute"]) == AGAIN
    assert PhysicsConfig.model_validate(final["config"]) == FIRST


def test_what_is_open_even_then_is_sampled_differently(passes, tmp_path):
    """vegas with 60,000 evaluations brings it to 1 %, and agrees with what the batched integrator left."""
    again = AGAIN.model_copy(update={"vegas_n_eval": (60_000,)})
    counts = recompute_file(EVENTS, passes[0], tmp_path / "b.root", FIRST, again)[LABEL]
    before, after = (read_weights(p).weights[LABEL] for p in (passes[1], tmp_path / "b.root"))
    left = np.isin(before["status"], OPEN)
    assert left.any(), "the accuracy must leave some open"
    assert np.all(after["status"] == "ok")
    assert counts["converged"] == counts["open"]
    assert np.all(np.abs(after["value"] - before["value"])[left] < 4.0 * before["error"][left])
    assert np.all(after["n_eval"][left] > before["n_eval"][left] + 60_000)
    assert after[~left].tobytes() == before[~left].tobytes()


def _in_parts(first: Path, parts: list[tuple[int, int]], folder: Path) -> Path:
    for k, entries in enumerate(parts):
        recompute_file(EVENTS, first, folder / f"{k}.root", FIRST, AGAIN, entries)
    merge_weights([folder / f"{k}.root" for k in range(len(parts))], folder / "all.root")
    return folder / "all.root"


def test_parts_equal_the_whole_bit_for_bit(passes, tmp_path):
    was_open = np.flatnonzero(np.isin(read_weights(passes[0]).weights[LABEL]["status"], OPEN))
    assert len(was_open) >= 4
    middle = int(was_open[1]) + 1
    # the last part lies beyond the end of the file
    merged = read_weights(_in_parts(passes[0], [(0, middle), (middle, N + 1), (N + 1, N + 4)], tmp_path))
    whole = read_weights(passes[1])
    assert merged.weights[LABEL].tobytes() == whole.weights[LABEL].tobytes()
    assert np.array_equal(merged.event, whole.event)


def test_parts_of_one_event_equal_the_whole_bit_for_bit(passes, tmp_path):
    merged = read_weights(_in_parts(passes[0], [(k, k + 1) for k in range(N)], tmp_path))
    assert merged.weights[LABEL].tobytes() == read_weights(passes[1]).weights[LABEL].tobytes()


@pytest.mark.parametrize("reason", ["all converged", "switched off"])
def test_nothing_open_means_no_integration(tmp_path, monkeypatch, reason):
    def refuse(*_):
        raise AssertionError("integrated")

    monkeypatch.setattr(momentax.weight, "weigh", refuse)
    rows = [(1.0, 0.001, "ok", 9), (np.nan, np.nan, "bad_input", 0), (np.nan, np.nan, "nan", 9)]
    off = reason == "switched off"
    records = _records(*rows, *([(1.0, 0.5, "not_converged", 9)] if off else []))
    write_weights(tmp_path / "a.root", np.arange(len(records)), {LABEL: records})
    again = RecomputeConfig(n_eval=()) if off else AGAIN
    counts = recompute_file(EVENTS, tmp_path / "a.root", tmp_path / "b.root", FIRST, again)
    assert counts == {LABEL: {"open": 0, "replaced": 0, "converged": 0}}
    assert read_weights(tmp_path / "b.root").weights[LABEL].tobytes() == records.tobytes()


@pytest.mark.parametrize(
    ("old", "new", "better"),
    [
        ((1.0, 0.10, "not_converged"), (1.1, 0.01, "ok"), True),
        ((1.0, 0.10, "not_converged"), (1.1, 0.05, "not_converged"), True),
        ((1.0, 0.05, "not_converged"), (1.1, 0.10, "not_converged"), False),
        ((0.0, 0.00, "zero"), (1.1, 1.00, "not_converged"), True),
        ((1.0, 0.50, "not_converged"), (0.0, 0.00, "zero"), False),
        ((1.0, 0.50, "not_converged"), (np.nan, np.nan, "nan"), False),
        # it underflowed: no error is no accuracy
        ((1.0, 0.90, "not_converged"), (1e-206, 0.0, "ok"), False),
        # the smaller value has missed a region, however small its error
        ((1.0, 0.05, "not_converged"), (9.0, 0.90, "not_converged"), True),
        ((9.0, 0.90, "not_converged"), (1.0, 0.01, "ok"), False),
    ],
)
def test_the_better_record_wins(old, new, better):
    before, after = _records((*old, 10)), _records((*new, 40))
    assert is_better(after, before).tolist() == [better]
    out = improve(before, np.array([0]), after)
    assert out["value"][0] == (new if better else old)[0]
    assert out["n_eval"][0] == 50
    assert before["n_eval"][0] == 10


def test_weights_of_other_events_or_another_configuration_are_refused(passes, tmp_path):
    first = read_weights(passes[0])
    with pytest.raises(InputError, match=r"first\.root: .*another physics section"):
        recompute_file(EVENTS, passes[0], tmp_path / "b.root", _physics(5000), AGAIN)
    write_weights(tmp_path / "a.root", first.event + 1, first.weights, first.metadata)
    with pytest.raises(InputError, match=r"a\.root: entry \d+ is event \d+, in .* these are not its weights"):
        recompute_file(EVENTS, tmp_path / "a.root", tmp_path / "b.root", FIRST, AGAIN)
    assert not (tmp_path / "b.root").exists()


def test_ratios_of_variations_go_with_their_weights(tmp_path):
    """Drell-Yan: a replaced weight has the ratio of the longer ladder, the others keep every bit of theirs."""
    variations = {"muF_up": Scales(muF=2.0)}
    settings = {"relative_accuracy": 0.012, "n_eval": (1024,)}
    physics = PhysicsConfig.model_validate({"integration": settings})
    again = RecomputeConfig(n_eval=(16384,), vegas_n_eval=())
    events = read_events(EVENTS, entry_stop=N)
    write_events(tmp_path / "e.root", events)
    weigh_file(tmp_path / "e.root", ["drell_yan"], tmp_path / "w.root", physics, variations=variations)
    recompute_file(
        tmp_path / "e.root", tmp_path / "w.root", tmp_path / "r.root", physics, again, variations=variations
    )
    first, final = read_weights(tmp_path / "w.root"), read_weights(tmp_path / "r.root")
    longer = second_ladder(physics, again)
    records, ratios = weigh_variations(events, ["drell_yan"], variations, longer)["drell_yan"]
    was_open = np.isin(first.weights["drell_yan"]["status"], OPEN)
    replaced = was_open & is_better(records, first.weights["drell_yan"])
    assert 0 < replaced.sum() < N
    expected = np.where(replaced, ratios["muF_up"], first.ratios["drell_yan"]["muF_up"])
    assert final.ratios["drell_yan"]["muF_up"].tobytes() == expected.tobytes()
    with pytest.raises(InputError, match=r"variations \['muF_up'\], not as now \[\]"):
        recompute_file(tmp_path / "e.root", tmp_path / "w.root", tmp_path / "n.root", physics, again)
