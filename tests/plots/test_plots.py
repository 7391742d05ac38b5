"""Every figure draws, says what it shows, and counts everything it leaves out."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from momentax.classify.roc import roc
from momentax.errors import InputError
from momentax.events import read_events
from momentax.events.observables import Comparison, compare
from momentax.plots import distributions, figures, learning, mass_centres, style, validation
from momentax.plots import likelihood as maps
from momentax.plots.config import FiguresConfig
from momentax.regress.metrics import residual_metrics
from momentax.regress.store import save_arrays
from momentax.scan.likelihood import likelihood, save_likelihood
from momentax.scan.mass_centres import mass_plane, summarise

RNG = np.random.default_rng(1)
INFORMATION = {"drell_yan": RNG.normal(18, 1, 500), "ttbar": RNG.normal(20, 1.5, 400)}


def texts(figure: Figure) -> str:
    """Everything written on a figure, one piece a line."""
    found = []
    for ax in figure.axes:
        found += [ax.get_xlabel(), ax.get_ylabel(), *(t.get_text() for t in ax.texts)]
        if legend := ax.get_legend():
            found += [t.get_text() for t in legend.get_texts()]
    return "\n".join(found)


def scan(points: list[tuple[float, float]], n: int = 100):
    x, y = RNG.normal(500, 40, n), RNG.normal(300, 35, n)
    weights = {}
    for m_h, m_a in points:
        w = np.zeros(n, dtype=[("value", "f8"), ("status", "U16")])
        w["value"], w["status"] = np.exp(-0.5 * ((x - m_h) / 40) ** 2 - 0.5 * ((y - m_a) / 35) ** 2), "ok"
        w["status"][0] = "zero"
        weights[f"hza_{m_h:g}_{m_a:g}"] = w
    return likelihood(weights, dict.fromkeys(weights, 1.0))


def test_information_says_unit_counts_and_what_is_missing() -> None:
    given = {k: v.copy() for k, v in INFORMATION.items()}
    given["ttbar"][:7] = np.nan
    given["ttbar"][7] = 1e6
    figure = distributions.information_distributions(given, "drell_yan")
    written = texts(figure)
    assert "GeV$^{-6}$" in written and r"-\log_{10}" in written
    assert "393 events, 7 without a weight" in written and "Drell–Yan: 500 events" in written
    assert "below / above the axis:" in written
    line = next(t for t in written.split("\n") if t.startswith("below"))
    assert int(line.split("/")[-1].split()[0]) >= 1


def test_one_outlier_does_not_stretch_the_axis() -> None:
    given = {k: v[:40].copy() for k, v in INFORMATION.items()}
    before = distributions.information_distributions(given, "ttbar").axes[0].get_xlim()
    given["ttbar"][3] = 198.0
    figure = distributions.information_distributions(given, "ttbar")
    low, high = figure.axes[0].get_xlim()
    assert high < 30 and low == pytest.approx(before[0], abs=1)
    assert "below / above the axis: 0 / 1 events" in texts(figure)
    # everything else stays on it
    rest = np.concatenate([given["drell_yan"], np.delete(given["ttbar"], 3)])
    assert low <= rest.min() and rest.max() <= high


def test_information_histograms_have_unit_area_with_what_is_outside() -> None:
    figure = distributions.information_distributions({"ttbar": INFORMATION["ttbar"]}, "ttbar")
    (patch,) = [p for p in figure.axes[0].patches if hasattr(p, "get_data")]
    values, edges, _ = patch.get_data()
    outside = np.sum((INFORMATION["ttbar"] < edges[0]) | (INFORMATION["ttbar"] >= edges[-1]))
    assert np.sum(values * np.diff(edges)) == pytest.approx(1 - outside / 400)


def test_network_is_compared_in_a_ratio_panel() -> None:
    predicted = {k: v + RNG.normal(0, 0.1, len(v)) for k, v in INFORMATION.items()}
    figure = distributions.information_distributions(INFORMATION, "hza_500_300", predicted)
    assert len(figure.axes) == 2
    assert figure.axes[1].get_ylabel() == "Network / integral"
    assert r"H\to ZA" in figure.axes[1].get_xlabel()


def test_nothing_to_draw_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="no event has a usable weight"):
        distributions.information_distributions({"ttbar": np.full(5, np.nan)}, "ttbar")
    with pytest.raises(InputError, match="no weights"):
        distributions.weight_status({})
    with pytest.raises(InputError, match="no ROC curves"):
        learning.roc_curves([])
    with pytest.raises(InputError, match="at least 20"):
        learning.regression(np.ones(5), np.ones(5), "ttbar")


def test_statuses_are_counted_beside_their_bars() -> None:
    counts = {"ttbar": {"drell_yan": {"ok": 90, "not_converged": 8, "nan": 2}, "ttbar": {"ok": 100}}}
    figure = distributions.weight_status(counts)
    written = texts(figure)
    assert "90 of 100 ok; not converged 8, nan 2" in written and "100 of 100 ok" in written
    assert figure.axes[0].get_xlabel() == "Weights [%]"
    widths = [p.get_width() for p in figure.axes[0].patches if p.get_width() > 0]
    assert sorted(widths) == [2, 8, 90, 100]


def test_many_mass_points_share_a_bar_of_statuses() -> None:
    points = {f"hza_{m}_50": {"ok": 9, "not_converged": 1} for m in (200, 250, 300, 500, 650)}
    figure = distributions.weight_status({"ttbar": {"ttbar": {"ok": 10}} | points})
    assert "45 of 50 ok; not converged 5" in texts(figure)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(names) == 2 and "(5 mass points)" in names[1]


def test_pulls_state_mean_and_width() -> None:
    pulls = np.concatenate([RNG.normal(0.2, 1.3, 1000), [np.nan, 50.0]])
    written = texts(distributions.pull_distribution({"ttbar": pulls}, r"$(W - W')/\sigma$"))
    assert "(1 outside)" in written and "1 not finite" in written and "s.d." in written


def test_cost_marks_published_means() -> None:
    costs = {"ttbar": RNG.lognormal(-5, 1, 200), "drell_yan": np.append(RNG.lognormal(-6, 1, 100), 0.0)}
    figure = distributions.cost_distribution(costs, references={"ttbar": 12.0})
    written = texts(figure)
    assert (
        "CPU time per weight [s]" in written and "published mean" in written and "1 without cost" in written
    )
    assert figure.axes[0].get_xlim()[1] > 12 and figure.axes[0].get_xscale() == "log"


def test_regression_shows_the_metrics_it_is_given() -> None:
    x = INFORMATION["drell_yan"]
    y = x + RNG.normal(0.1, 0.2, len(x))
    metrics = residual_metrics(x - y, np.arange(len(x)), 50, RNG)
    figure = learning.regression(x, y, "ttbar", metrics=metrics)
    written = texts(figure)
    assert rf"bias {metrics['bias'][0]:.3f} $\pm$ {metrics['bias'][1]:.3f}" in written
    assert "500 test weights" in written and "$I$ (network)" in written
    assert r"\log_{10}\,W_{\mathrm{DNN}}/W" in written


def test_learning_curves_mark_the_epoch_that_was_kept() -> None:
    history = {
        "train_loss": np.array([3.0, 2.0, 1.0]),
        "validation_loss": np.array([3.0, 1.5, 1.7]),
        "learning_rate": np.full(3, 1e-3),
    }
    figure = learning.learning_curves([history], "title")
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*" and len(line.get_xdata())]
    assert [float(v) for v in (stars[0].get_xdata()[0], stars[0].get_ydata()[0])] == [2.0, 1.5]
    assert figure.axes[1].get_xlabel() == "Epoch" and figure.axes[0].get_yscale() == "log"


def test_roc_legend_has_auc_and_counts() -> None:
    curve = roc("ttbar : drell_yan", RNG.normal(1, 1, 300), RNG.normal(0, 1, 200), replicas=20)
    figure = learning.roc_curves([curve])
    written = texts(figure)
    assert f"AUC {curve.auc:.4f}" in written and "(300 signal, 200 background)" in written
    assert "Correct identification" in written and "Misidentification" in written
    assert max(figure.axes[0].get_yticks()) <= 1.0


def test_class_probabilities_have_a_panel_an_output() -> None:
    p = RNG.dirichlet([1, 1, 1], 200)
    figure = learning.class_probabilities(p, np.array(["a", "b"])[RNG.integers(0, 2, 200)], ["a", "b", "c"])
    assert len(figure.axes) == 3 and "output: c" in texts(figure)


@pytest.mark.parametrize(
    "points",
    [
        [(500, 300)],
        [(500, 300), (450, 300), (550, 300)],
        [(h, a) for h in (450, 500, 550) for a in (250, 300)],
    ],
)
def test_likelihood_map_of_one_point_a_line_and_a_plane(points: list[tuple[float, float]]) -> None:
    figure = maps.likelihood_map(scan(points), (500, 300), "title")
    written = texts(figure)
    assert "$m_A$ [GeV]" in written and "$m_H$ [GeV]" in written and r"\ln L" in written
    assert "truth (500, 300)" in written and "minimum (500, 300)" in written
    assert "99 events, 1 left out" in written


def test_likelihood_map_shows_the_mass_points_near_the_minimum() -> None:
    near = [(500, 300), (450, 300), (550, 300), (500, 250), (500, 350)]
    figure = maps.likelihood_map(scan([*near, (900, 700)]), (500, 300))
    assert figure.axes[0].get_xlim()[1] < 500 and figure.axes[0].get_ylim()[1] < 800
    assert "1 mass points beyond the axes" in texts(figure)


def test_save_writes_every_format_and_equal_figures_are_equal_files(tmp_path: Path) -> None:
    def draw(stem: str) -> list[Path]:
        history = {n: np.array([2.0, 1.0]) for n in ("train_loss", "validation_loss", "learning_rate")}
        config = FiguresConfig(formats=["pdf", "png"], dpi=50)
        return style.save(learning.learning_curves([history]), tmp_path / stem, config)

    first, second = draw("first.v1"), draw("second")
    assert [p.name for p in first] == ["first.v1.pdf", "first.v1.png"]
    assert first[0].read_bytes()[:4] == b"%PDF" and first[1].read_bytes()[1:4] == b"PNG"
    assert [a.read_bytes() for a in first] == [b.read_bytes() for b in second]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "first.v1.pdf",
        "first.v1.png",
        "second.pdf",
        "second.png",
    ]


def test_the_users_own_style_returns() -> None:
    before = dict(mpl.rcParams)
    learning.roc_curves([roc("a", np.arange(5.0), np.arange(5.0), replicas=10)])
    assert dict(mpl.rcParams) == before


def test_names() -> None:
    assert style.pretty("hza_500_300") == r"$H\to ZA$ (500, 300)"
    assert style.pretty("ttbar_173") == r"$t\bar{t}$ ($m_t$ = 173 GeV)"
    assert style.pretty("my_sample") == "my_sample"


def test_figures_from_files(tmp_path: Path) -> None:
    config = FiguresConfig(formats=["png"], dpi=50)
    x = INFORMATION["drell_yan"]
    y = x + RNG.normal(0, 0.2, 500)
    metrics = {"all": residual_metrics(x - y, np.arange(500), 20, RNG)}
    columns = {
        "information": x,
        "predicted": y,
        "uncertainty": np.full(500, 0.2),
        "sample": np.array(["drell_yan", "ttbar"])[RNG.integers(0, 2, 500)],
    }
    about = {"kind": "hza", "hypotheses": ["hza_500_300", "hza_450_300"], "metrics": metrics}
    save_arrays(tmp_path / "predictions.npz", columns, about)
    history = {
        f"member0/{n}": np.array([2.0, 1.0]) for n in ("train_loss", "validation_loss", "learning_rate")
    }
    save_arrays(tmp_path / "history.npz", history, about | {"best_epochs": [2]})
    save_likelihood(
        tmp_path / "l.csv", scan([(500, 300), (450, 300)]), {"truth": [500, 300], "sample": "ttbar"}
    )
    written = [
        *figures.regression_from_files(tmp_path / "predictions.npz", tmp_path / "a", config),
        *figures.regression_pulls_from_files(tmp_path / "predictions.npz", tmp_path / "b", config),
        *figures.learning_curves_from_files(tmp_path / "history.npz", tmp_path / "c", config),
        *figures.likelihood_map_from_files(tmp_path / "l.csv", tmp_path / "d", config),
    ]
    assert [p.name for p in written] == ["a.png", "b.png", "c.png", "d.png"]
    assert all(p.stat().st_size > 5000 for p in written)
    with pytest.raises(InputError, match="no classifier 'simpel'"):
        figures.probabilities_from_files(tmp_path / "predictions.npz", "simpel", tmp_path / "e", config)


def test_kinematics_say_chi2_units_and_counts() -> None:
    folder = Path(__file__).parents[1] / "data/events"
    samples = [read_events(folder / f"{name}_600.root", truth=False) for name in ("tt", "za_500_300")]
    found = compare(*samples)
    figure = validation.kinematics(found, ("mine", "theirs"), [len(e) for e in samples], "title")
    written = texts(figure)
    for name, c in found.items():
        label, unit, _ = validation.OBSERVABLES[name]
        assert label in written and (not unit or f"[{unit}]" in written)
        chi2, degrees = c.chi2()
        assert f"= {chi2:.1f}/{degrees}" in written
    assert f"mine ({len(samples[0])})" in written and f"theirs ({len(samples[1])})" in written
    assert len(figure.axes) == 2 * len(found)


def test_likelihood_planes_show_both_minima() -> None:
    points = [(m_h, m_a) for m_h in (460.0, 500.0, 540.0) for m_a in (260.0, 300.0, 340.0)]
    best = {"mH": 498.76, "mA": 301.23, "mH_error": 1.5, "mA_error": 2.25}
    facts = {"truth": [500, 300], "fitted_minimum": best}
    other = facts | {"fitted_minimum": best | {"mA": 270.0}}
    figure = validation.likelihood_planes(
        {"fitted": (scan(points), facts), "configured": (scan(points), other)}, "title"
    )
    written = texts(figure)
    assert r"minimum (498.8 $\pm$ 1.5, 301.2 $\pm$ 2.2)" in written
    assert r"minimum (498.8 $\pm$ 1.5, 270.0 $\pm$ 2.2)" in written
    assert "detector: fitted" in written and "detector: configured" in written
    assert written.count("99 events, detector") == 2  # scan() makes one of 100 unusable


def test_kinematics_mark_what_is_beyond_the_ratio_panel() -> None:
    edges = np.arange(4.0)
    counts = np.array([[90.0, 20.0, 10.0], [30.0, 20.0, 70.0]])
    c = Comparison(edges, counts, np.stack([np.diag(row) for row in counts]), counts, counts.sum(axis=1))
    figure = validation.kinematics({"met": c}, ("mine", "theirs"), (120, 120))
    markers = {line.get_marker(): line.get_xdata().tolist() for line in figure.axes[1].lines[-2:]}
    assert markers == {"^": [0.5], "v": [2.5]}
    assert f"p$ = {c.probability():.2g}" in texts(figure)


def test_signals_beside_the_ellipses_of_cms() -> None:
    folder = Path(__file__).parents[1] / "data/events"
    plane = mass_plane(read_events(folder / "za_500_300_600.root", truth=False, signal_region=True))
    facts = summarise(plane, 500.0, 300.0, seed=1)
    figure = mass_centres.signal_plane(plane, facts, "name")
    written = texts(figure)
    n, x, dx, y, dy = (facts[k] for k in ("events", "m_bb", "m_bb_error", "m_llbb", "m_llbb_error"))
    assert f"name, {n} events" in written and "centre of CMS (254.1, 455.4)" in written
    assert rf"medians ({x:.1f} $\pm$ {dx:.1f}, {y:.1f} $\pm$ {dy:.1f})" in written
    # both ellipses, at one and two standard deviations, lie within the axes
    axes = figure.axes[0]
    outlines = [line for line in axes.lines if len(line.get_xdata()) == 200]
    assert len(outlines) == 4
    for line in outlines:
        assert axes.get_xlim()[0] < line.get_xdata().min() and line.get_xdata().max() < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < line.get_ydata().min() and line.get_ydata().max() < axes.get_ylim()[1]
    # (600, 250) is not one of the points: no ellipse, an interpolated centre
    elsewhere = summarise(plane, 600.0, 250.0, seed=1)
    assert "ellipses" not in texts(mass_centres.signal_plane(plane, elsewhere))
    figure = mass_centres.mass_centres([facts, elsewhere | {"m_bb": 220.0}])
    ratio = figure.axes[2]
    shown = [line.get_ydata() for line in ratio.lines]
    assert any(
        np.allclose(v, [x / facts["m_bb_cms"], 220.0 / elsewhere["m_bb_cms"]]) for v in shown if len(v) == 2
    )
