"""Batches of rows (event, hypothesis) from a dataset, a chunk of them at a time, in an order that a seed fixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from momentax.regress.dataset import Dataset
from momentax.regress.targets import mass_points

CHUNK = 64
"""Batches of a compiled call, at most."""


class Batch(NamedTuple):
    """Rows to learn from, arrays with leading axes [..., batch]; also of a chunk of batches, and of a whole bucket."""

    raw: Any
    """[..., 18] measured momenta."""
    masses: Any
    """[..., 2] (mH, mA) in GeV, 0 for other hypotheses."""
    information: Any
    weight: Any
    """In the loss; mean 1 over the training rows."""
    slope: Any
    """[..., 2] d I / d ln (mH, mA), 0 where there is none."""
    sloped: Any
    """1 where there is."""


@dataclass(frozen=True)
class Selected:
    """The rows of one side of a dataset that one kind of hypothesis learns from.

    Attributes:
        dataset, side: where they are.
        columns: hypotheses, indices into the dataset's labels.
        weights: of each group of samples, so that classes count alike.
        error_floor: rows count with 1 / (1 + (error/floor)^2); None: all alike.
        use_not_converged: whether weights that have not converged are rows.
        keep: share of the events, chosen by their key; 1: all.
    """

    dataset: Dataset
    side: str
    columns: tuple[int, ...]
    weights: tuple[float, ...]
    error_floor: float | None
    use_not_converged: bool
    keep: float = 1.0

    @property
    def points(self) -> np.ndarray:
        """(mH, mA) [columns, 2]; zeros where the hypothesis has none."""
        labels = [self.dataset.labels[i] for i in self.columns]
        if not labels[0].startswith("hza"):
            return np.zeros((len(labels), 2))
        return mass_points(labels)

    def events(self, number: int) -> np.ndarray:
        """Records of a bucket that belong to the selection."""
        rows = self.dataset.bucket(self.side, number)
        if self.keep < 1.0:
            # bits that neither the split nor the bucket look at much
            u = ((rows["key"] >> np.uint64(20)) & np.uint64(0xFFFFFF)).astype(np.float64) / 2.0**24
            rows = rows[u < self.keep]
        return rows

    def index(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(event, column) of every usable row of records, column by column within an event."""
        good = np.isfinite(rows["information"][:, self.columns])
        if not self.use_not_converged:
            good &= rows["converged"][:, self.columns]
        event, column = np.nonzero(good)
        return event, column

    def batch(self, rows: np.ndarray, event: np.ndarray, column: np.ndarray) -> Batch:
        """Rows (event, column) of records."""
        chosen = np.asarray(self.columns)[column]
        error = rows["error"][event, chosen]
        weight = np.asarray(self.weights)[rows["group"][event]]
        if self.error_floor is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                quality = 1.0 / (1.0 + (error.astype(np.float64) / self.error_floor) ** 2)
            weight = weight * np.nan_to_num(quality)
        if "slope" in (rows.dtype.names or ()):
            slope = rows["slope"][event, chosen]
            sloped = np.isfinite(slope).all(axis=1)
            slope = np.where(sloped[:, None], slope, 0.0)
        else:
            slope, sloped = np.zeros((len(event), 2)), np.zeros(len(event))
        single = np.float32
        return Batch(
            rows["raw"][event],
            self.points[column].astype(single),
            rows["information"][event, chosen],
            weight.astype(single),
            slope.astype(single),
            sloped.astype(single),
        )

    def count(self) -> tuple[int, float]:
        """(rows, their mean weight) from one pass over the buckets."""
        n, total = 0, 0.0
        for number in range(len(self.dataset.buckets[self.side])):
            rows = self.events(number)
            batch = self.batch(rows, *self.index(rows))
            n += len(batch.weight)
            total += float(np.sum(batch.weight, dtype=np.float64))
        return n, total / max(n, 1)


def shuffled(
    selected: Selected,
    batch_size: int,
    per_event: int | None,
    rng: np.random.Generator,
    steps: int,
) -> Iterator[Batch]:
    """Chunks [steps, batch_size, ...] of an epoch: buckets in random order, the rows of each shuffled.

    Args:
        per_event: mass points of an event that this epoch shows; None: all.
        steps: batches in a chunk. Rows that do not fill the last chunk wait for another epoch.
    """
    size = steps * batch_size
    waiting: list[Batch] = []
    n = 0
    for number in rng.permutation(len(selected.dataset.buckets[selected.side])):
        rows = selected.events(int(number))
        event, column = selected.index(rows)
        if per_event is not None and per_event < len(selected.columns):
            # the first per_event of each event after a shuffle
            order = np.lexsort((rng.random(len(event)), event))
            event, column = event[order], column[order]
            start = np.searchsorted(event, event)
            first = np.arange(len(event)) - start < per_event
            event, column = event[first], column[first]
        order = rng.permutation(len(event))
        for begin in range(0, len(order), size):
            here = order[begin : begin + size]
            waiting.append(selected.batch(rows, event[here], column[here]))
            n += len(here)
            while n >= size:
                joined = Batch(*(np.concatenate(a) for a in zip(*waiting, strict=True)))
                yield Batch(*(a[:size].reshape(steps, batch_size, *a.shape[1:]) for a in joined))
                waiting = [Batch(*(a[size:] for a in joined))]
                n -= size


def in_order(selected: Selected, size: int) -> Iterator[tuple[Batch, np.ndarray, np.ndarray]]:
    """All rows, at most ``size`` at a time, with the records of their events and their columns."""
    for number in range(len(selected.dataset.buckets[selected.side])):
        rows = selected.events(number)
        event, column = selected.index(rows)
        for begin in range(0, len(event), size):
            here = slice(begin, begin + size)
            yield selected.batch(rows, event[here], column[here]), rows[event[here]], column[here]
