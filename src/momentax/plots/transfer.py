"""Figures of fitted transfer functions: response and recoil of the events beside the fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.transfer.closure import Histogram

_NAMES = {"electron": "electrons", "muon": "muons", "b_preFSR": "b jets"}


def response(
    histograms: Mapping[str, Histogram],
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """E_rec/E_gen of b jets, electrons and muons in three ranges of E_gen, the fitted T, and pulls below.

    Args:
        histograms: of `momentax.transfer.closure.closure`.
        title: at the upper right.
    """
    config = config or FiguresConfig()
    objects = [name for name in ("b_preFSR", "electron", "muon") if f"{name}_0" in histograms]
    with style.context():
        figure, grid = _grid(len(objects), 3, figsize=(13.0, 4.4 * len(objects)))
        for row, name in enumerate(objects):
            for i in range(3):
                main, below = grid[row][i]
                low, high = histograms[f"{name}_{i}"].e_gen
                text = rf"{_NAMES[name]}, {low:.0f} < $E_{{\mathrm{{gen}}}}$ < {high:.0f} GeV"
                _compare(main, below, histograms[f"{name}_{i}"], text, "fitted $T$")
                below.set_xlabel(r"$E_{\mathrm{rec}}/E_{\mathrm{gen}}$")
                if i == 0:
                    main.set_ylabel("Objects")
                    below.set_ylabel("Pull", loc="center")
        style.heading(grid[0][0][0], config)
        grid[0][2][0].text(1.0, 1.015, title, transform=grid[0][2][0].transAxes, ha="right", size=12)
    return figure


def recoil(
    histograms: Mapping[str, Histogram],
    facts: Mapping[str, Any],
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """The true k_T and its mixture of Gaussians; the measured recoil's residual and its Gaussian; pulls.

    Args:
        histograms: of `momentax.transfer.closure.closure`.
        facts: the section ``recoil`` of the facts of a fit.
        title: at the upper right.
    """
    config = config or FiguresConfig()
    parts = zip(facts["weights"], facts["sigmas"], strict=True)
    mixture = "mixture, share: $\\sigma$ [GeV]\n" + "\n".join(f"{w:.2f}: {s:.0f}" for w, s in parts)
    (sigma, sigma_error), (c, c_error) = facts["sigma_u"], facts["c"]
    gauss = (
        rf"$\sigma_u$ = {sigma:.1f} $\pm$ {sigma_error:.1f} GeV"
        + "\n"
        + rf"$c$ = {c:.2f} $\pm$ {c_error:.2f}"
    )
    with style.context():
        figure, grid = _grid(1, 2, figsize=(12.0, 5.6))
        (left, left_below), (right, right_below) = grid[0]
        _compare(left, left_below, histograms["k_T"], "", mixture)
        left_below.set_xlabel(r"true $k_{\mathrm{T}}$ [GeV]")
        left.set_ylabel("Events")
        left_below.set_ylabel("Pull", loc="center")
        _compare(right, right_below, histograms["u"], "", gauss)
        right_below.set_xlabel(
            r"$k_{\mathrm{rec}} - k_{\mathrm{T}} + c\,\sum_b (p_{\mathrm{T}}^{\mathrm{gen}}"
            r" - p_{\mathrm{T}}^{\mathrm{rec}})$, components [GeV]"
        )
        right.set_ylabel("Components")
        style.heading(left, config)
        right.text(1.0, 1.015, title, transform=right.transAxes, ha="right", size=12)
    return figure


def directions(
    histograms: Mapping[str, Histogram],
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """log10 of Delta R(b quark, jet) in three ranges of the measured pT, the fitted response, and pulls below.

    Args:
        histograms: of `momentax.transfer.closure.closure`.
        title: at the upper right.
    """
    config = config or FiguresConfig()
    with style.context():
        figure, grid = _grid(1, 3, figsize=(13.0, 4.8))
        for i, (main, below) in enumerate(grid[0]):
            low, high = histograms[f"directions_{i}"].e_gen
            text = rf"b jets, {low:.0f} < $p_{{\mathrm{{T}}}}$ < {high:.0f} GeV"
            _compare(main, below, histograms[f"directions_{i}"], text, "fitted $R$")
            below.set_xlabel(r"$\log_{10}\,\Delta R(b, \mathrm{jet})$")
        grid[0][0][0].set_ylabel("Jets")
        grid[0][0][1].set_ylabel("Pull", loc="center")
        style.heading(grid[0][0][0], config)
        grid[0][2][0].text(1.0, 1.015, title, transform=grid[0][2][0].transAxes, ha="right", size=12)
    return figure


def _grid(
    rows: int, columns: int, figsize: tuple[float, float]
) -> tuple[Figure, list[list[tuple[Axes, Axes]]]]:
    """Figure of cells, each a (main, pull) pair of axes that share x."""
    figure = plt.figure(figsize=figsize)
    plt.close(figure)  # the figure lives as long as its owner, not in pyplot's list
    specs = figure.add_gridspec(2 * rows, columns, height_ratios=[2.8, 1.0] * rows)
    cells = []
    for row in range(rows):
        line = []
        for column in range(columns):
            main = figure.add_subplot(specs[2 * row, column])
            below = figure.add_subplot(specs[2 * row + 1, column], sharex=main)
            main.tick_params(labelbottom=False)
            line.append((main, below))
        cells.append(line)
    return figure, cells


def _compare(main: Axes, below: Axes, histogram: Histogram, text: str, fit: str) -> None:
    """Points with the expected deviation, the expectation as steps, chi2 and the range; pulls below."""
    centres = 0.5 * (histogram.edges[1:] + histogram.edges[:-1])
    chi2, bins = histogram.chi2()
    agreement = "\n" + rf"$\chi^2$/bins = {chi2:.1f}/{bins}"
    total = style.thousands(round(float(histogram.counts.sum())))
    main.stairs(histogram.expected, histogram.edges, color=style.COLOURS[1], lw=1.6, label=fit + agreement)
    main.errorbar(
        centres, histogram.counts, yerr=histogram.deviation, fmt="o", ms=3.5, color="k", lw=1.0,
        label=f"simulation ({total})",
    )  # fmt: skip
    main.set_xlim(histogram.edges[0], histogram.edges[-1])
    top = float((histogram.counts + histogram.deviation).max())
    main.set_ylim(0.0, (1.75 if text else 1.25) * top)
    main.legend(loc="upper right", title=text or None, title_fontsize=11, alignment="right")
    used = histogram.expected >= 5.0
    pull = np.where(used, (histogram.counts - histogram.expected) / histogram.deviation, np.nan)
    below.axhline(0.0, color=style.COLOURS[1], lw=1.2)
    below.errorbar(centres, pull, yerr=np.where(used, 1.0, np.nan), fmt="o", ms=3.0, color="k", lw=0.8)
    below.set_ylim(-4.2, 4.2)
    below.yaxis.set_minor_locator(NullLocator())
