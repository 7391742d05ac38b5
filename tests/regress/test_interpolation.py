"""Interpolation between mass points against a plane, which it must reproduce."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from paper_data import records, save_unseen

from momentax.config.stages import HypothesesConfig
from momentax.errors import InputError
from momentax.events import read_events, write_events
from momentax.regress.interpolation import Files, interpolate_sample, save_interpolation, vertices_around
from momentax.regress.store import load_arrays
from momentax.regress.targets import mass_points
from momentax.weights_io import write_weights

ROOT = Path(__file__).parents[2]
LABELS = [h for h in HypothesesConfig().labels() if h.startswith("hza")]
POINT, LABEL = (600.0, 250.0), "hza_600_250"
N = 40


def plane(point) -> float:
    """An information that is linear in the masses."""
    return 12.0 + 0.004 * point[0] - 0.007 * point[1]


class Network:
    """Predicts the plane, 0.05 too high; says that it was trained at the 23 points."""

    kind = "hza"
    mass_points = mass_points(LABELS)

    def predict(self, events, masses=None):
        value = np.full(len(events), plane(masses) + 0.05)
        return np.array([(v, 0.1) for v in value], dtype=[("value", float), ("uncertainty", float)])


def test_the_papers_point_is_inside_a_triangle_and_a_plane_is_reproduced():
    found = vertices_around(LABELS, POINT)
    assert np.all(found.shares > 0) and found.shares.sum() == pytest.approx(1.0)
    assert found.shares @ mass_points(found.labels) == pytest.approx(POINT)
    at_vertices = np.array([[plane(p)] * 3 for p in mass_points(found.labels)])
    assert found(at_vertices) == pytest.approx(np.full(3, plane(POINT)), rel=1e-12)
    at_vertices[1, 2] = np.nan
    assert np.isnan(found(at_vertices)).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("labels", "point", "message"),
    [
        (LABELS, (500.0, 300.0), "is among the weighed mass points"),
        (LABELS, (900.0, 800.0), r"\(900, 800\) is outside the weighed mass points"),
        (LABELS[:2], POINT, "2 mass points do not span a triangle"),
        (["hza_500_50", "hza_500_100", "hza_500_200"], POINT, "3 mass points do not span a triangle"),
    ],
)
def test_a_point_that_cannot_be_interpolated_is_refused(labels, point, message):
    with pytest.raises(InputError, match=message):
        vertices_around(labels, point)


@pytest.fixture
def files(tmp_path) -> Files:
    """40 events with weights at the 23 points on the plane; of every second one at the point, 0.02 up."""
    events = read_events(ROOT / "tests/data/events/za_500_300_600.root", entry_stop=N)
    n = len(events)
    ids = np.asarray(events["event"])
    write_events(tmp_path / "za.root", events, {})
    weights = {}
    for label, point in zip(LABELS, mass_points(LABELS), strict=True):
        weights[label] = records(np.full(n, 10.0 ** -plane(point)), np.full(n, 1e-20))
    first = vertices_around(LABELS, POINT).labels[0]
    weights[first]["value"][0], weights[first]["status"][0] = 0.0, "zero"
    write_weights(tmp_path / "za_weights.root", ids, weights, {})
    entry = np.arange(0, n, 2)
    found = records(np.full(len(entry), 10.0 ** -(plane(POINT) + 0.02)), np.full(len(entry), 1e-14))
    path = save_unseen(tmp_path / "0.npz", LABEL, ids[entry], found, entry=entry)
    return Files(str(tmp_path / "za.root"), str(tmp_path / "za_weights.root"), [str(path)])


def test_three_informations_of_the_same_test_events(files, tmp_path):
    columns, _ = interpolate_sample(files, LABEL, Network())
    assert np.isnan(columns["delaunay"]).sum() == 1
    np.testing.assert_allclose(columns["delaunay"][1:], plane(POINT))
    np.testing.assert_allclose(columns["integral"], plane(POINT) + 0.02)
    np.testing.assert_allclose(columns["network"], plane(POINT) + 0.05)
    np.testing.assert_allclose(
        columns["integral_error"], 1e-14 / 10.0 ** -(plane(POINT) + 0.02) / np.log(10.0)
    )
    facts = save_interpolation(tmp_path / "i.npz", {"za": files}, {"za": "hza"}, LABEL, Network())
    n = len(columns["event"]) - 1
    assert facts["counts"] == {"drell_yan": 0, "ttbar": 0, "hza": n} and facts["left_out"] == {"za": 1}
    assert facts["residuals"]["delaunay"]["hza"]["bias"][0] == pytest.approx(0.02)
    assert facts["residuals"]["network"]["hza"]["bias"][0] == pytest.approx(-0.03)
    assert len(load_arrays(tmp_path / "i.npz")[0]["delaunay"]) == n


def test_a_network_that_was_trained_at_the_point_is_refused(files, tmp_path):
    with pytest.raises(InputError, match="one that the network was trained on"):
        save_interpolation(tmp_path / "i.npz", {"za": files}, {"za": "hza"}, "hza_500_300", Network())


def test_weights_of_other_events_are_refused(files, tmp_path):
    wrong = save_unseen(
        tmp_path / "1.npz", LABEL, np.array([9_999_999]), records(np.ones(1), np.ones(1)), entry=np.array([3])
    )
    with pytest.raises(InputError, match="event 9999999"):
        interpolate_sample(Files(files.events, files.weights, [str(wrong)]), LABEL, Network())
