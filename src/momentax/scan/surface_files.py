"""The surface of sigma_vis in files: from records of its nodes, and with its values at mass points."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from momentax.config import PhysicsConfig, hza_label
from momentax.cross_section_files import read_sigma_vis
from momentax.errors import InputError
from momentax.events.rootfile import PathLike
from momentax.regress.store import save_json
from momentax.regress.targets import mass_points
from momentax.scan.surface import Surface, fit_surface
from momentax.tables import write_csv


def surface_from_files(records: Sequence[PathLike], physics: PhysicsConfig) -> Surface:
    """The surface through the records of cross sections of its nodes (JSON). Raises InputError as `fit_surface`."""
    found = read_sigma_vis(records)
    return fit_surface(mass_points(list(found)), np.array(list(found.values())), physics)


def save_surface(
    path: PathLike, table: PathLike, surface: Surface, points: Sequence[tuple[float, float]]
) -> None:
    """Write the surface (JSON) and sigma_vis at ``points`` (mH, mA): its ``records``, and the CSV file ``table``."""
    chosen = np.array(points, dtype=float).reshape(-1, 2)
    value, error = surface.at(chosen) if len(chosen) else (np.zeros(0), np.zeros(0))
    nodes = {tuple(node) for node in surface.points.tolist()}
    records = [
        {
            "hypothesis": hza_label(*point),
            "mH": point[0],
            "mA": point[1],
            "sigma_vis": float(v),
            "sigma_vis_error": float(e),
            "node": tuple(point) in nodes,
        }
        for point, v, e in zip(chosen.tolist(), value, error, strict=True)
    ]
    save_json(path, {**surface.to_dict(), "records": records})
    write_csv(table, records)


def load_surface(path: PathLike) -> Surface:
    """The surface of a file of :func:`save_surface`; InputError if it is none."""
    try:
        return Surface.from_dict(json.loads(Path(path).read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a surface of sigma_vis ({error!r}); make it again") from None


__all__ = ["load_surface", "save_surface", "surface_from_files"]
