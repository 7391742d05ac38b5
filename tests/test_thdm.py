"""The two-Higgs-doublet widths and couplings against the CMS mass grid and against the potential itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from momentax.constants import MASS_B, MASS_H125
from momentax.errors import PhysicsError
from momentax.processes.thdm import VEV, trilinear, two_higgs_doublet

GRID = np.genfromtxt(Path(__file__).parent / "data/thdm/widths.csv", delimiter=",", names=True)


def test_widths_of_the_cms_grid():
    models = [two_higgs_doublet(p["mH"], p["mA"]) for p in GRID]
    assert len(models) == 412
    dev_h = np.abs([m.width_h for m in models] / GRID["width_H"] - 1.0)
    dev_a = np.abs([m.width_a for m in models] / GRID["width_A"] - 1.0)
    # reached: H 6.5 % at worst, median 0.28 %; A 9.3 % (at the top threshold), median 2.0 %
    assert dev_h.max() < 0.07 and np.median(dev_h) < 0.004
    assert dev_a.max() < 0.10 and np.median(dev_a) < 0.025


@pytest.mark.parametrize("mH, mA", [(600, 250), (2000, 1000), (3000, 2000)])
def test_points_that_the_grid_lacks(mH, mA):
    m = two_higgs_doublet(mH, mA)
    assert 0 < m.width_a < 0.05 * mA
    assert m.width_h == pytest.approx(sum(m.partial_h))
    assert m.partial_h.za > 0.3 * m.width_h


POINT = (300.0, 100.0, 320.0, 1.7, 0.1, 35000.0)  # mH, mA, mH+-, tan(beta), cos(b-a), m12^2


def potential(
    big: float, small: float, odd: float, quadratic: tuple[float, float, float] = (0, 0, 0)
) -> float:
    """V at (H, h, A) about the vacuum of POINT, from the doublets; ``quadratic`` = m11^2, m22^2, m12^2."""
    mH, mA, charged, tan_beta, cos_ba, m12 = POINT
    beta = np.arctan(tan_beta)
    alpha = beta - np.arccos(cos_ba)
    sb, cb, sa, ca = np.sin(beta), np.cos(beta), np.sin(alpha), np.cos(alpha)
    v1, v2 = VEV * cb, VEV * sb
    l1 = (mH**2 * ca**2 + MASS_H125**2 * sa**2 - m12 * tan_beta) / v1**2
    l2 = (mH**2 * sa**2 + MASS_H125**2 * ca**2 - m12 / tan_beta) / v2**2
    l3 = ((mH**2 - MASS_H125**2) * ca * sa + 2 * charged**2 * sb * cb - m12) / (v1 * v2)
    l4 = ((mA**2 - 2 * charged**2) * sb * cb + m12) / (v1 * v2)
    l5 = (m12 - mA**2 * sb * cb) / (v1 * v2)
    p1 = complex(v1 + ca * big - sa * small, -sb * odd) / np.sqrt(2)
    p2 = complex(v2 + sa * big + ca * small, cb * odd) / np.sqrt(2)
    n1, n2, mix = abs(p1) ** 2, abs(p2) ** 2, p1.conjugate() * p2
    quartic = l1 / 2 * n1**2 + l2 / 2 * n2**2 + l3 * n1 * n2 + l4 * abs(mix) ** 2 + l5 * (mix**2).real
    return quartic + quadratic[0] * n1 + quadratic[1] * n2 - 2 * quadratic[2] * mix.real


def test_trilinear_couplings_are_third_derivatives_of_the_potential():
    step = 200.0  # central differences are exact for a quartic polynomial: a large step loses no digits

    def third(v):
        return sum(
            sign * (v(sign * step, step) + v(sign * step, -step) - 2 * v(sign * step, 0)) for sign in (1, -1)
        ) / (2 * step**3)

    expected = third(lambda s, t: potential(s, t, 0)), third(lambda s, t: potential(s, 0, t))
    assert trilinear(*POINT) == pytest.approx(expected, rel=1e-11)


def test_masses_of_that_potential_are_the_input_masses():
    mH, mA, _, tan_beta, cos_ba, m12 = POINT
    beta = np.arctan(tan_beta)
    alpha = beta - np.arccos(cos_ba)
    step = 100.0

    def slope(v):  # exact for a quartic polynomial
        return (8 * (v(step) - v(-step)) - (v(2 * step) - v(-2 * step))) / (12 * step)

    def curvature(v):
        return (16 * (v(step) + v(-step)) - (v(2 * step) + v(-2 * step)) - 30 * v(0)) / (12 * step**2)

    ca, sa = np.cos(alpha), np.sin(alpha)
    v1, v2 = VEV * np.cos(beta), VEV * np.sin(beta)
    # the vacuum conditions dV/drho_i = 0 fix m11^2 and m22^2
    m11 = (m12 * v2 - slope(lambda t: potential(ca * t, -sa * t, 0))) / v1
    m22 = (m12 * v1 - slope(lambda t: potential(sa * t, ca * t, 0))) / v2
    squares = [
        curvature(lambda t, axis=axis: potential(*(t * np.eye(3)[axis]), (m11, m22, m12)))
        for axis in range(3)
    ]
    assert np.sqrt(squares) == pytest.approx([mH, MASS_H125, mA], rel=1e-10)


def test_leading_order_a_to_bb_of_the_amplitude_stays_below_the_width():
    for p in GRID:
        m = two_higgs_doublet(p["mH"], p["mA"])
        beta = np.sqrt(1 - (2 * MASS_B / m.mass_a) ** 2)
        partial = 3 * m.mass_a * beta * (m.tan_beta * m.yukawa_mass_b / VEV) ** 2 / (8 * np.pi)
        assert partial < m.width_a


def test_user_widths_replace_the_totals():
    m = two_higgs_doublet(500, 300, widths=(5.0, 1.0))
    assert (m.width_h, m.width_a) == (5.0, 1.0)
    assert m.reference_parameters()["WHH"] == 5.0


@pytest.mark.parametrize(
    "args, words",
    [
        ((300, 295), "no room for Z"),
        ((200, 300), "no room for Z"),
        ((300, 9), "2 m_b"),
        ((300, float("nan")), "finite"),
        ((300, 100, -1.0), "tan_beta"),
        ((300, 100, 1.5, 1.0), "cos_ba"),
        ((300, 100, 1.5, 0.01, (0.0, 1.0)), "widths"),
    ],
)
def test_impossible_points_are_refused(args, words):
    with pytest.raises(PhysicsError, match=words):
        two_higgs_doublet(*args)
