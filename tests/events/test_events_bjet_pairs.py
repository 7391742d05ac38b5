"""Further b jets in files, and rows and sums of pairs."""

import awkward as ak
import numpy as np
import pytest
import uproot
from by_hand import numbers, raw
from nanofile import write_nanoaod

from momentax.bjet_pairs import PAIRS, PairRows, pair_id, pair_rows
from momentax.errors import InputError
from momentax.events import bad_input, inspect, read_events, select_file, validate, visible, write_events
from momentax.integrate.result import RATIO_DTYPE, RESULT_DTYPE

P4 = ("pt", "eta", "phi", "mass")
#: 2, 3, 4 and 5 tagged jets; the third event's are not in order.
FURTHER = [
    [],
    [(30.0, 0.5, 1.0, 5.0)],
    [(21.0, -1.0, 2.0, 4.0), (24.0, 1.5, -2.5, 6.0)],
    [(26.0, -0.3, 0.1, 5.0), (25.0, 2.0, 3.0, 5.0), (24.0, -2.0, -1.0, 5.0)],
]


@pytest.fixture
def nano(data, tmp_path):
    rows = [0, 1, 2, 3]
    return write_nanoaod(tmp_path / "n.root", data / "za_500_300_600.root", rows, extra_jets=FURTHER)


def all_jets(t, i):
    """All tagged jets of event i of the flat file with the further ones, in decreasing pt."""
    jets = [tuple(float(t[f"b{k}_{c}"][i]) for c in P4) for k in (1, 2)]
    return sorted([*jets, *FURTHER[i]], reverse=True)


def test_further_jets_are_kept_only_if_asked_for(data, nano):
    t = raw(data / "za_500_300_600.root")
    loose = dict(jet_lepton_dr_min=None, mll_min=None)
    plain, pairs = read_events(nano, **loose), read_events(nano, bjets="pairs", **loose)
    assert set(pairs.fields) - set(plain.fields) == {"j3", "j4"}
    assert ak.array_equal(pairs[plain.fields], plain) and len(plain) == 4
    for i in range(4):
        want = (all_jets(t, i) + [(np.nan,) * 4] * 2)[:4]
        for k, jet in enumerate(want, start=1):
            found = [float(pairs[f"j{k}", c][i]) for c in P4]
            assert found == pytest.approx(jet, nan_ok=True)


def test_further_jets_travel_in_files(nano, tmp_path):
    events = read_events(nano, bjets="pairs")
    write_events(tmp_path / "e.root", events)
    again = read_events(tmp_path / "e.root")
    for k in ("j1", "j2", "j3", "j4"):
        for c, values in numbers(events, k).items():
            assert np.array_equal(values, numbers(again, k)[c], equal_nan=True)
    assert "j3" not in read_events(tmp_path / "e.root", bjets="leading").fields
    select_file(nano, tmp_path / "s.root", bjets="pairs", step=2)
    assert np.array_equal(
        numbers(read_events(tmp_path / "s.root"), "j3")["pt"], numbers(events, "j3")["pt"], equal_nan=True
    )
    # a tighter cut takes the third jet of one event, and the fourth becomes the third of none
    tight = read_events(tmp_path / "e.root", jet_pt_min=25.5)
    left = {int(e): np.isfinite([tight.j3.pt[i], tight.j4.pt[i]]).tolist() for i, e in enumerate(tight.event)}
    assert left[7] == [False, False] and left[8] == [True, False] and left[9] == [False, False]
    with pytest.raises(InputError, match="bjets = 'all', want leading or pairs"):
        read_events(nano, bjets="all")


def test_further_jets_by_branch_map(data, tmp_path):
    t = raw(data / "za_500_300_600.root")
    n = len(t["l1_pt"])
    fields = {k: v for k, v in t.items() if v.dtype != object}
    third = {"c_pt": np.where(np.arange(n) % 2, 40.0, -999.0), "c_eta": np.full(n, 1.0)}
    third |= {"c_phi": np.zeros(n), "c_mass": np.full(n, 5.0)}
    with uproot.recreate(tmp_path / "t.root") as file:
        tree = file.mktree("Events", {k: v.dtype for k, v in (fields | third).items()})
        tree.extend(fields | third)
    events = read_events(tmp_path / "t.root", branches={f"j3_{c}": f"c_{c}" for c in P4})
    assert np.array_equal(np.isfinite(numbers(events, "j3")["pt"]), np.arange(n) % 2 == 1)
    assert np.isnan(numbers(events, "j4")["pt"]).all()
    near = read_events(
        tmp_path / "t.root", branches={f"j3_{c}": f"c_{c}" for c in P4}, jet_eta_max=0.9, bjets="pairs"
    )
    assert np.isnan(numbers(near, "j3")["pt"]).all()


def test_a_bad_further_jet_is_named(nano, replace):
    events = read_events(nano, bjets="pairs")
    assert not bad_input(events).any()
    row = ak.to_numpy(events.event).tolist().index(8)
    bad = replace(events, "j3.eta", row, np.nan)
    assert np.flatnonzero(bad_input(bad)).tolist() == [row]
    assert "j3_eta = nan is not finite" in validate(bad)[row]
    assert "j3_pt = -1, want > 0" in validate(replace(events, "j3.pt", row, -1.0))[row]


def test_inspect_counts_events_with_more_than_two(nano):
    events = read_events(nano, bjets="pairs")
    report = inspect(nano)
    assert report.n_more_bjets == np.isfinite(numbers(events, "j3")["pt"]).sum() == 3
    assert "more than two b jets: 3 (the two leading ones are taken" in report.to_text()
    assert "sums over pairs" in inspect(nano, bjets="pairs").to_text()


def test_rows_of_pairs(nano):
    events = read_events(nano, bjets="pairs", jet_lepton_dr_min=None, mll_min=None)
    rows = pair_rows(events)
    assert rows is not None
    assert rows.event_of_row.tolist() == [0] + [1] * 3 + [2] * 6 + [3] * 6
    assert rows.pair_of_row.tolist() == [0, 0, 1, 2, *range(6), *range(6)]
    assert set(rows.events.fields) == set(events.fields) - {"j3", "j4"}
    for r, (e, p) in enumerate(zip(rows.event_of_row, rows.pair_of_row, strict=True)):
        for position, k in enumerate(PAIRS[p], start=1):
            for c in P4:
                assert rows.events[f"j{position}", c][r] == events[f"j{k}", c][e]
        assert rows.events.event[r] == pair_id(int(events.event[e]), PAIRS[p])
        assert rows.events.lep_plus.pt[r] == events.lep_plus.pt[e]
    ids = ak.to_numpy(rows.events.event)
    assert len(set(ids.tolist())) == len(ids)
    assert ids[rows.pair_of_row == 0].tolist() == ak.to_numpy(events.event).tolist()
    # k_rec of a pair: its own four objects and MET
    seen = visible(rows.events)
    px = sum(
        float(rows.events[o].pt[3] * np.cos(rows.events[o].phi[3]))
        for o in ("lep_plus", "lep_minus", "j1", "j2", "met")
    )
    assert seen.k_rec[3, 0] == pytest.approx(px)


def test_no_rows_without_further_jets(nano):
    assert pair_rows(read_events(nano)) is None
    events = read_events(nano, bjets="pairs", mll_min=None, jet_lepton_dr_min=None)
    assert "j3" in events.fields and pair_rows(events[:1]) is None


def record(value, error, status="ok", chi2=1.0, n=100):
    return (value, error, chi2, n, status, (0.25 * value, 0.75 * value))


@pytest.mark.parametrize(
    ("pairs", "status"),
    [
        ([record(1, 0.01), record(2, 0.02), record(3, 0.03)], "ok"),
        ([record(1, 0.01), record(0, 0, "zero"), record(0, 0, "zero")], "ok"),
        ([record(0, 0, "zero")] * 3, "zero"),
        # one that has not converged matters by what it adds to the error of the sum
        ([record(1, 0.001), record(0.01, 0.005, "not_converged")], "ok"),
        ([record(1, 0.001), record(1, 0.5, "not_converged")], "not_converged"),
        # estimates that disagree: the small error is not to be trusted
        ([record(1, 0.001), record(1.1, 0.001, "not_converged", 9.0)], "not_converged"),
        ([record(1, 0.001), record(1e-3, 1e-6, "not_converged", 9.0)], "ok"),
        ([record(1, 0.01), record(np.nan, np.nan, "nan")], "nan"),
        ([record(1, 0.01), record(np.nan, np.nan, "bad_input")], "bad_input"),
        ([record(np.nan, np.nan, "nan"), record(np.nan, np.nan, "bad_input")], "bad_input"),
    ],
)
def test_one_record_of_an_event(pairs, status):
    single = [record(5, 0.4, "not_converged", 3.0, 7)]
    records = np.array([*single, *pairs, *single], dtype=RESULT_DTYPE)
    of_row = np.repeat([0, 1, 2], [1, len(pairs), 1])
    pair_of_row = np.concatenate([[0], np.arange(len(pairs)), [0]])
    out = PairRows(ak.Array([]), of_row, pair_of_row).total(records, 0.02)
    assert out[0] == records[0] and out[2] == records[-1]
    assert out["status"][1] == status and out["n_eval"][1] == 100 * len(pairs)
    if status in ("nan", "bad_input"):
        assert np.isnan(out["value"][1])
        return
    values, errors = ([p[i] for p in pairs] for i in (0, 1))
    assert out["value"][1] == pytest.approx(sum(values))
    assert out["error"][1] == pytest.approx(np.sqrt(np.sum(np.square(errors))))
    assert out["value_per_assignment"][1] == pytest.approx([0.25 * sum(values), 0.75 * sum(values)])
    assert out["chi2_dof"][1] == pairs[int(np.argmax(values))][2]


def test_tiny_weights_do_not_underflow():
    records = np.array([record(3e-200, 3e-202), record(4e-200, 4e-202)], dtype=RESULT_DTYPE)
    out = PairRows(ak.Array([]), np.array([0, 0]), np.array([0, 1])).total(records, 0.02)
    assert out["error"][0] == pytest.approx(5e-202) and out["status"][0] == "ok"


def test_ratio_of_sums():
    below = np.array([record(1, 0.01), record(3, 0.06), record(2, 0.1)], dtype=RESULT_DTYPE)
    ratios = np.array([(2.0, 0.1), (4.0, 0.2), (7.0, 0.3)], dtype=RATIO_DTYPE)
    out = PairRows(ak.Array([]), np.array([0, 0, 1]), np.array([0, 1, 0])).mean(below, ratios)
    assert out["value"][0] == pytest.approx((1 * 2 + 3 * 4) / 4)
    parts = [0.25 * 0.1, 0.75 * 0.2, 0.25 * (2 - 3.5) * 0.01, 0.75 * (4 - 3.5) * 0.02]
    assert out["error"][0] == pytest.approx(np.sqrt(np.sum(np.square(parts))))
    assert out[1] == ratios[2]
