"""Weights files: what is written is what is read; a merge is exact, ordered, complete, or refused."""

import itertools

import numpy as np
import pytest
import uproot

from momentax.errors import InputError
from momentax.events import write_events
from momentax.integrate.result import RATIO_DTYPE, RESULT_DTYPE, STATUS
from momentax.weights_io import merge_weights, read_weights, varied, write_weights

LABELS = ["drell_yan", "ttbar_172.5", "hza_500_300"]


def records(n, seed):
    rng = np.random.default_rng(seed)
    out = np.zeros(n, dtype=RESULT_DTYPE)
    for name in ("value", "error", "chi2_dof"):
        out[name] = rng.lognormal(-40, 10, n)
    out["value"][rng.random(n) < 0.1] = np.nan
    out["n_eval"] = rng.integers(0, 2**40, n)
    out["status"] = rng.choice(STATUS, n)
    out["value_per_assignment"] = rng.lognormal(size=(n, 2))
    return out


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.permutation(n * 3)[:n], {h: records(n, seed + i) for i, h in enumerate(LABELS)}


def same(a, b):
    return all(a[f].tobytes() == b[f].tobytes() for f in RESULT_DTYPE.names or ())


def write_shards(folder, ids, weights, edges, **metadata):
    paths = []
    for a, b in itertools.pairwise(edges):
        paths.append(folder / f"shard_{len(paths)}.root")
        shard = {"entry_start": a, "entries_total": len(ids)} | metadata
        write_weights(paths[-1], ids[a:b], {h: w[a:b] for h, w in weights.items()}, shard)
    return paths


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_round_trip(tmp_path, n):
    ids, weights = table(n)
    write_weights(tmp_path / "w.root", ids, weights, {"seed": 7})
    event, back, metadata, _ = read_weights(tmp_path / "w.root")
    assert np.array_equal(event, ids) and list(back) == LABELS
    assert all(same(back[h], weights[h]) for h in LABELS)
    assert metadata["seed"] == 7


def test_branches_and_codes_are_as_documented(tmp_path):
    ids, weights = table(50)
    write_weights(tmp_path / "w.root", ids, weights)
    with uproot.open(tmp_path / "w.root") as file:
        assert file.classnames(cycle=False)["Weights"] == "TTree"
        t = file["Weights"].arrays(library="np")
    assert t["hza_500_300_status"].dtype == np.int8
    codes = {"ok": 0, "not_converged": 1, "zero": 2, "nan": 3, "bad_input": 4}
    assert t["hza_500_300_status"].tolist() == [codes[s] for s in weights["hza_500_300"]["status"]]
    assert np.array_equal(t["ttbar_172p5_value_a1"], weights["ttbar_172.5"]["value_per_assignment"][:, 1])


def test_a_range_of_entries(tmp_path):
    ids, weights = table(100)
    write_weights(tmp_path / "w.root", ids, weights)
    part = read_weights(tmp_path / "w.root", 30, 50)
    assert np.array_equal(part.event, ids[30:50]) and same(
        part.weights["drell_yan"], weights["drell_yan"][30:50]
    )


@pytest.mark.parametrize(
    "edges", [[0, 1000], [0, 300, 300, 301, 1000], [0, 250, 500, 750, 1000], [0, 0, 1000, 1000]]
)
@pytest.mark.parametrize("step", [77, 100_000])
def test_merge_does_not_depend_on_the_shards(tmp_path, edges, step):
    ids, weights = table(1000, seed=3)
    paths = write_shards(tmp_path, ids, weights, edges)
    counts = merge_weights(paths[::-1], tmp_path / "m.root", step=step)
    assert counts == {s: sum(int((w["status"] == s).sum()) for w in weights.values()) for s in STATUS}
    event, back, metadata, _ = read_weights(tmp_path / "m.root")
    assert np.array_equal(event, ids) and all(same(back[h], weights[h]) for h in LABELS)
    counted = metadata["status_counts"]["drell_yan"]
    assert counted == {s: int((weights["drell_yan"]["status"] == s).sum()) for s in STATUS}


def test_merge_refuses_what_does_not_belong_together(tmp_path):
    ids, weights = table(100)
    paths = write_shards(tmp_path, ids, weights, [0, 40, 70, 100], seed=1)
    out = tmp_path / "m.root"
    with pytest.raises(InputError, match=r"shard_2\.root: starts at entry 70: entries 40\.\.69 are missing"):
        merge_weights([paths[0], paths[2]], out)
    with pytest.raises(InputError, match=r"2 shards end at entry 70 of 100: entries 70\.\.99 are missing"):
        merge_weights(paths[:2], out)
    with pytest.raises(InputError, match=r"entries 0\.\.39 are there twice"):
        merge_weights([*paths, paths[0]], out)
    with pytest.raises(InputError, match="no shards"):
        merge_weights([], out)
    other = {h: weights[h][40:70] for h in LABELS[:2]}
    write_weights(
        tmp_path / "x.root", ids[40:70], other, {"entry_start": 40, "entries_total": 100, "seed": 1}
    )
    with pytest.raises(InputError, match=r"x\.root: hypotheses drell_yan, ttbar_172\.5, but"):
        merge_weights([paths[0], tmp_path / "x.root", paths[2]], out)
    mine = {h: w[40:70] for h, w in weights.items()}
    write_weights(tmp_path / "y.root", ids[40:70], mine, {"entry_start": 40, "entries_total": 100, "seed": 2})
    with pytest.raises(InputError, match=r"y\.root: seed is 2, but .*shard_0\.root has 1"):
        merge_weights([paths[0], tmp_path / "y.root", paths[2]], out)
    assert not out.exists() and not list(tmp_path.glob(".*"))


def test_merge_adds_the_cost_of_the_shards(tmp_path):
    ids, weights = table(20)
    paths = write_shards(
        tmp_path, ids, weights, [0, 10, 20], cpu_seconds={"drell_yan": 1.5, "ttbar_172.5": 2.0}
    )
    merge_weights(paths, tmp_path / "m.root")
    seconds = read_weights(tmp_path / "m.root").metadata["cpu_seconds"]
    assert seconds == {"drell_yan": 3.0, "ttbar_172.5": 4.0, "hza_500_300": 0.0}


def test_merge_compares_ids_with_the_events(make, tmp_path):
    events = make(60, 5)
    write_events(tmp_path / "e.root", events)
    ids = np.asarray(events.event)
    _, weights = table(60)
    paths = write_shards(tmp_path, ids, weights, [0, 25, 60])
    counts = merge_weights(paths, tmp_path / "m.root", events=tmp_path / "e.root", step=10)
    assert sum(counts.values()) == 60 * len(LABELS)
    wrong = ids.copy()
    wrong[[30, 31]] = wrong[[31, 30]]
    paths = write_shards(tmp_path, wrong, weights, [0, 25, 60])
    with pytest.raises(
        InputError, match=rf"shard_1\.root: its event {ids[31]} stands at entry 30, where .* {ids[30]}"
    ):
        merge_weights(paths, tmp_path / "m.root", events=tmp_path / "e.root", step=10)


def test_wrong_tables_are_refused(tmp_path):
    ids, weights = table(10)
    path = tmp_path / "w.root"
    with pytest.raises(InputError, match=r"w\.root: 10 weights of 'drell_yan' for 9 events"):
        write_weights(path, ids[:9], weights)
    with pytest.raises(InputError, match=r"10 weights are not the entries 5\.\.15 of 12"):
        write_weights(path, ids, weights, {"entry_start": 5, "entries_total": 12})
    wrong = weights["drell_yan"].copy()
    wrong["status"][3] = "okay"
    with pytest.raises(InputError, match="unknown status 'okay'; did you mean 'ok'"):
        write_weights(path, ids, {"drell_yan": wrong})
    with pytest.raises(InputError, match="'drell_yan' lack the field 'error'"):
        write_weights(path, ids, {"drell_yan": weights["drell_yan"][["value"]]})
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_weights(data, tmp_path):
    with pytest.raises(InputError, match=r"tt_600\.root: no TTree 'Weights'; it holds Events"):
        read_weights(data / "tt_600.root")
    with pytest.raises(InputError, match=r"none\.root: no such file"):
        merge_weights([tmp_path / "none.root"], tmp_path / "m.root")
    ids, weights = table(2000)
    write_weights(tmp_path / "w.root", ids, weights)
    whole = (tmp_path / "w.root").read_bytes()
    (tmp_path / "cut.root").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.root: .*truncated"):
        merge_weights([tmp_path / "cut.root"], tmp_path / "m.root")
    assert not (tmp_path / "m.root").exists()


def test_ratios_of_variations_are_written_merged_and_applied(tmp_path):
    ids, weights = table(100)
    rng = np.random.default_rng(3)
    ratios = {label: {v: np.zeros(len(ids), RATIO_DTYPE) for v in ("muF_up", "pdf_7")} for label in weights}
    for one in ratios.values():
        for r in one.values():
            r["value"], r["error"] = rng.uniform(0.8, 1.2, len(ids)), 1e-4
    for k, (a, b) in enumerate(((0, 40), (40, 100))):
        part = {label: w[a:b] for label, w in weights.items()}
        rest = {label: {v: r[a:b] for v, r in one.items()} for label, one in ratios.items()}
        place = {"entry_start": a, "entries_total": 100}
        write_weights(tmp_path / f"{k}.root", ids[a:b], part, place, ratios=rest)
    merge_weights([tmp_path / "1.root", tmp_path / "0.root"], tmp_path / "m.root")
    found = read_weights(tmp_path / "m.root")
    for label, one in ratios.items():
        for v, r in one.items():
            np.testing.assert_array_equal(found.ratios[label][v], r)
    label = next(iter(weights))
    new = varied(found.weights, found.ratios, "muF_up", "m.root")[label]
    old, r = weights[label], ratios[label]["muF_up"]
    np.testing.assert_allclose(new["value"], old["value"] * r["value"])
    np.testing.assert_allclose(new["error"], np.hypot(old["error"] * r["value"], old["value"] * r["error"]))
    with pytest.raises(InputError, match=r"m.root: no variation 'muF_dn' of .*; did you mean 'muF_up'\?"):
        varied(found.weights, found.ratios, "muF_dn", "m.root")
    write_weights(tmp_path / "other.root", ids[40:], {k: w[40:] for k, w in weights.items()}, place)
    with pytest.raises(InputError, match="variations is"):
        merge_weights([tmp_path / "0.root", tmp_path / "other.root"], tmp_path / "n.root")
