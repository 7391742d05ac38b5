"""Hypotheses: one file each. A new one is a subclass of :class:`Hypothesis` and a line in ``PARSERS``."""

from __future__ import annotations

from collections.abc import Callable

from momentax.errors import ConfigError, nearest
from momentax.processes.base import Hypothesis, Model, Options
from momentax.processes.drell_yan import DrellYan, drell_yan
from momentax.processes.hza import HZA, hza
from momentax.processes.ttbar import TTbar, ttbar

PARSERS: dict[str, tuple[Callable[..., Hypothesis], tuple[int, ...]]] = {
    "drell_yan": (drell_yan, (0,)),
    "ttbar": (ttbar, (0, 1)),
    "hza": (hza, (2,)),
}
"""kind -> (constructor, allowed numbers of parameters in a label ``kind_p1_p2``)."""


def parse_hypothesis(text: str) -> Hypothesis:
    """The hypothesis of a label: ``drell_yan``, ``ttbar``, ``ttbar_173``, ``hza_500_300``.

    Raises ConfigError for a label of another form, PhysicsError for masses out of range.
    """
    for kind, (constructor, counts) in PARSERS.items():
        if text == kind or text.startswith(kind + "_"):
            parts = text[len(kind) + 1 :].split("_") if len(text) > len(kind) else []
            try:
                numbers = [float(p) for p in parts]
            except ValueError:
                break
            if len(numbers) in counts:
                return constructor(*numbers)
            break
    raise ConfigError(
        f"unknown hypothesis {text!r}; the forms are drell_yan, ttbar, ttbar_<mt>, hza_<mH>_<mA> (GeV)"
        f"{nearest(text, PARSERS)}"
    )


def as_hypothesis(value: str | Hypothesis) -> Hypothesis:
    """A hypothesis from itself or from its label."""
    if isinstance(value, Hypothesis):
        return value
    if isinstance(value, str):
        return parse_hypothesis(value)
    raise ConfigError(
        f"a hypothesis is a label such as 'hza_500_300' or a Hypothesis, not {type(value).__name__}"
    )


__all__ = [
    "HZA",
    "DrellYan",
    "Hypothesis",
    "Model",
    "Options",
    "TTbar",
    "as_hypothesis",
    "drell_yan",
    "hza",
    "parse_hypothesis",
    "ttbar",
]
