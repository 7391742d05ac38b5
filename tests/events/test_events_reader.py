"""Foreign formats against what is read from the files without the reader."""

import math

import awkward as ak
import numpy as np
import pytest
from by_hand import four_vector, inv_mass, numbers, raw, wrapped

from momentax.events import bad_input, iter_events, read_events, visible, write_events

SAMPLES = ["tt_600", "zbb_600", "za_500_300_600"]


@pytest.mark.parametrize("name", SAMPLES)
def test_flat_sample_is_read_whole_and_in_order(data, name):
    path = data / f"{name}.root"
    t, events = raw(path), read_events(path)
    assert len(events) == 600
    assert events.event.to_list() == list(range(600))
    assert events.attrs["format"] == "pythia_flat"
    assert np.array_equal(ak.to_numpy(events.j1.pt), t["b1_pt"].astype(float))
    assert np.array_equal(ak.to_numpy(events.met.phi), t["MET_phi"].astype(float))
    assert np.array_equal(ak.to_numpy(events.mH), t["mH"].astype(float))
    found = {lep: numbers(events, lep) for lep in ("lep_plus", "lep_minus")}
    for i in range(600):
        plus, minus = ("l1", "l2") if t["l1_pdgId"][i] < 0 else ("l2", "l1")
        for lep, source in (("lep_plus", plus), ("lep_minus", minus)):
            for c in ("pt", "eta", "phi", "mass", "pdgId"):
                assert found[lep][c][i] == t[f"{source}_{c}"][i]
    assert ak.all(events.lep_plus.pdgId < 0) and ak.all(events.lep_minus.pdgId > 0)
    assert set(events["sample"].to_list()) == {events.attrs["metadata"]["process"]}
    assert not bad_input(events).any()


@pytest.mark.parametrize("name", SAMPLES)
def test_truth_of_flat_sample(data, name):
    path = data / f"{name}.root"
    t, truth = raw(path), read_events(path).truth
    objects = {"lep_plus": "lp", "lep_minus": "lm", "b": "b", "bbar": "bbar"}
    if name.startswith("tt"):
        objects |= {"nu": "nu", "nubar": "nubar"}
    assert set(truth.fields) == set(objects) | {"b_is_j1", "kt_x", "kt_y"}
    kt = np.zeros((600, 2))
    for ours, theirs in objects.items():
        p4 = four_vector(*(ak.to_numpy(truth[ours, c]) for c in ("pt", "eta", "phi", "mass"))).T
        want = np.stack([t[f"gen_{theirs}_{c}"] for c in ("E", "px", "py", "pz")], axis=1).astype(float)
        # components are stored in float32 with 18 bits of mantissa
        assert np.abs(p4 - want).max(axis=1) == pytest.approx(0, abs=1e-5 * want[:, 0].max())
        kt += want[:, 1:3]
    assert np.stack([truth.kt_x, truth.kt_y], axis=1) == pytest.approx(kt, abs=1e-9)
    for lep, gen in (("lep_plus", "lp"), ("lep_minus", "lm")):
        electron = np.abs(t[f"gen_{gen}_pdgId"]) == 11
        assert np.array_equal(ak.to_numpy(truth[lep].mass) < 1e-3, electron)
    b_is_j1 = truth.b_is_j1.to_list()
    for i in range(600):
        f1, f2 = t["b1_partonFlavour"][i], t["b2_partonFlavour"][i]
        want = (
            1
            if (f1, f2) in ((5, -5), (5, 0), (0, -5))
            else 0
            if (f1, f2) in ((-5, 5), (-5, 0), (0, 5))
            else -1
        )
        assert b_is_j1[i] == want
    assert 0.4 < ak.mean(truth.b_is_j1 == 1) < 0.6


def by_hand(t, signal: bool) -> list[int]:
    """Counts after each cut of CMS-HIG-18-012, event by event, from the raw branches."""
    counts = [0] * (8 if signal else 5)
    for i in range(len(t["l1_pt"])):
        lep = [tuple(float(t[f"l{k}_{c}"][i]) for c in ("pt", "eta", "phi", "mass")) for k in (1, 2)]
        ids = [int(t[f"l{k}_pdgId"][i]) for k in (1, 2)]
        jets = [tuple(float(t[f"b{k}_{c}"][i]) for c in ("pt", "eta", "phi", "mass")) for k in (1, 2)]
        thresholds = {11: (25, 15, 2.5), 13: (20, 10, 2.4)}
        assert lep[0][0] >= lep[1][0]
        ok = [
            True,
            all(
                lep[k][0] > thresholds[abs(ids[k])][k] and abs(lep[k][1]) < thresholds[abs(ids[k])][2]
                for k in (0, 1)
            ),
            ids[0] * ids[1] < 0,
            all(
                j[0] > 20
                and abs(j[1]) < 2.4
                and all(math.hypot(j[1] - l[1], wrapped(j[2] - l[2])) > 0.3 for l in lep)
                for j in jets
            ),
        ]
        mll = inv_mass(four_vector(*lep[0]), four_vector(*lep[1]))
        ok.append(mll > 12)
        if signal:
            ok += [abs(ids[0]) == abs(ids[1]), 70 < mll < 110, float(t["MET_pt"][i]) < 80]
        for k in range(len(counts)):
            counts[k] += all(ok[: k + 1])
    return counts


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("signal", [False, True])
def test_cut_flow_equals_one_made_by_hand(data, name, signal):
    from momentax.events import Selection

    path = data / f"{name}.root"
    events = read_events(path, **Selection(signal_region=signal).to_dict(), step=97)
    counts = [row["events"] for row in events.attrs["cut_flow"]]
    assert counts == by_hand(raw(path), signal)
    assert counts[-1] == len(events) < 600
    assert events.event.to_list() == sorted(events.event.to_list())


def test_only_the_cuts_that_are_named_act_on_candidates(data):
    path = data / "tt_600.root"
    t = raw(path)
    events = read_events(path, muon_pt_min=(40, 30), electron_pt_min=None)
    keep = [
        all(abs(t[f"l{k}_pdgId"][i]) == 11 or t[f"l{k}_pt"][i] > cut for k, cut in ((1, 40), (2, 30)))
        for i in range(600)
    ]
    assert events.event.to_list() == list(np.flatnonzero(keep))
    assert [row["cut"] for row in events.attrs["cut_flow"]] == ["all events", "two leptons: mu pT > 40/30"]


def test_cut_flow_and_selection_travel_in_the_file(data, tmp_path):
    events = read_events(data / "zbb_600.root", signal_region=True)
    write_events(tmp_path / "e.root", events)
    metadata = read_events(tmp_path / "e.root").attrs["metadata"]
    assert metadata["cut_flow"] == events.attrs["cut_flow"]
    assert metadata["selection"]["signal_region"] is True
    write_events(tmp_path / "again.root", read_events(tmp_path / "e.root"))
    assert read_events(tmp_path / "again.root").attrs["metadata"]["cut_flow"] == events.attrs["cut_flow"]


def test_visible_quantities(data):
    events = read_events(data / "tt_600.root")
    seen = visible(events)
    assert seen.energy.shape == (600, 4) and seen.direction.shape == (600, 4, 3)
    assert all(a.dtype == (bool if name == "is_muon" else np.float64) for name, a in seen._asdict().items())
    assert np.linalg.norm(seen.direction, axis=-1) == pytest.approx(1.0, abs=1e-14)
    for i in range(0, 600, 37):
        total = np.zeros(4)
        for k, obj in enumerate(("lep_plus", "lep_minus", "j1", "j2")):
            p = four_vector(*(events[obj, c][i] for c in ("pt", "eta", "phi", "mass")))
            total += p
            assert seen.energy[i, k] == pytest.approx(p[0], rel=1e-14)
            norm = math.sqrt(p[1] ** 2 + p[2] ** 2 + p[3] ** 2)
            assert seen.direction[i, k] * norm == pytest.approx(p[1:], rel=1e-12, abs=1e-12)
            assert (seen.px[i, k], seen.py[i, k]) == pytest.approx((p[1], p[2]), rel=1e-14)
        met = events.met.pt[i] * np.array([math.cos(events.met.phi[i]), math.sin(events.met.phi[i])])
        assert seen.met[i] == pytest.approx(met, rel=1e-14)
        assert seen.k_rec[i] == pytest.approx(total[1:3] + met, abs=1e-11)
        assert seen.is_muon[i].tolist() == [events.lep_plus.pdgId[i] == -13, events.lep_minus.pdgId[i] == 13]


def test_memory_does_not_grow_with_the_file(make, tmp_path):
    """A pass over 100,000 events peaks where one over 20,000 does, but for 8 bytes an event of ids."""
    import tracemalloc

    from momentax.events import EventWriter

    piece = make(10_000, 21)
    peaks = {}
    for pieces in (2, 10):
        path = tmp_path / f"{pieces}.root"
        with EventWriter(path) as out:
            for _ in range(pieces):
                out.write(piece)
        next(iter_events(path, step=5_000, mll_min=12.0))  # warm up: imports and caches
        tracemalloc.start()
        n = sum(len(chunk.events) for chunk in iter_events(path, step=5_000, mll_min=12.0))
        peaks[pieces] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert 0.9 * 10_000 * pieces < n <= 10_000 * pieces
    assert peaks[10] - peaks[2] < 3 * 8 * 80_000
