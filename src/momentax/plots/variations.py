"""Figures of a systematic variation: the change of the event information, and the ROC curve of a discriminant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momentax.classify.roc import Roc
from momentax.plots import style
from momentax.plots.config import FiguresConfig

_BINS = 40
_SHOWN = 0.995
"""Share of the changes that the axis covers; the rest is counted in the first and last bin."""


def information_shifts(
    changes: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str = "", config: FiguresConfig | None = None
) -> Figure:
    """I(varied) - I(nominal) of the same events, by integrals (band) and by the networks (points): Fig. 14a.

    Networks that a variation leaves where they are (it is not among their inputs) are not drawn.

    Args:
        changes: kind of hypothesis -> (by integrals, by the network), [n] each.
        title: the variation.
    """
    config = config or FiguresConfig()
    with style.context():
        figure, axes = style.new_figure([1.0] * len(changes), figsize=(6.4, 2.9 * len(changes) + 0.6))
        reach = max(np.quantile(np.abs(np.concatenate(pair)), _SHOWN) for pair in changes.values())
        edges = np.linspace(-1.0, 1.0, _BINS + 1) * max(float(reach), 1e-3)
        for ax, (kind, (integral, network)) in zip(axes, changes.items(), strict=True):
            _panel(ax, edges, integral, network)
            ax.set_ylabel("Share of weights / bin")
            name = f"{style.pretty(kind)}, {style.thousands(len(integral))} weights"
            ax.legend(title=name, loc="upper left", fontsize=10, title_fontsize=11, alignment="left")
        axes[-1].set_xlabel(r"$I_{\mathrm{varied}} - I_{\mathrm{nominal}}$, $I = -\log_{10} W$")
        style.heading(axes[0], config, title)
    return figure


def _panel(ax: Axes, edges: np.ndarray, integral: np.ndarray, network: np.ndarray) -> None:
    counts = [np.histogram(np.clip(v, edges[0], edges[-1]), edges)[0] for v in (integral, network)]
    share, error = ([c / max(len(integral), 1) for c in group] for group in (counts, np.sqrt(counts)))
    centres = 0.5 * (edges[1:] + edges[:-1])

    def text(name: str, values: np.ndarray) -> str:
        return f"{name}: mean {values.mean():+.3f}, s.d. {values.std():.3f}"

    colour = style.COLOURS[0]
    ax.stairs(share[0], edges, fill=True, color=colour, alpha=0.35, label=text("integral", integral))
    ax.stairs(share[0], edges, color=colour, lw=1.4)
    moved, filled = bool(np.any(network)), counts[1] > 0
    if moved:
        ax.errorbar(
            centres[filled],
            share[1][filled],
            yerr=error[1][filled],
            fmt="o",
            ms=3.5,
            lw=1.0,
            color="k",
            label=text("network", network),
        )
    ax.axvline(0.0, color="0.5", lw=1.0, ls=":")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0.0, 1.55 * max(float(s.max()) for s in share[: 1 + moved]))


def varied_roc(
    curves: Sequence[Roc],
    rows: Sequence[Mapping[str, float]],
    pair: Sequence[str],
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """ROC curves of a discriminant, nominal and varied, by integrals and by networks, and their ratio: Fig. 14b.

    Args:
        curves, rows: from :mod:`momentax.vary.effects`; the first curve is the reference of the ratios.
        pair: hypotheses (signal, background) of the discriminant.
    """
    config = config or FiguresConfig()
    floor = 0.5 / max(c.n_background for c in curves)
    reference = curves[0]
    with style.context():
        figure, (ax, ratio) = style.new_figure([2.6, 1.0], figsize=(6.4, 6.6))
        for c, row in zip(curves, rows, strict=True):
            varied, network = "varied" in c.name, "network" in c.name
            colour, line = style.COLOURS[1 if varied else 0], "--" if network else "-"
            text = rf"{c.name}: AUC {c.auc:.4f}"
            if c is reference:
                text += rf" $\pm$ {c.auc_error:.4f}"
                ax.fill_between(c.efficiency, np.maximum(c.low, floor), c.high, color=colour, alpha=0.2, lw=0)
            else:
                text += rf" ({row['difference']:+.4f} $\pm$ {row['difference_error']:.4f})"
            drawn = c.misidentification > 0
            ax.plot(c.efficiency[drawn], c.misidentification[drawn], color=colour, ls=line, label=text)
            usable = reference.misidentification > 0
            with np.errstate(divide="ignore", invalid="ignore"):
                r = c.misidentification / reference.misidentification
                band = [edge / reference.misidentification for edge in (reference.low, reference.high)]
            ratio.plot(c.efficiency[usable], r[usable], color=colour, ls=line, lw=1.3)
            if c is reference:
                ratio.fill_between(
                    c.efficiency[usable], band[0][usable], band[1][usable], color=colour, alpha=0.2, lw=0
                )
        signal, background = (style.pretty(name) for name in pair)
        counts = (
            f"{style.thousands(reference.n_signal)} : {style.thousands(reference.n_background)} test events"
        )
        ax.plot([], [], " ", label=f"{signal} : {background}, {counts}")
        ax.set(yscale="log", xlim=(0, 1), ylabel="Misidentification", ylim=(floor, floor**-0.75))
        decades = np.arange(np.floor(np.log10(floor)) + 1, 1)
        ax.set_yticks(10.0**decades)
        ax.set_yticks([m * 10.0**d for d in decades[:-1] for m in range(2, 10)], minor=True)
        ax.set_ylim(floor, floor**-0.75)
        ax.legend(loc="upper left", fontsize=10)
        ratio.set(ylim=(0.0, 2.0), xlabel="Correct identification", ylabel="to integral,\nnominal")
        style.heading(ax, config, title)
    return figure
