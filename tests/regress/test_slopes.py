"""Derivatives in the masses: central differences from one table against derivatives of the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import momentax
from momentax.events import read_events
from momentax.regress.slopes import mass_slopes, read_slopes, write_slopes

EVENTS = Path(__file__).parents[1] / "data" / "events" / "za_500_300_600.root"


def test_slopes_are_the_derivatives_of_the_weight() -> None:
    events = read_events(EVENTS)[:6]
    labels = ["drell_yan", "hza_500_300", "hza_300_100"]
    found = mass_slopes(events, labels, step=0.002)
    assert np.isnan(found[:, 0]).all()
    for i, (m_h, m_a) in ((1, (500.0, 300.0)), (2, (300.0, 100.0))):
        _, exact = momentax.weigh_derivatives(events, labels[i])
        for k, (name, mass) in enumerate((("mH", m_h), ("mA", m_a))):
            # d I/d ln m = -m d ln W/dm / ln 10
            expected = -mass * exact[name]["value"] / np.log(10.0)
            assert found[:, i, k] == pytest.approx(expected, rel=0.03, abs=0.3)


def test_slopes_in_a_file_end_where_they_were_made(tmp_path: Path) -> None:
    out = tmp_path / "s.npz"
    assert write_slopes(str(EVENTS), ["hza_500_300"], out, None, 3, 0.01) == 3
    read = read_slopes(str(out), ["hza_500_300"], 1, 5)
    assert np.isfinite(read[:2]).all() and np.isnan(read[2:]).all()
    with pytest.raises(momentax.errors.InputError, match="no slopes of hza_300_100"):
        read_slopes(str(out), ["hza_300_100"], 0, 2)
