"""Checkpoints of a training, by orbax: a killed job goes on where it was."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np


class Checkpoints:
    """The last states of one training, in a folder of its own.

    Args:
        folder: for the trainings of one network.
        identity: of all that the result depends on (configuration, data, seed): states of another training are removed.
        seconds: least time between two states; 0: after every epoch.
    """

    def __init__(self, folder: str | Path, identity: str, seconds: float = 20.0):
        self._folder = Path(folder).absolute()
        self._own = self._folder / identity
        self._seconds, self._last = seconds, time.monotonic()
        for other in self._folder.glob("*"):
            if other != self._own:
                shutil.rmtree(other, ignore_errors=True)

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Keep a state (a tree of arrays), unless the last one is recent."""
        if time.monotonic() - self._last < self._seconds:
            return
        import orbax.checkpoint as ocp

        with self._manager(ocp) as manager:
            manager.save(step, args=ocp.args.StandardSave(state))
        self._last = time.monotonic()

    def restore(self, like: dict[str, Any]) -> dict[str, Any] | None:
        """The last complete state, of the structure of ``like``; None if there is none."""
        if not self._own.is_dir():
            return None
        import orbax.checkpoint as ocp

        with self._manager(ocp) as manager:
            step = manager.latest_step()
            if step is None:
                return None
            abstract = jax.tree.map(lambda a: np.asarray(a), like)
            return manager.restore(step, args=ocp.args.StandardRestore(abstract))

    def remove(self) -> None:
        """The training is done."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _manager(self, ocp: Any) -> Any:
        options = ocp.CheckpointManagerOptions(max_to_keep=1, enable_async_checkpointing=False)
        return ocp.CheckpointManager(self._own, options=options)
