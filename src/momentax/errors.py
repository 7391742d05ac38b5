"""Errors a user can mend: each message says what is wrong, where, and how to put it right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MomentaxError(Exception):
    """Base class; the command line prints its message without a traceback."""


class InputError(MomentaxError):
    """A file, branch or event that cannot be used."""


class ConfigError(MomentaxError):
    """A configuration key or value that cannot be used."""


class PhysicsError(MomentaxError):
    """A hypothesis or parameter outside its physical range."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """A hint ``; did you mean 'x'?`` with the nearest valid name, or the list of valid names if none is near."""
    names = [str(v) for v in valid]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; valid names: {', '.join(sorted(names))}"
