"""Training of one network of a regressor on a dataset."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from momentax.errors import ConfigError, InputError, nearest
from momentax.regress import features, model, network, symmetries
from momentax.regress.batches import CHUNK, Batch, Selected, in_order, shuffled
from momentax.regress.checkpoint import Checkpoints
from momentax.regress.config import RegressConfig
from momentax.regress.dataset import Dataset
from momentax.regress.fit import Fit, Log, fit
from momentax.regress.inputs import Scaler
from momentax.regress.loss import Known, RegressionLoss, Sloped, weights_by_group
from momentax.regress.model import Spec
from momentax.regress.network import Architecture
from momentax.regress.regressor import Regressor
from momentax.regress.store import load_arrays, save_arrays

KINDS = ("drell_yan", "ttbar", "hza")
FORMAT = "momentax network 1"
_FITTED_ON = 200_000
"""Rows to which the standardisation is fitted."""
_DOMAIN = 20_000
"""Rows that the domain is fitted to, about."""
_default_log: Log = logging.getLogger("momentax.regress").info


@dataclass(frozen=True)
class Member:
    """One trained network.

    Attributes:
        spec, numbers: as of `momentax.regress.regressor.Regressor`; the same for all members.
        event_inputs: standardised event inputs [n, k] of some training events, for the domain.
        fit: parameters, history, best epoch.
    """

    spec: Spec
    numbers: dict[str, Any]
    event_inputs: np.ndarray
    fit: Fit

    def save(self, path: str | Path, about: dict[str, Any]) -> None:
        """Write one .npz file, atomically."""
        arrays = {f"parameters/{k}": a for k, a in network.to_arrays(self.fit.parameters).items()}
        arrays |= {f"numbers/{k}": a for k, a in model.to_arrays(self.numbers).items()}
        arrays |= {f"history/{k}": v for k, v in self.fit.history.items()}
        arrays["event_inputs"] = self.event_inputs
        save_arrays(
            path,
            arrays,
            {"format": FORMAT, "spec": self.spec.as_dict(), "best_epoch": self.fit.best_epoch, **about},
        )


def load_member(path: str | Path) -> Member:
    """A network that `Member.save` wrote; InputError for any other file."""
    arrays, meta = load_arrays(path)
    if meta.get("format") != FORMAT:
        raise InputError(f"{path}: format {meta.get('format')!r}, expected {FORMAT!r}")

    def group(name: str) -> dict[str, np.ndarray]:
        return {n.removeprefix(f"{name}/"): a for n, a in arrays.items() if n.startswith(f"{name}/")}

    spec = Spec.from_dict(meta["spec"])
    numbers = model.from_arrays(group("numbers"))
    parameters = network.from_arrays(spec.architecture, group("parameters"))
    return Member(
        spec, numbers, arrays["event_inputs"], Fit(parameters, group("history"), meta["best_epoch"])
    )


def check_kind(kind: str) -> None:
    """Raise ConfigError unless ``kind`` is a kind of hypothesis."""
    if kind not in KINDS:
        raise ConfigError(f"unknown kind of hypothesis {kind!r}{nearest(kind, KINDS)}")


def selected(
    dataset: Dataset, kind: str, config: RegressConfig, side: str, evaluate: bool = False
) -> Selected:
    """The rows of a side that ``kind`` is trained (validated) on, or, with ``evaluate``, all that it is judged by."""
    about = dataset.about
    weights = weights_by_group(about["events_by_group"], about["groups"], side, config.equalise_classes)
    keep = 1.0
    if config.max_events is not None and side == "train":
        keep = min(1.0, config.max_events / max(dataset.events("train"), 1))
    return Selected(
        dataset,
        side,
        tuple(dataset.columns(kind, () if evaluate else config.leave_out)),
        weights,
        config.error_floor,
        config.use_not_converged,
        keep,
    )


def check_rows(dataset: Dataset, kind: str, config: RegressConfig) -> dict[str, int]:
    """Rows of each side; InputError if one has none."""
    counts = {
        side: selected(dataset, kind, config, side).count()[0] for side in ("train", "validation", "test")
    }
    for side, n in counts.items():
        if not n:
            left = {
                h: dataset.about["left_out"][h] for h in (dataset.labels[i] for i in dataset.columns(kind))
            }
            raise InputError(
                f"no event for {'training' if side == 'train' else side} has a usable {kind} weight "
                f"({sum(counts.values())} rows in all, left out: {left}): weigh more events or change fractions"
            )
    return counts


def train_member(
    dataset: Dataset,
    kind: str,
    config: RegressConfig,
    member: int = 0,
    log: Log = _default_log,
    checkpoints: str | Path | None = None,
    physics: Any = None,
    start: Regressor | None = None,
) -> Member:
    """Train one network of an ensemble.

    Args:
        dataset: rows (`momentax.regress.dataset`).
        kind: ``drell_yan``, ``ttbar`` or ``hza`` (all mass points at once, with mH and mA as inputs).
        config: networks and training.
        member: its number, which changes the seed.
        log: told the progress.
        checkpoints: folder of the states of the training; one that is found there goes on.
        physics: the section ``physics`` (the two-Higgs-doublet model of the mass table).
        start: a regressor whose networks are trained further, with its inputs and topology.

    Raises:
        ConfigError: unknown kind, training diverged, topology other than that of ``start``.
        InputError: no weights of this kind, or no usable ones.
    """
    check_kind(kind)
    counts = check_rows(dataset, kind, config)
    train, validation = (selected(dataset, kind, config, side) for side in ("train", "validation"))
    seed = config.seed + 1_000_003 * member
    spec, numbers, event_inputs = _prepared(train, kind, config, physics, start)
    low = config.low_precision == "always" or (
        config.low_precision == "auto" and jax.default_backend() != "cpu" and config.precision == "float32"
    )
    identity = _identity(dataset, kind, config, member, numbers, start, low)
    slopes = config.slopes if kind == "hza" and dataset.about["slopes"] else 0.0
    loss = RegressionLoss(spec, numbers, identity, config.l2, slopes, config.robust, low)
    per_event = config.masses_per_event if kind == "hza" else None
    n_rows = counts["train"]
    if per_event is not None:
        n_rows = min(n_rows, round(n_rows * per_event / len(train.columns)))
    batch = min(config.batch_size, n_rows)
    chunks = -(-(n_rows // batch) // CHUNK)
    steps = n_rows // batch // chunks
    log(
        f"{kind}: rows {', '.join(f'{side} {n}' for side, n in counts.items())}; an epoch has {chunks * steps} batches "
        f"of {batch}"
    )
    if start is not None:
        initial = start.members[member % len(start.members)]
    else:
        initial = network.initial_parameters(spec.architecture, seed)
    mean_weight = _mean_weight(train, config)
    train = _scaled(train, mean_weight)
    total = _Validation(loss, _scaled(validation, _mean_weight(validation, config)), counts["validation"])

    def epoch_of(rng: np.random.Generator) -> Iterator[Known | Sloped]:
        for rows in shuffled(train, batch, per_event, rng, steps):
            flat = Batch(*(a.reshape(steps * batch, *a.shape[2:]) for a in rows))
            if config.augment and config.inputs == "paper":
                flat = flat._replace(raw=symmetries.random(flat.raw, rng))
            known = _sloped(flat) if slopes else _known(spec, numbers, flat)
            yield jax.tree.map(lambda a: a.reshape(steps, batch, *a.shape[1:]), known)

    kept = None if checkpoints is None else Checkpoints(checkpoints, identity)
    fitted = fit(spec.architecture, initial, loss, epoch_of, total, chunks * steps, config, seed, log, kept)
    if kept is not None:
        kept.remove()
    return Member(spec, numbers, event_inputs, fitted)


def _known(spec: Spec, numbers: dict[str, Any], rows: Batch) -> Known:
    """Rows with their inputs."""
    x = model.compute_inputs(spec, numbers, rows.raw, rows.masses)
    return Known(x, _offset(spec, numbers, rows.masses), rows.information, rows.weight)


def _offset(spec: Spec, numbers: dict[str, Any], masses: np.ndarray) -> np.ndarray:
    """`model.base` of rows that share few mass points."""
    points, which = np.unique(masses, axis=0, return_inverse=True)
    return np.asarray(model.base(spec, numbers, jnp.asarray(points)))[which]


def _sloped(rows: Batch) -> Sloped:
    return Sloped(rows.raw, rows.masses, rows.information, rows.weight, rows.slope, rows.sloped)


def _prepared(
    train: Selected, kind: str, config: RegressConfig, physics: Any, start: Regressor | None
) -> tuple[Spec, dict[str, Any], np.ndarray]:
    """Spec and numbers of the network, and standardised event inputs of some training events."""
    architecture = Architecture(
        len(features.names(config.inputs, kind)),
        tuple(config.hidden),
        2 if config.spread else 1,
        config.activation,
        config.output_activation,
        config.precision,
        config.layers,
        int(config.spread),
    )
    spec = Spec(kind, config.inputs, architecture)
    if start is not None and start.spec != spec:
        raise ConfigError(
            f"the networks to start from are {_differences(start.spec, spec)}: train with their inputs and topology"
        )
    if start is not None:
        of_physics: dict[str, Any] = {k: start.numbers[k] for k in ("table", "hard") if k in start.numbers}
    else:
        of_physics = model.physics_numbers(spec, physics, train.points)
    rows = _some_rows(train)
    plain = model.constants(
        spec, np.zeros(spec.architecture.n_in), np.ones(spec.architecture.n_in), 0.0, 1.0, of_physics
    )
    x = np.asarray(model.compute_inputs(spec, plain, rows.raw, rows.masses), np.float64)
    if start is not None:
        numbers = start.numbers
    else:
        scaler = Scaler.fitted(x)
        target = rows.information - np.asarray(model.base(spec, plain, rows.masses), np.float64)
        shift, scale = _target_scale(target, config.output_activation)
        numbers = model.constants(spec, scaler.mean, scaler.sd, shift, scale, of_physics)
    n_event = len(features.names(config.inputs, ""))
    standard = (x - np.asarray(numbers["mean"])) / np.asarray(numbers["sd"])
    # rows are in the order of the samples: some of all
    every = max(1, len(standard) // _DOMAIN)
    return spec, numbers, standard[::every, :n_event].astype(np.float32)


def _some_rows(train: Selected) -> Batch:
    """At most `_FITTED_ON` rows, every mass point alike."""
    parts: list[Batch] = []
    n = 0
    for number in range(len(train.dataset.buckets["train"])):
        rows = train.events(number)
        event, column = train.index(rows)
        every = max(1, len(event) // 20_000) | 1  # odd: 23 mass points must not be passed over
        parts.append(train.batch(rows, event[::every], column[::every]))
        n += len(parts[-1].weight)
        if n >= _FITTED_ON:
            break
    return Batch(*(np.concatenate(a) for a in zip(*parts, strict=True)))


def _target_scale(target: np.ndarray, output_activation: str) -> tuple[float, float]:
    """(shift, scale) of the targets: standardised; for selu, which ends at -1.76, shifted to its linear
    part."""
    scale = float(target.std()) or 1.0
    shift = float(target.min()) - scale if output_activation == "selu" else float(target.mean())
    return shift, scale


def _differences(old: Spec, new: Spec) -> str:
    a, b = (
        {k: v for k, v in {**s.as_dict(), **s.architecture.as_dict()}.items() if k != "architecture"}
        for s in (old, new)
    )
    return ", ".join(f"{k} {a[k]} (not {b[k]})" for k in a if a[k] != b[k])


def _mean_weight(rows: Selected, config: RegressConfig) -> float:
    if config.error_floor is None and not config.equalise_classes:
        return 1.0
    return rows.count()[1] or 1.0


def _scaled(rows: Selected, mean: float) -> Selected:
    """The same rows with weights of mean 1."""
    return Selected(
        rows.dataset,
        rows.side,
        rows.columns,
        tuple(w / mean for w in rows.weights),
        rows.error_floor,
        rows.use_not_converged,
        rows.keep,
    )


@dataclass(frozen=True)
class _Validation:
    """Mean loss over the validation rows."""

    loss: RegressionLoss
    rows: Selected
    n: int

    def __call__(self, parameters: Any) -> float:
        size, total = model.slab(), 0.0
        for batch, _, _ in in_order(self.rows, size):
            known = _known(self.loss.spec, self.loss.numbers, batch)
            n = size - len(batch.weight)
            # one shape: what is missing are rows of weight 0
            padded = Known(*(np.pad(np.asarray(a), [(0, n)] + [(0, 0)] * (np.ndim(a) - 1)) for a in known))
            total += float(_summed(self.loss, parameters, padded))
        return total / self.n


@partial(jax.jit, static_argnames=("loss",))
def _summed(loss: RegressionLoss, parameters: Any, batch: Known) -> jax.Array:
    return loss.of_data(parameters, jax.tree.map(jnp.asarray, batch))


def _identity(
    dataset: Dataset,
    kind: str,
    config: RegressConfig,
    member: int,
    numbers: dict[str, Any],
    start: Regressor | None,
    low_precision: bool,
) -> str:
    """Hash of all that the result of a training depends on."""
    about = {k: v for k, v in dataset.about.items() if k != "weights"}
    first = dataset.bucket("train", 0)[:1000].tobytes()
    content = [about, kind, config.model_dump(mode="json"), member, low_precision]
    text = json.dumps(content, sort_keys=True).encode() + first
    for leaf in jax.tree.leaves(numbers):
        text += np.asarray(leaf).tobytes()
    for m in start.members if start is not None else ():
        text += b"".join(a.tobytes() for a in network.to_arrays(m).values())
    return hashlib.sha256(text).hexdigest()[:16]
