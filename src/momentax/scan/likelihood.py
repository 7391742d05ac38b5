"""Likelihood of events over mass points, Eq. 7 of the paper with its errors.

    -ln L(alpha) / n = mean over events of ( -ln W(x|alpha) ) + ln sigma_vis(alpha)

All logarithms are natural: a rise of n times the plotted mean by 1/2 is one standard deviation.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from momentax.errors import InputError, nearest
from momentax.regress.store import save_json, save_text
from momentax.regress.targets import left_out, mass_points, read_weighted_events, usable
from momentax.scan.config import ScanConfig

Log = Callable[[str], None]
_default_log: Log = logging.getLogger("momentax.scan").info

COLUMNS = (
    "mH",
    "mA",
    "nll",
    "nll_error",
    "delta_nll",
    "delta_nll_error",
    "sigma_vis",
    "sigma_vis_error",
    "n_unusable",
)


@dataclass(frozen=True)
class Likelihood:
    """Mean negative log-likelihood per event over mass points.

    Attributes:
        labels: hypotheses, [k].
        columns: arrays [k] named as in `COLUMNS`: masses in GeV; ``nll`` = mean of -ln W + ln sigma_vis,
            with its statistical error; ``delta_nll`` = nll - minimum, with the error of that *difference*
            (the same events enter both, so it is far smaller than the error of nll); sigma_vis in pb;
            n_unusable: events whose weight could not be used at this point. Errors of nll and delta_nll are
            bootstrap over events, and in quadrature the relative errors of sigma_vis.
        best: index of the minimum.
        n_events, n_dropped: events that enter every mean, and that were left out of all.
        about: treatment of unusable weights and other facts.
    """

    labels: tuple[str, ...]
    columns: dict[str, np.ndarray]
    best: int
    n_events: int
    n_dropped: int
    about: dict[str, Any]


class Terms(NamedTuple):
    """-ln W + ln sigma_vis, [k mass points, n events], and what it is made of."""

    labels: tuple[str, ...]
    points: np.ndarray
    """(mH, mA) [k, 2], GeV."""
    terms: np.ndarray
    sigma: np.ndarray
    sigma_error: np.ndarray
    """sigma_vis [k] in pb and its standard deviation."""
    n_unusable: np.ndarray
    """Unusable weights at each mass point, [k]."""
    n_dropped: int
    n_floored: int
    floor: float


def likelihood(
    weights: Mapping[str, np.ndarray],
    sigma_vis: Mapping[str, float | Sequence[float]],
    config: ScanConfig | None = None,
) -> Likelihood:
    """Scan the H->ZA hypotheses among ``weights``.

    Args:
        weights: hypothesis label -> structured array [n] with value and status, the same events for every
            label; labels that are not mass points are passed over.
        sigma_vis: visible cross section [pb] of each mass point, a number or (value, error).
        config: treatment of unusable weights, bootstrap.

    Raises:
        InputError: no mass point, a mass point without a positive cross section, or no event left.
    """
    config = config or ScanConfig()
    given = event_terms(weights, sigma_vis, config)
    labels, points, terms = given.labels, given.points, given.terms
    sigma, sigma_error, n = given.sigma, given.sigma_error, terms.shape[1]
    nll = terms.mean(axis=1)
    best = int(np.argmin(nll))
    rng = np.random.default_rng(config.seed)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=config.bootstrap) / n
    means = drawn @ terms.T
    relative = sigma_error / sigma
    both = np.where(np.arange(len(labels)) == best, 0.0, np.hypot(relative, relative[best]))
    columns = {
        "mH": points[:, 0],
        "mA": points[:, 1],
        "nll": nll,
        "nll_error": np.hypot(means.std(axis=0, ddof=1), relative),
        "delta_nll": nll - nll[best],
        "delta_nll_error": np.hypot((means - means[:, [best]]).std(axis=0, ddof=1), both),
        "sigma_vis": sigma,
        "sigma_vis_error": sigma_error,
        "n_unusable": given.n_unusable,
    }
    about = {
        "definition": "nll = mean over events of -ln W + ln sigma_vis (natural logarithm)",
        "invalid": config.invalid,
        "floor": given.floor if config.invalid == "floor" else None,
        "n_floored": given.n_floored,
        "left_out": {h: left_out(weights[h], config.use_not_converged) for h in labels},
    }
    return Likelihood(labels, columns, best, n, given.n_dropped, about)


def event_terms(
    weights: Mapping[str, np.ndarray],
    sigma_vis: Mapping[str, float | Sequence[float]],
    config: ScanConfig | None = None,
) -> Terms:
    """-ln W + ln sigma_vis of every event at every mass point; arguments and errors as of `likelihood`."""
    config = config or ScanConfig()
    labels = tuple(h for h in weights if h.startswith("hza_"))
    if not labels:
        raise InputError(f"no mass points to scan among the hypotheses {', '.join(weights)}")
    sigma, sigma_error = _cross_sections(labels, sigma_vis)
    good = np.stack([usable(weights[h], config.use_not_converged) for h in labels])
    value = np.stack([weights[h]["value"] for h in labels])
    if not good.any():
        raise InputError("no usable weight at any mass point: nothing to scan")
    floor = float(value[good].min())
    log_w = np.log(np.where(good, value, floor))
    keep = np.asarray(good.all(axis=0) if config.invalid == "drop_event" else good.any(axis=0))
    n = int(keep.sum())
    if n < 2:
        raise InputError(
            f"{n} of {len(keep)} events can be used (invalid: {config.invalid}): too few to scan"
        )
    return Terms(
        labels,
        mass_points(labels),
        -log_w[:, keep] + np.log(sigma)[:, None],
        sigma,
        sigma_error,
        (~good).sum(axis=1),
        len(keep) - n,
        int((~good[:, keep]).sum()),
        floor,
    )


def _cross_sections(
    labels: Sequence[str], sigma_vis: Mapping[str, float | Sequence[float]]
) -> tuple[np.ndarray, np.ndarray]:
    pairs = []
    for label in labels:
        if label not in sigma_vis:
            raise InputError(f"no visible cross section of {label!r}{nearest(label, sigma_vis)}")
        given = np.atleast_1d(np.asarray(sigma_vis[label], dtype=np.float64))
        pair = (float(given[0]), float(given[1]) if len(given) > 1 else 0.0)
        if not (np.isfinite(pair).all() and pair[0] > 0 and pair[1] >= 0):
            raise InputError(
                f"visible cross section of {label!r}: {pair} is not a positive number and its error"
            )
        pairs.append(pair)
    values = np.array(pairs)
    return values[:, 0], values[:, 1]


def save_likelihood(path: str | Path, result: Likelihood, facts: Mapping[str, Any]) -> None:
    """Write ``path`` (.csv, one row per mass point) and beside it .json (counts, treatment, minimum,
    ``facts``)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("hypothesis", *COLUMNS))
    for i, label in enumerate(result.labels):
        writer.writerow((label, *(repr(result.columns[c][i].item()) for c in COLUMNS)))
    about = {
        "minimum": result.labels[result.best],
        "n_events": result.n_events,
        "n_dropped": result.n_dropped,
        **result.about,
        **facts,
    }
    save_json(Path(path).with_suffix(".json"), about)
    save_text(path, text.getvalue())


def load_likelihood(path: str | Path) -> tuple[Likelihood, dict[str, Any]]:
    """The scan and the facts of a pair of files from `save_likelihood`."""
    try:
        with open(path, newline="") as f:
            rows = list(csv.DictReader(f))
        about = json.loads(Path(path).with_suffix(".json").read_text())
        labels = tuple(r["hypothesis"] for r in rows)
        columns = {c: np.array([float(r[c]) for r in rows]) for c in COLUMNS}
        best = labels.index(about["minimum"])
        return Likelihood(labels, columns, best, about["n_events"], about["n_dropped"], about), about
    except (OSError, KeyError, ValueError) as e:
        raise InputError(f"{path}: not a likelihood scan ({e})") from None


def likelihood_from_files(
    events_paths: Sequence[str],
    weights_paths: Sequence[str],
    sigma_vis: Mapping[str, float | Sequence[float]],
    config_section: ScanConfig | None,
    out_dir: str | Path,
    sample: str | None = None,
    truth: tuple[float, float] | None = None,
    log: Log = _default_log,
) -> Likelihood:
    """Scan the events of files (of ``sample`` alone, if given); write ``likelihood.csv`` and
    ``likelihood.json``.

    Args:
        truth: true (mH, mA) of the events, written for the figure to mark.

    Raises:
        InputError: as `likelihood`, or no such sample in the files.
    """
    data = read_weighted_events(events_paths, weights_paths)
    if sample is not None and sample not in data.sample:
        raise InputError(f"no sample {sample!r} in these files{nearest(sample, np.unique(data.sample))}")
    here = np.ones(len(data.sample), bool) if sample is None else data.sample == sample
    result = likelihood({h: w[here] for h, w in data.weights.items()}, sigma_vis, config_section)
    facts = {"sample": sample or sorted(set(data.sample.tolist())), "truth": list(truth) if truth else None}
    save_likelihood(Path(out_dir) / "likelihood.csv", result, facts)
    log(
        f"minimum at {result.labels[result.best]} from {result.n_events} events"
        f" ({result.n_dropped} left out, {result.about['n_floored']} weights at the floor)"
    )
    return result
