"""Truth from NanoAOD's generator particles."""

import awkward as ak
import numpy as np
import pytest
import uproot
from by_hand import numbers, raw
from nanofile import FIRST, HARD, gen_particles, particle, write_nanoaod

from momentax.constants import MASS_B
from momentax.errors import InputError
from momentax.events import inspect, iter_events, read_events, write_events

TOPS = ("lp", "lm", "b", "bbar", "nu", "nubar")
ROWS = range(60)


def gen_of(data, name, objects=TOPS, rows=ROWS):
    t = raw(data / f"{name}.root")
    return [gen_particles(t, i, objects) for i in rows]


@pytest.mark.parametrize(("name", "objects"), [("tt_600", TOPS), ("za_500_300_600", TOPS[:4])])
def test_truth_is_that_of_the_flat_file(data, tmp_path, name, objects):
    path = write_nanoaod(tmp_path / "n.root", data / f"{name}.root", ROWS, gen=gen_of(data, name, objects))
    flat = read_events(data / f"{name}.root", entry_stop=60)
    nano = read_events(path, step=17)
    assert len(nano) > 40
    flat = flat[ak.to_numpy(nano.event) - 7]  # the full selection of lists drops some
    assert set(nano.truth.fields) == set(flat.truth.fields)
    for obj in nano.truth.fields[: len(objects)]:
        found, want = numbers(nano.truth, obj), numbers(flat.truth, obj)
        for c in ("pt", "eta", "phi"):
            assert found[c] == pytest.approx(want[c], rel=1e-9)
        if obj in ("b", "bbar"):  # NanoAOD stores 0
            assert np.all(found["mass"] == MASS_B)
        else:
            assert np.array_equal(found["mass"], want["mass"])
    for c in ("kt_x", "kt_y"):
        assert ak.to_numpy(nano.truth[c]) == pytest.approx(ak.to_numpy(flat.truth[c]), abs=1e-9)


def test_which_jet_is_the_b(data, tmp_path):
    """By the nearest direction: agrees with the parton flavours of the flat file wherever it decides."""
    path = write_nanoaod(
        tmp_path / "n.root", data / "tt_600.root", gen=gen_of(data, "tt_600", rows=range(600))
    )
    nano = read_events(path)
    flat = read_events(data / "tt_600.root")[ak.to_numpy(nano.event) - 7]
    found, want = ak.to_numpy(nano.truth.b_is_j1), ak.to_numpy(flat.truth.b_is_j1)
    assert np.mean(found >= 0) > 0.9
    assert np.mean(found[found >= 0] == want[found >= 0]) > 0.99
    assert {0, 1} <= set(found.tolist())


def test_parton_flavour_decides_where_directions_do_not(data, tmp_path):
    """Both jets next to the same quark: unknown by direction, told by flavour. No quark near: flavour is not asked."""
    gen = gen_of(data, "tt_600", rows=range(2))
    t = raw(data / "tt_600.root")
    rows = [0, 0, 0]
    b1 = [float(t[f"b1_{c}"][0]) for c in ("eta", "phi")]
    b2 = [float(t[f"b2_{c}"][0]) for c in ("eta", "phi")]

    def quarks(b, bbar):
        leptons = [p for p in gen[0] if abs(p["pdgId"]) != 5]
        ends = [particle(q, 23, HARD | FIRST, (50, *at, 0)) for q, at in ((5, b), (-5, bbar))]
        return [*leptons, *ends]

    far = [(3.9, 0.0), (-3.9, 0.0)]
    events = [quarks(b1, b2), quarks(far[0], far[1]), quarks(b2, b1)]
    flavours = [[-5, 5], [5, -5], [0, 0]]
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", rows, gen=events, flavours=flavours)
    found = ak.to_numpy(read_events(path, mll_min=None).truth.b_is_j1)
    assert found.tolist() == [1, -1, 0]  # directions go before flavours
    # both jets near the b: put it half-way; the second jet is moved there
    middle = (b1[0], b1[1])
    near = write_nanoaod(
        tmp_path / "m.root", data / "tt_600.root", [0], gen=[quarks(middle, far[0])], flavours=[[5, -5, 0]],
        extra_jets=[[(float(t["b1_pt"][0]) - 1e-3, b1[0] + 0.2, b1[1], 5.0)]],
    )  # fmt: skip
    # j1 and the new jet (flavour 0), both near the b: direction is ambiguous, the flavour of j1 says b
    assert ak.to_numpy(read_events(near, jet_lepton_dr_min=None).truth.b_is_j1).tolist() == [1]


@pytest.mark.parametrize("case", ["tau", "missing b", "two first copies", "none"])
def test_incomplete_truth_is_nan(data, tmp_path, case):
    gen = gen_of(data, "tt_600")
    event = gen[3]
    if case == "tau":
        gen[3] = [p | {"pdgId": -15} if p["pdgId"] in (-11, -13) else p for p in event]
    elif case == "missing b":
        gen[3] = [p for p in event if p["pdgId"] != 5 or p["status"] == 21]
    elif case == "two first copies":
        gen[3] = [*event, next(p for p in event if p["pdgId"] == -5 and p["status"] == 23)]
    else:
        gen[3] = []
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", ROWS, gen=gen)
    events = read_events(path, electron_pt_min=None, muon_pt_min=None, mll_min=None)
    row = ak.to_numpy(events.event).tolist().index(10)
    nan = np.isnan(ak.to_numpy(events.truth.kt_x))
    assert np.flatnonzero(nan).tolist() == [row]
    for obj in ("lep_plus", "b", "nubar"):
        assert np.array_equal(np.isnan(ak.to_numpy(events.truth[obj].pt)), nan)
    assert events.truth.b_is_j1[row] == -1
    assert not np.isnan(ak.to_numpy(events.j1.pt)).any()  # the event itself is untouched


def test_a_neutrino_in_a_file_without(data, tmp_path, monkeypatch):
    """Shards agree on the fields: the first entries decide, and a later neutrino takes its event's truth."""
    from momentax.events import reader

    monkeypatch.setattr(reader, "STEP", 20)
    gen = gen_of(data, "tt_600", TOPS[:4])
    gen[40] = gen_of(data, "tt_600", TOPS, [40])[0]
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", ROWS, gen=gen)
    shards = [read_events(path, entry_start=a, entry_stop=a + 30, step=7) for a in (0, 30)]
    assert [("nu" in s.truth.fields) for s in shards] == [False, False]
    lost = {int(e) for s in shards for e in s.event[np.isnan(ak.to_numpy(s.truth.kt_x))]}
    assert lost == {47}


def test_truth_is_optional(data, tmp_path):
    sample = data / "tt_600.root"
    assert "truth" not in read_events(write_nanoaod(tmp_path / "n.root", sample, range(5))).fields
    path = write_nanoaod(tmp_path / "g.root", sample, ROWS, gen=gen_of(data, "tt_600"))
    with_truth, without = read_events(path), read_events(path, truth=False)
    assert set(with_truth.fields) - set(without.fields) == {"truth"}
    assert ak.array_equal(with_truth[without.fields], without)
    assert "truth" not in read_events(sample, truth=False).fields
    write_events(tmp_path / "e.root", with_truth)
    assert "truth" not in read_events(tmp_path / "e.root", truth=False).fields
    assert read_events(tmp_path / "e.root").truth.tolist()[0] == with_truth.truth.tolist()[0]
    assert "truth" in read_events(path, entry_start=60).fields  # an empty shard has the same fields


def test_open_data_truth(data):
    """Events of one W: no event has two leptons of the hard process, so none has truth; nothing fails."""
    path = data / "nanoAOD_2015_CMS_Open_Data_ttbar.root"
    off = dict(
        opposite_sign=False, electron_pt_min=None, electron_eta_max=None, muon_pt_min=None, muon_eta_max=None,
        jet_pt_min=None, require_two_bjets=False, mll_min=None, electron_id_min=None, muon_tight_id=False,
        muon_iso_max=None,
    )  # fmt: skip
    events = read_events(path, **off)
    with uproot.open(path) as file:
        t = file["Events"].arrays(["GenPart_pdgId", "GenPart_statusFlags"])
    hard = (t.GenPart_statusFlags & HARD) > 0
    pdg = t.GenPart_pdgId[hard]
    complete = np.ones(len(events), dtype=bool)
    for kind in ((-11, -13), (11, 13), (5,), (-5,), (12, 14), (-12, -14)):
        complete &= ak.to_numpy(sum(ak.sum(pdg == i, axis=1) for i in kind)) >= 1
    assert not complete.any()
    assert "nu" in events.truth.fields and np.isnan(ak.to_numpy(events.truth.kt_x)).all()


def test_lists_of_different_lengths_name_the_file(data, tmp_path):
    path = write_nanoaod(
        tmp_path / "n.root", data / "tt_600.root", range(3), gen=gen_of(data, "tt_600", rows=range(3)),
        Odd_eta=ak.Array([[1.0], [2.0], [3.0]]),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"n\.root: entries 0\.\.2: .*different lengths"):
        read_events(path, branches={"genpart_eta": "Odd_eta"})


def test_weight_by_branch_map(data, tmp_path):
    weight = np.linspace(0.1, 0.9, 60)
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", ROWS, eff_weight=weight)
    events = read_events(path, branches={"weight": "eff_weight"})
    assert np.array_equal(ak.to_numpy(events.weight), weight[ak.to_numpy(events.event) - 7])
    flow = events.attrs["cut_flow"]
    assert flow[0]["sum_weights"] == pytest.approx(weight.sum())
    assert flow[-1]["sum_weights"] == pytest.approx(ak.sum(events.weight))
    assert ak.all(read_events(path).weight == 1)


def test_inspect_tells_truth(data, tmp_path):
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", ROWS, gen=gen_of(data, "tt_600"))
    events = read_events(path)
    matched = int(np.sum(ak.to_numpy(events.truth.b_is_j1) >= 0))
    report = inspect(path)
    assert report.has_truth and report.truth == (
        f"yes, with neutrinos: {len(events)} of {len(events)} selected events have it, "
        f"in {matched} it is known which jet is the b"
    )
    bare = inspect(write_nanoaod(tmp_path / "b.root", data / "tt_600.root", ROWS))
    assert not bare.has_truth and "no (no GenPart_eta" in bare.to_text()


def test_truth_is_the_same_in_any_chunks(data, tmp_path):
    path = write_nanoaod(tmp_path / "n.root", data / "tt_600.root", ROWS, gen=gen_of(data, "tt_600"))
    whole = read_events(path)
    parts = ak.concatenate([chunk.events for chunk in iter_events(path, step=7)])
    assert ak.array_equal(whole, parts)
