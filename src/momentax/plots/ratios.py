"""Ratios of histograms of the same events by two methods, and the number of their bins."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from momentax.plots.config import FiguresConfig

FEW = 5
"""Ratios are drawn where the denominator has at least this many events."""
LEAST_REACH, LARGEST_REACH = 0.2, 1.0
"""The axis of a ratio goes at least and at most this far from one."""


def bins_for(n: int, config: FiguresConfig) -> int:
    """Bins of a histogram of ``n`` entries: 2.5 n^(1/3), at least 8, at most the configured number."""
    return int(min(config.information_bins, max(8, np.ceil(2.5 * n ** (1.0 / 3.0)))))


def paired_ratio(
    numerator: np.ndarray, denominator: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ratio of two histograms of the same events, and its standard deviation, [bins]; NaN where the second is empty.

    An event that stays in its bin counts in both, so that only those that move make the ratio uncertain: with a in
    both, b only in the denominator, c only in the numerator, independent Poisson numbers, r = (a + c)/(a + b) has the
    variance [(1 - r)^2 a + r^2 b + c]/(a + b)^2.
    """
    n = len(edges) - 1
    at = [np.digitize(v, edges) - 1 for v in (numerator, denominator)]
    inside = [(i >= 0) & (i < n) for i in at]
    together = inside[0] & (at[0] == at[1])
    a = np.bincount(at[0][together], minlength=n)
    c, both = (np.bincount(i[ok], minlength=n) for i, ok in zip(at, inside, strict=True))
    b, c = both - a, c - a
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(both > 0, (a + c) / both, np.nan)
        return r, np.sqrt((1.0 - r) ** 2 * a + r**2 * b + c) / both


def draw_ratios(
    ax: Axes,
    edges: np.ndarray,
    denominator: np.ndarray,
    numerators: dict[str, np.ndarray],
    colours: dict[str, str],
    marks: dict[str, str],
    shifts: dict[str, float],
) -> None:
    """Ratios with their errors, the line at one, and limits symmetric about it.

    Ratios beyond the limits are triangles at the edge. ``shifts``: of the points along x, in bins.
    """
    centres, width = 0.5 * (edges[1:] + edges[:-1]), edges[1] - edges[0]
    enough = np.histogram(denominator, edges)[0] >= FEW
    drawn = {
        name: [values[enough] for values in paired_ratio(numerator, denominator, edges)]
        for name, numerator in numerators.items()
    }
    far = max((float(np.max(np.abs(r - 1.0), initial=0.0)) for r, _ in drawn.values()), default=0.0)
    reach = min(LARGEST_REACH, max(LEAST_REACH, 1.25 * far))
    ax.axhline(1.0, color="0.45", lw=0.9)
    for name, (r, error) in drawn.items():
        at = centres[enough] + shifts[name] * width
        inside = np.abs(r - 1.0) <= reach
        ax.errorbar(
            at[inside],
            r[inside],
            yerr=error[inside],
            fmt=marks[name],
            ms=3.6,
            elinewidth=0.9,
            color=colours[name],
        )
        for beyond, mark, height in ((r > 1.0 + reach, "^", 0.95), (r < 1.0 - reach, "v", 0.05)):
            transform = ax.get_xaxis_transform()
            n = int(beyond.sum())
            ax.plot(at[beyond], [height] * n, mark, color=colours[name], ms=6, transform=transform)
    ax.set_ylim(1.0 - reach, 1.0 + reach)
