"""Informations of events by network, and by the integral where the network does not vouch for its number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np

from momentax.config import PhysicsConfig
from momentax.errors import ConfigError, InputError
from momentax.processes import parse_hypothesis
from momentax.processes.hza import HZA
from momentax.regress.pretrained import shipped
from momentax.regress.regressor import Regressor
from momentax.regress.targets import information, mass_point
from momentax.regress.trained_with import differences, training_physics

NETWORK, INTEGRAL = 0, 1
NO_STATUS = ""
RECORD = np.dtype(
    [
        ("information", np.float64),
        ("uncertainty", np.float64),
        ("uncertainty95", np.float64),
        ("out_of_domain", np.bool_),
        ("source", np.int8),
        ("status", "U13"),
    ]
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Target:
    """A regressor at one hypothesis.

    Attributes:
        label: of the hypothesis, ``ttbar``, ``hza_500_300``.
        regressor: of its kind.
        masses: (mH, mA) in GeV for H -> ZA; else None.
    """

    label: str
    regressor: Regressor
    masses: tuple[float, float] | None


@dataclass(frozen=True)
class Fallback:
    """When and how the integral takes over.

    Attributes:
        physics: configuration of the integral.
        max_uncertainty: events with a larger ``uncertainty`` (of I, 68 %) are integrated as well as those out of the
            domain; None: only the latter.
    """

    physics: PhysicsConfig
    max_uncertainty: float | None = None


def target(label: str, regressor: Regressor | None = None) -> Target:
    """The regressor of a hypothesis, by default the one that comes with the package.

    Raises:
        ConfigError, PhysicsError: no such hypothesis.
        InputError: a regressor of another hypothesis; none comes with the package.
    """
    hypothesis = parse_hypothesis(label)
    if regressor is None:
        regressor = shipped(hypothesis.kind)
    if regressor.kind != hypothesis.kind:
        raise InputError(f"the regressor is of {regressor.kind}, it cannot predict {label}")
    if isinstance(hypothesis, HZA):
        return Target(label, regressor, mass_point(hypothesis.label))
    known = regressor.information.get("hypotheses", [hypothesis.kind])
    if hypothesis.label not in known:
        raise InputError(
            f"the regressor of {', '.join(known)} knows no parameters: it cannot predict {label}"
        )
    return Target(label, regressor, None)


def check_physics(targets: Sequence[Target], physics: PhysicsConfig) -> None:
    """Refuse to mix integrals with networks that were trained on weights of other physics.

    Raises:
        ConfigError: what differs.

    Warns:
        UserWarning: the regressor does not say what it was trained on.
    """
    for t in targets:
        if not training_physics(t.regressor):
            warnings.warn(
                f"{t.label}: the regressor does not say on which weights it was trained; whether this integral is the "
                "same cannot be checked",
                stacklevel=2,
            )
        if found := differences(t.regressor, physics):
            raise ConfigError(
                f"{t.label}: the integral of this configuration is not the weight that the network learned: "
                f"physics.{'; physics.'.join(found)}. Give the configuration of the training (--config), or a "
                "regressor trained with this one (--model)"
            )


def predict(
    events: ak.Array,
    hypotheses: Sequence[str] | Sequence[Target],
    fallback: Fallback | None = None,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """Informations of events under hypotheses, by network, and with ``fallback`` by integral where that is needed.

    Args:
        events: awkward array in the event schema, [n].
        hypotheses: labels, for the regressors that come with the package, or of `target`.
        fallback: when the integral takes over; None: never.
        progress: told (integrals done, integrals to do).

    Returns:
        Structured array [n] by label: ``information`` I = -log10 W; ``uncertainty`` and ``uncertainty95``, half the
        intervals that hold the integral in 68.3 and 95.5 % of the cases, for an integral one and two standard
        deviations of its own; ``out_of_domain``, whether the event (or mass point) is unlike the training;
        ``source``, 0 network, 1 integral; ``status`` of the integral (`momentax.integrate.result.STATUS`), empty for a
        network. NaN where neither gives a number.

    Raises:
        ConfigError: unknown hypothesis; a fallback to another physics than that of the training.
        InputError: no regressor of this hypothesis; a field of the event schema is absent.
    """
    targets = [t if isinstance(t, Target) else target(t) for t in hypotheses]
    if fallback is not None:
        check_physics(targets, fallback.physics)
    found = {}
    for t in targets:
        predicted = t.regressor.predict(events, t.masses)
        records = np.zeros(len(predicted), RECORD)
        records["information"] = predicted["value"]
        for name in ("uncertainty", "uncertainty95", "out_of_domain"):
            records[name] = predicted[name]
        found[t.label] = records
    if fallback is not None and len(events):
        _integrate(events, targets, found, fallback, progress)
    return found


def flagged(records: np.ndarray, max_uncertainty: float | None) -> np.ndarray:
    """True [n] where the network does not vouch for its number: out of the domain, NaN, or too uncertain."""
    doubtful = records["out_of_domain"] | ~np.isfinite(records["information"])
    if max_uncertainty is not None:
        doubtful |= ~(records["uncertainty"] <= max_uncertainty)
    return doubtful


def _integrate(
    events: ak.Array,
    targets: Sequence[Target],
    found: Mapping[str, np.ndarray],
    fallback: Fallback,
    progress: Progress | None,
) -> None:
    """Put integrals in the place of what is flagged."""
    from momentax.weight import weigh, weigh_mass_points

    wanted = {t.label: flagged(found[t.label], fallback.max_uncertainty) for t in targets}
    points = (
        [t.label for t in targets if t.masses is not None] if fallback.physics.mass_points_together else []
    )
    # one table of an event serves all mass points, and an event out of the domain is so at all of them
    groups = [[t.label] for t in targets if t.label not in points or len(points) == 1]
    groups += [points] if len(points) > 1 else []
    total = sum(int(np.any([wanted[h] for h in group], axis=0).sum()) for group in groups)
    done = 0
    for group in groups:
        rows = np.flatnonzero(np.any([wanted[h] for h in group], axis=0))
        if not len(rows):
            continue
        some = events[rows]
        report = None if progress is None else lambda n, _, before=done: progress(before + n, total)
        if len(group) == 1:
            weights = {group[0]: weigh(some, group[0], fallback.physics, report)}
        else:
            weights = weigh_mass_points(some, group, fallback.physics, report)
        done += len(rows)
        for label in group:
            here = wanted[label][rows]
            _take_over(found[label], rows[here], weights[label][here])
        if progress is not None:
            progress(done, total)


def _take_over(records: np.ndarray, rows: np.ndarray, weights: np.ndarray) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        error = weights["error"] / weights["value"] / np.log(10.0)
    value = information(weights)
    known = np.isfinite(value)
    records["information"][rows] = value
    records["uncertainty"][rows] = np.where(known, error, np.nan)
    records["uncertainty95"][rows] = np.where(known, 2.0 * error, np.nan)
    records["source"][rows] = INTEGRAL
    records["status"][rows] = weights["status"]


def counts(records: np.ndarray) -> dict[str, Any]:
    """Numbers of events by where their information comes from, and of those without one."""
    integral = records["source"] == INTEGRAL
    statuses, numbers = np.unique(records["status"][integral], return_counts=True)
    return {
        "events": len(records),
        "network": int(np.sum(~integral)),
        "integral": int(np.sum(integral)),
        "out_of_domain": int(np.sum(records["out_of_domain"])),
        "nan": int(np.sum(np.isnan(records["information"]))),
        "statuses": {str(s): int(n) for s, n in zip(statuses, numbers, strict=True)},
    }
