"""Figures of the learning: regression against the integral, learning curves, ROC curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from momentax.classify.roc import Roc
from momentax.errors import InputError
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.regress.metrics import residual_metrics


def regression(
    information: np.ndarray,
    predicted: np.ndarray,
    hypothesis: str,
    config: FiguresConfig | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> Figure:
    """Information from the network against that from the integral, and the residual below.

    Args:
        information, predicted: I of the same rows [n], on test events.
        hypothesis: label, or ``hza`` for all mass points together.
        metrics: of these rows, from `momentax.regress.metrics.residual_metrics`, for the legend; by default
            computed here with every row as an event of its own.

    Returns:
        A two-dimensional histogram with the diagonal; below, the median and the central 68.3 % of
        log10 W_DNN - log10 W in bins of I with at least 20 rows, with the bootstrap error of the median.

    Raises:
        InputError: fewer than 20 rows.
    """
    config = config or FiguresConfig()
    n = len(information)
    if n < 20:
        raise InputError(f"regression figure: {n} rows, at least 20 are needed")
    residual = information - predicted
    if metrics is None:
        metrics = residual_metrics(residual, np.arange(n), 200, np.random.default_rng(1))
    both = np.concatenate([information, predicted])
    low, high = np.quantile(both, [0.0005, 0.9995])
    low, high = low - 0.03 * (high - low), high + 0.03 * (high - low)
    edges = np.linspace(low, high, 81)
    inside = np.all([(v >= low) & (v <= high) for v in (information, predicted)], axis=0)
    with style.context():
        figure, (main, below) = style.new_figure((2.6, 1.0), figsize=(6.6, 7.2))
        counts = np.histogram2d(information, predicted, bins=(edges, edges))[0]
        mesh = main.pcolormesh(
            edges,
            edges,
            np.ma.masked_equal(counts.T, 0),
            norm=LogNorm(1, max(counts.max(), 2)),
            cmap="cividis",
        )
        mesh.set_rasterized(True)
        figure.colorbar(mesh, ax=[main, below], label="Entries", pad=0.02, aspect=40)
        main.plot(
            [low, high], [low, high], color=style.COLOURS[1], lw=1.0, ls="--", label="network = integral"
        )
        text = f"{style.thousands(n)} test weights ({n - int(inside.sum())} outside)"
        for key, name in (("bias", "bias"), ("rms", "r.m.s."), ("width", "half of central 68 %")):
            text += "\n" + rf"{name} {metrics[key][0]:.3f} $\pm$ {metrics[key][1]:.3f}"
        main.plot([], [], " ", label=text)
        main.legend(loc="upper left")
        main.set(xlim=(low, high), ylim=(low, high))
        main.set_ylabel(r"$I$ (network)")
        _residuals(below, information, residual)
        below.set_xlabel(style.information_label(hypothesis, "integral"))
        below.set_ylabel(r"$\log_{10}\,W_{\mathrm{DNN}}/W$", loc="center")
        style.heading(main, config, f"{style.pretty(hypothesis)} hypothesis")
    return figure


def _residuals(ax: Axes, x: np.ndarray, residual: np.ndarray) -> None:
    """Median, its error and the central 68.3 % of the residual in quantile bins of x."""
    parts = np.array_split(np.argsort(x, kind="stable"), max(1, min(25, len(x) // 20)))
    rng = np.random.default_rng(1)
    rows = []
    for p in parts:
        r = residual[p]
        replicas = np.median(rng.choice(r, (100, len(r))), axis=1)
        rows.append((np.mean(x[p]), *np.quantile(r, [0.158655, 0.5, 0.841345]), replicas.std(ddof=1)))
    centre, low, median, high, error = np.array(rows).T
    ax.fill_between(centre, low, high, color=style.COLOURS[0], alpha=0.3, lw=0, label="central 68 %")
    ax.errorbar(centre, median, yerr=error, fmt="o", color="k", ms=3, elinewidth=0.9, label="median")
    ax.axhline(0.0, color=style.COLOURS[1], lw=1.0, ls="--")
    reach = 1.35 * max(np.abs([low, high]).max(), 1e-6)
    ax.set_ylim(-reach, reach)
    ax.legend(loc="upper right", ncols=2, fontsize=10)


def learning_curves(
    histories: Sequence[Mapping[str, np.ndarray]],
    title: str = "",
    loss: str = "error of standardised $I$",
    config: FiguresConfig | None = None,
) -> Figure:
    """Losses by epoch, the epoch that was kept, and the step of the optimiser below.

    Args:
        histories: of each network: ``train_loss``, ``validation_loss``, ``learning_rate`` by epoch.
        title: at the upper right.
        loss: name of the loss.
    """
    config = config or FiguresConfig()
    with style.context():
        figure, (main, below) = style.new_figure((3.0, 1.0), figsize=(6.4, 6.0))
        for i, h in enumerate(histories):
            epochs = np.arange(1, len(h["train_loss"]) + 1)
            colour = style.COLOURS[i % 8]
            name = f", network {i + 1}" if len(histories) > 1 else ""
            main.plot(epochs, h["train_loss"], "--", color=colour, lw=1.2, label="training" + name)
            main.plot(epochs, h["validation_loss"], "-", color=colour, label="validation" + name)
            best = int(np.argmin(h["validation_loss"]))
            main.plot(epochs[best], h["validation_loss"][best], "*", color=colour, ms=13, mec="k", mew=0.6)
            below.step(epochs, h["learning_rate"], where="post", color=colour)
        main.plot([], [], "*", color="w", ms=13, mec="k", mew=0.6, label="kept")
        main.set_yscale("log")
        low, high = main.get_ylim()
        main.set_ylim(low, high * (high / low) ** (0.07 * (len(histories) + 1)))  # room for the legend
        main.set_ylabel(f"Loss ({loss})")
        main.legend(loc="upper right", ncols=min(len(histories), 2))
        below.set_yscale("log")
        below.set_ylabel("Step", loc="center")
        below.set_xlabel("Epoch")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        # a cosine ends at zero
        largest = max(float(np.max(h["learning_rate"])) for h in histories)
        below.set_ylim(1e-4 * largest, 3.0 * largest)
        style.heading(main, config, title)
    return figure


def roc_curves(curves: Sequence[Roc], title: str = "", config: FiguresConfig | None = None) -> Figure:
    """ROC curves: misidentification against efficiency, with bootstrap bands (68 %) and AUC +- error."""
    config = config or FiguresConfig()
    if not curves:
        raise InputError("no ROC curves to draw")
    smallest = min(1.0 / c.n_background for c in curves)
    floor = max(smallest, 1e-5) / 2
    with style.context():
        figure, (ax,) = style.new_figure(figsize=(6.4, 5.8))
        for i, c in enumerate(curves):
            colour, drawn = style.COLOURS[i % 8], c.misidentification > 0
            ax.fill_between(c.efficiency, np.maximum(c.low, floor), c.high, color=colour, alpha=0.25, lw=0)
            names = " vs ".join(style.pretty(part) for part in c.name.split(" : "))
            text = rf"{names}: AUC {c.auc:.4f} $\pm$ {c.auc_error:.4f}"
            text += f"\n({style.thousands(c.n_signal)} signal, {style.thousands(c.n_background)} background)"
            ax.plot(
                c.efficiency[drawn],
                c.misidentification[drawn],
                color=colour,
                ls=style.LINES[i % 4],
                label=text,
            )
        diagonal = np.linspace(floor, 1.0, 400)
        ax.plot(diagonal, diagonal, ":", color="0.5", lw=1.2, label="no separation")
        ax.set(yscale="log", xlim=(0, 1), xlabel="Correct identification", ylabel="Misidentification")
        decades = np.arange(np.floor(np.log10(floor)), 1)
        ax.set_ylim(
            floor, floor ** -(0.12 + 0.17 * len(curves))
        )  # room for the legend above one, without ticks
        ax.set_yticks(10.0**decades)
        ax.set_yticks([m * 10.0**d for d in decades[:-1] for m in range(2, 10)], minor=True)
        ax.set_ylim(floor, floor ** -(0.12 + 0.17 * len(curves)))
        ax.legend(loc="upper left", fontsize=10)
        style.heading(ax, config, title)
    return figure


def class_probabilities(
    probability: np.ndarray,
    of_class: np.ndarray,
    classes: Sequence[str],
    title: str = "",
    config: FiguresConfig | None = None,
) -> Figure:
    """Outputs of a classifier on test events: one panel per output, one histogram per true class.

    Args:
        probability: outputs [n, len(classes)].
        of_class: true class of each row [n].
        classes: in the order of the outputs.
    """
    config = config or FiguresConfig()
    edges = np.linspace(0, 1, 31)
    with style.context():
        figure, axes = style.new_figure([1.0] * len(classes), figsize=(6.4, 2.6 * len(classes) + 0.6))
        for k, (ax, output) in enumerate(zip(axes, classes, strict=True)):
            for i, c in enumerate(classes):
                values = probability[of_class == c, k]
                if not len(values):
                    continue
                counts = np.histogram(values, edges)[0]
                norm = len(values) * np.diff(edges)
                ax.stairs(
                    counts / norm,
                    edges,
                    color=style.COLOURS[i],
                    ls=style.LINES[i],
                    lw=1.6,
                    label=f"{style.pretty(c)}: {style.thousands(len(values))} rows",
                )
                centres = (edges[1:] + edges[:-1]) / 2
                ax.errorbar(
                    centres,
                    counts / norm,
                    yerr=np.sqrt(counts) / norm,
                    fmt="none",
                    color=style.COLOURS[i],
                    lw=0.8,
                )
            ax.set_yscale("log")
            bottom, top = ax.get_ylim()
            ax.set_ylim(bottom, top * (top / bottom) ** 0.4)
            ax.set_ylabel("Rows, unit area")
            ax.text(0.03, 0.93, f"output: {style.pretty(output)}", transform=ax.transAxes, va="top")
        axes[0].legend(loc="upper right")
        axes[-1].set(xlabel="Output of the classifier", xlim=(0, 1))
        style.heading(axes[0], config, title)
    return figure
