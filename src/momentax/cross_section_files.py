"""Records of cross sections in files: sigma_vis of hypotheses for those who need it, and of samples.

sigma_vis = sigma x acceptance x efficiency, in pb for one pair of lepton flavours. What is not known is null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from momentax.errors import InputError
from momentax.events.branchmaps import Branch
from momentax.events.reader import EventSource, iter_events
from momentax.events.rootfile import PathLike, opened, read_metadata

Record = dict[str, Any]
EFFICIENCY_BRANCH = "eff_weight"


def read_sigma_vis(paths: Sequence[PathLike]) -> dict[str, tuple[float, float]]:
    """(sigma_vis, standard deviation) in pb by hypothesis, of records one a file and of surfaces with many.

    Raises InputError for a file that is neither.
    """
    found: dict[str, tuple[float, float]] = {}
    for path in paths:
        try:
            content = json.loads(Path(path).read_text())
            records = content.get("records", [content])
            found |= {r["hypothesis"]: (r["sigma_vis"], r["sigma_vis_error"]) for r in records}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: not a record of cross sections ({error!r}); make it again") from None
    return found


def sample_record(
    events: PathLike,
    source: PathLike | None = None,
    *,
    tree: str | None = None,
    branches: Mapping[str, Branch] | None = None,
    entry_stop: int | None = None,
    selection: Mapping[str, Any] | None = None,
) -> Record:
    """Cross section, acceptance, efficiency and sigma_vis of a sample, each with its error.

    Parameters
    ----------
    events : the selected events of the sample
    source : the file they were selected from, with the arguments of :func:`momentax.events.select_file`; None for those
        of the built-in generator

    Of the generator all come from the unweighting. Of a file the acceptance is that of its entries, weighted; where its
    metadata have ``sigma_gen_pb`` (showered samples) that of the generator's cuts is a factor and cross sections are
    known. The efficiency is the mean of the branch ``eff_weight`` over the selected events, where there is one.
    Raises InputError for a file that cannot be read, or one from which other events were selected.
    """
    with opened(events) as file:
        metadata = read_metadata(file, events)
    if "simulation" in metadata:
        return _of_generator(metadata["simulation"])
    if source is None:
        raise InputError(
            f"{events}: not of the built-in generator; the file that they were selected from is needed"
        )
    first, last = metadata["cut_flow"][0], metadata["cut_flow"][-1]
    weight = _weights(events)
    acceptance = _acceptance(first, last, weight)
    efficiency = _efficiency(events, source, weight, tree, branches, entry_stop, dict(selection or {}))
    with opened(source) as file:
        made = read_metadata(file, source)
    record = {"entries": first["events"], "selected": last["events"]}
    if "sigma_gen_pb" not in made:
        return {"origin": "file", **record, **_record(None, None, acceptance, efficiency)}
    sigma, generated = (
        (made["sigma_pb"], made["sigma_error"]),
        (made["sigma_gen_pb"], made["sigma_gen_error"]),
    )
    return {
        "origin": "built-in generator and Pythia 8",
        **record,
        **_record(
            sigma, _product(generated, acceptance), _ratio(_product(generated, acceptance), sigma), efficiency
        ),
    }


Number = tuple[float, float]
"""A value and its standard deviation."""


def _of_generator(info: Mapping[str, Any]) -> Record:
    sigma = info["sigma_pb"], info["sigma_error"]
    visible = info["sigma_vis_pb"], info["sigma_vis_error"]
    acceptance = info["acceptance"], info["acceptance_error"]
    seen = info["mean_efficiency"], info["mean_efficiency_error"]
    efficiency = seen if seen != (1.0, 0.0) else None
    # acceptance and sigma share the error of sigma
    selected_error = acceptance[0] * np.sqrt(
        max(acceptance[1] ** 2 / acceptance[0] ** 2 - (sigma[1] / sigma[0]) ** 2, 0)
    )
    selected = sigma[0] * acceptance[0], float(sigma[0] * selected_error)
    record = _record(sigma, selected, acceptance, efficiency)
    return {
        "origin": "built-in generator",
        "entries": info["n_trials"],
        "selected": info["n_events"],
        **record,
        "sigma_vis": visible[0],
        "sigma_vis_error": visible[1],
    }


def _record(
    sigma: Number | None, selected: Number | None, acceptance: Number, efficiency: Number | None
) -> Record:
    """``selected``: sigma x acceptance; without an efficiency sigma_vis is that."""
    visible = selected if selected is None or efficiency is None else _product(selected, efficiency)
    numbers = {
        "sigma": sigma,
        "acceptance": acceptance,
        "sigma_selected": selected,
        "efficiency": efficiency,
        "sigma_vis": visible,
    }
    record: Record = {}
    for name, number in numbers.items():
        record[name], record[f"{name}_error"] = (None, None) if number is None else number
    return {**record, "unit": "pb"}


def _product(a: Number, b: Number) -> Number:
    value = a[0] * b[0]
    return value, float(np.hypot(a[1] * b[0], a[0] * b[1]))


def _ratio(a: Number, b: Number) -> Number:
    value = a[0] / b[0]
    return value, float(np.hypot(a[1], value * b[1]) / b[0])


def _weights(path: PathLike, **how: Any) -> np.ndarray:
    chunks = iter_events(path, truth=False, **how)
    return np.concatenate([np.asarray(chunk.events["weight"], dtype=float) for chunk in chunks])


def _acceptance(first: Mapping[str, Any], last: Mapping[str, Any], weight: np.ndarray) -> Number:
    """Share of the sum of weights; binomial error of as many events as the selected ones' weights are worth."""
    if not (first["sum_weights"] and len(weight)):
        return 0.0, 0.0
    share = last["sum_weights"] / first["sum_weights"]
    worth = first["events"] * float(weight.sum()) ** 2 / (len(weight) * float(np.sum(weight**2)))
    return share, float(np.sqrt(max(share * (1.0 - share), 0.0) / worth))


def _efficiency(
    events: PathLike,
    source: PathLike,
    weight: np.ndarray,
    tree: str | None,
    branches: Mapping[str, Branch] | None,
    entry_stop: int | None,
    selection: dict[str, Any],
) -> Number | None:
    """Weighted mean of ``eff_weight`` over the selected events; None without the branch or without events."""
    with EventSource(source, tree, branches) as file:
        if EFFICIENCY_BRANCH not in file.branch_names or file.format.layout == "own" or not len(weight):
            return None
    as_weight = {**(branches or {}), "weight": EFFICIENCY_BRANCH}
    seen = _weights(source, tree=tree, branches=as_weight, entry_stop=entry_stop, **selection)
    if len(seen) != len(weight):
        raise InputError(
            f"{events}: {len(weight)} events, but the selection leaves {len(seen)} of {source}; select them again"
        )
    mean = float(np.sum(weight * seen) / weight.sum())
    return mean, float(np.sqrt(np.sum((weight * (seen - mean)) ** 2)) / abs(weight.sum()))


__all__ = ["read_sigma_vis", "sample_record"]
