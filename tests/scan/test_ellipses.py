"""Ellipses of CMS: the table, the formula, interpolated centres; medians of measured masses and their errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from momentax.errors import InputError
from momentax.events import read_events
from momentax.scan.ellipses import ellipse_at, expected_centre, load_ellipses
from momentax.scan.mass_centres import MassPlane, mass_plane, summarise, table_rows, weighted_median

FOLDER = Path(__file__).parents[1] / "data/events"


def test_the_table_and_one_row_of_it():
    points = load_ellipses()
    assert len({(p.mH, p.mA) for p in points}) == 207
    assert all(p.mH > 125.0 and p.mH - p.mA > 90.0 for p in points)
    assert all(p.ee.a > p.ee.b and p.mm.a > p.mm.b for p in points)
    point = ellipse_at(500.0, 300.0)
    # printed in the file
    assert point.ee.m_bb == 253.11688562473265
    assert point.mm.theta == 0.8841890920784102
    assert ellipse_at(600.0, 250.0) is None


def test_rho_is_the_formula_and_one_on_the_outline():
    ellipse = ellipse_at(500.0, 300.0).ee
    assert ellipse.rho(ellipse.m_bb, ellipse.m_llbb) == 0.0
    x, y = np.array([200.0, 300.0]), np.array([420.0, 430.0])
    t = ellipse.theta
    matrix = np.array(
        [
            [np.cos(t) / np.sqrt(ellipse.a), np.sin(t) / np.sqrt(ellipse.a)],
            [-np.sin(t) / np.sqrt(ellipse.b), np.cos(t) / np.sqrt(ellipse.b)],
        ]
    )
    u, v = matrix @ np.stack([x - ellipse.m_bb, y - ellipse.m_llbb])
    assert ellipse.rho(x, y) == pytest.approx(np.sqrt(u**2 + v**2), rel=1e-13)
    for rho in (1.0, 2.0):
        assert ellipse.rho(*ellipse.outline(rho)) == pytest.approx(np.full(200, rho), rel=1e-12)


def test_centres_between_the_points():
    for point in load_ellipses():
        assert expected_centre(point.mH, point.mA) == pytest.approx(point.centre, rel=1e-12)
    m_bb, m_llbb = expected_centre(600.0, 250.0)
    assert expected_centre(500.0, 200.0)[0] < m_bb < expected_centre(500.0, 300.0)[0]
    assert expected_centre(500.0, 200.0)[1] < m_llbb < expected_centre(800.0, 200.0)[1]
    with pytest.raises(InputError, match=r"mH = 2000 GeV is outside the ellipses of CMS, 132 to 1000 GeV"):
        expected_centre(2000.0, 300.0)
    with pytest.raises(InputError, match=r"mA = 20 GeV"):
        expected_centre(500.0, 20.0)


def test_a_table_that_is_none(tmp_path):
    path = tmp_path / "own.csv"
    with pytest.raises(InputError, match=r"own\.csv: cannot be read"):
        load_ellipses(path)
    path.write_text("mH,mA,mbb_ee\n500,300,250\n")
    with pytest.raises(InputError, match="no column mllbb_ee, a_ee, b_ee, theta_ee, mbb_mm"):
        load_ellipses(path)
    header = "mH,mA," + ",".join(
        f"{c}_{f}" for f in ("ee", "mm") for c in ("mbb", "mllbb", "a", "b", "theta")
    )
    for row, message in (
        ("500,300,250,450,5000,0,1,250,450,5000,400,1", "line 2: a and b are variances"),
        ("500,300,250,450,5000,many,1,250,450,5000,400,1", "line 2: a value is no number"),
        ("500,300,250", "line 2: a value is no number"),
    ):
        # another path: a table is read once
        bad = tmp_path / f"{len(row)}.csv"
        bad.write_text(f"{header}\n{row}\n")
        with pytest.raises(InputError, match=message):
            load_ellipses(bad)


def gaussian(n, seed, point):
    """Events distributed as the e+ e- ellipse of a point."""
    e, rng = point.ee, np.random.default_rng(seed)
    u, v = np.sqrt(e.a) * rng.normal(size=n), np.sqrt(e.b) * rng.normal(size=n)
    cos, sin = np.cos(e.theta), np.sin(e.theta)
    x, y = e.m_bb + cos * u - sin * v, e.m_llbb + sin * u + cos * v
    return MassPlane(x, y, np.ones(n), np.ones(n, dtype=bool))


def test_summary_of_a_gaussian():
    """20,000 events: share within rho = 1 is 1 - exp(-1/2); the median's error sqrt(pi/2) sigma / sqrt(n)."""
    n, point = 20_000, ellipse_at(500.0, 300.0)
    plane = gaussian(n, 3, point)
    found = summarise(plane, 500.0, 300.0, seed=1)
    inside = 1.0 - np.exp(-0.5)
    assert found["inside_ee"] == pytest.approx(inside, abs=4 * np.sqrt(inside * (1 - inside) / n))
    assert found["inside_mm"] is None
    for name, centre in (("m_bb", point.ee.m_bb), ("m_llbb", point.ee.m_llbb)):
        sigma = getattr(plane, name).std()
        error = np.sqrt(np.pi / 2) * sigma / np.sqrt(n)
        # 500 replicas: 3 %, and the density at the median is that of the sample
        assert found[f"{name}_error"] == pytest.approx(error, rel=0.15)
        assert found[name] == pytest.approx(centre, abs=4 * error)
        assert found[f"{name}_peak"] == pytest.approx(centre, abs=4 * error)
    assert found == summarise(plane, 500.0, 300.0, seed=1)
    assert [
        row["mH"] for row in table_rows([{"sample": "a", **found}, {"sample": "b", **found, "mH": 1.0}])
    ] == [
        1.0,
        500.0,
    ]


def test_the_peak_takes_no_notice_of_a_tail():
    point = ellipse_at(500.0, 300.0)
    plane = gaussian(5000, 4, point)
    low = np.arange(5000) < 800
    tailed = MassPlane(
        np.where(low, plane.m_bb - 300.0, plane.m_bb), plane.m_llbb, plane.weight, plane.electrons
    )
    whole, cut = (summarise(p, 500.0, 300.0, seed=1) for p in (plane, tailed))
    assert cut["m_bb"] < whole["m_bb"] - 8.0
    assert cut["m_bb_peak"] == pytest.approx(whole["m_bb_peak"], abs=4.0)


def test_weighted_median():
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.ones(3)) == 2.0
    assert weighted_median(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4)) == 2.5
    # a weight of two is two events
    values, weight = np.array([1.0, 2.0, 5.0, 7.0]), np.array([1.0, 1.0, 2.0, 1.0])
    assert weighted_median(values, weight) == 5.0 == np.median([1.0, 2.0, 5.0, 5.0, 7.0])
    assert weighted_median(values, 3.0 * weight) == weighted_median(values, weight)


def test_signals_of_pythia_lie_in_the_ellipses_and_top_pairs_do_not():
    """600 independent events: medians within four standard deviations of CMS."""
    plane = mass_plane(read_events(FOLDER / "za_500_300_600.root", signal_region=True))
    found = summarise(plane, 500.0, 300.0, seed=1)
    assert 500 < found["events"] < 600 and 0.3 < plane.electrons.mean() < 0.7
    for name in ("m_bb", "m_llbb"):
        assert found[f"{name}_error"] < 0.015 * found[name]
        assert found[name] == pytest.approx(found[f"{name}_cms"], abs=4 * found[f"{name}_error"])
    assert found["inside_ee"] > 0.35 and found["inside_mm"] > 0.35
    tops = mass_plane(read_events(FOLDER / "tt_600.root"))
    assert len(tops.weight) < 400  # e mu events are left out
    assert summarise(tops, 500.0, 300.0, seed=1)["inside_ee"] < 0.15
    with pytest.raises(InputError, match="0 usable events"):
        mass_plane(read_events(FOLDER / "tt_600.root")[:0])
