"""NanoAOD: open data, and the flat samples under NanoAOD names."""

import math

import awkward as ak
import numpy as np
import pytest
import uproot
from by_hand import numbers, raw

from momentax.events import bad_input, read_events


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
