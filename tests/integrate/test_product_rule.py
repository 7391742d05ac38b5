"""Breit-Wigner weights on a fixed grid against adaptive quadrature, for poles from MeV to hundreds of GeV."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from momentax.integrate.product_rule import breit_wigner_weights

LOG_S = np.arange(np.log(50.0**2), np.log(1500.0**2), 0.01)


def bump(s):
    return np.exp(-0.5 * ((np.log(s) - np.log(300.0**2)) / 0.15) ** 2)


@pytest.mark.parametrize(
    "mass, width",
    [
        (300.0, 0.002),
        (301.23, 0.001),
        (310.0, 5.0),
        (600.0, 0.1),
        (600.0, 60.0),
        (100.0, 0.006),
        (900.0, 300.0),
    ],
)
def test_weights_integrate_a_smooth_function(mass, width):
    got = breit_wigner_weights(LOG_S, np.array([mass]), np.array([width]))[0] @ bump(np.exp(LOG_S))
    pole, mg = mass**2, mass * width

    def angle(s):
        return np.arctan((s - pole) / mg)

    steps = np.concatenate(
        [np.linspace(60.0, 1490.0, 200) ** 2, pole + mg * np.array([-1e3, -30, -1, 1, 30, 1e3])]
    )
    ends = np.exp(LOG_S[[0, -1]])
    cuts = np.unique(angle(np.clip(np.concatenate([ends, steps]), *ends)))
    pieces = [
        quad(lambda u: bump(pole + mg * np.tan(u)) / mg, a, b, epsabs=0, epsrel=1e-10)[0]
        for a, b in pairwise(cuts)
    ]
    assert abs(got / sum(pieces) - 1) < 1e-7


def test_the_order_of_the_rule():
    """f = s^5: six points are exact, four are not."""
    s = np.exp(LOG_S)
    mass, width = 400.0, 50.0

    def integrand(x):
        return (x / 1e6) ** 5 / ((x - mass**2) ** 2 + (mass * width) ** 2)

    cuts = np.unique(np.append(s[::20], s[-1]))
    exact = sum(quad(integrand, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in pairwise(cuts))
    six, four = (
        breit_wigner_weights(LOG_S, np.array([mass]), np.array([width]), k)[0] @ (s / 1e6) ** 5
        for k in (6, 4)
    )
    assert abs(six / exact - 1) < 1e-10
    assert abs(four / exact - 1) > 1e-10
