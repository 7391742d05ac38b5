"""Figures of studies of the networks: size of the training sample, mass points left out, hyperparameters."""

from __future__ import annotations

import csv
from os import PathLike
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from momentax.errors import InputError
from momentax.plots import style
from momentax.plots.config import FiguresConfig

Row = dict[str, Any]


def study_figure(study: str, table: str | PathLike[str], config: FiguresConfig | None = None) -> Figure:
    """The figure of a study from its table (CSV of `momentax.regress.studies.study_rows`)."""
    with open(table, newline="") as file:
        rows = [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(file)]
    if not rows:
        raise InputError(f"{table}: no training in it")
    config = config or FiguresConfig()
    if study == "sizes":
        return training_sizes(rows, config)
    if study.startswith("leave_one_out"):
        return left_out_points(rows, config, study.removeprefix("leave_one_out_"))
    return hyperparameters(rows, config, study.removeprefix("tune_"))


def _number(text: str) -> Any:
    # Python takes the mass point 500_300 for a number
    try:
        return text if "_" in text else float(text)
    except ValueError:
        return text or None


def training_sizes(rows: list[Row], config: FiguresConfig) -> Figure:
    """Width and r.m.s. of the residual against the number of training events; the errors of the integrals as lines."""
    with style.context():
        figure, (ax,) = style.new_figure(figsize=(6.4, 5.4))
        for i, kind in enumerate(dict.fromkeys(r["kind"] for r in rows)):
            these = sorted((r for r in rows if r["kind"] == kind), key=lambda r: r["events"])
            n, width, error = (np.array([r[k] for r in these]) for k in ("events", "width", "width_error"))
            colour = style.COLOURS[i]
            label = style.pretty(kind)
            if len(n) > 1:
                power = np.polyfit(np.log(n), np.log(width), 1)[0]
                label += rf": $\propto n^{{{power:.2f}}}$"
            ax.errorbar(n, width, yerr=error, fmt=style.MARKERS[i] + "-", color=colour, label=label)
            # a few events far out decide the r.m.s.
            ax.plot(n, [r["rms"] for r in these], "--", color=colour, lw=1.0)
            ax.axhline(these[-1]["noise"], color=colour, ls=":", lw=1.2)
        ax.plot([], [], "--", color="k", lw=1.0, label="r.m.s. (solid: half of the central 68 %)")
        ax.plot([], [], ":", color="k", lw=1.2, label="errors of the integrals (r.m.s.)")
        ax.set(xscale="log", yscale="log", xlabel="Training events")
        ax.set_ylabel(r"Width of $\log_{10}\,W_{\mathrm{DNN}}/W$")
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** 0.35)
        ax.legend(loc="upper right")
        style.heading(ax, config, "one network, test events")
    return figure


def left_out_points(rows: list[Row], config: FiguresConfig, variant: str) -> Figure:
    """Bias and r.m.s. at every mass point by the network that was never shown it, beside the one that saw all."""
    every = next((r for r in rows if r["left_out"] is None), None)
    points = [r for r in rows if r["left_out"] is not None]
    if not points:
        raise InputError("no training without a mass point in the table")
    x = np.arange(len(points))
    with style.context():
        figure, (top, below) = style.new_figure((1.6, 1.2), figsize=(8.4, 6.0))
        for ax, name in ((top, "rms"), (below, "bias")):
            values, errors = (
                np.array([r[f"{name}{e}_there"] for r in points], float) for e in ("", "_error")
            )
            ax.errorbar(
                x, values, yerr=errors, fmt="o", color=style.COLOURS[0], label="left out of the training"
            )
            if every is not None:
                ax.axhline(every[name], color=style.COLOURS[1], ls="--", label="trained on (all points)")
        top.set_yscale("log")
        top.set_ylabel(r"r.m.s. of $\log_{10}\,W_{\mathrm{DNN}}/W$")
        low, high = top.get_ylim()
        top.set_ylim(low, high * (high / low) ** 0.3)
        top.legend(loc="upper left", ncols=2)
        below.axhline(0, color="0.5", lw=0.8)
        below.set_ylabel("Mean", loc="center")
        below.set_xticks(
            x, [r["left_out"].replace("_", ", ") for r in points], rotation=60, ha="right", size=9
        )
        below.tick_params(axis="x", which="minor", bottom=False, top=False)
        top.tick_params(axis="x", which="minor", bottom=False, top=False)
        below.set_xlabel(r"$m_H$, $m_A$ [GeV] of the point left out")
        style.heading(top, config, f"{style.pretty('hza')}: interpolation ({variant})")
    return figure


def hyperparameters(rows: list[Row], config: FiguresConfig, kind: str) -> Figure:
    """Validation and test r.m.s. of every combination, the best first."""
    rows = sorted(rows, key=lambda r: r["validation_rms"])
    x = np.arange(len(rows))
    with style.context():
        figure, (ax,) = style.new_figure(figsize=(7.2, 5.8))
        ax.plot(
            x, [r["validation_rms"] for r in rows], "s", color=style.COLOURS[0], mfc="w", label="validation"
        )
        ax.errorbar(
            x,
            [r["rms"] for r in rows],
            yerr=[r["rms_error"] for r in rows],
            fmt="o",
            color=style.COLOURS[1],
            label="test",
        )
        ax.set_ylabel(r"r.m.s. of $\log_{10}\,W_{\mathrm{DNN}}/W$")
        names = [_settings(r["changes"]) for r in rows]
        ax.set_xticks(x, names, rotation=60, ha="right", size=8)
        ax.tick_params(axis="x", which="minor", bottom=False, top=False)
        ax.yaxis.set_major_locator(MaxNLocator(8))
        ax.legend(loc="upper left")
        style.heading(ax, config, f"{style.pretty(kind)}: hyperparameters")
    return figure


def _settings(changes: Any) -> str:
    """``{"hidden": [64, 64], "l2": 0.1}`` as ``hidden 64x2, l2 0.1``."""
    import json

    words = []
    for key, value in json.loads(changes or "{}").items():
        if isinstance(value, list) and value and len(set(value)) == 1:
            value = f"{value[0]}x{len(value)}"
        words.append(f"{key} {value}")
    return ", ".join(words)
