"""Information at a mass point that was never weighed: by linear interpolation between weighed points (Delaunay), by the
network, and by the integral itself: Fig. 6 of the paper."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from scipy.spatial import Delaunay, QhullError

from momentax.errors import InputError
from momentax.events import read_events
from momentax.regress.evaluation import counts_by_class, residual_summary
from momentax.regress.regressor import Regressor
from momentax.regress.store import save_arrays
from momentax.regress.targets import check_same_events, information, mass_point, mass_points
from momentax.regress.unseen_weights import read_unseen
from momentax.weights_io import read_weights


@dataclass(frozen=True)
class Vertices:
    """The triangle of weighed mass points around a mass point, and its barycentric coordinates."""

    labels: tuple[str, ...]
    shares: np.ndarray
    """[3], of sum 1."""

    def __call__(self, informations: np.ndarray) -> np.ndarray:
        """Information [n] at the point from those of the vertices, [3, n]; NaN where one of them is."""
        return self.shares @ informations


def vertices_around(labels: Sequence[str], point: tuple[float, float]) -> Vertices:
    """Triangle of the Delaunay triangulation of mass points (mH, mA) that holds ``point`` (GeV).

    Piecewise-linear interpolation in (mH, mA): I(point) = sum of shares times I(vertices).

    Raises:
        InputError: fewer than three points, all on a line, or ``point`` outside their hull or one of them.
    """
    points = mass_points(labels)
    where = f"({point[0]:g}, {point[1]:g})"
    if np.any(np.all(points == np.asarray(point), axis=1)):
        raise InputError(
            f"{where} is among the weighed mass points: nothing to interpolate; choose another one "
            "(paper.interpolation.point)"
        )
    try:
        triangles = Delaunay(points) if len(points) >= 3 else None
    except QhullError:
        triangles = None
    if triangles is None:
        raise InputError(
            f"{len(points)} mass points do not span a triangle: weigh at least three that are not on a line "
            "(hypotheses.hza)"
        )
    index = int(triangles.find_simplex(np.asarray(point, dtype=np.float64)))
    if index < 0:
        raise InputError(
            f"{where} is outside the weighed mass points: no interpolation; choose a point between them "
            "(paper.interpolation.point)"
        )
    transform = triangles.transform[index]
    first = transform[:2] @ (np.asarray(point, dtype=np.float64) - transform[2])
    shares = np.append(first, 1.0 - first.sum())
    return Vertices(tuple(labels[i] for i in triangles.simplices[index]), shares)


@dataclass(frozen=True)
class Files:
    """Files of one sample."""

    events: str
    weights: str
    unseen: Sequence[str]
    """Its weights at the point (:func:`momentax.regress.unseen_weights.weigh_unseen`)."""


def interpolate_sample(
    files: Files, label: str, regressor: Regressor, vertices: Vertices | None = None
) -> tuple[dict[str, np.ndarray], Vertices]:
    """Informations of the test events of a sample at the mass point ``label``.

    Returns:
        Columns [n] ``event``, ``integral``, ``integral_error``, ``delaunay``, ``network``, ``network_uncertainty``: NaN
        where there is no usable weight; and the vertices.

    Raises:
        InputError: files that do not belong together; no triangle (:func:`vertices_around`).
    """
    point = mass_point(label)
    assert point is not None
    event, entry, records, _ = read_unseen(files.unseen, label)
    stop = int(entry[-1]) + 1 if len(entry) else 0
    ids, weights, _, _ = read_weights(files.weights, 0, stop)
    check_same_events(event, ids[entry], ", ".join(files.unseen), files.weights)
    if vertices is None:
        vertices = vertices_around([h for h in weights if mass_point(h) is not None], point)
    known = np.stack([information(weights[h][entry]) for h in vertices.labels])
    integral = information(records)
    predicted = {"value": np.empty(0), "uncertainty": np.empty(0)}
    if len(entry):
        # networks see neither truth nor further b jets
        events = read_events(files.events, entry_stop=stop, truth=False, bjets="leading")[entry]
        check_same_events(event, ak.to_numpy(events["event"]), ", ".join(files.unseen), files.events)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the point is inside the hull of the weighed ones
            given = regressor.predict(events, point)
        predicted = {name: given[name] for name in predicted}
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(np.isfinite(integral), records["error"] / records["value"] / np.log(10.0), np.nan)
    return {
        "event": event,
        "integral": integral,
        "integral_error": error,
        "delaunay": vertices(known),
        "network": predicted["value"],
        "network_uncertainty": predicted["uncertainty"],
    }, vertices


def save_interpolation(
    out: str | Path,
    samples: Mapping[str, Files],
    classes: Mapping[str, str],
    label: str,
    regressor: Regressor,
    replicas: int = 200,
    seed: int = 1,
) -> dict[str, Any]:
    """Write the informations of all samples at one mass point, with residuals by class as metadata; returns these.

    Only events that have all three informations are written; the others are counted (``left_out``).

    Raises:
        InputError: the network was trained at this point; no event is left; see :func:`interpolate_sample`.
    """
    point = mass_point(label)
    if point is None or np.any(np.all(np.asarray(regressor.mass_points) == np.asarray(point), axis=1)):
        raise InputError(
            f"{label}: not a mass point, or one that the network was trained on; choose another one "
            "(paper.interpolation.point)"
        )
    parts: dict[str, list[np.ndarray]] = {}
    left_out: dict[str, int] = {}
    vertices: Vertices | None = None
    for sample, files in samples.items():
        columns, vertices = interpolate_sample(files, label, regressor, vertices)
        good = np.all([np.isfinite(columns[n]) for n in ("integral", "delaunay", "network")], axis=0)
        left_out[sample] = int(np.sum(~good))
        columns |= {
            "sample": np.full(len(good), sample),
            "class": np.full(len(good), classes[sample], dtype="U9"),
        }
        for name, values in columns.items():
            parts.setdefault(name, []).append(values[good])
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    if vertices is None or not len(joined["event"]):
        raise InputError(f"{label}: no test event has its integral and those at the points around it")
    facts = {
        "hypothesis": label,
        "vertices": list(vertices.labels),
        "shares": vertices.shares.tolist(),
        "counts": counts_by_class(joined["class"]),
        "left_out": left_out,
        "residuals": {
            name: residual_summary(joined, name, replicas, seed) for name in ("delaunay", "network")
        },
    }
    save_arrays(out, joined, facts)
    return facts
