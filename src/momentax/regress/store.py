"""Arrays with JSON metadata in one .npz file, written whole or not at all."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from momentax.atomic import atomic_path
from momentax.errors import InputError

_META = "metadata_json"


def save_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> None:
    """Write named arrays and metadata to ``path`` under a temporary name, then rename.

    Equal content gives equal bytes.
    """
    named: dict[str, Any] = {**arrays, _META: np.array(json.dumps(metadata, sort_keys=True))}
    with atomic_path(path) as temporary, open(temporary, "wb") as f:
        np.savez_compressed(f, **named)


def load_arrays(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and metadata of a file from `save_arrays`.

    Raises:
        InputError: no such file, or not one of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as f:
            arrays = {k: f[k] for k in f.files}
        return arrays, json.loads(str(arrays.pop(_META)))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, AttributeError) as e:
        raise InputError(f"{path}: not a file that momentax wrote ({e})") from None


def save_json(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write JSON, readable and sorted, under a temporary name, then rename."""
    save_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def save_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file under a temporary name, then rename."""
    with atomic_path(path) as temporary:
        temporary.write_text(text)
