"""What is written is what is read, bit for bit; files appear whole or not at all."""

import awkward as ak
import numpy as np
import pytest
import uproot

from momentax.errors import InputError
from momentax.events import EventWriter, read_events, write_events


def same_bits(a: ak.Array, b: ak.Array) -> bool:
    """Equal types, and equal bytes of every column (NaN payloads and signed zeros included)."""
    a, b = ak.to_packed(a), ak.to_packed(b)
    if str(a.type) != str(b.type):
        return False
    (_, n_a, buffers_a), (_, n_b, buffers_b) = ak.to_buffers(a), ak.to_buffers(b)
    return n_a == n_b and all(
        np.array_equal(buffers_a[k].view(np.uint8), buffers_b[k].view(np.uint8)) for k in buffers_a
    )


@pytest.mark.parametrize("truth", ["none", "without", "with"])
@pytest.mark.parametrize(("n", "seed"), [(1, 1), (7, 2), (1000, 3)])
def test_read_gives_what_was_written(make, tmp_path, n, seed, truth):
    events = make(n, seed, truth)
    write_events(tmp_path / "e.root", events, {"seed": seed})
    back = read_events(tmp_path / "e.root")
    assert same_bits(events, back)
    assert back.attrs["metadata"]["seed"] == seed
    assert back.attrs["event_id"] == "branch 'event'"


def test_special_values_survive(make, replace, tmp_path):
    events = make(5, 4)
    for row, value in enumerate([np.nan, np.inf, -np.inf, -0.0, 5e-324]):
        events = replace(events, "j2.mass", row, value)
    write_events(tmp_path / "e.root", events)
    assert same_bits(events, read_events(tmp_path / "e.root"))


@pytest.mark.parametrize("compression", ["zstd", "lz4", "zlib", "none"])
def test_compressions(make, tmp_path, compression):
    events = make(300, 5)
    write_events(tmp_path / "e.root", events, compression=compression)
    assert same_bits(events, read_events(tmp_path / "e.root"))


def test_unknown_compression_writes_nothing(make, tmp_path):
    with pytest.raises(InputError, match="compression 'lzo'"):
        write_events(tmp_path / "e.root", make(3, 1), compression="lzo")
    assert list(tmp_path.iterdir()) == []


def test_no_event_is_a_result_too(make, tmp_path):
    events = make(10, 6, "with")[:0]
    write_events(tmp_path / "e.root", events)
    back = read_events(tmp_path / "e.root")
    assert len(back) == 0
    assert str(back.type) == str(events.type)
    with EventWriter(tmp_path / "none.root"):
        pass
    assert len(read_events(tmp_path / "none.root")) == 0


@pytest.mark.parametrize("step", [1, 7, 50, 10_000])
def test_chunks_change_nothing(make, tmp_path, step):
    events = make(60, 7, "without")
    write_events(tmp_path / "e.root", events)
    assert same_bits(events, read_events(tmp_path / "e.root", step=step))


def test_entry_ranges_join_to_the_whole_and_are_cut_at_the_end(make, tmp_path):
    events = make(100, 8)
    path = tmp_path / "e.root"
    write_events(path, events)
    parts = [read_events(path, entry_start=i, entry_stop=i + 30) for i in range(0, 150, 30)]
    assert [len(p) for p in parts] == [30, 30, 30, 10, 0]
    assert same_bits(events, ak.concatenate(parts))
    with pytest.raises(InputError, match="no range"):
        read_events(path, entry_start=20, entry_stop=10)


def test_streamed_chunks_with_different_samples(make, tmp_path):
    parts = [make(50, seed) for seed in range(4)]
    parts[2] = ak.with_field(parts[2], ["other"] * 50, "sample")
    joined = ak.with_field(ak.concatenate(parts), np.arange(200), "event")
    with EventWriter(tmp_path / "e.root", {"seed": 3}) as out:
        for i in range(4):
            out.write(joined[50 * i : 50 * (i + 1)])
    assert same_bits(joined, read_events(tmp_path / "e.root"))


def test_truth_must_be_the_same_in_all_chunks(make, tmp_path):
    with pytest.raises(InputError, match="truth"), EventWriter(tmp_path / "e.root") as out:
        out.write(make(5, 1, "with"))
        out.write(make(5, 1, "without"))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(make, tmp_path):
    path = tmp_path / "e.root"
    events = make(20, 9)
    write_events(path, events)
    before = path.read_bytes()
    with pytest.raises(TypeError, match="not a JSON value"):
        write_events(path, make(20, 10), {"bad": object()})
    with pytest.raises(RuntimeError, match="interrupted"), EventWriter(path) as out:
        out.write(make(20, 11))
        raise RuntimeError("interrupted")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["e.root"]


def test_file_is_a_ttree_of_flat_branches(make, tmp_path):
    write_events(tmp_path / "e.root", make(5, 12, "with"))
    with uproot.open(tmp_path / "e.root") as file:
        assert file.classnames(cycle=False) == {"Events": "TTree", "metadata": "TObjString"}
        names = file["Events"].keys()
    assert {"lep_plus_pt", "j2_mass", "met_phi", "truth_nubar_eta", "truth_b_is_j1"} <= set(names)


def test_wrong_arrays_are_refused_by_field_name(make, tmp_path):
    events = make(5, 13)
    with pytest.raises(InputError, match=r"'j2\.pt' is missing"):
        write_events(tmp_path / "e.root", events[[f for f in events.fields if f != "j2"]])
    with pytest.raises(InputError, match="'sample'"):
        write_events(tmp_path / "e.root", events[[f for f in events.fields if f != "sample"]])
    with pytest.raises(InputError, match=r"'weight' has type"):
        write_events(tmp_path / "e.root", ak.with_field(events, [[1.0]] * 4 + [[]], "weight"))


def test_duplicate_event_ids_become_entry_numbers(make, tmp_path):
    path = tmp_path / "e.root"
    events = ak.concatenate([make(30, 14), make(30, 14)])
    write_events(path, events)
    back = read_events(path)
    assert back.attrs["event_id"] == "entry number"
    assert back.event.to_list() == list(range(60))
    # a shard counts from the start of the file, so that its ids are those of the whole
    assert read_events(path, entry_start=40, entry_stop=50).event.to_list() == list(range(40, 50))
