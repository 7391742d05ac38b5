"""Figures 2-6, 11, 12 and the strip of residuals: what they say, and the errors of their ratios."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import norm

from momentax.errors import InputError
from momentax.plots.by_mass import information_by_masses, residuals_by_hypothesis
from momentax.plots.classes import information_by_class, information_from_file
from momentax.plots.config import FiguresConfig
from momentax.plots.ratios import bins_for, draw_ratios, paired_ratio
from momentax.regress.evaluation import CLASSES, residual_summary
from momentax.regress.store import save_arrays

BIAS, WIDTH, N = -0.15, 0.3, 1500


def columns(n: int = N) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    of_class = np.resize(CLASSES, n)
    integral = rng.normal(18.0, 1.5, n)
    return {
        "event": np.arange(n),
        "sample": np.where(np.arange(n) % 2 == 0, "one", "two"),
        "class": of_class,
        "hypothesis": np.resize(["hza_250_100", "hza_1000_50"], n),
        "integral": integral,
        "network": integral - BIAS - WIDTH * rng.normal(size=n),
        "delaunay": integral - 0.1 * rng.normal(size=n),
    }


def texts(figure: Figure) -> str:
    """Everything written on a figure, one piece a line."""
    found = []
    for ax in figure.axes:
        found += [ax.get_xlabel(), ax.get_ylabel(), *(t.get_text() for t in ax.texts)]
        if legend := ax.get_legend():
            found += [legend.get_title().get_text(), *(t.get_text() for t in legend.get_texts())]
    for legend in figure.legends:
        found += [t.get_text() for t in legend.get_texts()]
    return "\n".join(found)


def test_error_of_a_ratio_is_that_of_repeated_experiments():
    """Means and standard deviations over 400 samples against the mean of the stated errors."""
    rng = np.random.default_rng(2)
    edges = np.linspace(-2.0, 2.0, 9)
    ratios, errors = [], []
    for _ in range(400):
        x = rng.normal(size=rng.poisson(2000))
        r, e = paired_ratio(x + 0.1 + 0.15 * rng.normal(size=len(x)), x, edges)
        ratios.append(r)
        errors.append(e)
    np.testing.assert_allclose(np.std(ratios, axis=0), np.mean(errors, axis=0), rtol=0.15)
    # independent samples would have errors twice as large
    expected = 2000 * np.diff(norm.cdf(edges))
    assert np.all(np.std(ratios, axis=0) < 0.7 * np.sqrt(2 / expected))


def test_a_ratio_of_equal_histograms_is_one_without_error_and_empty_bins_are_nan():
    x = np.array([0.1, 0.2, 1.5])
    r, e = paired_ratio(x, x, np.array([0.0, 1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(r, [1.0, 1.0, np.nan])
    assert e[:2].tolist() == [0.0, 0.0]


def test_ratios_beyond_the_axis_are_marked_at_its_edge():
    ax = Figure().add_subplot()
    edges = np.array([0.0, 1.0, 2.0])
    below, above = np.repeat([0.5, 1.5], [15, 5]), np.repeat([0.5, 1.5], [3, 17])
    draw_ratios(ax, edges, below, {"n": above}, {"n": "k"}, {"n": "o"}, {"n": 0.0})
    (mark,) = [line for line in ax.lines if line.get_marker() == "^" and len(line.get_xdata())]
    assert mark.get_xdata().tolist() == [1.5] and ax.get_ylim() == (0.0, 2.0)


def test_bins_grow_with_the_number_of_events():
    assert [bins_for(n, FiguresConfig()) for n in (1, 100, 1000, 10**6)] == [8, 12, 25, 50]


def test_every_class_has_its_count_bias_and_resolution():
    given = columns()
    given["network"][0] = 60.0
    residuals = {name: residual_summary(given, name, 20, 1) for name in ("network", "delaunay")}
    figure = information_by_class(
        given, "hza_600_250", ("delaunay", "network"), residuals, ("ratio", "residual")
    )
    written = texts(figure)
    assert len(figure.axes) == 9
    assert written.count(": 500") == 3 and "Drell–Yan events" in written
    for c in CLASSES:
        value, error = residuals["network"][c]["bias"]
        assert rf"network: bias {value:+.3f} $\pm$ {error:.3f}" in written
    assert "beyond the axis: 1 (network)" in written and "(600, 250) hypothesis" in written


def test_a_class_without_events_says_so_and_none_at_all_is_refused():
    given = {name: values[columns()["class"] != "hza"] for name, values in columns().items()}
    assert r"no $H\to ZA$ events" in texts(information_by_class(given, "ttbar"))
    with pytest.raises(InputError, match="nothing to draw"):
        information_by_class({name: values[:0] for name, values in given.items()}, "ttbar")


def test_failed_events_are_counted_beside_all_that_were_tried(tmp_path):
    given, chosen = columns(), np.arange(N) % 10 == 0
    facts = {
        "hypothesis": "ttbar",
        "residuals": {},
        "counts": dict.fromkeys(CLASSES, 50),
        "failed": {"drell_yan": 50, "ttbar": 7, "hza": 0},
        "tried": dict.fromkeys(CLASSES, 500),
    }
    tried = {f"tried/{name}": given[name] for name in ("class", "integral", "network")}
    save_arrays(tmp_path / "f.npz", {n: v[chosen] for n, v in given.items()} | tried, facts)
    written = texts(information_from_file(tmp_path / "f.npz", ["network"], ["residual"]))
    assert "of 500 tried: 50 failed\n" in written
    assert "of 500 tried: 7 failed, 43 of largest error" in written
    assert "all 500 that were tried" in written


def test_contributions_of_generated_masses_are_stacked_to_all_events():
    given = columns()
    points = {"one": "hza_250_100", "two": "hza_200_50"}
    labels = ["hza_250_100", "hza_1000_50"]
    figure = information_by_masses(given, labels, points)
    written = texts(figure)
    assert written.count("integral: 750 test events, stacked") == 2
    assert written.count("generated with these masses:") == 1
    assert "(200, 50)\n(250, 100)" in written.replace("(250, 100)\n(200, 50)", "(200, 50)\n(250, 100)")
    values = [p.get_data().values.sum() for p in figure.axes[0].patches if hasattr(p, "get_data")]
    assert max(values) == 750
    with pytest.raises(InputError, match="no H -> ZA event with known masses"):
        information_by_masses(given, labels, {})


def test_strip_of_residuals_has_every_hypothesis_in_order():
    def row(of: str, by: str = "hypothesis", bias: object = 0.1) -> dict[str, object]:
        one = {"network": "hza", "by": by, "of": of, "rows": 9}
        for name in ("bias", "rms", "width", "median"):
            one |= {name: bias, f"{name}_error": 0.01}
        return one

    # as read from CSV: texts, empty where nothing was measured
    rows = [row("drell_yan", bias="-0.2"), row("x", "sample"), row("hza_200_50"), row("hza_200_100", bias="")]
    figure = residuals_by_hypothesis(rows)
    assert [t.get_text() for t in figure.axes[1].get_xticklabels()] == ["Drell–Yan", "(200, 50)"]
    low, high = figure.axes[0].get_ylim()
    assert low < -0.2 and high > 0.1
    with pytest.raises(InputError, match="no hypothesis with residuals"):
        residuals_by_hypothesis(rows[1:2])
