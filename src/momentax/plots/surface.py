"""Map of sigma_vis over the mass plane, and the residuals of the nodes that it goes through."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from momentax.constants import MASS_Z
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.scan.surface import Surface

_LATTICE = 30
_LEAST_GAP = 2.0
"""GeV between mH - mA and mZ at the edge of the map."""
_TICKS = (20, 30, 50, 100, 200, 300, 500, 1000, 2000, 3000)


def surface_map(surface: Surface, config: FiguresConfig | None = None) -> Figure:
    """sigma_vis over (mA, mH), and sigma_vis of each node relative to the surface through all the others."""
    config = config or FiguresConfig()
    with style.context():
        figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(13.6, 5.8))
        plt.close(figure)
        m_h, m_a = surface.points.T
        shown = left.contourf(
            *_lattice(surface), levels=_levels(surface), norm=LogNorm(), cmap="viridis", extend="both"
        )
        bar = figure.colorbar(shown, ax=left, label=r"$\sigma_{\mathrm{vis}}$ [pb]", pad=0.02)
        whole = [level for level in shown.levels if abs(np.log10(level) % 1.0) < 1e-6]
        bar.set_ticks(whole)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: rf"$10^{{{round(np.log10(v))}}}$"))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
        name = f"{len(m_h)} nodes of the generator"
        left.plot(m_a, m_h, "o", ms=5, mfc="none", mec="w", mew=1.2, ls="none", label=name)
        deviation, expected = 100.0 * surface.relative_residuals.T
        top = max(float(np.quantile(np.abs(deviation), 0.9)), 0.1)
        points = right.scatter(
            m_a, m_h, c=deviation, s=55, cmap="RdBu_r", vmin=-top, vmax=top, ec="k", lw=0.6, zorder=3
        )
        label = r"$\sigma_{\mathrm{vis}}$ / surface of the other nodes $-$ 1 [%]"
        figure.colorbar(points, ax=right, label=label, pad=0.02, extend="both")
        for text in (
            rf"$\chi^2$ = {surface.chi2:.1f} for {surface.degrees} nodes, each left out",
            f"median deviation {np.median(np.abs(deviation)):.2f} %, expected {np.median(expected):.2f} %",
        ):
            right.plot([], [], " ", label=text)
        for ax in (left, right):
            _axes(ax, m_a, m_h)
        left.set_ylabel(r"$m_H$ [GeV]")
        left.legend(
            loc="upper left", fontsize=10, labelcolor="k", frameon=True, facecolor="0.75", framealpha=1.0
        )
        right.legend(loc="upper left", fontsize=10, handlelength=0.0)
        style.heading(left, config)
    return figure


def _axes(ax: Axes, m_a: np.ndarray, m_h: np.ndarray) -> None:
    """Logarithmic axes with the masses written out, room for the legend, and where H -> ZA is closed."""
    ax.set(xscale="log", yscale="log", xlabel=r"$m_A$ [GeV]")
    ax.set_xlim(0.9 * m_a.min(), 1.15 * m_a.max())
    ax.set_ylim(0.85 * m_h.min(), 1.9 * m_h.max())
    edge = np.geomspace(*ax.get_xlim(), 200)
    ax.fill_between(edge, edge + MASS_Z, 0.5 * m_h.min(), color="0.85", lw=0.0, zorder=1)
    ax.text(0.97, 0.06, r"$m_H < m_A + m_Z$", transform=ax.transAxes, ha="right", size=11, color="0.35")
    for axis in (ax.xaxis, ax.yaxis):
        low, high = axis.get_view_interval()
        axis.set_ticks([t for t in _TICKS if low <= t <= high])
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axis.set_minor_formatter(NullFormatter())


def _lattice(surface: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mA, mH, sigma_vis) on a lattice from the smallest to the largest masses of the nodes.

    In mA and mH - mA - mZ, so that the edge is followed; NaN above the largest mH.
    """
    m_h, m_a = surface.points.T
    gap = m_h - m_a - MASS_Z
    x = np.geomspace(m_a.min(), m_a.max(), _LATTICE)[:, None]
    y = x + MASS_Z + np.geomspace(max(gap.min(), _LEAST_GAP), gap.max(), _LATTICE)
    y = np.minimum(y, m_h.max())
    x = np.broadcast_to(x, y.shape)
    open_ = y - x > MASS_Z + 0.5 * _LEAST_GAP
    value = np.full(y.shape, np.nan)
    value[open_] = surface.at(np.stack([y[open_], x[open_]], axis=1))[0]
    return x, y, value


def _levels(surface: Surface) -> np.ndarray:
    low, high = np.log10(surface.values[:, 0].min()), np.log10(surface.values[:, 0].max())
    low = max(low, high - 8.0)
    return 10.0 ** np.arange(np.floor(3.0 * low) / 3.0, np.ceil(3.0 * high) / 3.0 + 0.1, 1.0 / 3.0)
