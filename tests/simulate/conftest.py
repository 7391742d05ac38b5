"""Parton events of every hypothesis, made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from momentax.simulate import Budget, PartonEvents, Sampler, generate_partons, train

SMALL = Budget(5, 10_000, 20_000, 3, 10_000)
LABELS = {"hza": "hza_500_300", "ttbar": "ttbar", "drell_yan": "drell_yan"}


@pytest.fixture(scope="session")
def trained() -> Callable[[str], Sampler]:
    """Sampler of a kind of hypothesis, trained with a small budget."""
    return cache(lambda kind: train(LABELS[kind], budget=SMALL))


@pytest.fixture(scope="session")
def partons_of(trained) -> Callable[[str], PartonEvents]:
    """150 parton events of a kind of hypothesis, seed 3, no cuts."""
    return cache(lambda kind: generate_partons(trained(kind), 150, seed=3))
