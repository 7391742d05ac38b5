"""ROC curves of the same events with several detectors in the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from momentax.classify.roc import Roc
from momentax.plots import style
from momentax.plots.config import FiguresConfig


def detector_roc(
    curves: Sequence[Roc],
    differences: Mapping[str, Mapping[str, float]],
    truth: Mapping[str, str],
    config: FiguresConfig | None = None,
) -> Figure:
    """A panel for each background: misidentification against efficiency, a curve for each detector.

    Args:
        curves, differences: of `momentax.classify.detectors.compare_detectors`.
        truth: hypothesis of each sample, the signal first.
    """
    config = config or FiguresConfig()
    signal, *backgrounds = truth
    floor = 0.5 * min(1.0 / c.n_background for c in curves)
    with style.context():
        figure, axes = plt.subplots(
            1,
            len(backgrounds),
            sharey=True,
            squeeze=False,
            figsize=(6.2 * len(backgrounds), 5.8),
        )
        plt.close(figure)
        for ax, background in zip(axes[0], backgrounds, strict=True):
            mine = [c for c in curves if c.name.startswith(f"{background} : ")]
            for i, c in enumerate(mine):
                colour, drawn = style.COLOURS[i], c.misidentification > 0
                ax.fill_between(
                    c.efficiency,
                    np.maximum(c.low, floor),
                    np.maximum(c.high, floor),
                    color=colour,
                    alpha=0.25,
                    lw=0,
                )
                name = c.name.removeprefix(f"{background} : ")
                ax.plot(
                    c.efficiency[drawn],
                    c.misidentification[drawn],
                    color=colour,
                    ls=style.LINES[i],
                    label=rf"{name}: AUC {c.auc:.4f} $\pm$ {c.auc_error:.4f}",
                )
            for name, found in differences.items():
                if name.startswith(f"{background}: "):
                    text = rf"difference {found['auc']:.4f} $\pm$ {found['error']:.4f} (same events)"
                    ax.plot([], [], " ", label=text)
            title = (
                f"{style.pretty(truth[signal])} against {style.pretty(truth[background])}\n"
                f"{style.thousands(mine[0].n_signal)} and {style.thousands(mine[0].n_background)} showered events"
            )
            ax.legend(loc="upper left", fontsize=10, title=title, title_fontsize=11, alignment="left")
            ax.set(yscale="log", xlim=(0, 1), xlabel="Correct identification")
            decades = np.arange(np.floor(np.log10(floor)), 1)
            ax.set_yticks(10.0**decades)
            # no ticks beside the legend
            ax.set_yticks([m * 10.0**d for d in decades[:-1] for m in range(2, 10)], minor=True)
            ax.set_ylim(floor, 30.0)
        axes[0][0].set_ylabel("Misidentification")
        style.heading(axes[0][0], config)
    return figure


__all__ = ["detector_roc"]
