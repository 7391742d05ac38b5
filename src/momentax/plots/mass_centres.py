"""Figures of signals in (m_bb, m_llbb) beside the ellipses of CMS: medians over the mass points; one sample's plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.scan.ellipses import EllipsePoint, ellipse_at, load_ellipses
from momentax.scan.mass_centres import MassPlane

_BINS = 50
_WIDTHS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
"""Widths of bins, GeV: the one that gives nearly so many."""
_REACH = 4.0
"""Ends of the axes, in half widths of the central 68 % from the median."""
#: Measured mass -> (its name, the mass it measures, name of that).
_MASSES = {"m_bb": (r"$m_{bb}$", "mA", "$m_A$"), "m_llbb": (r"$m_{\ell\ell bb}$", "mH", "$m_H$")}


def mass_centres(rows: Sequence[Mapping[str, Any]], config: FiguresConfig | None = None) -> Figure:
    """Medians and peaks of m_bb over mA and of m_llbb over mH, with the centres of CMS and their ratios below.

    Args:
        rows: of `momentax.scan.mass_centres.summarise`, one a sample.
    """
    config = config or FiguresConfig()
    with style.context():
        figure, axes = plt.subplots(
            2, 2, sharex="col", figsize=(11.0, 6.4), gridspec_kw={"height_ratios": [2.6, 1.0]}
        )
        plt.close(figure)  # the figure lives as long as its owner, not in pyplot's list
        for (name, (label, of, of_label)), (main, ratio) in zip(_MASSES.items(), axes.T, strict=True):
            x = np.array([row[of] for row in rows])
            cms, median, error, peak = (
                np.array([row[f"{name}{end}"] for row in rows]) for end in ("_cms", "", "_error", "_peak")
            )
            known = sorted(
                {(getattr(p, of), p.centre[("m_bb", "m_llbb").index(name)]) for p in load_ellipses()}
            )
            (centres,) = main.plot(*np.array(known).T, color=style.COLOURS[0])
            points: dict[str, Any] = {"color": "k", "ms": 5, "ls": "none"}
            circles: dict[str, Any] = {"mfc": "none", "mec": style.COLOURS[1], "ms": 8, "ls": "none"}
            medians = main.errorbar(x, median, yerr=error, fmt="o", **points)
            (peaks,) = main.plot(x, peak, "o", **circles)
            names = ("median of the events", "peak of the events", "centres of the CMS ellipses")
            main.legend((medians, peaks, centres), names, loc="upper left")
            ratio.axhline(1.0, color=style.COLOURS[0], lw=1.2)
            ratio.errorbar(x, median / cms, yerr=error / cms, fmt="o", **points)
            ratio.plot(x, peak / cms, "o", **circles)
            main.set_ylabel(f"{label} [GeV]")
            ratio.set_ylabel("Ratio to CMS", loc="center", fontsize=12)
            ratio.set_xlabel(f"{of_label} [GeV]")
            span = 0.12 * (x.max() - x.min()) or 0.12 * x.max()
            main.set_xlim(x.min() - span, x.max() + span)
            shown = np.concatenate([median, peak, cms])
            main.set_ylim(0.8 * shown.min(), 1.25 * shown.max())
            away = 1.3 * float(np.abs(np.concatenate([median, peak]) / np.tile(cms, 2) - 1.0).max())
            ratio.set_ylim(1.0 - max(away, 0.05), 1.0 + max(away, 0.05))
        style.heading(axes[0][0], config)
        axes[0][1].text(1.0, 1.015, "signal region", transform=axes[0][1].transAxes, ha="right", size=12)
    return figure


def signal_plane(
    plane: MassPlane, facts: Mapping[str, Any], name: str = "", config: FiguresConfig | None = None
) -> Figure:
    """Events of a signal over (m_bb, m_llbb), with the ellipses of CMS at one and two standard deviations, if any.

    Args:
        plane: of `momentax.scan.mass_centres.mass_plane`.
        facts: of `momentax.scan.mass_centres.summarise`.
        name: at the upper right.
    """
    config = config or FiguresConfig()
    point = ellipse_at(facts["mH"], facts["mA"])
    with style.context():
        figure, (ax,) = style.new_figure(figsize=(7.4, 6.0))
        x_edges, y_edges = (_edges(v, *_outlines(point, i)) for i, v in enumerate((plane.m_bb, plane.m_llbb)))
        shown = ax.hist2d(
            plane.m_bb, plane.m_llbb, bins=(x_edges, y_edges), weights=plane.weight, cmap="Blues", cmin=1e-9
        )[3]
        for flavour, label, line in (("ee", "ee", "-"), ("mm", r"$\mu\mu$", "--")) if point else ():
            ellipse = getattr(point, flavour)
            for rho in (1.0, 2.0):
                ax.plot(
                    *ellipse.outline(rho),
                    line,
                    color=style.COLOURS[1],
                    lw=1.4,
                    label=rf"CMS ellipses, {label}: $\rho$ = 1, 2" if rho == 1.0 else None,
                )
        ax.plot(
            facts["m_bb_cms"], facts["m_llbb_cms"], "P", ms=10, mec="w", color=style.COLOURS[1], ls="none",
            label=f"centre of CMS ({facts['m_bb_cms']:.1f}, {facts['m_llbb_cms']:.1f})",
        )  # fmt: skip
        x, dx, y, dy = (facts[key] for key in ("m_bb", "m_bb_error", "m_llbb", "m_llbb_error"))
        ax.errorbar(
            x, y, xerr=dx, yerr=dy, fmt="o", ms=6, mec="w", color="k",
            label=rf"medians ({x:.1f} $\pm$ {dx:.1f}, {y:.1f} $\pm$ {dy:.1f})",
        )  # fmt: skip
        ax.set_xlabel(r"$m_{bb}$ [GeV]")
        ax.set_ylabel(r"$m_{\ell\ell bb}$ [GeV]")
        ax.legend(loc="upper left")
        size = rf"{x_edges[1] - x_edges[0]:g} GeV $\times$ {y_edges[1] - y_edges[0]:g} GeV"
        figure.colorbar(shown, ax=ax, label=f"Events / ({size})", pad=0.02)
        style.heading(ax, config, f"{name}, {style.thousands(facts['events'])} events")
    return figure


def _outlines(point: EllipsePoint | None, axis: int) -> list[np.ndarray]:
    return [] if point is None else [e.outline(2.0)[axis] for e in (point.ee, point.mm)]


def _edges(masses: np.ndarray, *outlines: np.ndarray) -> np.ndarray:
    """Edges of bins of a round width over the bulk of the events and all of the ellipses; long tails are left out."""
    first, low, middle, high, last = np.quantile(masses, [0.01, 0.16, 0.5, 0.84, 0.99])
    first, last = max(first, middle - _REACH * (middle - low)), min(last, middle + _REACH * (high - middle))
    first, last = min([first, *(o.min() for o in outlines)]), max([last, *(o.max() for o in outlines)])
    width = min(_WIDTHS, key=lambda w: abs((last - first) / w - _BINS))
    # above, room for the legend
    return width * np.arange(int(first / width), int((last + 0.2 * (last - first)) / width) + 2)
