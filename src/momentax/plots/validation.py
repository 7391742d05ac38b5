"""Figures that compare: kinematics of two samples of a process; likelihood planes of two detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from scipy.interpolate import CloughTocher2DInterpolator

from momentax.events.observables import Comparison
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.scan.likelihood import Likelihood

_COLUMNS = 3
_RATIO = (0.35, 1.65)
"""Ends of the axis of a ratio; a triangle there stands for a point beyond."""
_DEEPEST = 1.0
"""End of the colour scale of a likelihood plane, per event."""
#: Observable -> (name on the axis, unit, entries of it).
OBSERVABLES = {
    "lepton_pt_1": (r"leading lepton $p_{\mathrm{T}}$", "GeV", "Events"),
    "lepton_pt_2": (r"other lepton $p_{\mathrm{T}}$", "GeV", "Events"),
    "lepton_eta": (r"lepton $\eta$", "", "Leptons"),
    "jet_pt_1": (r"leading b jet $p_{\mathrm{T}}$", "GeV", "Events"),
    "jet_pt_2": (r"other b jet $p_{\mathrm{T}}$", "GeV", "Events"),
    "jet_eta": (r"b jet $\eta$", "", "Jets"),
    "m_ll": (r"$m_{\ell\ell}$", "GeV", "Events"),
    "m_bb": (r"$m_{bb}$", "GeV", "Events"),
    "m_llbb": (r"$m_{\ell\ell bb}$", "GeV", "Events"),
    "pt_ll": (r"$p_{\mathrm{T}}(\ell\ell)$", "GeV", "Events"),
    "met": (r"$p_{\mathrm{T}}^{\mathrm{miss}}$", "GeV", "Events"),
    "recoil": (r"$|\vec{k}_{\mathrm{rec}}|$", "GeV", "Events"),
    "dphi_ll": (r"$\Delta\phi(\ell, \ell)$", "rad", "Events"),
    "dr_ll": (r"$\Delta R(\ell, \ell)$", "", "Events"),
    "dr_bb": (r"$\Delta R(b, b)$", "", "Events"),
}


def kinematics(
    comparisons: Mapping[str, Comparison],
    names: Sequence[str],
    events: Sequence[int],
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """Every observable of two samples, each normalised to 1, with their ratio below and chi2 of the shapes.

    Args:
        comparisons: of `momentax.events.observables.compare`.
        names, events: of the sample and of the reference, for the legend.
        title: at the upper right.
    """
    config = config or FiguresConfig()
    rows = -(-len(comparisons) // _COLUMNS)
    with style.context():
        figure = plt.figure(figsize=(5.0 * _COLUMNS, 4.4 * rows))
        plt.close(figure)  # the figure lives as long as its owner, not in pyplot's list
        grid = figure.add_gridspec(2 * rows, _COLUMNS, height_ratios=[2.6, 1.0] * rows)
        tops = []
        for i, (name, comparison) in enumerate(comparisons.items()):
            row, column = divmod(i, _COLUMNS)
            main = figure.add_subplot(grid[2 * row, column])
            ratio = figure.add_subplot(grid[2 * row + 1, column], sharex=main)
            main.tick_params(labelbottom=False)
            label, unit, entries = OBSERVABLES[name]
            _two(main, ratio, comparison, names if i == 0 else ("", ""), events)
            main.set_ylabel(
                f"{entries} / {unit}, unit area" if unit else f"{entries}, unit area", fontsize=12
            )
            ratio.set_xlabel(f"{label} [{unit}]" if unit else label)
            ratio.set_ylabel("Ratio", loc="center", fontsize=12)
            tops.append(main)
        style.heading(tops[0], config)
        last = tops[min(_COLUMNS, len(tops)) - 1]
        last.text(1.0, 1.015, title, transform=last.transAxes, ha="right", size=12)
    return figure


def _two(main: Axes, ratio: Axes, c: Comparison, names: Sequence[str], events: Sequence[int]) -> None:
    """The reference as steps with a band, the sample as points; their ratio with both errors apart."""
    density, error = c.densities()
    centres = 0.5 * (c.edges[1:] + c.edges[:-1])
    colour = style.COLOURS[0]
    steps = main.stairs(density[1], c.edges, color=colour, lw=1.6)
    main.stairs(
        density[1] + error[1], c.edges, baseline=density[1] - error[1], fill=True, color=colour, alpha=0.3
    )
    points = main.errorbar(centres, density[0], yerr=error[0], fmt="o", ms=3.5, color="k", lw=1.0)
    chi2, degrees = c.chi2()
    (nothing,) = main.plot([], [], " ")
    shown = [
        (drawn, f"{name} ({style.thousands(n)})")
        for drawn, name, n in zip((points, steps), names, events, strict=True)
        if name
    ] + [(nothing, rf"$\chi^2$/ndf = {chi2:.1f}/{degrees}, $p$ = {c.probability():.2g}")]
    main.set_xlim(c.edges[0], c.edges[-1])
    main.set_ylim(0.0, 1.45 * float((density + error).max()))
    main.legend(*zip(*shown, strict=True), loc="upper right", fontsize=10)
    used = np.all(c.entries > 0, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r, r_error = density[0] / density[1], error[0] / density[1]
        band = np.where(used, error[1] / density[1], 0.0)
    ratio.axhline(1.0, color=colour, lw=1.2)
    ratio.stairs(1.0 + band, c.edges, baseline=1.0 - band, fill=True, color=colour, alpha=0.3)
    ratio.errorbar(centres[used], r[used], yerr=r_error[used], fmt="o", ms=3.0, color="k", lw=0.8)
    low, high = _RATIO
    for beyond, marker, edge in ((r > high, "^", high), (r < low, "v", low)):
        x = centres[used & beyond]
        if len(x):  # nothing that is not clipped has no extent, and the layout would fail
            ratio.plot(x, np.full(len(x), edge), marker, ms=5.0, color="k", clip_on=False)
    ratio.set_ylim(low, high)
    ratio.yaxis.set_minor_locator(NullLocator())


def likelihood_planes(
    scans: Mapping[str, tuple[Likelihood, Mapping[str, Any]]],
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """-ln L per event above its lowest point over (mA, mH) of the same events with several detectors.

    Args:
        scans: name of the detector -> (scan, facts) of `momentax.scan.likelihood.load_likelihood`; the facts have
            ``fitted_minimum`` and ``truth``.
        title: at the upper right.
    """
    config = config or FiguresConfig()
    with style.context():
        figure, axes = plt.subplots(
            1, len(scans), sharey=True, squeeze=False, figsize=(5.6 * len(scans) + 1.2, 5.8)
        )
        plt.close(figure)
        for ax, (name, (scan, facts)) in zip(axes[0], scans.items(), strict=True):
            m_h, m_a, delta = (scan.columns[c] for c in ("mH", "mA", "delta_nll"))
            shown = ax.contourf(
                *_between_points(m_a, m_h, delta), levels=np.linspace(0, _DEEPEST, 21), cmap="cividis_r"
            )
            ax.plot(m_a, m_h, ".", color="w", ms=2, alpha=0.6)
            truth, best = facts["truth"], facts["fitted_minimum"]
            x, y, dx, dy = (best[key] for key in ("mA", "mH", "mA_error", "mH_error"))
            name_of_truth = f"truth ({truth[0]:g}, {truth[1]:g})"
            ax.plot(
                truth[1],
                truth[0],
                "*",
                ms=15,
                color=style.COLOURS[2],
                mec="k",
                ls="none",
                label=name_of_truth,
            )
            text = rf"minimum ({y:.1f} $\pm$ {dy:.1f}, {x:.1f} $\pm$ {dx:.1f})"
            ax.errorbar(x, y, xerr=dx, yerr=dy, fmt="o", ms=6, color=style.COLOURS[1], label=text)
            ax.plot([], [], " ", label=f"{style.thousands(scan.n_events)} events, detector: {name}")
            ax.set_xlabel(r"$m_A$ [GeV]")
            ax.legend(loc="upper left", fontsize=10, frameon=True, framealpha=0.9)
        axes[0][0].set_ylabel(r"$m_H$ [GeV]")
        figure.colorbar(
            shown,
            ax=axes[0].tolist(),
            label=r"$(-\ln L + \ln L_{\max})\,/\,n$",
            pad=0.04 / len(scans),
            extend="max",
        )
        style.heading(axes[0][0], config)
        axes[0][-1].text(1.0, 1.015, title, transform=axes[0][-1].transAxes, ha="right", size=12)
    return figure


def _between_points(
    m_a: np.ndarray, m_h: np.ndarray, delta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mA, mH, delta) on a finer lattice, clipped to the colours; NaN beyond the points.

    Cubic: the valley runs across the lattice, and between triangles it would break up into steps.
    """
    x, y = np.meshgrid(*(np.linspace(v.min(), v.max(), 200) for v in (m_a, m_h)))
    smooth = CloughTocher2DInterpolator(np.stack([m_a, m_h], axis=1), delta)(x, y)
    return x, y, np.clip(smooth, 0.0, 0.999 * _DEEPEST)
