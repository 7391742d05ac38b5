"""Whether a branch numbers the events of a file uniquely."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from momentax.events import rootfile
from momentax.events.rootfile import PathLike


def unique(path: PathLike, tree: Any, branch: str, step: int) -> bool:
    """Whether the integers of ``branch`` are all different, looked at ``step`` entries at a time.

    Numbers that rise, as a rule, are unique without being kept; others take 8 bytes of memory an entry.
    """
    last = None
    for _, ids in _pieces(path, tree, branch, step):
        if ids is None:
            return False
        if np.any(ids[1:] <= ids[:-1]) or (last is not None and ids[0] <= last):
            break
        last = ids[-1]
    else:
        return True
    every = np.empty(tree.num_entries, dtype=np.int64)
    for first, ids in _pieces(path, tree, branch, step):
        if ids is None:
            return False
        every[first : first + len(ids)] = ids
    every.sort()
    return bool(np.all(every[1:] != every[:-1]))


def _pieces(path: PathLike, tree: Any, branch: str, step: int) -> Iterator[tuple[int, np.ndarray | None]]:
    """(first entry, event numbers); None where they are no integers."""
    for first, arrays in rootfile.iterate(path, tree, [branch], 0, int(tree.num_entries), step):
        part = arrays[branch]
        good = part.dtype.kind in "iu" and part.ndim == 1
        yield first, part.astype(np.int64) if good else None
