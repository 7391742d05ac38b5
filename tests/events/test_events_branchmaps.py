"""Files whose branches are named in the configuration."""

import math

import awkward as ak
import numpy as np
import pytest
import uproot
from by_hand import inv_mass, raw, wrapped

from momentax.errors import InputError
from momentax.events import read_events

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
