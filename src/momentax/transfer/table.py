"""Smooth transfer functions out of counted (E_gen, E_rec - E_gen) pairs."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr, ndtri

from momentax.errors import ConfigError, InputError, nearest
from momentax.transfer.binned import BinnedTransfer

_Z_MAX, _DZ = 8.0, 0.1
_SMOOTHING_Z = 0.15
"""Gaussian smoothing of the shapes, in units of the scale; location and scale are restored afterwards."""
_SMOOTHING_LOG_E = 0.2
"""Gaussian smoothing of the shapes over neighbouring bins of E_gen, in ln E_gen."""
_STEP_LOG_E = 0.125
_MIN_COUNTS = 12
"""Neighbouring bins of E_rec - E_gen are joined up to this many counts before their edges become knots."""
_MIN_TOTAL = 200
"""A bin of E_gen with fewer counts is left out."""
_RESOLVED = 0.6
"""A bin of E_gen with a scale below this many bins of E_rec - E_gen does not show its shape: left out."""
_FLOOR, _FLOOR_SCALE = 1e-3, 3.0
"""Admixture of a two-sided exponential exp(-|z|/3)/6: no E_rec is impossible."""


def load_binned_transfer(name: str, path: str | os.PathLike[str] | None = None) -> BinnedTransfer:
    """Transfer function of the object ``name`` out of an .npz table (default: the one of momentax itself).

    Keys read: ``<name>_counts`` [E_gen bin, dE bin], ``<name>_Egen_edges``, ``<name>_dE_edges`` (GeV,
    dE = E_rec - E_gen), and ``<name>_underover`` [E_gen bin, 2] where it exists.

    Raises :class:`InputError` for an unreadable file or a malformed table, :class:`ConfigError` for an
    unknown name.
    """
    if path is None:
        path = str(resources.files("momentax") / "data" / "transfer_functions.npz")
    return _load(name, os.fspath(path))


@lru_cache(maxsize=16)
def _load(name: str, path: str) -> BinnedTransfer:
    try:
        with np.load(Path(path).expanduser(), allow_pickle=False) as file:
            table = {key: file[key] for key in file.files}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"transfer function table {path}: cannot be read as an .npz file ({error})"
        ) from error
    objects = [key.removesuffix("_counts") for key in table if key.endswith("_counts")]
    if name not in objects:
        raise ConfigError(f"transfer function table {path} has no object {name!r}{nearest(name, objects)}")
    missing = [key for key in (f"{name}_Egen_edges", f"{name}_dE_edges") if key not in table]
    if missing:
        raise InputError(
            f"transfer function table {path}: {name}_counts is there but not {', '.join(missing)}"
        )
    return transfer_from_counts(
        table[f"{name}_counts"],
        table[f"{name}_Egen_edges"],
        table[f"{name}_dE_edges"],
        table.get(f"{name}_underover"),
        where=f"transfer function table {path}, object {name}",
    )


def transfer_from_counts(
    counts: np.ndarray,
    e_edges: np.ndarray,
    de_edges: np.ndarray,
    underover: np.ndarray | None = None,
    where: str = "transfer function table",
) -> BinnedTransfer:
    """BinnedTransfer of counts [E_gen bin, dE bin], dE = E_rec - E_gen in GeV.

    ``underover`` [E_gen bin, 2]: counts below and above the range of dE.
    For every bin of E_gen: the cumulative distribution at bin edges, interpolated by a monotone cubic on the
    scale of normal quantiles (nearly a straight line, so that a coarse bin is divided sensibly); its median
    is the location and half its central 68 % the scale; the density in units of these, smoothed over z, then
    over neighbouring bins of E_gen, normalised to median 0 and scale 1; a small two-sided exponential added.
    Bins of E_gen with too few counts, or narrower than the table resolves, are left out: their neighbours
    are scaled. Tail lengths are the mean excess of the pooled counts beyond 8 scales.

    Raises :class:`InputError`, beginning with ``where``, for a malformed table.
    """
    counts, e_edges, de_edges = (np.asarray(a, dtype=float) for a in (counts, e_edges, de_edges))
    outside = np.zeros((len(counts), 2)) if underover is None else np.asarray(underover, dtype=float)
    _check(counts, e_edges, de_edges, outside, where)
    total = counts.sum(axis=1) + outside.sum(axis=1)
    log_e = np.log(_mean_energies(total, e_edges))
    z = np.linspace(-_Z_MAX, _Z_MAX, round(2 * _Z_MAX / _DZ) + 1)
    rows = []
    for i in np.flatnonzero(total >= _MIN_TOTAL):
        cdf = _Cdf.of_histogram(counts[i], outside[i], de_edges)
        if cdf is None:
            continue
        median, low, high = cdf.quantile(np.array([0.5, ndtr(-1.0), ndtr(1.0)]))
        scale = 0.5 * (high - low)
        if scale >= _RESOLVED * np.diff(de_edges).mean():
            rows.append((log_e[i], total[i], median, scale, _standard_shape(cdf, median, scale, z), i))
    if len(rows) < 2:
        raise InputError(
            f"{where}: {len(rows)} bins of E_gen have at least {_MIN_TOTAL} counts and a width of at least "
            f"{_RESOLVED} bins of E_rec - E_gen; 2 are needed (more events, or finer bins)"
        )
    node_e, weight, median, scale = (np.array([row[k] for row in rows], dtype=float) for k in range(4))
    nodes = np.linspace(node_e[0], node_e[-1], 2 + int((node_e[-1] - node_e[0]) / _STEP_LOG_E))
    kernel = weight * np.exp(-0.5 * ((nodes[:, None] - node_e) / _SMOOTHING_LOG_E) ** 2)
    shape = (kernel / kernel.sum(axis=1, keepdims=True)) @ np.array([row[4] for row in rows])
    shape = (1.0 - _FLOOR) * shape + _FLOOR * np.exp(-np.abs(z) / _FLOOR_SCALE) / (2.0 * _FLOOR_SCALE)
    used = np.array([row[5] for row in rows])
    excess = (0.5 * (de_edges[1:] + de_edges[:-1]) - median[:, None]) / scale[:, None]
    tail_low = _tail_length(-excess, counts[used])
    tail_high = _tail_length(excess, counts[used])
    cumulative = np.cumsum(0.5 * _DZ * (shape[:, 1:] + shape[:, :-1]), axis=1)
    cumulative = np.concatenate([np.zeros((len(nodes), 1)), cumulative], axis=1) + tail_low * shape[:, :1]
    norm = cumulative[:, -1:] + tail_high * shape[:, -1:]
    with jax.ensure_compile_time_eval():
        return BinnedTransfer(
            jnp.asarray(nodes[0]),
            jnp.asarray(1.0 / (nodes[1] - nodes[0])),
            jnp.asarray(np.interp(nodes, node_e, median / np.exp(node_e))),
            jnp.asarray(np.interp(nodes, node_e, scale / np.exp(node_e))),
            jnp.asarray(z[0]),
            jnp.asarray(1.0 / _DZ),
            jnp.asarray(shape / norm),
            jnp.asarray(cumulative / norm),
            jnp.asarray(tail_low),
            jnp.asarray(tail_high),
        )


class _Cdf:
    """Cumulative distribution of one histogram, smooth and rising on the scale of normal quantiles."""

    def __init__(self, x: np.ndarray, probability: np.ndarray):
        self.x = x
        self._inside = PchipInterpolator(x, ndtri(probability))
        self._slopes = self._inside(x[[0, -1]], 1)

    @classmethod
    def of_histogram(cls, counts: np.ndarray, outside: np.ndarray, edges: np.ndarray) -> _Cdf | None:
        """None where fewer than 4 edges have enough counts between them."""
        total = counts.sum() + outside.sum()
        running = outside[0] + np.concatenate([[0.0], np.cumsum(counts)])
        knots, last = [], 0.0
        for k in range(edges.size):
            if running[k] - last >= _MIN_COUNTS and total - running[k] >= _MIN_COUNTS:
                knots.append(k)
                last = running[k]
        return cls(edges[knots], running[knots] / total) if len(knots) >= 4 else None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        inside = self._inside(np.clip(x, self.x[0], self.x[-1]))
        below, above = np.minimum(x - self.x[0], 0.0), np.maximum(x - self.x[-1], 0.0)
        return ndtr(inside + self._slopes[0] * below + self._slopes[1] * above)

    def quantile(self, p: np.ndarray) -> np.ndarray:
        x = np.linspace(self.x[0], self.x[-1], 20001)
        return np.interp(ndtri(p), self._inside(x), x)


def _standard_shape(cdf: _Cdf, median: float, scale: float, z: np.ndarray) -> np.ndarray:
    """Density at the knots z, smoothed, with median 0 and central 68 % from -1 to 1."""
    fine = np.linspace(2 * z[0], 2 * z[-1], 8 * z.size + 1)
    step = fine[1] - fine[0]
    probability = np.diff(cdf(median + scale * np.append(fine - 0.5 * step, fine[-1] + 0.5 * step)))
    density = gaussian_filter1d(probability / step, _SMOOTHING_Z / step)
    cumulative = np.cumsum(density) * step
    cumulative = (cumulative - 0.5 * step * density) / cumulative[-1]
    center, low, high = np.interp([0.5, ndtr(-1.0), ndtr(1.0)], cumulative, fine)
    width = 0.5 * (high - low)
    return width * np.interp(center + width * z, fine, density)


def _mean_energies(total: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean E_gen of each bin, from a monotone cubic through the cumulative spectrum."""
    cumulative = PchipInterpolator(edges, np.concatenate([[0.0], np.cumsum(total)]))
    integral = cumulative.antiderivative()
    area = integral(edges[1:]) - integral(edges[:-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (edges[1:] * cumulative(edges[1:]) - edges[:-1] * cumulative(edges[:-1]) - area) / total
    return np.where(total > 0, mean, 0.5 * (edges[1:] + edges[:-1]))


def _tail_length(excess: np.ndarray, counts: np.ndarray) -> float:
    """Mean distance of the pooled counts beyond 8 scales, within 1 to 10; 3 where there are fewer than 10."""
    beyond = excess > _Z_MAX
    number = counts[beyond].sum()
    if number < 10:
        return 3.0
    return float(np.clip((counts[beyond] * (excess[beyond] - _Z_MAX)).sum() / number, 1.0, 10.0))


def _check(
    counts: np.ndarray, e_edges: np.ndarray, de_edges: np.ndarray, outside: np.ndarray, where: str
) -> None:
    expected = (e_edges.size - 1, de_edges.size - 1)
    if counts.ndim != 2 or counts.shape != expected:
        raise InputError(f"{where}: counts have the shape {counts.shape}, the edges say {expected}")
    if outside.shape != (expected[0], 2):
        raise InputError(f"{where}: underover has the shape {outside.shape}, expected {(expected[0], 2)}")
    for label, edges in (("E_gen", e_edges), ("E_rec - E_gen", de_edges)):
        if not np.all(np.isfinite(edges)) or np.any(np.diff(edges) <= 0):
            raise InputError(f"{where}: the edges of {label} must be finite and rising")
    if e_edges[0] <= 0:
        raise InputError(f"{where}: the edges of E_gen must be > 0 GeV, the first is {e_edges[0]:g}")
    if not np.all(np.isfinite(counts)) or np.any(counts < 0) or np.any(outside < 0):
        raise InputError(f"{where}: counts must be finite and not negative")
