"""Map of sigma_vis over the mass plane, and the residuals of the nodes that it goes through."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from momentax.constants import MASS_Z
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.scan.surface import Surface

_LATTICE = 30
_LEAST_GAP = 2.0
"""GeV between mH - mA and mZ at the edge of the map."""
_WIDE = 4.0
"""Ratio of the largest to the smallest mass from which an axis is logarithmic."""
_TICKS = (20, 30, 50, 100, 200, 300, 500, 1000, 2000, 3000)


def surface_map(surface: Surface, config: FiguresConfig | None = None) -> Figure:
    """sigma_vis over (mA, mH), and sigma_vis of each node relative to the surface through all the others."""
    config = config or FiguresConfig()
    with style.context():
        figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(13.6, 5.8))
        plt.close(figure)
        m_h, m_a = surface.points.T
        x, y, value = _lattice(surface)
        levels, scale = _levels(value)
        shown = left.contourf(x, y, value, levels=levels, norm=scale, cmap="viridis", extend="both")
        bar = figure.colorbar(shown, ax=left, label=r"$\sigma_{\mathrm{vis}}$ [pb]", pad=0.02)
        if isinstance(scale, LogNorm):
            bar.set_ticks([level for level in levels if abs(np.log10(level) - round(np.log10(level))) < 1e-6])
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: rf"$10^{{{round(np.log10(v))}}}$"))
            bar.ax.yaxis.set_minor_formatter(NullFormatter())
        else:
            bar.set_ticks(levels[::2].tolist())
        name = f"{len(m_h)} nodes of the generator"
        left.plot(m_a, m_h, "o", ms=5, mfc="w", mec="k", mew=0.8, ls="none", label=name, clip_on=False)
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
        left.legend(loc="upper left", fontsize=10)
        right.legend(loc="upper left", fontsize=10, handlelength=0.0)
        style.heading(left, config)
    return figure


def _axes(ax: Axes, m_a: np.ndarray, m_h: np.ndarray) -> None:
    """Axes (logarithmic with the masses written out, if wide) with room for the legend; where H -> ZA is closed."""
    ax.set_xlabel(r"$m_A$ [GeV]")
    for masses, limits, name, axis, room in (
        (m_a, ax.set_xlim, "x", ax.xaxis, 0.06),
        (m_h, ax.set_ylim, "y", ax.yaxis, 0.22),
    ):
        low, high = float(masses.min()), float(masses.max())
        if high < _WIDE * low:
            limits(low - 0.06 * (high - low), high + room * (high - low))
            continue
        getattr(ax, f"set_{name}scale")("log")
        low, high = low * (low / high) ** 0.06, high * (high / low) ** room
        limits(low, high)
        axis.set_ticks([t for t in _TICKS if low <= t < 0.8 * high])
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axis.set_minor_formatter(NullFormatter())
    edge = np.geomspace(*ax.get_xlim(), 200)
    bottom, top = ax.get_ylim()
    if edge[-1] + MASS_Z > bottom:
        ax.fill_between(edge, np.clip(edge + MASS_Z, bottom, top), bottom, color="0.85", lw=0.0, zorder=1)
        ax.text(0.97, 0.04, r"$m_H < m_A + m_Z$", transform=ax.transAxes, ha="right", size=11, color="0.35")


def _lattice(surface: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mA, mH, sigma_vis) on a lattice over the range of the nodes; NaN where H -> ZA is closed.

    In mA and mH - mA - mZ, so that the edge is followed.
    """
    m_h, m_a = surface.points.T
    gap = m_h - m_a - MASS_Z
    x = np.geomspace(m_a.min(), m_a.max(), _LATTICE)[:, None]
    y = x + MASS_Z + np.geomspace(max(gap.min(), _LEAST_GAP), gap.max(), _LATTICE)
    y = np.clip(y, m_h.min(), m_h.max())
    x = np.broadcast_to(x, y.shape)
    open_ = y - x > MASS_Z + 0.5 * _LEAST_GAP
    value = np.full(y.shape, np.nan)
    value[open_] = surface.at(np.stack([y[open_], x[open_]], axis=1))[0]
    return x, y, value


def _levels(value: np.ndarray) -> tuple[np.ndarray, Normalize]:
    """Levels of the map: three a decade, or round steps where it has less than two decades."""
    low, high = float(np.nanmin(value)), float(np.nanmax(value))
    if high < 100.0 * low:
        levels = np.asarray(MaxNLocator(16).tick_values(low, high))
        return levels, Normalize(levels[0], levels[-1])
    first, last = max(np.log10(low), np.log10(high) - 8.0), np.log10(high)
    steps = np.arange(np.floor(3.0 * first), np.ceil(3.0 * last) + 0.5)
    return 10.0 ** (steps / 3.0), LogNorm()
