"""Closure (i): for events drawn from alpha, the mean of W_beta/W_alpha is sigma_beta/sigma_alpha (same support).

2,000 events of the built-in generator for each pair of hypotheses, without selection. The ratio of two estimates is
biased by (error/value)^2 of the denominator: integrated to 4 % on average, that is 0.2 %.
"""

import numpy as np
import pytest

from momentax.config import PhysicsConfig
from momentax.integrate.result import is_invalid
from momentax.simulate import cross_section, generate
from momentax.weight import weigh

N_EVENTS = 2000
PHYSICS = PhysicsConfig.model_validate({"integration": {"n_eval": (4096, 16384), "relative_accuracy": 0.08}})

PAIRS = [
    ("ttbar", "ttbar_178"),
    ("hza_500_300", "hza_515_310"),
    ("hza_250_100", "hza_255_98"),
]


@pytest.mark.proof
@pytest.mark.parametrize("alpha, beta", PAIRS)
def test_mean_ratio_is_the_ratio_of_cross_sections(alpha, beta):
    """Within 3 standard errors (99.7 % confidence), which must be below 4 %."""
    events, _ = generate(alpha, N_EVENTS, seed=11)
    w_alpha, w_beta = weigh(events, alpha, PHYSICS), weigh(events, beta, PHYSICS)
    assert not np.any(is_invalid(w_alpha))
    ratio = w_beta["value"] / w_alpha["value"]
    weight = np.asarray(events["weight"])
    mean = np.average(ratio, weights=weight)
    error = np.sqrt(np.sum((weight * (ratio - mean)) ** 2)) / weight.sum()
    (sigma_alpha, e_alpha), (sigma_beta, e_beta) = cross_section(alpha), cross_section(beta)
    expected = sigma_beta / sigma_alpha
    error = np.hypot(error, expected * np.hypot(e_alpha / sigma_alpha, e_beta / sigma_beta))
    print(f"{alpha} -> {beta}: mean ratio {mean:.4f} +- {error:.4f}, cross sections {expected:.4f}")
    assert error < 0.04 * expected
    assert abs(mean - expected) < 3 * error
