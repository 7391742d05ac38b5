"""Map of the likelihood over mass points."""

from __future__ import annotations

from typing import Any

import matplotlib.tri as mtri
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.scan.likelihood import Likelihood

_ANNOTATE_UP_TO = 12
#: End of the colour scale: points this far from the minimum are all equally excluded.
_DEEPEST = 10.0
_LEAST_SHOWN = 4


def likelihood_map(
    scan: Likelihood,
    truth: tuple[float, float] | None = None,
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """-ln L per event above its minimum, over (mA, mH).

    The computed points are coloured, with linear interpolation between them where they span a plane; the
    minimum and the truth are marked; few points carry their numbers with errors. Contours are at
    -2 Delta ln L = 2.30 and 5.99 of one event: 68 % and 95 % for two parameters.
    """
    config = config or FiguresConfig()
    m_h, m_a = scan.columns["mH"], scan.columns["mA"]
    delta, error = scan.columns["delta_nll"], scan.columns["delta_nll_error"]
    with style.context():
        figure, (ax,) = style.new_figure(figsize=(7.2, 5.8))
        top = max(min(float(delta.max()), _DEEPEST), 1e-9)
        scale: dict[str, Any] = {"cmap": "cividis_r", "vmin": 0.0, "vmax": top}
        triangles = _triangles(m_a, m_h)
        if triangles is not None:
            ax.tripcolor(triangles, delta, shading="gouraud", rasterized=True, **scale)
            for level, line, name in ((1.15, "-", "68 %"), (3.0, "--", "95 %")):
                if level < delta.max():
                    ax.tricontour(
                        triangles, delta, levels=[level], colors="k", linestyles=line, linewidths=1.2
                    )
                    ax.plot([], [], "k", ls=line, lw=1.2, label=f"{name}, for one event")
        points = ax.scatter(m_a, m_h, c=delta, s=70, ec="w", lw=1.0, zorder=3, **scale)
        figure.colorbar(
            points,
            ax=ax,
            label=r"$(-\ln L + \ln L_{\max})\,/\,n$",
            pad=0.02,
            extend="max" if delta.max() > top else "neither",
        )
        ax.plot(
            m_a[scan.best],
            m_h[scan.best],
            "o",
            ms=15,
            mfc="none",
            mec=style.COLOURS[1],
            mew=2,
            ls="none",
            zorder=4,
            label=f"minimum ({m_h[scan.best]:g}, {m_a[scan.best]:g})",
        )
        if truth is not None:
            ax.plot(
                truth[1],
                truth[0],
                "*",
                ms=15,
                color=style.COLOURS[2],
                mec="k",
                ls="none",
                zorder=5,
                label=f"truth ({truth[0]:g}, {truth[1]:g})",
            )
        if len(delta) <= _ANNOTATE_UP_TO:
            _numbers(ax, m_a, m_h, delta, error, scan.best)
        counts = f"{style.thousands(scan.n_events)} events"
        if scan.n_dropped:
            counts += f", {style.thousands(scan.n_dropped)} left out"
        if scan.about.get("n_floored"):
            counts += f"\n{style.thousands(scan.about['n_floored'])} weights at the floor"
        ax.plot([], [], " ", label=counts)
        ax.set(xlabel=r"$m_A$ [GeV]", ylabel=r"$m_H$ [GeV]")
        seen = _near(m_a, m_h, delta, scan.best)
        _room(ax, m_a[seen], m_h[seen], truth)
        (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
        if beyond := np.sum((m_a < left) | (m_a > right) | (m_h < low) | (m_h > high)):
            ax.plot([], [], " ", label=f"{beyond} mass points beyond the axes")
        ax.legend(loc="upper left", fontsize=10, frameon=not seen.all(), framealpha=0.9)
        style.heading(ax, config, title)
    return figure


def _triangles(x: np.ndarray, y: np.ndarray) -> mtri.Triangulation | None:
    """Delaunay triangles, None for fewer than four points or points on a line."""
    if len(x) < 4 or np.linalg.matrix_rank(np.stack([x - x[0], y - y[0]]), tol=1e-6) < 2:
        return None
    return mtri.Triangulation(x, y)


def _near(x: np.ndarray, y: np.ndarray, delta: np.ndarray, best: int) -> np.ndarray:
    """Points that the axes must show [n]: those on the colour scale, and at least the four nearest to the minimum."""
    distance = np.hypot(x - x[best], y - y[best])
    return (delta <= _DEEPEST) | (distance <= np.sort(distance)[: _LEAST_SHOWN + 1][-1])


def _numbers(ax: Axes, x: np.ndarray, y: np.ndarray, delta: np.ndarray, error: np.ndarray, best: int) -> None:
    for i in range(len(x)):
        text = "0" if i == best else rf"{delta[i]:.3f} $\pm$ {error[i]:.3f}"
        ax.annotate(
            text,
            (x[i], y[i]),
            xytext=(0, -13),
            textcoords="offset points",
            ha="center",
            va="top",
            size=9,
            bbox={"boxstyle": "square,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
            zorder=6,
        )


def _room(ax: Axes, x: np.ndarray, y: np.ndarray, truth: tuple[float, float] | None) -> None:
    """Margins for the numbers and the legend."""
    xs, ys = (
        np.append(v, t) for v, t in ((x, truth[1] if truth else x[0]), (y, truth[0] if truth else y[0]))
    )
    dx, dy = max(np.ptp(xs), 20.0), max(np.ptp(ys), 20.0)
    ax.set_xlim(xs.min() - 0.2 * dx, xs.max() + 0.2 * dx)
    ax.set_ylim(ys.min() - 0.18 * dy, ys.max() + 0.5 * dy)
