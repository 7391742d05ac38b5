"""Foreign formats against what is read from the files without the reader."""

import math

import awkward as ak
import numpy as np
import pytest
import uproot

from momentax.errors import InputError
from momentax.events import bad_input, iter_events, read_events, visible, write_events

SAMPLES = ["tt_600", "zbb_600", "za_500_300_600"]

HZZ = {
    f"{o.lower()}_{c.lower()}": f"{o}_{c}"
    for o in ("Electron", "Muon", "Jet")
    for c in ("Px", "Py", "Pz", "E")
} | {
    "electron_charge": "Electron_Charge",
    "muon_charge": "Muon_Charge",
    "jet_btag": "Jet_btag",
    "met_px": "MET_px",
    "met_py": "MET_py",
    "weight": "EventWeight",
}


def raw(path, tree="Events"):
    with uproot.open(path) as file:
        return file[tree].arrays(library="np")


def wrapped(dphi: float) -> float:
    return math.remainder(dphi, 2 * math.pi)


def four_vector(pt, eta, phi, mass):
    return np.array(
        [np.hypot(pt * np.cosh(eta), mass), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)]
    )


def numbers(events, obj):
    """Fields of an object as numpy arrays (indexing awkward arrays event by event is slow)."""
    return {f: ak.to_numpy(events[obj, f]) for f in events[obj].fields}


def inv_mass(a, b):
    s = a + b
    return math.sqrt(max(s[0] ** 2 - s[1] ** 2 - s[2] ** 2 - s[3] ** 2, 0))


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


def test_open_data_nanoaod_has_no_dilepton_event(data):
    events = read_events(data / "nanoAOD_2015_CMS_Open_Data_ttbar.root")
    assert events.attrs["format"] == "nanoaod"
    assert len(events) == 0
    counts = {row["cut"].split(":")[0]: row["events"] for row in events.attrs["cut_flow"]}
    assert counts == {
        "all events": 200,
        "two leptons": 0,
        "opposite sign": 0,
        "two b jets": 0,
        "m_ll > 12": 0,
    }


def test_open_data_nanoaod_candidates_without_cuts(data):
    """With every cut off, each event stands with its leading leptons and tagged jets, as counted by hand."""
    path = data / "nanoAOD_2015_CMS_Open_Data_ttbar.root"
    t = raw(path)
    off = dict(
        opposite_sign=False, electron_pt_min=None, electron_eta_max=None, muon_pt_min=None, muon_eta_max=None,
        jet_pt_min=None, jet_eta_max=None, jet_lepton_dr_min=None, require_two_bjets=False, mll_min=None,
        electron_id_min=None, muon_tight_id=False, muon_iso_max=None, jet_id_min=None,
    )  # fmt: skip
    events = read_events(path, **off)
    assert len(events) == 200
    assert np.array_equal(ak.to_numpy(events.event), t["event"].astype(np.int64))
    assert np.array_equal(ak.to_numpy(events.weight), t["genWeight"].astype(float))
    n_pairs = 0
    found = {obj: numbers(events, obj) for obj in ("lep_plus", "lep_minus", "j1", "j2")}
    for i in range(200):
        leptons = sorted(
            [
                (float(p), -11 * int(q))
                for p, q in zip(t["Electron_pt"][i], t["Electron_charge"][i], strict=True)
            ]
            + [(float(p), -13 * int(q)) for p, q in zip(t["Muon_pt"][i], t["Muon_charge"][i], strict=True)],
            reverse=True,
        )[:2]
        have = [(found[l]["pt"][i], found[l]["pdgId"][i]) for l in ("lep_plus", "lep_minus")]
        have = [lepton for lepton in have if lepton[1] != 0]
        assert sorted(have, reverse=True) == leptons
        n_pairs += len(have) == 2
        jets = [
            float(p) for p, b in zip(t["Jet_pt"][i], t["Jet_btagDeepFlavB"][i], strict=True) if b > 0.2783
        ]
        tagged = [p for p in (found["j1"]["pt"][i], found["j2"]["pt"][i]) if not math.isnan(p)]
        assert tagged == sorted(jets, reverse=True)[:2]
    assert n_pairs == np.sum(t["nElectron"].astype(int) + t["nMuon"] >= 2) == 10
    assert bad_input(events).sum() >= 200 - n_pairs


def as_nanoaod(path, out, **extra):
    """Write a flat sample under NanoAOD names; add a hard untagged jet and a muon that is not tight."""
    t = raw(path)
    n = len(t["l1_pt"])
    plain = {name: values.tolist() for name, values in t.items()}

    def jagged(name, objects):
        return {f: ak.Array([[o[f] for o in event] for event in objects]) for f in objects_fields[name]}

    objects_fields = {
        "Electron": ("pt", "eta", "phi", "mass", "charge", "cutBased"),
        "Muon": ("pt", "eta", "phi", "mass", "charge", "tightId", "pfRelIso04_all"),
        "Jet": ("pt", "eta", "phi", "mass", "btagDeepFlavB", "jetId"),
    }
    electrons, muons, jets = [], [], []
    for i in range(n):
        e, m = [], []
        for k in (2, 1):  # the subleading one first: the reader must sort
            p4 = {c: plain[f"l{k}_{c}"][i] for c in ("pt", "eta", "phi", "mass")}
            charge = -int(np.sign(plain[f"l{k}_pdgId"][i]))
            if abs(plain[f"l{k}_pdgId"][i]) == 11:
                e.append(p4 | {"charge": charge, "cutBased": 4})
            else:
                m.append(p4 | {"charge": charge, "tightId": 1, "pfRelIso04_all": 0.01})
        loose = {
            "pt": 900.0,
            "eta": 0.0,
            "phi": 0.0,
            "mass": 0.1,
            "charge": 1,
            "tightId": 0,
            "pfRelIso04_all": 0.0,
        }
        j = [{c: plain[f"b{k}_{c}"][i] for c in ("pt", "eta", "phi", "mass")} for k in (2, 1)]
        j = [one | {"btagDeepFlavB": 0.9, "jetId": 6} for one in j]
        untagged = {"pt": 800.0, "eta": 0.1, "phi": 0.2, "mass": 5.0, "btagDeepFlavB": 0.1, "jetId": 6}
        electrons.append(e), muons.append([loose, *m]), jets.append([untagged, *j])
    columns = {
        name: ak.zip(jagged(name, objs))
        for name, objs in (("Electron", electrons), ("Muon", muons), ("Jet", jets))
    }
    columns |= {"MET_pt": t["MET_pt"], "MET_phi": t["MET_phi"], "genWeight": t["weight"]}
    columns["event"] = np.arange(n, dtype=np.uint64) + 5_000_000_000
    columns |= extra
    with uproot.recreate(out) as file:
        file.mktree("Events", {k: getattr(v, "dtype", None) or v.type for k, v in columns.items()})
        file["Events"].extend(columns)


@pytest.mark.parametrize("name", ["tt_600", "za_500_300_600"])
def test_nanoaod_names_give_the_same_events_as_the_flat_file(data, tmp_path, name):
    from momentax.events import Selection

    as_nanoaod(data / f"{name}.root", tmp_path / "nano.root")
    cuts = Selection(signal_region=True).to_dict()
    flat = read_events(data / f"{name}.root", **cuts)
    nano = read_events(tmp_path / "nano.root", step=130, signal_region=True)
    assert [r["events"] for r in nano.attrs["cut_flow"]][-3:] == [
        r["events"] for r in flat.attrs["cut_flow"]
    ][-3:]
    assert np.array_equal(ak.to_numpy(nano.event), ak.to_numpy(flat.event) + 5_000_000_000)
    for obj, fields in {
        "lep_plus": ["pt", "eta", "phi", "mass", "pdgId"],
        "j1": ["pt", "mass"],
        "j2": ["eta"],
    }.items():
        for field in fields:
            assert ak.array_equal(nano[obj, field], flat[obj, field], dtype_exact=False)


def test_single_branches_of_a_known_format_can_be_replaced(data, tmp_path):
    t = raw(data / "tt_600.root")
    extra = {"PuppiMET_pt": t["MET_pt"] + 1, "PuppiMET_phi": t["MET_phi"]}
    as_nanoaod(data / "tt_600.root", tmp_path / "nano.root", **extra)
    plain = read_events(tmp_path / "nano.root")
    puppi = read_events(tmp_path / "nano.root", branches={"met_pt": "PuppiMET_pt", "met_phi": "PuppiMET_phi"})
    assert ak.to_numpy(puppi.met.pt) == pytest.approx(ak.to_numpy(plain.met.pt) + 1, rel=1e-6)


def test_lists_of_cartesian_objects_with_a_branch_map(data):
    """uproot-HZZ against an event loop: two leading leptons of opposite sign, two leading b-tagged jets."""
    path = data / "uproot-HZZ.root"
    t = raw(path, "events")
    events = read_events(path, branches=HZZ, btag_min=2.0)
    expected = []
    for i in range(len(t["NJet"])):
        leptons = []
        for kind, pts, eta_max in (("Electron", (25, 15), 2.5), ("Muon", (20, 10), 2.4)):
            for k in range(len(t[f"{kind}_E"][i])):
                px, py, pz, e = (float(t[f"{kind}_{c}"][i][k]) for c in ("Px", "Py", "Pz", "E"))
                pt = math.hypot(px, py)
                eta = math.asinh(pz / pt)
                if pt > min(pts) and abs(eta) < eta_max:
                    leptons.append(
                        (pt, pts, eta, math.atan2(py, px), int(t[f"{kind}_Charge"][i][k]), (e, px, py, pz))
                    )
        leptons.sort(reverse=True)
        if len(leptons) < 2 or leptons[0][0] <= leptons[0][1][0] or leptons[0][4] == leptons[1][4]:
            continue
        jets = []
        for k in range(len(t["Jet_E"][i])):
            px, py, pz = (float(t[f"Jet_{c}"][i][k]) for c in ("Px", "Py", "Pz"))
            pt = math.hypot(px, py)
            eta, phi = math.asinh(pz / pt), math.atan2(py, px)
            near = any(math.hypot(eta - l[2], wrapped(phi - l[3])) <= 0.3 for l in leptons[:2])
            if t["Jet_btag"][i][k] > 2 and pt > 20 and abs(eta) < 2.4 and not near:
                jets.append(pt)
        if len(jets) >= 2 and inv_mass(*(np.array(l[5]) for l in leptons[:2])) > 12:
            expected.append((i, *sorted(jets, reverse=True)[:2]))
    assert len(expected) > 5
    assert events.event.to_list() == [e[0] for e in expected]
    assert ak.to_numpy(events.j1.pt) == pytest.approx([e[1] for e in expected], rel=1e-12)
    assert ak.to_numpy(events.j2.pt) == pytest.approx([e[2] for e in expected], rel=1e-12)


def test_flat_ntuple_with_a_branch_map_and_constants(data, tmp_path):
    """Cartesian jets, unordered in pt, constant flavours, no weight: the events of the recognised names."""
    t = raw(data / "za_500_300_600.root")
    want = read_events(data / "za_500_300_600.root")
    columns = {"ele_pt": t["l1_pt"], "ele_eta": t["l1_eta"], "ele_phi": t["l1_phi"]}
    columns |= {"pos_pt": t["l2_pt"], "pos_eta": t["l2_eta"], "pos_phi": t["l2_phi"]}
    for new, old in (("jetA", "b2"), ("jetB", "b1")):
        pt, eta, phi, mass = (t[f"{old}_{c}"].astype(float) for c in ("pt", "eta", "phi", "mass"))
        columns |= {f"{new}_x": pt * np.cos(phi), f"{new}_y": pt * np.sin(phi), f"{new}_z": pt * np.sinh(eta)}
        columns[f"{new}_E"] = np.hypot(pt * np.cosh(eta), mass)
    columns |= {"mex": t["MET_pt"] * np.cos(t["MET_phi"]), "mey": t["MET_pt"] * np.sin(t["MET_phi"])}
    with uproot.recreate(tmp_path / "n.root") as file:
        file.mktree("ntuple", {k: v.dtype for k, v in columns.items()})
        file["ntuple"].extend(columns)
    branches = {f"lep_minus_{c}": f"ele_{c}" for c in ("pt", "eta", "phi")} | {"lep_minus_pdgId": 13}
    branches |= {f"lep_plus_{c}": f"pos_{c}" for c in ("pt", "eta", "phi")} | {"lep_plus_pdgId": -13}
    for j, name in (("j1", "jetA"), ("j2", "jetB")):
        branches |= {
            f"{j}_{c}": f"{name}_{b}" for c, b in (("px", "x"), ("py", "y"), ("pz", "z"), ("e", "E"))
        }
    branches |= {"met_px": "mex", "met_py": "mey", "mH": 500, "mA": 300.0}
    events = read_events(tmp_path / "n.root", branches=branches, sample="mine")
    assert set(events["sample"].to_list()) == {"mine"} and set(events.mH.to_list()) == {500.0}
    for obj in ("j1", "j2"):
        for c in ("pt", "eta", "phi", "mass"):
            assert ak.to_numpy(events[obj, c]) == pytest.approx(ak.to_numpy(want[obj, c]), rel=1e-6, abs=1e-6)
    assert set(events.lep_plus.mass.to_list()) == {0.1056583755}
    assert ak.all(events.weight == 1)


@pytest.mark.parametrize(
    ("branches", "message"),
    [
        ({"l1_ptt": "x"}, r"unknown name 'l1_ptt'; did you mean 'l1_pt'"),
        ({"l1_pt": True}, r"l1_pt = True, want the name of a branch or a number"),
        ({"l1_pt": "a", "jet_pt": "b"}, r"'jet_pt' belongs to lists of objects and 'l1_pt' to single"),
        ({"l1_pt": "a", "l1_eta": "b", "l1_phi": "c"}, r"lacks l1_pdgId"),
        ({"muon_pt": "a", "muon_eta": "b", "muon_phi": "c"}, r"the four-vectors of jet"),
    ],
)
def test_wrong_branch_maps(data, branches, message):
    with pytest.raises(InputError, match=message):
        read_events(data / "uproot-HZZ.root", branches=branches)


def test_btag_without_working_point_is_asked_for(data):
    with pytest.raises(InputError, match=r"btag_min is needed.*'Jet_btag'"):
        read_events(data / "uproot-HZZ.root", branches=HZZ)


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
