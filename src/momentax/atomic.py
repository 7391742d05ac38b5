"""Outputs that exist only when they are complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path``: renamed to it when the block succeeds, removed when it fails.

    It keeps the suffix, lies on the same file system (so the rename is atomic) and may become a file or a
    folder. Two jobs that write the same output never share a temporary name; the last to finish wins whole.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.stem}.{os.getpid()}.{os.urandom(3).hex()}{final.suffix}")
    try:
        yield temporary
        if temporary.is_dir() and final.is_dir():
            shutil.rmtree(final)  # a folder cannot be renamed over one that is not empty
        os.replace(temporary, final)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
