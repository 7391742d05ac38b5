"""The quadrature of one mass point of H -> ZA against closed forms."""

import numpy as np
import pytest

from momentax.processes.hza_point import COARSE, FINE, pole_rule

LOW, HIGH = 9.0, 11.0


@pytest.mark.parametrize("n, limit", [(COARSE.a, 1e-3), (COARSE.h, 1e-4), (FINE.h, 1e-6)])
@pytest.mark.parametrize("gamma", [1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("pole", [7.0, 9.6, 10.0, 12.0])
def test_a_gaussian_under_a_pole(n, limit, gamma, pole):
    """Int exp(-(h - 10)^2/(2 0.12^2)) gamma/((h - pole)^2 + gamma^2) dh, poles of MeV to tens of GeV, on the Gaussian,
    beside it and outside; against 48,000 points in arctan((h - pole)/gamma), good to 1e-7."""

    def integrand(h):
        return np.exp(-0.5 * ((h - 10.0) / 0.12) ** 2) * gamma / ((h - pole) ** 2 + gamma**2)

    rule = pole_rule(np.float64(LOW), np.float64(HIGH), pole, gamma, n)
    found, half = (np.sum(integrand(np.asarray(rule.at)) * w) for w in (rule.weight, rule.half))
    # h = pole + gamma tan(y): du = dy
    y_low, y_high = (np.arctan((end - pole) / gamma) for end in (LOW, HIGH))
    edges = np.unique(
        np.concatenate([[y_low, y_high], np.arctan((np.linspace(LOW, HIGH, 4001) - pole) / gamma)])
    )
    x, w = np.polynomial.legendre.leggauss(12)
    y = edges[:-1, None] + 0.5 * np.diff(edges)[:, None] * (x + 1.0)
    exact = np.sum(
        0.5 * np.diff(edges)[:, None] * w * np.exp(-0.5 * ((pole + gamma * np.tan(y) - 10.0) / 0.12) ** 2)
    )
    assert found == pytest.approx(exact, rel=limit)
    # what the error estimate is made of: half the rule is worse, and not by more than its root
    assert abs(found / exact - 1.0) <= max(abs(half / found - 1.0) ** 1.5, 1e-7)


def test_the_rule_is_a_rule():
    """Weights are positive and add up to the length of the range."""
    rule = pole_rule(np.float64(LOW), np.float64(HIGH), 10.2, 0.01, FINE.h)
    assert np.all(np.asarray(rule.weight) > 0.0)
    assert np.all(np.diff(np.asarray(rule.at)) > 0.0)
    assert float(np.sum(rule.weight)) == pytest.approx(HIGH - LOW, rel=1e-3)
