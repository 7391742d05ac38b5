"""Tables of the report: every weight and every cut is counted, and the page shows what the CSV has."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from momentax.events import read_events, write_events
from momentax.integrate.result import RESULT_DTYPE
from momentax.tables import cut_flow_rows, status_rows, write_csv, write_html
from momentax.weights_io import write_weights

EVENTS = Path(__file__).parent / "data/events/za_500_300_600.root"


def _weights(path, *rows):
    records = np.zeros(len(rows), dtype=RESULT_DTYPE)
    for name, column in zip(("value", "error", "status", "n_eval"), zip(*rows, strict=True), strict=True):
        records[name] = column
    metadata = {"cpu_seconds": {"ttbar": 2.0 * len(rows)}}
    write_weights(path, np.arange(len(rows)), {"ttbar": records}, metadata)
    return path


@pytest.fixture
def statuses(tmp_path):
    """Rows of one sample whose second pass mended one of its two open weights."""
    rest = [(3.0, 0.01, "ok", 100), (np.nan, np.nan, "nan", 100), (np.nan, np.nan, "bad_input", 0)]
    first = _weights(tmp_path / "a.root", (1.0, 2.0, "not_converged", 100), (0.0, 0.0, "zero", 100), *rest)
    final = _weights(tmp_path / "b.root", (1.0, 0.01, "ok", 900), (0.0, 0.0, "zero", 900), *rest)
    return status_rows({"tt": first}, {"tt": final})


def test_statuses_are_counted_before_and_after(statuses):
    before, after = statuses
    assert (before["pass"], after["pass"]) == ("before", "after")
    for row, counts in ((before, (1, 1, 1, 1, 1)), (after, (2, 0, 1, 1, 1))):
        assert tuple(row[s] for s in ("ok", "not_converged", "zero", "nan", "bad_input")) == counts
        assert row["weights"] == sum(counts) == 5
    assert (before["invalid"], after["invalid"]) == (4, 3)
    assert after["invalid_percent"] == pytest.approx(60.0)
    assert (before["mean_n_eval"], after["mean_n_eval"]) == (80.0, 400.0)
    assert after["cpu_seconds"] == pytest.approx(2.0)


def test_an_empty_sample_has_rows_of_zeros(tmp_path):
    path = tmp_path / "none.root"
    write_weights(path, np.empty(0, np.int64), {"ttbar": np.empty(0, RESULT_DTYPE)})
    for row in status_rows({"tt": path}, {"tt": path}):
        assert (row["weights"], row["invalid_percent"], row["mean_n_eval"]) == (0, 0.0, 0.0)


def test_page_and_csv_hold_the_same_rows(statuses, tmp_path):
    write_csv(tmp_path / "t.csv", statuses)
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["pass"], int(r["not_converged"])) for r in rows] == [("before", 1), ("after", 0)]
    write_html(tmp_path / "t.html", statuses, "A < B", ["sample", "hypothesis"])
    page = (tmp_path / "t.html").read_text()
    assert "A &lt; B" in page
    assert "invalid [%]" in page
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in page.splitlines() if "<td" in line]
    # sample and hypothesis stand where they change
    assert cells[0][:4] == ["tt", "ttbar", "before", "5"]
    assert cells[1][:4] == ["", "", "after", "5"]


def test_cut_flow_of_a_file_and_of_the_generator(tmp_path):
    events = read_events(EVENTS, jet_pt_min=60.0)
    write_events(tmp_path / "file.root", events, {"cut_flow": events.attrs["cut_flow"]})
    info = {
        "n_trials": 1000,
        "n_events": len(events),
        "acceptance": 0.25,
        "sigma_pb": 8.0,
        "sigma_vis_pb": 2.0,
    }
    write_events(tmp_path / "made.root", events, {"simulation": info})
    rows = cut_flow_rows({"a": tmp_path / "file.root", "b": tmp_path / "made.root"})
    read = [row for row in rows if row["sample"] == "a"]
    assert (read[0]["events"], read[0]["share_percent"]) == (600, 100.0)
    assert read[-1]["events"] == len(events) < 600
    assert any("pT > 60" in row["cut"] for row in read)
    first, last = (row for row in rows if row["sample"] == "b" and row["sigma_pb"] is not None)
    assert (first["events"], first["sigma_pb"]) == (1000, 8.0)
    assert (last["events"], last["share_percent"], last["sigma_pb"]) == (len(events), 25.0, 2.0)
