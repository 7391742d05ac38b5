"""Distributions: event information by sample, pulls, cost of a weight, statuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import hist
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momentax.errors import InputError
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.regress.targets import mass_point

_BARS_OF_MASS_POINTS = 4
"""As many mass points have a bar each among the statuses."""


def axis_range(values: Sequence[np.ndarray], fence: float | None = None) -> tuple[float, float]:
    """Axis limits, rounded outwards: those of all values, or of all that are no outliers in their own sample.

    ``fence``: an outlier is more than this many interquartile ranges outside the quartiles. Quantiles near 0 and 1
    would follow a single outlier in a sample of a hundred.
    """
    filled = [v for v in values if len(v)]
    if not filled:
        raise InputError("nothing to draw: no event has a usable weight")
    if fence is not None:
        filled = [_without_outliers(v, fence) for v in filled]
    a, b = min(float(v.min()) for v in filled), max(float(v.max()) for v in filled)
    margin = 0.04 * (b - a) + 1e-9
    step = 10.0 ** np.floor(np.log10(max(b - a, 1e-3))) / 2
    return float(np.floor((a - margin) / step) * step), float(np.ceil((b + margin) / step) * step)


def _without_outliers(values: np.ndarray, fence: float) -> np.ndarray:
    low, high = np.quantile(values, [0.25, 0.75])
    # the quartiles interpolate: the values next to them stay in, also where the sample has two values
    reach = fence * (high - low)
    return values[(values >= low - reach) & (values <= high + reach)]


def _filled(axis: hist.axis.Regular | hist.axis.Variable, values: np.ndarray) -> hist.Hist:
    return hist.Hist(axis, storage=hist.storage.Weight()).fill(values)


#: Interquartile ranges from the quartiles to the last information on the axis: 7 standard deviations of a normal one.
FENCE = 5.0

#: Ratios are drawn where the denominator has at least this many events: below, Gaussian errors mislead.
_FEW = 10


def _errors(h: hist.Hist) -> np.ndarray:
    return np.sqrt(np.asarray(h.variances()))


def _outside(h: hist.Hist) -> tuple[int, int]:
    counts = h.values(flow=True)
    return int(counts[0]), int(counts[-1])


def information_distributions(
    information: Mapping[str, np.ndarray],
    hypothesis: str,
    predicted: Mapping[str, np.ndarray] | None = None,
    config: FiguresConfig | None = None,
) -> Figure:
    """Event information under one hypothesis, one normalised histogram a sample.

    Args:
        information: sample -> I of its events [n]; NaN without a usable weight (counted in the legend).
        hypothesis: label of the hypothesis.
        predicted: sample -> I from the network for the same events [n]: drawn as markers, with the ratio
            below.

    Returns:
        A figure; events beyond the axis are in the normalisation, and noted in the legend. Ratios are drawn
        for bins of at least 10 events.
    """
    config = config or FiguresConfig()
    finite = {s: v[np.isfinite(v)] for s, v in information.items()}
    axis = hist.axis.Regular(config.information_bins, *axis_range(list(finite.values()), FENCE))
    width = axis.widths[0]
    with style.context():
        figure, axes = style.new_figure(
            (3.0, 1.0) if predicted else (1.0,), figsize=(6.8, 6.2 if predicted else 5.4)
        )
        main = axes[0]
        outside = []
        for i, (sample, values) in enumerate(finite.items()):
            if not len(values):
                continue
            colour, h = style.COLOURS[i % 8], _filled(axis, values)
            lacking = len(information[sample]) - len(values)
            text = f"{style.pretty(sample)}: {style.thousands(len(values))} events"
            if lacking:
                text += f", {style.thousands(lacking)} without a weight"
            norm = len(values) * width
            mplhep.histplot(
                h.values() / norm,
                axis.edges,
                yerr=_errors(h) / norm,
                ax=main,
                color=colour,
                linestyle=style.LINES[i % 4],
                label=text,
            )
            outside.append(_outside(h))
            if predicted:
                _network(axes, axis, h, values, predicted[sample][np.isfinite(information[sample])], i)
        main.set_ylabel("Events, unit area")
        main.set_ylim(0, main.get_ylim()[1] * (1.15 + 0.08 * len(finite)))
        under, over = (sum(o[k] for o in outside) for k in (0, 1))
        if under or over:
            main.plot([], [], " ", label=f"below / above the axis: {under} / {over} events")
        if predicted:
            main.errorbar([], [], fmt="ok", ms=4, label="network (lines: integral)")
        main.legend(loc="upper left")
        axes[-1].set_xlabel(style.information_label(hypothesis))
        axes[-1].set_xlim(axis.edges[0], axis.edges[-1])
        style.heading(main, config, f"{style.pretty(hypothesis)} hypothesis")
        if predicted:
            _ratio_panel(axes[1], "Network / integral")
    return figure


def _network(
    axes: list[Axes],
    axis: hist.axis.Regular,
    integral: hist.Hist,
    values: np.ndarray,
    given: np.ndarray,
    i: int,
) -> None:
    h = _filled(axis, given)
    centres, norm = axis.centers, len(values) * axis.widths[0]
    colour, marker = style.COLOURS[i % 8], style.MARKERS[i % 8]
    shown = h.values() > 0
    axes[0].plot(centres[shown], (h.values() / norm)[shown], marker, color=colour, ms=3.5)
    both = (integral.values() >= _FEW) & shown
    ratio = h.values()[both] / integral.values()[both]
    # the same events enter both, so the error of the denominator alone is what a reader can use
    error = ratio / np.sqrt(integral.values()[both])
    axes[1].errorbar(centres[both], ratio, yerr=error, fmt=marker, color=colour, ms=3.5, elinewidth=0.8)


def _ratio_panel(ax: Axes, label: str) -> None:
    ax.axhline(1.0, color="0.4", lw=0.8)
    ax.set_ylim(0.45, 1.55)
    ax.set_ylabel(label, fontsize=12, loc="center")


def pull_distribution(
    pulls: Mapping[str, np.ndarray], xlabel: str, config: FiguresConfig | None = None, title: str = ""
) -> Figure:
    """Histograms of pulls against the normal distribution, with their mean and standard deviation.

    Args:
        pulls: name -> (value - reference) / error [n]; values that are not finite are counted in the legend.
        xlabel: says which difference and error.
    """
    config = config or FiguresConfig()
    axis = hist.axis.Regular(40, -5, 5)
    x = np.linspace(-5, 5, 401)
    with style.context():
        figure, (ax,) = style.new_figure()
        for i, (name, given) in enumerate(pulls.items()):
            values = given[np.isfinite(given)]
            n = len(values)
            if n < 2:
                raise InputError(f"pulls of {name!r}: {n} finite values, at least 2 are needed")
            h = _filled(axis, values)
            mean, sd = values.mean(), values.std(ddof=1)
            text = f"{style.pretty(name)}: {style.thousands(n)} ({sum(_outside(h))} outside)\n"
            text += (
                rf"mean {mean:.2f} $\pm$ {sd / np.sqrt(n):.2f}, s.d. {sd:.2f} $\pm$ {sd / np.sqrt(2 * n):.2f}"
            )
            if n < len(given):
                text += f"\n{len(given) - n} not finite"
            norm = n * axis.widths[0]
            ax.errorbar(
                axis.centers + 0.03 * i,
                h.values() / norm,
                yerr=_errors(h) / norm,
                fmt=style.MARKERS[i % 8],
                color=style.COLOURS[i % 8],
                ms=4,
                elinewidth=0.9,
                label=text,
            )
        ax.plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), color="0.3", lw=1.2, label="normal distribution")
        ax.set(xlim=(-5, 5), xlabel=xlabel, ylabel="Entries, unit area")
        ax.set_ylim(0, ax.get_ylim()[1] * (1.15 + 0.17 * len(pulls)))
        ax.legend(loc="upper left")
        style.heading(ax, config, title)
    return figure


def cost_distribution(
    costs: Mapping[str, np.ndarray],
    xlabel: str = "CPU time per weight [s]",
    references: Mapping[str, float] | None = None,
    config: FiguresConfig | None = None,
) -> Figure:
    """Cost of a weight by hypothesis, logarithmic bins, with the mean in the legend.

    Args:
        costs: hypothesis -> cost of each weight [n] (seconds, or evaluations of the integrand); positive.
        references: hypothesis -> a published mean, drawn as a vertical line.
    """
    config = config or FiguresConfig()
    references = references or {}
    positive = {k: v[np.isfinite(v) & (v > 0)] for k, v in costs.items()}
    logs = [np.log10(v) for v in positive.values()] + [np.log10([r]) for r in references.values()]
    low, high = axis_range(logs)
    axis = hist.axis.Variable(np.logspace(low, high, config.information_bins + 1))
    with style.context():
        figure, (ax,) = style.new_figure()
        for i, (name, values) in enumerate(positive.items()):
            h = _filled(axis, values)
            text = f"{style.pretty(name)}: {style.thousands(len(values))} weights, mean {values.mean():.3g}"
            if lacking := len(costs[name]) - len(values):
                text += f", {style.thousands(lacking)} without cost"
            mplhep.histplot(
                h.values() / len(values),
                axis.edges,
                yerr=_errors(h) / len(values),
                ax=ax,
                color=style.COLOURS[i % 8],
                linestyle=style.LINES[i % 4],
                label=text,
            )
            if name in references:
                ax.axvline(references[name], 0.0, 0.6, color=style.COLOURS[i % 8], ls=":", lw=1.6)
        if references:
            ax.plot([], [], ":", color="0.3", label="published mean (JHEP 04 (2021) 020)")
        ax.set(
            xscale="log", xlabel=xlabel, ylabel="Fraction of weights", xlim=(axis.edges[0], axis.edges[-1])
        )
        ax.set_ylim(0, ax.get_ylim()[1] * (1.2 + 0.08 * len(positive)))
        ax.legend(loc="upper left")
        style.heading(ax, config)
    return figure


def weight_status(
    counts: Mapping[str, Mapping[str, Mapping[str, int]]], config: FiguresConfig | None = None
) -> Figure:
    """Statuses of the weights: one bar for each sample and hypothesis, with the numbers that are not ok.

    More than a few mass points of H -> ZA share a bar.

    Args:
        counts: sample -> hypothesis -> status -> number (`momentax.regress.targets.count_statuses`).
    """
    config = config or FiguresConfig()
    rows = [(s, name, c) for s, by in counts.items() for name, c in _with_mass_points_together(by)]
    if not rows:
        raise InputError("no weights to summarise")
    with style.context():
        figure, (ax,) = style.new_figure(figsize=(9.6, 1.9 + 0.34 * len(rows)))
        for y, (_, _, by_status) in enumerate(rows):
            total, left = sum(by_status.values()), 0.0
            for status, colour in style.STATUS_COLOURS.items():
                share = 100 * by_status.get(status, 0) / total if total else 0.0
                ax.barh(y, share, left=left, color=colour, height=0.72)
                left += share
            others = [f"{n.replace('_', ' ')} {c}" for n, c in by_status.items() if n != "ok" and c]
            text = f"{style.thousands(by_status.get('ok', 0))} of {style.thousands(total)} ok"
            ax.text(101, y, text + ("" if not others else "; " + ", ".join(others)), va="center", size=9)
        names = [f"{style.pretty(s)} events, {name}" for s, name, _ in rows]
        ax.set_yticks(range(len(rows)), names, size=10)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.minorticks_off()
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(0, 100), xlabel="Weights [%]")
        for status, colour in style.STATUS_COLOURS.items():
            ax.barh([0], [0], color=colour, label=status.replace("_", " "))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -1.0 / (1.0 + 0.34 * len(rows)) * 0.55), ncols=5)
        style.heading(ax, config)
    return figure


def _with_mass_points_together(
    by_hypothesis: Mapping[str, Mapping[str, int]],
) -> list[tuple[str, dict[str, int]]]:
    """(name, status -> number), in order; all mass points of H -> ZA in one where they are many."""
    points = [h for h in by_hypothesis if mass_point(h) is not None]
    if len(points) <= _BARS_OF_MASS_POINTS:
        return [(f"{style.pretty(h)} weight", dict(c)) for h, c in by_hypothesis.items()]
    together: Counter[str] = Counter()
    for h in points:
        together.update(by_hypothesis[h])
    rows = [(f"{style.pretty(h)} weight", dict(c)) for h, c in by_hypothesis.items() if h not in points]
    return [*rows, (f"$H \\to ZA$ weights ({len(points)} mass points)", dict(together))]
