"""Event information by integrals and by networks, a panel for each process class: Figs. 2, 3, 5, 6, 11 and 12."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momentax.errors import InputError
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.plots.distributions import FENCE, axis_range
from momentax.plots.ratios import bins_for, draw_ratios
from momentax.regress.evaluation import CLASSES
from momentax.regress.store import load_arrays

Row = Literal["ratio", "residual"]
_HEIGHTS = {"main": 2.6, "ratio": 1.0, "residual": 1.5}
_MAIN_INCHES = 4.3
"""Height of the main panel."""
_COLOURS = {"integral": style.COLOURS[0], "network": "k", "delaunay": style.COLOURS[1]}
_MARKS = {"network": "o", "delaunay": "s"}
NAMES = {"integral": "integral", "network": "network", "delaunay": "Delaunay"}
_SHOWN = 0.99
"""Share of the residuals that their axis covers; the rest is counted."""


def information_from_file(
    data: str | Path, sources: Sequence[str], below: Sequence[Row], config: FiguresConfig | None = None
) -> Figure:
    """:func:`information_by_class` of a data file of one hypothesis.

    ``data``: from :func:`momentax.regress.evaluation.save_rows`, :mod:`momentax.regress.interpolation` or
    :mod:`momentax.regress.first_try`.
    """
    columns, about = load_arrays(data)
    label = about.get("hypothesis") or about["hypotheses"][0]
    found = about["residuals"]
    residuals = found.get(label, found)
    reference, remarks = None, {}
    if "tried" in about:
        reference = {name: columns[f"tried/{name}"] for name in ("class", "integral")}
        remarks = {
            c: f"of {style.thousands(n)} tried: {about['failed'][c]} failed"
            + (f", {added} of largest error" if (added := about["counts"][c] - about["failed"][c]) else "")
            for c, n in about["tried"].items()
        }
    return information_by_class(columns, label, sources, residuals, below, reference, config, remarks)


def information_by_class(
    columns: Mapping[str, np.ndarray],
    hypothesis: str,
    sources: Sequence[str] = ("network",),
    residuals: Mapping[str, Mapping[str, Any]] | None = None,
    below: Sequence[Row] = ("ratio",),
    reference: Mapping[str, np.ndarray] | None = None,
    config: FiguresConfig | None = None,
    remarks: Mapping[str, str] | None = None,
) -> Figure:
    """Information of test events by the integral and by other sources, one column for each class of events.

    Args:
        columns: ``class``, ``integral`` and the sources [n], informations.
        hypothesis: label.
        sources: columns that are compared with the integral: ``network``, ``delaunay``.
        residuals: source -> class -> bias, rms, width as [value, error], for the legend.
        below: panels below: ``ratio`` of the histograms, ``residual``: histogram of log10 W_source/W.
        reference: ``class``, ``integral`` of further events, drawn in grey, scaled to the area of the others.
        remarks: class -> second line of its legend.

    Raises:
        InputError: no events at all.
    """
    config = config or FiguresConfig()
    if not len(columns["integral"]):
        raise InputError("nothing to draw: no test event has an integral and a prediction")
    heights = [_HEIGHTS["main"], *(_HEIGHTS[row] for row in below)]
    with style.context():
        figure = plt.figure(figsize=(14.4, 1.9 * sum(heights) + 0.3))
        plt.close(figure)
        grid = figure.add_gridspec(len(heights), len(CLASSES), height_ratios=heights)
        for k, c in enumerate(CLASSES):
            here = columns["class"] == c
            mine = {name: columns[name][here] for name in ("integral", *sources)}
            main = figure.add_subplot(grid[0, k])
            axes = [main]
            for i, row in enumerate(below):
                shared = main if row == "ratio" else None
                axes.append(figure.add_subplot(grid[i + 1, k], sharex=shared))
            if k == 0:
                style.heading(main, config)
            if k == len(CLASSES) - 1:
                main.text(
                    1.0, 1.015, f"{style.pretty(hypothesis)} hypothesis", transform=main.transAxes, ha="right"
                )
            others = np.empty(0) if reference is None else reference["integral"][reference["class"] == c]
            _column(axes, below, c, mine, hypothesis, residuals, others, config, (remarks or {}).get(c, ""))
    return figure


def _column(
    axes: list[Axes],
    below: Sequence[Row],
    of_class: str,
    mine: Mapping[str, np.ndarray],
    hypothesis: str,
    residuals: Mapping[str, Mapping[str, Any]] | None,
    others: np.ndarray,
    config: FiguresConfig,
    remark: str,
) -> None:
    """All panels of a class of events, the main one first."""
    title = f"{style.pretty(of_class)} events"
    if not len(mine["integral"]):
        axes[0].text(0.5, 0.5, f"no {title}", transform=axes[0].transAxes, ha="center")
        for ax in axes:
            ax.set_xticks([])
            ax.set_yticks([])
        return
    n = len(mine["integral"])
    shown = [*mine.values(), *([others] if len(others) else [])]
    edges = np.linspace(*axis_range(shown, FENCE), bins_for(n, config) + 1)
    head = [f"{title}: {style.thousands(n)}", *([remark] if remark else [])]
    labels = {name: _text(NAMES[name], residuals, name, of_class) for name in mine}
    # side by side where there are several
    sources = [name for name in mine if name != "integral"]
    shifts = {name: 0.22 * (i - 0.5 * (len(sources) - 1)) for i, name in enumerate(sources)}
    _histograms(axes[0], edges, mine, others, labels, shifts, head)
    last = max([0, *(i + 1 for i, row in enumerate(below) if row == "ratio")])
    for ax in axes[:last]:
        ax.tick_params(labelbottom=False)
    axes[last].set_xlabel(style.information_label(hypothesis))
    for ax, row in zip(axes[1:], below, strict=True):
        if row == "ratio":
            numerators = {name: mine[name] for name in sources}
            draw_ratios(ax, edges, mine["integral"], numerators, _COLOURS, _MARKS, shifts)
            ax.set_ylabel("to integral", loc="center")
        else:
            _residual(ax, mine, config)


def _histograms(
    ax: Axes,
    edges: np.ndarray,
    mine: Mapping[str, np.ndarray],
    others: np.ndarray,
    labels: Mapping[str, str],
    shifts: Mapping[str, float],
    head: list[str],
) -> None:
    """The integral as a line with its statistical band, the sources as points, other events in grey."""
    counts = {name: np.histogram(values, edges)[0] for name, values in mine.items()}
    integral, n = counts["integral"], len(mine["integral"])
    top = max(h.max() for h in counts.values())
    if len(others):
        scaled = np.histogram(others, edges)[0] * n / len(others)
        top = max(top, scaled.max())
        text = f"all {style.thousands(len(others))} that were tried, scaled"
        ax.stairs(scaled, edges, fill=True, color="0.88", label=text)
    band = [integral + np.sqrt(integral), np.maximum(integral - np.sqrt(integral), 0.0)]
    ax.stairs(band[0], edges, baseline=band[1], fill=True, color=_COLOURS["integral"], alpha=0.25)
    ax.stairs(integral, edges, color=_COLOURS["integral"], lw=1.6, label=labels["integral"])
    centres, width = 0.5 * (edges[1:] + edges[:-1]), edges[1] - edges[0]
    for name, shift in shifts.items():
        h = counts[name]
        filled = h > 0
        ax.errorbar(
            (centres + shift * width)[filled],
            h[filled],
            yerr=np.sqrt(h[filled]),
            fmt=_MARKS[name],
            ms=3.6,
            elinewidth=0.9,
            color=_COLOURS[name],
            label=labels[name],
        )
    outside = {name: len(values) - int(counts[name].sum()) for name, values in mine.items()}
    if any(outside.values()):
        told = [f"{k} ({NAMES[s]})" for s, k in outside.items() if k]
        counted = ", ".join(told)
        # three are too long for one line of a panel
        lines = ["beyond the axis:", counted] if len(told) > 2 else [f"beyond the axis: {counted}"]
        head = [*head, *lines]
    ax.legend(title="\n".join(head), loc="upper left", alignment="left", fontsize=10, title_fontsize=11)
    ax.set_ylim(0, (top + np.sqrt(top)) / (1.0 - _legend_height(ax, len(head))))
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylabel("Events / bin")


def _legend_height(ax: Axes, title_lines: int) -> float:
    """Share of the main panel that the legend takes: its lines in inches over the height of the panel."""
    lines = sum(1 + str(label).count("\n") for label in ax.get_legend_handles_labels()[1])
    return min(0.6, (0.25 + 0.19 * title_lines + 0.20 * lines) / _MAIN_INCHES)


def _text(what: str, residuals: Mapping[str, Mapping[str, Any]] | None, name: str, of_class: str) -> str:
    """Name of a source with its bias and resolution."""
    found = (residuals or {}).get(name, {}).get(of_class, {})
    if "bias" not in found:
        return what
    parts = [
        rf"{shown} {found[key][0]:{sign}.3f} $\pm$ {found[key][1]:.3f}"
        for key, shown, sign in (("bias", "bias", "+"), ("rms", "r.m.s.", ""), ("width", "68 %", ""))
    ]
    return f"{what}: {parts[0]},\n{parts[1]}, {parts[2]}"


def _residual(ax: Axes, mine: Mapping[str, np.ndarray], config: FiguresConfig) -> None:
    """Histogram of log10 W_source/W of the events, a line for each source."""
    given = {name: mine["integral"] - values for name, values in mine.items() if name != "integral"}
    reach = max(float(np.quantile(np.abs(v), _SHOWN)) for v in given.values())
    # an odd number: zero is inside a bin
    edges = np.linspace(-1.0, 1.0, (bins_for(len(mine["integral"]), config) | 1) + 1) * max(1.1 * reach, 1e-3)
    outside = []
    top = 1
    for name, values in given.items():
        h = np.histogram(values, edges)[0]
        top = max(top, h.max())
        outside.append(len(values) - int(h.sum()))
        colour = _COLOURS[name]
        ax.stairs(
            h,
            edges,
            color=colour,
            lw=1.5,
            label=NAMES[name],
            fill=name == "delaunay",
            alpha=1.0 if name != "delaunay" else 0.45,
        )
        ax.axvline(float(np.median(values)), color=colour, lw=1.0, ls="--")
    ax.axvline(0.0, color="0.5", lw=0.9, ls=":")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, 1.3 * top)
    ax.set_ylabel("Events / bin", loc="center")
    what = NAMES[next(iter(given))] if len(given) == 1 else "source"
    ax.set_xlabel(rf"$\log_{{10}}\,W_{{\mathrm{{{what}}}}}/W_{{\mathrm{{integral}}}}$ (dashed: median)")
    text = ", ".join(f"{o} ({NAMES[s]})" for o, s in zip(outside, given, strict=True) if o)
    if text or len(given) > 1:
        ax.legend(
            title=f"beyond the axis: {text}" if text else None,
            loc="upper left",
            fontsize=10,
            title_fontsize=10,
            alignment="left",
            frameon=True,
            framealpha=0.9,
            edgecolor="none",
            borderpad=0.1,
        )
