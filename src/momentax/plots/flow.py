"""Figure of the samplers of the ttbar integral: variance of an evaluation, flow over VEGAS, pulls of the values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momentax.flow.compare import SAMPLERS, pull
from momentax.plots import style
from momentax.plots.config import FiguresConfig

_BINS = 30
_LINES = (*style.LINES, (0, (5, 1)))
_PULLS = np.linspace(-5.0, 5.0, 26)


def samplers(
    events: Mapping[str, np.ndarray], facts: Mapping[str, Any], config: FiguresConfig | None = None
) -> Figure:
    """Variance per evaluation of all samplers; that of the flow over that of VEGAS, event by event; pulls.

    Args:
        events, facts: of `momentax.flow.compare.Comparison`.
    """
    config = config or FiguresConfig()
    with style.context():
        figure, axes = plt.subplots(1, 3, figsize=(16.5, 5.2))
        plt.close(figure)  # the figure lives as long as its owner, not in pyplot's list
        _variances(axes[0], events, facts)
        _beside(axes[1], events, facts)
        _pulls(axes[2], events)
        style.heading(
            axes[0], config, f"{style.thousands(len(events['event']))} unseen {style.pretty('ttbar')} events"
        )
    return figure


def _variances(ax: Axes, events: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    values = {name: events[f"{name}/variance"] for name in SAMPLERS}
    shown = np.concatenate(list(values.values()))
    low, high = np.quantile(shown, [0.001, 0.99])
    edges = np.geomspace(0.8 * low, 1.3 * high, _BINS + 1)
    for i, (name, title) in enumerate(SAMPLERS.items()):
        median = facts["samplers"][name]["variance"]["median"]
        beyond = int(np.count_nonzero(values[name] > edges[-1]))
        note = f", {beyond} beyond" if beyond else ""
        ax.hist(
            values[name], edges.tolist(), histtype="step", color=style.COLOURS[i], ls=_LINES[i], lw=1.6,
            label=f"{title} (median {median:.2f}{note})",
        )  # fmt: skip
        ax.axvline(median, 0.0, 0.06, color=style.COLOURS[i], ls=_LINES[i], lw=2.5)
    ax.set_xscale("log")
    ax.set_xlabel(r"Variance per evaluation $V = n\,(\sigma_W/W)^2$")
    ax.set_ylabel("Events")
    ax.set_ylim(0.0, 1.55 * ax.get_ylim()[1])
    ax.legend(loc="upper left")


def _beside(ax: Axes, events: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    x, ratio = events["vegas/variance"], events["flow/variance"] / events["vegas/variance"]
    low, middle, high = facts["over_vegas"]["flow"]["variance"]
    ax.plot(x, ratio, "o", ms=3.5, color=style.COLOURS[0], mec="none", alpha=0.6)
    ax.axhline(1.0, color="k", lw=1.0, ls=":")
    ax.axhline(middle, color=style.COLOURS[1], label=f"median {middle:.2f}")
    ax.axhspan(
        low, high, color=style.COLOURS[1], alpha=0.12, lw=0.0, label=f"central 68 % ({low:.2f}–{high:.2f})"
    )
    below = float(np.mean(ratio < 1.0))
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(0.7 * ratio.min(), 4.0 * ratio.max())
    ax.set_xlabel(r"$V$ of VEGAS")
    ax.set_ylabel(r"$V$ of the flow / $V$ of VEGAS")
    ax.legend(loc="upper left", title=f"flow better in {100.0 * below:.0f} % of the events", alignment="left")


def _pulls(ax: Axes, events: Mapping[str, np.ndarray]) -> None:
    for i, name in ((1, "vegas"), (3, "flow")):
        p = pull(dict(events), name)
        mean = rf"${p.mean():+.2f}\pm{p.std() / np.sqrt(len(p)):.2f}$"
        ax.hist(
            np.clip(p, _PULLS[0], _PULLS[-1]), _PULLS.tolist(), histtype="step", color=style.COLOURS[i],
            ls=_LINES[i], lw=1.6, label=f"{SAMPLERS[name]}: mean {mean}, width {p.std():.2f}",
        )  # fmt: skip
    x = np.linspace(_PULLS[0], _PULLS[-1], 201)
    expected = len(events["event"]) * (_PULLS[1] - _PULLS[0]) * np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
    ax.plot(x, expected, color="k", lw=1.0, label="standard normal")
    ax.set_xlabel(r"(value $-$ weight) / error of the difference")
    ax.set_ylabel("Events")
    ax.set_ylim(0.0, 1.5 * ax.get_ylim()[1])
    ax.legend(loc="upper left")
