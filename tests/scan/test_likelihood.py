"""The likelihood has its minimum at the truth, errors that hold, and counts unusable weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from momentax.errors import InputError
from momentax.regress.targets import WeightedEvents
from momentax.scan.config import ScanConfig
from momentax.scan.likelihood import likelihood, likelihood_from_files, load_likelihood

POINTS = [(m_h, m_a) for m_h in (440.0, 500.0, 560.0) for m_a in (260.0, 300.0, 340.0)]
SPREAD_H, SPREAD_A = 40.0, 30.0


def _label(point: tuple[float, float]) -> str:
    return f"hza_{point[0]:g}_{point[1]:g}"


def _toy(n: int, seed: int = 1, truth: tuple[float, float] = (500.0, 300.0)) -> tuple[dict, dict]:
    """Masses measured with normal resolutions; W = sigma_vis times their density; sigma_vis falls."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(truth[0], SPREAD_H, n), rng.normal(truth[1], SPREAD_A, n)
    weights, sigma = {}, {}
    for m_h, m_a in POINTS:
        w = np.zeros(n, dtype=[("value", "f8"), ("error", "f8"), ("status", "U16")])
        s = 1e-3 * (500 / m_h) ** 4 * (300 / m_a)
        density = np.exp(-0.5 * ((x - m_h) / SPREAD_H) ** 2 - 0.5 * ((y - m_a) / SPREAD_A) ** 2)
        w["value"], w["status"] = 1e-12 * s * density, "ok"
        weights[_label((m_h, m_a))], sigma[_label((m_h, m_a))] = w, s
    return weights, sigma


def test_minimum_at_the_truth_and_rise_as_computed_by_hand() -> None:
    """The mean rise is (shift / resolution)^2 / 2, within four standard errors, for every point."""
    found = likelihood(*_toy(4000))
    assert found.labels[found.best] == "hza_500_300"
    for i, (m_h, m_a) in enumerate(POINTS):
        expected = 0.5 * ((m_h - 500) / SPREAD_H) ** 2 + 0.5 * ((m_a - 300) / SPREAD_A) ** 2
        assert abs(found.columns["delta_nll"][i] - expected) <= 4 * found.columns["delta_nll_error"][i]
    assert found.columns["delta_nll"][found.best] == found.columns["delta_nll_error"][found.best] == 0


def test_without_the_cross_section_the_minimum_moves() -> None:
    """W alone is not a density: the term ln sigma_vis of Eq. 7 is needed."""
    weights, sigma = _toy(4000)
    steep = {h: s * np.exp(-0.05 * (POINTS[i][0] - 500)) for i, (h, s) in enumerate(sigma.items())}
    scaled = {h: w.copy() for h, w in weights.items()}
    for h, w in scaled.items():
        w["value"] *= steep[h] / sigma[h]
    assert likelihood(scaled, dict.fromkeys(steep, 1.0)).labels[
        likelihood(scaled, dict.fromkeys(steep, 1.0)).best
    ] != ("hza_500_300")
    found = likelihood(scaled, steep)
    assert found.labels[found.best] == "hza_500_300"


def test_errors_are_the_spread_of_repeated_samples() -> None:
    """The bootstrap error of the difference against the spread over 60 independent samples, to 30 %."""
    repeated = [likelihood(*_toy(150, seed=s), ScanConfig(bootstrap=50)) for s in range(100, 160)]
    fixed = 4  # (500, 300), the truth
    shifts = np.array([r.columns["nll"] - r.columns["nll"][fixed] for r in repeated])
    errors = np.array([r.columns["delta_nll_error"] for r in repeated if r.best == fixed])
    others = [i for i in range(len(POINTS)) if i != fixed]
    assert shifts[:, others].std(axis=0, ddof=1) == pytest.approx(errors[:, others].mean(axis=0), rel=0.3)


def test_error_of_the_cross_section_enters() -> None:
    weights, sigma = _toy(500)
    exact = likelihood(weights, sigma)
    rough = likelihood(weights, {h: (s, 0.2 * s) for h, s in sigma.items()})
    i = 0
    assert rough.columns["nll_error"][i] == pytest.approx(np.hypot(exact.columns["nll_error"][i], 0.2))
    both = np.hypot(exact.columns["delta_nll_error"][i], 0.2 * np.sqrt(2))
    assert rough.columns["delta_nll_error"][i] == pytest.approx(both)


def test_unusable_weights_are_dropped_or_floored_as_asked_and_counted() -> None:
    weights, sigma = _toy(100)
    weights["hza_440_260"]["status"][:5], weights["hza_440_260"]["value"][:5] = "zero", 0.0
    for w in weights.values():
        w["status"][99], w["value"][99] = "bad_input", np.nan
    dropped = likelihood(weights, sigma, ScanConfig(invalid="drop_event"))
    assert (dropped.n_events, dropped.n_dropped, dropped.about["n_floored"]) == (94, 6, 0)
    floored = likelihood(weights, sigma, ScanConfig(invalid="floor"))
    assert (floored.n_events, floored.n_dropped, floored.about["n_floored"]) == (99, 1, 5)
    smallest = min(w["value"][w["status"] == "ok"].min() for w in weights.values())
    assert floored.about["floor"] == smallest
    good = weights["hza_440_260"]["value"][5:99]
    expected = -(np.log(good).sum() + 5 * np.log(smallest)) / 99 + np.log(sigma["hza_440_260"])
    assert floored.columns["nll"][0] == pytest.approx(expected, rel=1e-12)
    assert floored.about["left_out"]["hza_440_260"] == {"zero": 5, "bad_input": 1}
    assert floored.columns["n_unusable"].tolist() == [6] + [1] * 8


def test_what_cannot_be_scanned_is_refused() -> None:
    weights, sigma = _toy(10)
    with pytest.raises(InputError, match="no mass points"):
        likelihood({"ttbar": weights["hza_500_300"]}, sigma)
    with pytest.raises(InputError, match="no visible cross section of 'hza_440_260'"):
        likelihood(weights, {"hza_500_300": 1.0})
    with pytest.raises(InputError, match="not a positive number"):
        likelihood(weights, sigma | {"hza_500_300": 0.0})
    for w in weights.values():
        w["status"] = "zero"
    with pytest.raises(InputError, match="no usable weight"):
        likelihood(weights, sigma)


def test_files_round_trip_and_mark_the_truth(tmp_path: Path, monkeypatch) -> None:
    weights, sigma = _toy(200)
    sample = np.repeat(["signal", "other"], 100)
    data = WeightedEvents(None, sample, weights, {})
    monkeypatch.setattr("momentax.scan.likelihood.read_weighted_events", lambda *_: data)
    lines: list[str] = []
    made = likelihood_from_files(
        ["e"], ["w"], sigma, None, tmp_path, sample="signal", truth=(500.0, 300.0), log=lines.append
    )
    again, facts = load_likelihood(tmp_path / "likelihood.csv")
    assert again.n_events == made.n_events == 100 and again.labels == made.labels
    for name, column in made.columns.items():
        assert np.array_equal(again.columns[name], column)
    assert facts["truth"] == [500.0, 300.0] and facts["sample"] == "signal"
    assert "minimum at hza_500_300 from 100 events" in lines[0]
    with pytest.raises(InputError, match="no sample 'signl'"):
        likelihood_from_files(["e"], ["w"], sigma, None, tmp_path, sample="signl")
    (tmp_path / "broken.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not a likelihood scan"):
        load_likelihood(tmp_path / "broken.csv")
