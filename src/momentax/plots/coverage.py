"""Calibration of the networks' uncertainties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from momentax.plots import style
from momentax.plots.config import FiguresConfig


def coverage_curve(metrics: Mapping[str, Any], kind: str, config: FiguresConfig | None = None) -> Figure:
    """Share of test weights inside the stated interval against the stated share; found less stated below.

    Args:
        metrics: of a regressor (``metrics.json``).
        kind: of its hypothesis.

    Returns:
        The curve with the binomial error of independent events, and the 68.3 and 95.5 % points of every process class.
    """
    config = config or FiguresConfig()
    nominal, found = (np.array(metrics["coverage"][k]) for k in ("nominal", "found"))
    events = metrics["test"]["all"]["events"]
    error = np.sqrt(found * (1 - found) / max(events, 1))
    of_all = f"all ({style.thousands(events)} events)"
    with style.context():
        figure, (main, below) = style.new_figure((2.6, 1.2), figsize=(6.2, 6.4))
        main.plot([0, 1], [0, 1], ":", color="0.5", lw=1.2, label="calibrated")
        main.errorbar(
            nominal,
            found,
            yerr=error,
            fmt="o-",
            color=style.COLOURS[0],
            ms=4,
            label=of_all,
        )
        below.axhspan(-0.03, 0.03, color="0.9", lw=0)
        below.axhline(0, ls=":", color="0.5", lw=1.2)
        below.errorbar(nominal, found - nominal, yerr=error, fmt="o-", color=style.COLOURS[0], ms=4)
        classes = metrics["test"]["by_class"]
        for i, (name, measures) in enumerate(classes.items()):
            covered = measures.get("coverage")
            if covered is None:
                continue
            levels = np.array([0.6827, 0.9545])
            values = np.array([covered["68"], covered["95"]])
            spread = np.sqrt(values * (1 - values) / measures["events"])
            # side by side: their errors would hide one another
            x = levels + 0.012 * (i - (len(classes) - 1) / 2)
            look: dict[str, Any] = {
                "fmt": style.MARKERS[1 + i % 7],
                "color": style.COLOURS[1 + i % 7],
                "ms": 6,
            }
            main.errorbar(x, values, yerr=spread, label=f"{style.pretty(name)} events", **look)
            below.errorbar(x, values - levels, yerr=spread, **look)
        main.set(xlim=(0, 1.02), ylim=(0, 1.05), ylabel="Share of weights inside")
        main.legend(loc="upper left")
        reach = max(0.05, 1.3 * float(np.max(np.abs(found - nominal) + error)))
        below.set(ylim=(-reach, reach), xlabel="Stated share of the interval")
        below.set_ylabel("Found $-$ stated", loc="center")
        style.heading(main, config, f"{style.pretty(kind)} regressor")
    return figure
