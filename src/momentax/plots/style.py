"""The one place of fonts, colours, names and units, and the one way to write a figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import mplhep  # noqa: F401 (registers the fonts)
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momentax.atomic import atomic_path
from momentax.plots.config import FiguresConfig
from momentax.regress.targets import mass_point

# Colours of Petroff 2021 (arXiv:2107.02270), told apart by the colour-blind and in print.
COLOURS = ("#3f90da", "#bd1f01", "#ffa90e", "#832db6", "#94a4a2", "#a96b59", "#e76300", "#717581")
STATUS_COLOURS = {
    "ok": "#3f90da",
    "not_converged": "#ffa90e",
    "zero": "#94a4a2",
    "nan": "#bd1f01",
    "bad_input": "#832db6",
}
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
#: W is a density in four energies, four directions and two components of the recoil.
WEIGHT_UNIT = r"pb GeV$^{-6}$ sr$^{-4}$"

_RC: Any = {
    "font.family": ["TeX Gyre Heros", "DejaVu Sans"],
    "mathtext.fontset": "custom",
    "mathtext.rm": "TeX Gyre Heros",
    "mathtext.it": "TeX Gyre Heros:italic",
    "mathtext.bf": "TeX Gyre Heros:bold",
    "mathtext.cal": "TeX Gyre Heros:italic",
    "mathtext.sf": "TeX Gyre Heros",
    "mathtext.tt": "TeX Gyre Heros",
    "font.size": 13,
    "axes.labelsize": 14,
    "axes.linewidth": 1.0,
    "axes.formatter.use_mathtext": True,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "xtick.major.size": 7,
    "ytick.major.size": 7,
    "xtick.major.pad": 6,
    "xtick.minor.size": 3.5,
    "ytick.minor.size": 3.5,
    "xaxis.labellocation": "right",
    "yaxis.labellocation": "top",
    "lines.linewidth": 1.6,
    "figure.figsize": (6.4, 5.4),
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,
    "svg.hashsalt": "momentax",
}


@contextmanager
def context() -> Iterator[None]:
    """The style of all figures, for one block: the user's own settings return after it."""
    with mpl.rc_context(_RC):
        yield


def new_figure(rows: Sequence[float] = (1.0,), **kwargs: Any) -> tuple[Figure, list[Axes]]:
    """A figure with panels below one another that share the x axis, of relative heights ``rows``."""
    figure, axes = plt.subplots(
        len(rows), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": list(rows)}, **kwargs
    )
    plt.close(figure)  # the figure lives as long as its owner, not in pyplot's list
    return figure, list(axes[:, 0])


def heading(ax: Axes, config: FiguresConfig, right: str = "") -> None:
    """The line above a figure: label in bold, its addition in italics, and the text at the right."""
    name = ax.text(0.0, 1.015, config.label, transform=ax.transAxes, weight="bold", size=14)
    ax.annotate(
        config.addition,
        (1.0, 1.015),
        xycoords=(name, ax.transAxes),  # after the end of the name, wherever the layout puts it
        xytext=(5, 0),
        textcoords="offset points",
        va="baseline",
        style="italic",
    )
    ax.text(1.0, 1.015, right, transform=ax.transAxes, ha="right", size=12)


def pretty(label: str) -> str:
    """A sample's or hypothesis' name as a physicist writes it; other names as they are."""
    point = mass_point(label)
    if point is not None:
        return rf"$H\to ZA$ ({point[0]:g}, {point[1]:g})"
    if label.startswith("ttbar_"):
        return rf"$t\bar{{t}}$ ($m_t$ = {label.removeprefix('ttbar_')} GeV)"
    return {"drell_yan": "Drell–Yan", "ttbar": r"$t\bar{t}$", "hza": r"$H\to ZA$"}.get(label, label)


def information_label(hypothesis: str = "", source: str = "") -> str:
    """Axis label of the event information."""
    if hypothesis:
        inside = (
            pretty(hypothesis).replace("$", "") if "$" in pretty(hypothesis) else rf"\mathrm{{{hypothesis}}}"
        )
        inside = r"\mathrm{DY}" if hypothesis == "drell_yan" else inside
        what = rf"$I_{{{inside}}}$"
    else:
        what = "$I$"
    where = f" ({source})" if source else ""
    return rf"{what}{where} $= -\log_{{10}}\,W$ [$W$ in {WEIGHT_UNIT}]"


def thousands(n: int) -> str:
    """A count with separators: 12,345."""
    return f"{n:,d}"


def save(figure: Figure, stem: str | Path, config: FiguresConfig | None = None) -> list[Path]:
    """Write a figure as ``stem.pdf``, ``stem.png``, ... (the configured formats), each complete or absent.

    Files carry no date: equal figures are equal files.
    """
    config = config or FiguresConfig()
    written = []
    for form in config.formats:
        path = Path(f"{stem}.{form}")
        metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(form, {})
        with context(), atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=config.dpi, metadata=metadata)
        written.append(path)
    return written
