"""The cross section of H -> ZA by quadrature: against the generator, and against finer rules."""

import numpy as np
import pytest

from momentax.processes import hza, hza_cross_section
from momentax.simulate import cross_section

# by the threshold of H -> ZA, narrow, wide with the loop's threshold far below
POINTS = [(200.0, 102.0), (500.0, 300.0), (3000.0, 28.0)]


@pytest.mark.parametrize("point", POINTS)
def test_equals_that_of_the_generator(point):
    """Within 4 standard deviations of the generator, 0.1 % each."""
    found, error = cross_section(hza(*point))
    assert error < 0.002 * found
    assert abs(hza_cross_section.cross_sections([hza(*point)])[0] - found) < 4.0 * error


def test_finer_rules_change_it_by_less_than_1e_4(monkeypatch):
    chosen = [hza(*p) for p in [*POINTS, (132.0, 30.0), (3000.0, 788.8), (3000.0, 2000.0)]]
    found = hza_cross_section.cross_sections(chosen)
    monkeypatch.setattr(hza_cross_section, "PANELS", (14, 7, 6))
    monkeypatch.setattr(hza_cross_section, "LOW_RANGES", 20)
    monkeypatch.setattr(hza_cross_section, "RAPIDITY_PANELS", 16)
    finer = hza_cross_section.cross_sections(chosen)
    assert np.max(np.abs(found / finer - 1.0)) < 1e-4
    assert np.any(found != finer)


def test_follows_given_widths():
    """Narrow H and A: the rate is production times both partial widths over the total ones, so half the width of H
    doubles it, to the shape of the tails."""
    narrow = [hza(500.0, 300.0, widths=(width, 0.01)) for width in (0.01, 0.005)]
    wide, half = hza_cross_section.cross_sections(narrow)
    assert half / wide == pytest.approx(2.0, rel=2e-3)
