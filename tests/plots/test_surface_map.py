"""The map of sigma_vis: axes with units, every node shown, its chi2 written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from momentax.errors import InputError
from momentax.plots import surface as plot
from momentax.plots.config import FiguresConfig
from momentax.plots.style import save
from momentax.scan.surface import fit_surface
from momentax.scan.surface_files import load_surface, save_surface, surface_from_files

DATA = Path(__file__).parents[1] / "data/sigma_vis/hza_plane.csv"


@pytest.fixture(scope="module")
def surface():
    rows = np.genfromtxt(DATA, delimiter=",", names=True)[::6]
    points = np.stack([rows["mH"], rows["mA"]], axis=1)
    return fit_surface(points, np.stack([rows["sigma_vis"], rows["sigma_vis_error"]], axis=1))


def test_map_and_residuals(surface, tmp_path, monkeypatch):
    monkeypatch.setattr(plot, "_LATTICE", 6)
    figure = plot.surface_map(surface)
    left, right, *bars = figure.axes
    assert [ax.get_xlabel() for ax in (left, right)] == [r"$m_A$ [GeV]"] * 2
    assert left.get_ylabel() == r"$m_H$ [GeV]"
    assert any("[pb]" in bar.get_ylabel() for bar in bars) and any("[%]" in bar.get_ylabel() for bar in bars)
    shown = right.collections[0].get_offsets()
    assert np.allclose(np.sort(np.asarray(shown)[:, 1]), np.sort(surface.points[:, 0]))
    words = [text.get_text() for text in right.get_legend().get_texts()]
    assert f"{surface.chi2:.1f} for {surface.degrees}" in words[0]
    low, high = left.get_ylim()
    assert low < surface.points[:, 0].min() and surface.points[:, 0].max() < high
    assert [p.suffix for p in save(figure, tmp_path / "sigma_vis", FiguresConfig(formats=["png"]))] == [
        ".png"
    ]


def test_files_of_a_surface(surface, tmp_path):
    """From records of nodes to the surface's file and back, with sigma_vis at every mass point."""
    paths = []
    for i, ((m_h, m_a), (value, error)) in enumerate(zip(surface.points, surface.values, strict=True)):
        paths.append(tmp_path / f"{i}.json")
        record = {"hypothesis": f"hza_{m_h:g}_{m_a:g}", "sigma_vis": value, "sigma_vis_error": error}
        paths[-1].write_text(json.dumps(record))
    made = surface_from_files(paths, surface.physics)
    wanted = [(520.0, 310.0), tuple(surface.points[0].tolist())]
    save_surface(tmp_path / "surface.json", tmp_path / "surface.csv", made, wanted)
    again = load_surface(tmp_path / "surface.json")
    value, error = surface.at(np.array(wanted))
    assert again.at(np.array(wanted))[0] == pytest.approx(value, rel=1e-9)
    rows = np.genfromtxt(tmp_path / "surface.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert rows["sigma_vis"] == pytest.approx(value) and rows["sigma_vis_error"] == pytest.approx(error)
    assert rows["node"].tolist() == [False, True]
    assert rows["hypothesis"][0] == "hza_520_310"
    with pytest.raises(InputError, match="not a surface"):
        load_surface(tmp_path / "0.json")
