"""Files are read and written in pieces: the memory does not grow with the file, and nothing else changes."""

import tracemalloc
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from by_hand import raw
from nanofile import gen_particles, write_nanoaod

from momentax.errors import InputError
from momentax.events import Selection, inspect, iter_events, read_events, select_file, write_events
from momentax.events.reader import EventSource
from momentax.weigh_file import weigh_file
from momentax.weights_io import read_weights

SAMPLE = Path(__file__).parents[1] / "data/events"
STEP = 600


def repeated(path, sample, times):
    """The flat file ``times`` times over, without numbers of events."""
    t = {k: v for k, v in raw(sample).items() if v.dtype != object}
    with uproot.recreate(path) as file:
        tree = file.mktree("Events", {k: v.dtype for k, v in t.items()})
        for _ in range(times):
            tree.extend(t)
    return path


def peak(run):
    """Peak of traced memory (numpy and Python objects) in bytes."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repeated")
    return [repeated(folder / f"{k}.root", SAMPLE / "tt_600.root", k) for k in (1, 12)]


def test_memory_of_selecting_is_flat_in_the_size_of_the_file(files, tmp_path):
    def run(path):
        select_file(path, tmp_path / "out.root", step=STEP, **Selection().to_dict())

    run(files[0])  # imports and caches
    small, large = (peak(lambda path=path: run(path)) for path in files)
    whole = peak(lambda: read_events(files[1], step=STEP))
    # 12 times the entries: what grows is the list of baskets, a few hundred bytes a chunk
    assert large < 1.5 * small + 1e6, (small, large)
    assert whole > 2 * large  # the bound means something: the whole array would not pass


def test_memory_of_inspecting_is_flat(files):
    inspect(files[0], step=STEP)
    small, large = (peak(lambda path=path: inspect(path, step=STEP)) for path in files)
    assert large < 1.5 * small + 1e6, (small, large)


def test_selecting_a_file_gives_what_reading_it_does(data, tmp_path):
    cuts = Selection(signal_region=True).to_dict()
    flow = select_file(
        data / "tt_600.root", tmp_path / "a.root", sample="top", step=130, metadata={"mine": 1}, **cuts
    )
    events = read_events(data / "tt_600.root", sample="top", **cuts)
    found = read_events(tmp_path / "a.root")
    assert ak.array_equal(found, ak.with_field(events, ["top"] * len(events), "sample"))
    assert flow.to_rows() == events.attrs["cut_flow"] == found.attrs["metadata"]["cut_flow"]
    metadata = found.attrs["metadata"]
    assert metadata["mine"] == 1 and metadata["selection"]["signal_region"] is True
    assert metadata["source"] == "tt_600.root" and metadata["samples"] == ["top"]
    again = select_file(tmp_path / "a.root", tmp_path / "b.root", sample="other", entry_stop=5)
    assert again.counts[0] == 5 and set(read_events(tmp_path / "b.root").sample.tolist()) == {"other"}


def test_a_selection_that_fails_leaves_no_file(data, tmp_path):
    with pytest.raises(InputError, match="unknown cut"):
        select_file(data / "tt_600.root", tmp_path / "a.root", jet_pt=3)
    assert list(tmp_path.iterdir()) == []


def test_cut_flow_is_a_tree_of_the_file(data, tmp_path):
    cuts = Selection(signal_region=True).to_dict()
    events = read_events(data / "zbb_600.root", **cuts)
    write_events(tmp_path / "a.root", events)
    select_file(data / "zbb_600.root", tmp_path / "b.root", step=200, **cuts)
    rows = events.attrs["cut_flow"]
    assert len(rows) == 8
    for name in ("a", "b"):
        with uproot.open(tmp_path / f"{name}.root") as file:
            tree = file["CutFlow"]
            found = tree.arrays(library="ak")
            assert tree.classname == "TTree"
        assert found["cut"].tolist() == [row["cut"] for row in rows]
        assert found["events"].tolist() == [row["events"] for row in rows]
        assert found["sum_weights"].tolist() == pytest.approx([row["sum_weights"] for row in rows])
        assert len(read_events(tmp_path / f"{name}.root")) == rows[-1]["events"]


def test_a_file_without_cut_flow_has_no_such_tree(make, tmp_path):
    write_events(tmp_path / "a.root", make(5, 1))
    with uproot.open(tmp_path / "a.root") as file:
        assert "CutFlow" not in file.keys(cycle=False)
    assert len(read_events(tmp_path / "a.root")) == 5


@pytest.mark.parametrize(
    ("numbers", "origin"),
    [
        (np.arange(600), "branch 'event'"),
        (np.arange(600)[::-1], "branch 'event'"),
        (np.concatenate([np.arange(599), [0]]), "entry number"),
        (np.concatenate([np.arange(300), np.arange(299, 599)]), "entry number"),
        (np.full(600, 3), "entry number"),
    ],
)
def test_event_numbers_are_unique_or_not_used(data, tmp_path, monkeypatch, numbers, origin):
    from momentax.events import reader

    monkeypatch.setattr(reader, "STEP", 25)  # the numbers are looked at 100 at a time
    t = {k: v for k, v in raw(data / "tt_600.root").items() if v.dtype != object}
    with uproot.recreate(tmp_path / "t.root") as file:
        tree = file.mktree("Events", {k: v.dtype for k, v in t.items()} | {"event": np.int64})
        tree.extend(t | {"event": numbers.astype(np.int64)})
    for shard in ((0, 100), (250, 350)):
        events = read_events(tmp_path / "t.root", entry_start=shard[0], entry_stop=shard[1])
        assert events.attrs["event_id"] == origin
        want = numbers if origin.startswith("branch") else np.arange(600)
        assert np.array_equal(ak.to_numpy(events.event), want[slice(*shard)])


def test_inspect_says_that_numbers_repeat(data, tmp_path):
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", range(3), event=np.array([1, 2, 1]))
    assert "event id  entry number (the numbers in branch 'event' repeat)" in inspect(path).to_text()


def test_rising_numbers_take_no_memory(tmp_path, monkeypatch):
    """Numbers that rise are not kept; others take 8 bytes an entry."""
    from momentax.events import reader

    monkeypatch.setattr(reader, "STEP", 1000)
    n, piece = 400_000, 4000
    branches = {f"{o}_{c}": 1.0 for o in ("l1", "l2", "j1", "j2") for c in ("pt", "eta", "phi", "mass")}
    branches |= {"l1_pdgId": -11, "l2_pdgId": 11, "met_pt": 0.0, "met_phi": 0.0, "event": "event"}
    used = {}
    for name, numbers in (("rising", np.arange(n)), ("falling", np.arange(n)[::-1])):
        with uproot.recreate(tmp_path / f"{name}.root") as file:
            tree = file.mktree("Events", {"event": np.int64})
            for first in range(0, n, piece):
                tree.extend({"event": numbers[first : first + piece]})
        with EventSource(tmp_path / f"{name}.root", None, branches) as source:
            assert source._event_ids_unique()  # what uproot caches of the tree is not counted
            used[name] = peak(source._event_ids_unique)
    assert used["falling"] > 8 * n > 4 * used["rising"]


def test_a_shard_reads_its_own_entries_only(data, tmp_path, monkeypatch):
    """Beyond its entries a shard reads the numbers of the events, and nothing else."""
    from momentax.events import rootfile

    t = raw(data / "tt_600.root")
    gen = [gen_particles(t, i, ("lp", "lm", "b", "bbar", "nu", "nubar")) for i in range(90)]
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", range(90), gen=gen)
    original, asked = rootfile.iterate, []

    def spy(path, tree, branches, start, stop, step, library="np"):
        asked.append((list(branches), start, stop))
        return original(path, tree, asked[-1][0], start, stop, step, library)

    monkeypatch.setattr(rootfile, "iterate", spy)
    read_events(path, entry_start=60, entry_stop=70, truth=False)
    outside = [branches for branches, start, stop in asked if (start, stop) != (60, 70)]
    assert outside == [["event"]]
    assert not any(b.startswith("GenPart") for branches, *_ in asked for b in branches)


def test_weights_of_a_nanoaod_file_are_those_of_its_selected_events(data, tmp_path):
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", range(8))
    cuts = {"jet_pt_min": 45.0}
    select_file(path, tmp_path / "e.root", **cuts)
    events = read_events(tmp_path / "e.root")
    assert 0 < len(events) < 8
    with pytest.raises(InputError, match=r"n\.root: shards are ranges of selected events"):
        weigh_file(path, ["drell_yan"], tmp_path / "w.root", entries=(0, 4))
    counts = weigh_file(path, ["drell_yan"], tmp_path / "w.root", selection=cuts)
    found = read_weights(tmp_path / "w.root")
    assert sum(counts["drell_yan"].values()) == len(events)
    assert np.array_equal(found.event, ak.to_numpy(events.event))
    assert found.metadata["selection"]["jet_pt_min"] == 45.0
    weigh_file(tmp_path / "e.root", ["drell_yan"], tmp_path / "v.root")
    assert read_weights(tmp_path / "v.root").weights["drell_yan"]["value"] == pytest.approx(
        found.weights["drell_yan"]["value"], rel=1e-9
    )


def test_chunks_hold_no_more_than_a_step(files):
    sizes = [chunk.n_read for chunk in iter_events(files[1], step=500)]
    assert max(sizes) == 500 and sum(sizes) == 12 * 600
