"""Closure (i): for events drawn from alpha, the mean of W_beta/W_alpha is sigma_beta/sigma_alpha (same support).

2,000 events of the built-in generator for each pair of hypotheses, without selection. Both weights of an event use the
same random numbers, so what the integration misses or overshoots drops out of their ratio; the bias that is left,
(error of the ratio)^2, is below 0.3 %.
"""

import numpy as np
import pytest

from momentax.config import PhysicsConfig
from momentax.integrate.batched import BatchedIntegrator
from momentax.processes import parse_hypothesis
from momentax.processes.base import Options
from momentax.simulate import cross_section, generate, visible_cross_section
from momentax.weight import observed_events

N_EVENTS = 2000
PHYSICS = PhysicsConfig()

PAIRS = [
    ("ttbar", "ttbar_175"),
    ("hza_500_300", "hza_515_310"),
    ("hza_250_100", "hza_252_101"),
]


SEEN = PhysicsConfig.model_validate({"efficiency": {"b_tag_turn_on": 40.0}})
"""With an efficiency that rises steeply, so that the two hypotheses have different ones."""


def values(events, label, physics):
    """W of every event to 8 %, on random streams that are the same for every hypothesis."""
    hypothesis = parse_hypothesis(label)
    model = hypothesis.model(physics)
    dim, integrand = hypothesis.integrand(Options())
    assignments = 1 if hypothesis.jets_exchangeable else 2
    ladder = {"n_eval": (4096, 16384, 65536), "relative_accuracy": 0.08}
    batch = BatchedIntegrator(dim, integrand, model, "closure", assignments=assignments, **ladder)
    return batch.integrate(observed_events(events, model.detector), np.asarray(events["event"]))["value"]


@pytest.mark.proof
@pytest.mark.parametrize("alpha, beta", PAIRS)
@pytest.mark.parametrize("physics", [PHYSICS, SEEN], ids=["without", "efficiency"])
def test_mean_ratio_is_the_ratio_of_cross_sections(alpha, beta, physics):
    """Within 3 standard errors (99.7 % confidence), which must be below 4 %. With an efficiency, cross sections are
    those of the events that it leaves."""
    events, _ = generate(alpha, N_EVENTS, seed=11, physics=physics)
    ratio = values(events, beta, physics) / values(events, alpha, physics)
    assert np.all(np.isfinite(ratio))
    weight = np.asarray(events["weight"])
    mean = np.average(ratio, weights=weight)
    error = np.sqrt(np.sum((weight * (ratio - mean)) ** 2)) / weight.sum()
    total = visible_cross_section if physics.efficiency else cross_section
    cuts = (None,) if physics.efficiency else ()
    (sigma_alpha, e_alpha), (sigma_beta, e_beta) = (total(h, *cuts, physics) for h in (alpha, beta))
    expected = sigma_beta / sigma_alpha
    error = np.hypot(error, expected * np.hypot(e_alpha / sigma_alpha, e_beta / sigma_beta))
    print(f"{alpha} -> {beta}: mean ratio {mean:.4f} +- {error:.4f}, cross sections {expected:.4f}")
    assert error < 0.04 * expected
    assert abs(mean - expected) < 3 * error
