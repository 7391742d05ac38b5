"""Bad files raise one clear InputError; bad events get a reason each, and are never dropped."""

import awkward as ak
import numpy as np
import pytest
import uproot

from momentax.errors import InputError
from momentax.events import Selection, bad_input, inspect, read_events, validate, visible, write_events


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("lep_plus.pt", np.nan, "lep_plus_pt = nan is not finite"),
        ("lep_minus.eta", np.inf, "lep_minus_eta = inf is not finite"),
        ("j1.phi", -np.inf, "j1_phi = -inf is not finite"),
        ("j2.mass", np.nan, "j2_mass = nan is not finite"),
        ("met.phi", np.nan, "met_phi = nan is not finite"),
        ("weight", np.nan, "weight = nan is not finite"),
        ("j2.pt", 0.0, "j2_pt = 0, want > 0"),
        ("lep_plus.pt", -999.0, "lep_plus_pt = -999, want > 0"),
        ("met.pt", -1.0, "met_pt = -1, want >= 0"),
        ("j1.eta", 10.5, "j1_eta = 10.5, want |eta| < 10"),
        ("j1.mass", -9.0, "j1_mass = -9: energy below momentum"),
        ("j1.pt", 2e4, "more than sqrt(s) = 13000 GeV"),
        ("lep_plus.pdgId", 13, "lep_plus_pdgId = 13, want -11 or -13 (leptons of opposite sign, e or mu)"),
        ("lep_minus.pdgId", 15, "lep_minus_pdgId = 15, want 11 or 13"),
        ("lep_minus.pdgId", 0, "lep_minus_pdgId = 0, want 11 or 13"),
    ],
)
def test_each_bad_value_is_named_with_event_and_branch(make, replace, path, value, reason):
    events = replace(make(20, 31), path, 7, value)
    reasons = validate(events)
    assert [bool(r) for r in reasons] == [row == 7 for row in range(20)]
    assert reasons[7].startswith(f"event {events.event[7]} (row 7): ")
    assert reason in reasons[7]
    assert bad_input(events).tolist() == [row == 7 for row in range(20)]
    assert len(visible(events).energy) == 20


def test_good_events_have_no_reason_and_two_faults_are_both_named(make, replace):
    events = make(500, 32)
    assert validate(events) == [""] * 500
    events = replace(replace(events, "j1.pt", 3, np.nan), "lep_plus.eta", 3, -12.0)
    assert "j1_pt = nan" in validate(events)[3] and "lep_plus_eta = -12" in validate(events)[3]


def test_absent_jet_is_called_so(make, replace):
    events = make(4, 33)
    for c in ("pt", "eta", "phi", "mass"):
        events = replace(events, f"j2.{c}", 2, np.nan)
    reason = validate(events)[2]
    assert "fewer than two b jets" in reason and "not finite" not in reason


def test_rounding_of_a_massless_object_is_no_fault(make, replace):
    events = replace(make(4, 34), "j1.mass", 1, -0.002)
    assert not bad_input(events).any()
    assert visible(events).mass[1, 2] == 0.0


def test_events_with_nan_pass_the_cuts_and_are_counted(make, replace, tmp_path):
    events = make(50, 35)
    events = replace(replace(events, "j2.pt", 4, np.nan), "met.pt", 40, np.inf)
    write_events(tmp_path / "e.root", events)
    kept = read_events(tmp_path / "e.root", jet_pt_min=1e5)
    assert kept.event.to_list() == [events.event[4], events.event[40]]
    assert kept.attrs["n_bad_input"] == 2
    assert [row["events"] for row in kept.attrs["cut_flow"]] == [50, 2]
    assert bad_input(kept).all()


def test_nanoaod_event_with_nan_is_kept(tmp_path):
    """Three events: one good, one with a NaN jet, one with a single lepton; the third alone is cut away."""
    columns = {
        "Muon_pt": ak.Array([[50.0, 40.0], [50.0, 40.0], [50.0]]),
        "Muon_eta": ak.Array([[0.1, 0.2], [0.1, 0.2], [0.1]]),
        "Muon_phi": ak.Array([[0.0, 2.0], [0.0, 2.0], [0.0]]),
        "Muon_charge": ak.Array([[1, -1], [1, -1], [1]]),
        "Jet_pt": ak.Array([[60.0, 70.0], [60.0, np.nan], [60.0, 70.0]]),
        "Jet_eta": ak.Array([[1.0, -1.0]] * 3),
        "Jet_phi": ak.Array([[1.0, -1.0]] * 3),
        "Jet_mass": ak.Array([[5.0, 6.0]] * 3),
        "Jet_btag": ak.Array([[0.9, 0.9]] * 3),
        "MET_pt": np.array([10.0, 20.0, 30.0]),
        "MET_phi": np.array([0.0, 0.0, 0.0]),
    }
    with uproot.recreate(tmp_path / "n.root") as file:
        file.mktree("Events", {k: getattr(v, "dtype", None) or v.type for k, v in columns.items()})
        file["Events"].extend(columns)
    branches = {f"muon_{c}": f"Muon_{c}" for c in ("pt", "eta", "phi", "charge")}
    branches |= {f"jet_{c}": f"Jet_{c}" for c in ("pt", "eta", "phi", "mass", "btag")}
    branches |= {"met_pt": "MET_pt", "met_phi": "MET_phi"}
    events = read_events(tmp_path / "n.root", branches=branches, btag_min=0.5)
    assert events.event.to_list() == [0, 1]
    assert events.attrs["n_bad_input"] == 1
    assert bad_input(events).tolist() == [False, True]
    # without the demand for two jets, what is left of an event stays and says what it lacks
    loose = read_events(tmp_path / "n.root", branches=branches, btag_min=0.95, require_two_bjets=False)
    assert loose.event.to_list() == [0, 1]
    assert all("fewer than two b jets" in reason for reason in validate(loose))


def test_missing_file_names_it_and_the_nearest(data):
    with pytest.raises(InputError, match=r"tt_60\.root: no such file; did you mean '.*tt_600\.root'"):
        read_events(data / "tt_60.root")
    with pytest.raises(InputError, match="is a folder"):
        read_events(data)


@pytest.mark.parametrize(
    "content", [b"", b"not a ROOT file at all", b"root" + bytes(20), b"root" + bytes(200)]
)
def test_unreadable_file_is_named(tmp_path, content):
    (tmp_path / "junk.root").write_bytes(content)
    with pytest.raises(InputError, match=r"junk\.root: .*truncated, damaged or"):
        read_events(tmp_path / "junk.root")


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_truncated_file_is_named(data, tmp_path, share):
    whole = (data / "tt_600.root").read_bytes()
    (tmp_path / "cut.root").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"cut\.root: .*truncated"):
        read_events(tmp_path / "cut.root")


def test_damaged_baskets_are_named(data, tmp_path):
    whole = bytearray((data / "tt_600.root").read_bytes())
    middle = len(whole) // 2
    whole[2000:middle] = bytes(middle - 2000)
    (tmp_path / "zeros.root").write_bytes(whole)
    with pytest.raises(InputError, match=r"zeros\.root: cannot "):
        read_events(tmp_path / "zeros.root")


def rewritten(source, target, drop=(), rename=None):
    with uproot.open(source) as file:
        columns = {k: v for k, v in file["Events"].arrays(library="np").items() if k not in drop}
    columns = {(rename or {}).get(k, k): v for k, v in columns.items()}
    with uproot.recreate(target) as file:
        file.mktree("Events", {k: v.dtype for k, v in columns.items()})
        file["Events"].extend(columns)


def test_missing_branch_is_named_with_file_tree_and_nearest(data, make, tmp_path):
    rewritten(data / "tt_600.root", tmp_path / "t.root", rename={"b2_eta": "bjet2_eta"})
    with pytest.raises(
        InputError, match=r"t\.root: tree 'Events' has no branch 'b2_eta'; did you mean 'bjet2_eta'"
    ):
        read_events(tmp_path / "t.root")
    write_events(tmp_path / "own.root", make(3, 1))
    rewritten(tmp_path / "own.root", tmp_path / "o.root", drop=["met_phi", "met_pt"])
    with pytest.raises(
        InputError, match=r"o\.root: tree 'Events' has no branch 'met_pt' \(and 1 more: met_phi\)"
    ):
        read_events(tmp_path / "o.root")
    with pytest.raises(InputError, match=r"no branch 'PupiMET_pt'; did you mean 'PuppiMET_pt'"):
        nano = data / "nanoAOD_2015_CMS_Open_Data_ttbar.root"
        read_events(nano, branches={"met_pt": "PupiMET_pt", "met_phi": "PuppiMET_phi"})


def test_unknown_format_and_tree(data, tmp_path):
    with pytest.raises(InputError, match=r"uproot-HZZ\.root: tree 'events' is of no known format.*branches="):
        read_events(data / "uproot-HZZ.root")
    with uproot.recreate(tmp_path / "n.root") as file:
        file["Events"] = {"l1_pt": np.ones(3)}
    with pytest.raises(InputError, match=r"n\.root: holds an RNTuple"):
        read_events(tmp_path / "n.root")
    with pytest.raises(InputError, match="no TTree 'events'; it holds Events"):
        read_events(data / "tt_600.root", tree="events")


def test_branch_of_the_wrong_kind_is_named(data, tmp_path):
    branches = {"jet_btag": "MET_pt"}
    nano = data / "nanoAOD_2015_CMS_Open_Data_ttbar.root"
    with pytest.raises(
        InputError, match=r"nanoAOD_2015_CMS_Open_Data_ttbar\.root: .*'MET_pt' \(for jet_btag\)"
    ):
        read_events(nano, branches=branches, btag_min=0.5)
    with pytest.raises(
        InputError, match=r"nanoAOD_2015_CMS_Open_Data_ttbar\.root: .*'Jet_pt' \(for met_pt\)"
    ):
        read_events(nano, branches={"met_pt": "Jet_pt"})
    with pytest.raises(InputError, match=r"nanoAOD_2015_CMS_Open_Data_ttbar\.root: .*do not fit together"):
        read_events(nano, branches={"jet_btag": "Muon_pt"}, btag_min=0.5)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"mll_mim": 12}, r"unknown cut 'mll_mim'; did you mean 'mll_min'"),
        ({"jet_pt_min": -5}, r"jet_pt_min = -5, want a number >= 0"),
        ({"jet_pt_min": "20"}, r"jet_pt_min = '20', want a number"),
        ({"jet_eta_max": float("nan")}, r"jet_eta_max = nan, want a number"),
        ({"electron_pt_min": 25}, r"electron_pt_min = 25, want two numbers"),
        (
            {"signal_mll_window": (110, 70)},
            r"signal_mll_window = \(110, 70\), want two numbers, the lower first",
        ),
        ({"signal_region": "yes"}, r"signal_region = 'yes', want true or false"),
    ],
)
def test_wrong_selection_keywords(data, keywords, message):
    with pytest.raises(InputError, match=message):
        read_events(data / "tt_600.root", **keywords)
    with pytest.raises(InputError, match=message):
        inspect(data / "tt_600.root", **keywords)


def test_selection_round_trips_through_json_like_values():
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in Selection(mll_min=None).to_dict().items()}
    assert Selection.from_keywords(plain) == Selection(mll_min=None)


def test_inspect_says_what_is_missing_and_does_not_raise(data, tmp_path):
    rewritten(data / "tt_600.root", tmp_path / "t.root", rename={"b2_eta": "B2_eta"})
    report = inspect(tmp_path / "t.root")
    assert report.cut_flow is None and list(report.missing) == ["j2_eta"]
    assert "did you mean 'B2_eta'" in report.to_text() and "branches={...}" in report.to_text()


def test_inspect_counts_what_the_selection_returns(data):
    report = inspect(data / "zbb_600.root", signal_region=True)
    events = read_events(data / "zbb_600.root", **Selection(signal_region=True).to_dict())
    assert report.cut_flow is not None and report.cut_flow.counts[-1] == len(events)
    assert report.cut_flow.counts == [row["events"] for row in events.attrs["cut_flow"]]
    assert (report.format, report.n_entries, report.has_truth, report.missing) == (
        "pythia_flat",
        600,
        True,
        {},
    )
    assert "MET < 80" in str(report) and str(len(events)) in str(report)


def test_inspect_nanoaod(data):
    report = inspect(data / "nanoAOD_2015_CMS_Open_Data_ttbar.root")
    assert report.cut_flow is not None and report.cut_flow.counts == [200, 0, 0, 0, 0]
    assert (
        report.recognised["jet_btag"] == "Jet_btagDeepFlavB"
        and report.btag == "Jet_btagDeepFlavB > 0.2783 (medium working point)"
    )
    assert "Muon_tightId" in report.to_text()
