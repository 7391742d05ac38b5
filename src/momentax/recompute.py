"""Second pass over a weights file: what the first ladder of budgets left open, integrated with larger ones.

Only weights of status ``not_converged`` or ``zero`` (:data:`OPEN`) are integrated again: more points cannot mend an
integrand that is not a number, nor an event that cannot be weighed. With the batched integrator in both passes the
ladder goes on: the longer one is climbed from its start with the same random numbers, which gives the same grids. The
outcome is what one long ladder would have given, so no weight is drawn twice until its
error happens to look small; and a large budget on a fresh grid is worse than a small one on an adapted grid.
What is open even then is sampled differently, by the ``vegas`` package.
Of an event with more than two b jets (:mod:`momentax.bjet_pairs`) all pairs are integrated again: a pair that had
converged stops where it did, with the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from momentax.config import PhysicsConfig, RecomputeConfig
from momentax.config.variations import Reweighting
from momentax.errors import InputError
from momentax.events.rootfile import PathLike
from momentax.weigh_file import Report
from momentax.weights_io import read_weights, write_weights

OPEN = ("not_converged", "zero")
"""Statuses that are worth more points."""


def second_ladder(physics: PhysicsConfig, recompute: RecomputeConfig) -> PhysicsConfig:
    """The physics section of the second pass: that of the first one with the longer ladder."""
    first = physics.integration
    goes_on = first.integrator == recompute.integrator == "batched"
    settings = first.model_dump() | {
        "integrator": recompute.integrator,
        "n_eval": (*first.n_eval, *recompute.n_eval) if goes_on else recompute.n_eval,
    }
    return PhysicsConfig.model_validate(physics.model_dump() | {"integration": settings})


def ladders(physics: PhysicsConfig, recompute: RecomputeConfig) -> list[PhysicsConfig]:
    """The physics sections with which open weights are integrated, one after the other; none: no second pass.

    None with smeared directions: what leaves those weights open is the scatter of the draws, which no budget mends.
    """
    if not recompute.n_eval or physics.detector.directions.kind == "smeared":
        return []
    longer = second_ladder(physics, recompute)
    if not recompute.vegas_n_eval:
        return [longer]
    last = RecomputeConfig(integrator="vegas", n_eval=recompute.vegas_n_eval)
    return [longer, second_ladder(physics, last)]


def one_ladder(physics: PhysicsConfig, recompute: RecomputeConfig) -> PhysicsConfig:
    """The physics section that does both passes in one: the longer ladder, without what `vegas` does after it."""
    return next(
        (
            p
            for p in ladders(physics, recompute)
            if p.integration.integrator == physics.integration.integrator
        ),
        physics,
    )


DISAGREE = 5.0
"""Standard deviations between two values that cannot both be right."""


def is_better(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """True [n] where the new record converged, or has the smaller relative error.

    Where both disagree (by 5 standard deviations) the larger value is the better one whatever its error: the integrand
    is not negative, so the points behind the smaller value have missed a region. A value without a positive error (one
    that underflows) never wins.

    ``new``, ``old``: records [n] of ``RESULT_DTYPE``, status of the old ones in :data:`OPEN`.
    """
    difference = new["value"] - old["value"]
    disagree = np.abs(difference) > DISAGREE * np.hypot(new["error"], old["error"])
    smaller = _relative_error(new) < _relative_error(old)
    candidate = np.isfinite(_relative_error(new)) & np.isin(new["status"], ("ok", *OPEN))
    return candidate & np.where(disagree, difference > 0.0, (new["status"] == "ok") | smaller)


def _relative_error(records: np.ndarray) -> np.ndarray:
    positive = np.isfinite(records["error"]) & (records["error"] > 0.0) & (records["value"] > 0.0)
    return np.where(positive, records["error"] / np.where(positive, records["value"], 1.0), np.inf)


def improve(old: np.ndarray, again: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Records [n] after the second pass.

    Parameters
    ----------
    old : records [n] of the first pass
    again : positions [m] of those that were integrated again
    new : their records [m]

    Returns
    -------
    A copy of ``old`` with the better records in place; ``n_eval`` of each position in ``again`` is that of both passes,
    kept or replaced. All other bits are those of ``old``.
    """
    out = old.copy()
    replaced = is_better(new, old[again])
    out[again[replaced]] = new[replaced]
    out["n_eval"][again] = old["n_eval"][again] + new["n_eval"]
    return out


def recompute_file(
    events_path: PathLike,
    first: PathLike,
    out: PathLike,
    physics: PhysicsConfig | None = None,
    recompute: RecomputeConfig | None = None,
    entries: tuple[int, int] | None = None,
    report: Report | None = None,
    variations: Mapping[str, Reweighting] | None = None,
) -> dict[str, dict[str, int]]:
    """Integrate the open weights of a weights file again and write the better of both, in the same order.

    Parameters
    ----------
    events_path : events that were weighed
    first : their weights
    out : weights file to write; it appears whole or not at all
    physics : configuration that ``first`` was computed with; None for the defaults
    recompute : budgets of the second pass; None for the defaults
    entries : (start, stop) of the entries to look at; entries beyond the end of the file are left out
    report : told (hypothesis, weights done, weights in all)
    variations : those of ``first``; a ratio is replaced with its weight, but not by ``vegas``, which keeps no points

    Returns
    -------
    By hypothesis the numbers of weights ``open`` (integrated again), ``replaced`` and ``converged``.

    Raises
    ------
    InputError
        A file that cannot be read, events other than those of the weights, weights of another configuration.
    """
    physics, recompute = physics or PhysicsConfig(), recompute or RecomputeConfig()
    start, stop = entries or (None, None)
    before = read_weights(first, start, stop)
    total = before.metadata["entries_total"]
    start, stop = (min(e, total) for e in entries) if entries else (0, total)
    _require_physics(before.metadata, physics, first)
    variations = dict(variations or {})
    _require_variations(before.metadata, variations, first)
    weights, counts = dict(before.weights), {}
    ratios = {label: {v: r.copy() for v, r in found.items()} for label, found in before.ratios.items()}
    # the first pass was paid for once: each range of entries counts its share
    share = (stop - start) / total if total else 0.0
    seconds = {label: share * s for label, s in before.metadata.get("cpu_seconds", {}).items()}
    passes = ladders(physics, recompute)
    for label, old in before.weights.items():
        was_open = np.isin(old["status"], OPEN)
        replaced = np.zeros(len(old), dtype=bool)
        for ladder in passes:
            current = weights[label]
            again = np.flatnonzero(np.isin(current["status"], OPEN))
            if not len(again):
                break
            begin = time.process_time()
            new, new_ratios = _weigh_again(
                events_path, first, before.event, start, again, label, ladder, report, variations
            )
            seconds[label] = seconds.get(label, 0.0) + time.process_time() - begin
            better = is_better(new, current[again])
            replaced[again] |= better
            for name, ratio in new_ratios.items():
                ratios[label][name][again[better]] = ratio[better]
            weights[label] = improve(current, again, new)
        counts[label] = {
            "open": int(was_open.sum()) if passes else 0,
            "replaced": int(replaced.sum()),
            "converged": int((weights[label]["status"][was_open] == "ok").sum()),
        }
    metadata = {
        "entry_start": start,
        "entry_stop": stop,
        "entries_total": total,
        "config": physics.model_dump(mode="json"),
        "recompute": recompute.model_dump(mode="json"),
        "cpu_seconds": seconds,
        "reweightings": before.metadata.get("reweightings", {}),
    }
    write_weights(out, before.event, weights, metadata, ratios=ratios)
    return counts


def _require_physics(metadata: Mapping[str, Any], physics: PhysicsConfig, path: PathLike) -> None:
    if "config" in metadata and PhysicsConfig.model_validate(metadata["config"]) != physics:
        raise InputError(
            f"{path}: its weights were computed with another physics section than is given now; "
            "weigh the events again, or give the configuration that they have"
        )


def _require_variations(
    metadata: Mapping[str, Any], variations: Mapping[str, Reweighting], path: PathLike
) -> None:
    given = {name: v.model_dump(mode="json") for name, v in variations.items()}
    if metadata.get("reweightings", {}) != given:
        raise InputError(
            f"{path}: its weights have the variations {sorted(metadata.get('reweightings', {}))}, not as now "
            f"{sorted(given)}; weigh the events again, or give those that they have"
        )


def _weigh_again(
    events_path: PathLike,
    first: PathLike,
    ids: np.ndarray,
    start: int,
    again: np.ndarray,
    label: str,
    ladder: PhysicsConfig,
    report: Report | None,
    variations: Mapping[str, Reweighting],
) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """Records, and ratios by variation, of the events at the positions ``again`` after entry ``start``."""
    # imported here: a file with nothing left open is done without them
    from momentax.events import read_events
    from momentax.vary.weights import weigh_variations
    from momentax.weight import weigh

    low, high = int(again[0]), int(again[-1]) + 1
    events = read_events(events_path, entry_start=start + low, entry_stop=start + high, truth=False)
    events = events[again - low]
    differ = np.flatnonzero(np.asarray(events["event"]) != ids[again])
    if len(differ):
        entry = start + int(again[differ[0]])
        raise InputError(
            f"{first}: entry {entry} is event {ids[entry - start]}, in {events_path} it is event "
            f"{events['event'][int(differ[0])]}: these are not its weights"
        )
    progress = None if report is None else lambda done, n: report(label, done, n)
    if variations and ladder.integration.integrator == "batched":
        return weigh_variations(events, [label], variations, ladder, progress)[label]
    return weigh(events, label, ladder, progress), {}
