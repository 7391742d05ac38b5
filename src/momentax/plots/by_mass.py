"""Figures by mass point: information of H -> ZA events by generated masses (Fig. 4), residuals of the networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momentax.errors import InputError
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.plots.distributions import FENCE, axis_range
from momentax.plots.ratios import bins_for, draw_ratios
from momentax.regress.targets import mass_point


def information_by_masses(
    columns: Mapping[str, np.ndarray],
    hypotheses: Sequence[str],
    generated: Mapping[str, str],
    config: FiguresConfig | None = None,
) -> Figure:
    """Information of H -> ZA events under mass hypotheses, contributions of the generated masses stacked.

    Args:
        columns: ``sample``, ``hypothesis``, ``integral``, ``network`` [n].
        hypotheses: labels, a column of panels each.
        generated: sample -> label of its true mass point; other samples are left out.

    Returns:
        A figure; integrals stacked by generated masses (the hypothesis' own hatched), all networks together as points,
        and their ratio to the integrals below.

    Raises:
        InputError: no event of these samples.
    """
    config = config or FiguresConfig()
    truth = np.array([generated.get(str(s), "") for s in columns["sample"]])
    points = sorted({t for t in truth.tolist() if t}, key=lambda label: mass_point(label) or (0.0, 0.0))
    if not points:
        raise InputError("no H -> ZA event with known masses to draw")
    tones = mpl.colormaps["turbo"](np.linspace(0.04, 0.96, len(points)))
    with style.context():
        figure = plt.figure(figsize=(5.4 * len(hypotheses) + 2.6, 6.8))
        plt.close(figure)
        grid = figure.add_gridspec(2, len(hypotheses), height_ratios=(3.0, 1.0))
        for k, label in enumerate(hypotheses):
            main = figure.add_subplot(grid[0, k])
            ratio = figure.add_subplot(grid[1, k], sharex=main)
            here = (columns["hypothesis"] == label) & (truth != "")
            _stack(main, ratio, columns, here, truth, points, tones, label, config)
            if k == 0:
                style.heading(main, config)
            main.text(
                1.0, 1.015, f"{style.pretty(label)} hypothesis", transform=main.transAxes, ha="right", size=12
            )
        handles = [mpl.patches.Patch(color=t, label=_masses(p)) for p, t in zip(points, tones, strict=True)]
        figure.legend(
            handles=handles[::-1],
            loc="outside right upper",
            fontsize=10,
            title="generated ($m_H$, $m_A$)\n[GeV]",
            title_fontsize=10,
        )
    return figure


def _masses(label: str) -> str:
    point = mass_point(label)
    return label if point is None else f"({point[0]:g}, {point[1]:g})"


def _stack(
    main: Axes,
    ratio: Axes,
    columns: Mapping[str, np.ndarray],
    here: np.ndarray,
    truth: np.ndarray,
    points: Sequence[str],
    tones: np.ndarray,
    label: str,
    config: FiguresConfig,
) -> None:
    integral, network = columns["integral"][here], columns["network"][here]
    if not len(integral):
        raise InputError(f"no H -> ZA event has a usable weight of {label}")
    edges = np.linspace(*axis_range([integral, network], FENCE), bins_for(len(integral), config) + 1)
    centres = 0.5 * (edges[1:] + edges[:-1])
    base = np.zeros(len(edges) - 1)
    for point, tone in zip(points, tones, strict=True):
        h = np.histogram(integral[truth[here] == point], edges)[0]
        own = point == label
        main.stairs(
            base + h,
            edges,
            baseline=base,
            fill=True,
            facecolor=tone,
            edgecolor="k" if own else "none",
            hatch="////" if own else None,
            lw=0.6,
        )
        base = base + h
    main.stairs(base, edges, color="k", lw=0.8)
    total = np.histogram(network, edges)[0]
    filled = total > 0
    main.errorbar(
        centres[filled],
        total[filled],
        yerr=np.sqrt(total[filled]),
        fmt="ok",
        ms=3.6,
        elinewidth=0.9,
        label="network, all",
    )
    text = f"integral: {style.thousands(len(integral))} test events, stacked"
    main.plot([], [], " ", label=text)
    if label in points:
        n = int(np.sum(truth[here] == label))
        name = f"generated with these masses: {style.thousands(n)}"
        main.fill_between([], [], [], facecolor="w", edgecolor="k", hatch="////", label=name)
    outside = [int(np.sum((v < edges[0]) | (v > edges[-1]))) for v in (integral, network)]
    if any(outside):
        main.plot([], [], " ", label=f"beyond the axis: {outside[0]} (integral), {outside[1]} (network)")
    main.set_xlim(edges[0], edges[-1])
    main.set_ylim(0, 1.45 * max(base.max(), total.max(), 1))
    main.set_ylabel("Events / bin")
    main.tick_params(labelbottom=False)
    main.legend(loc="upper right", fontsize=10)
    one = {"network": network}
    draw_ratios(ratio, edges, integral, one, {"network": "k"}, {"network": "o"}, {"network": 0.0})
    ratio.set_ylabel("network /\nintegral", loc="center")
    ratio.set_xlabel(style.information_label("hza"))


def residuals_by_hypothesis(rows: Sequence[Mapping[str, Any]], config: FiguresConfig | None = None) -> Figure:
    """Bias and width of log10 W_DNN - log10 W of test events under each hypothesis, with bootstrap errors.

    Args:
        rows: of `momentax.regress.paper_tables.residual_rows`; those ``by`` hypothesis are drawn.

    Raises:
        InputError: no row with a measure.
    """
    config = config or FiguresConfig()
    drawn = [r for r in rows if r["by"] == "hypothesis" and r["bias"] not in (None, "")]
    if not drawn:
        raise InputError("no hypothesis with residuals to draw")
    x = np.arange(len(drawn))
    series = (
        ("bias", "bias (mean)", "o", style.COLOURS[0]),
        ("median", "median", "s", style.COLOURS[2]),
    )
    widths = (
        ("rms", "r.m.s.", "o", style.COLOURS[1]),
        ("width", "half of central 68 %", "s", style.COLOURS[3]),
    )
    with style.context():
        figure, (top, bottom) = style.new_figure((1.0, 1.0), figsize=(max(6.4, 3.2 + 0.36 * len(drawn)), 7.4))
        for ax, group in ((top, series), (bottom, widths)):
            for i, (name, text, marker, colour) in enumerate(group):
                value, error = (
                    np.array([float(r[column]) for r in drawn]) for column in (name, f"{name}_error")
                )
                ax.errorbar(
                    x + 0.16 * (i - 0.5),
                    value,
                    yerr=error,
                    fmt=marker,
                    ms=4.5,
                    elinewidth=1.0,
                    color=colour,
                    label=text,
                )
            ax.legend(loc="upper left", ncols=2)
            ax.grid(axis="y", lw=0.4, color="0.85")
        top.axhline(0.0, color="0.4", lw=0.9)
        reach = 1.7 * max(np.abs(top.get_ylim()))
        top.set_ylim(-reach, reach)
        bottom.set_ylim(0, 1.35 * bottom.get_ylim()[1])
        top.set_ylabel(r"$\log_{10}\,W_{\mathrm{DNN}}/W$: position")
        bottom.set_ylabel(r"$\log_{10}\,W_{\mathrm{DNN}}/W$: width")
        names = [style.pretty(r["of"]).replace(r"$H\to ZA$ ", "") for r in drawn]
        bottom.set_xticks(x, names, rotation=90, size=10)
        bottom.tick_params(axis="x", which="minor", bottom=False, top=False)
        top.tick_params(axis="x", which="minor", bottom=False, top=False)
        bottom.set_xlim(-0.7, len(drawn) - 0.3)
        if any(mass_point(r["of"]) for r in drawn):
            bottom.set_xlabel(r"Hypothesis; ($m_H$, $m_A$) [GeV] of $H\to ZA$")
        style.heading(top, config, "test events")
    return figure
