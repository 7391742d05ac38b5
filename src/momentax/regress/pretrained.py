"""The pretrained regressors that come with the package."""

from __future__ import annotations

from pathlib import Path

from momentax.errors import InputError, nearest
from momentax.regress.regressor import Regressor, load_regressor
from momentax.regress.training import KINDS

FOLDER = Path(__file__).parents[1] / "data" / "regressors"
"""``<kind>.npz`` and its model card ``<kind>.md``."""
PREFIX = "shipped"


def shipped_path(kind: str) -> Path:
    """Path of the pretrained regressor of a kind of hypothesis.

    Raises:
        InputError: unknown kind, or this installation has none.
    """
    if kind not in KINDS:
        raise InputError(f"unknown kind of hypothesis {kind!r}{nearest(kind, KINDS)}")
    path = FOLDER / f"{kind}.npz"
    if not path.is_file():
        raise InputError(
            f"this installation has no pretrained regressor of {kind} ({path} is absent): train one "
            "(momentax train) and give it with --model"
        )
    return path


def shipped(kind: str) -> Regressor:
    """The pretrained regressor of ``drell_yan``, ``ttbar`` or ``hza``; `shipped_path` has the errors.

    Its model card, ``<kind>.md`` beside it, says what it was trained on and how good it is where.
    """
    return load_regressor(shipped_path(kind))


def open_regressor(name: str, kind: str | None = None) -> Regressor:
    """A regressor from the command line: a path, ``shipped:ttbar``, or ``shipped`` where the kind is known.

    Raises:
        InputError: no such file or kind; ``shipped`` where the kind is not known.
    """
    if name == PREFIX and kind is None:
        raise InputError(f"{name!r}: say of which kind, for instance '{PREFIX}:ttbar'")
    if name == PREFIX or name.startswith(f"{PREFIX}:"):
        return shipped(name.removeprefix(PREFIX).removeprefix(":") or str(kind))
    return load_regressor(name)


__all__ = ["FOLDER", "open_regressor", "shipped", "shipped_path"]
