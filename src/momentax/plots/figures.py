"""Figures from the data files of the stages: one call a figure, each returns the paths it wrote.

``stem`` is the path of the figure without its ending; the endings come from the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from momentax.classify.workflow import load_curves
from momentax.errors import InputError, nearest
from momentax.plots import style
from momentax.plots.config import FiguresConfig
from momentax.plots.distributions import (
    cost_distribution,
    information_distributions,
    pull_distribution,
    weight_status,
)
from momentax.plots.learning import class_probabilities, learning_curves, regression, roc_curves
from momentax.plots.likelihood import likelihood_map
from momentax.regress.store import load_arrays
from momentax.regress.targets import count_statuses, information, mass_point, read_weighted_events
from momentax.scan.likelihood import load_likelihood

Stem = str | Path


def information_from_files(
    events_paths: Sequence[str],
    weights_paths: Sequence[str],
    hypothesis: str,
    stem: Stem,
    config: FiguresConfig | None = None,
    regressor_path: str | Path | None = None,
) -> list[Path]:
    """Information distributions of all samples under one hypothesis, with those of a regressor if given.

    Raises:
        InputError: files that do not belong together, or no weights of this hypothesis.
    """
    data = read_weighted_events(events_paths, weights_paths)
    if hypothesis not in data.weights:
        raise InputError(f"no weights of hypothesis {hypothesis!r}{nearest(hypothesis, data.weights)}")
    value = information(data.weights[hypothesis])
    names = list(dict.fromkeys(data.sample.tolist()))
    predicted = None
    if regressor_path is not None:
        from momentax.regress.regressor import load_regressor

        given = load_regressor(regressor_path).predict(data.events, mass_point(hypothesis))["value"]
        predicted = {s: given[data.sample == s] for s in names}
    figure = information_distributions(
        {s: value[data.sample == s] for s in names}, hypothesis, predicted, config
    )
    return style.save(figure, stem, config)


def weight_status_from_files(
    events_paths: Sequence[str], weights_paths: Sequence[str], stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """Statuses of all weights, by sample and hypothesis."""
    counts = count_statuses(read_weighted_events(events_paths, weights_paths))
    return style.save(weight_status(counts, config), stem, config)


def evaluations_from_files(
    events_paths: Sequence[str], weights_paths: Sequence[str], stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """Evaluations of the integrand per weight, by hypothesis."""
    data = read_weighted_events(events_paths, weights_paths)
    costs = {h: w["n_eval"].astype(np.float64) for h, w in data.weights.items()}
    figure = cost_distribution(costs, "Evaluations of the integrand per weight", config=config)
    return style.save(figure, stem, config)


def regression_from_files(
    predictions_path: str | Path, stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """Network against integral on the test events, from ``predictions.npz`` of the regress stage."""
    rows, meta = load_arrays(predictions_path)
    figure = regression(
        rows["information"],
        rows["predicted"],
        _name(meta["hypotheses"], meta["kind"]),
        config,
        meta["metrics"]["all"],
    )
    return style.save(figure, stem, config)


def regression_pulls_from_files(
    predictions_path: str | Path, stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """(I_network - I_integral) / uncertainty on the test events by sample, from ``predictions.npz``."""
    rows, meta = load_arrays(predictions_path)
    pull = (rows["predicted"] - rows["information"]) / rows["uncertainty"]
    by_sample = {str(s): pull[rows["sample"] == s] for s in dict.fromkeys(rows["sample"].tolist())}
    title = f"{style.pretty(_name(meta['hypotheses'], meta['kind']))} regression, test events"
    figure = pull_distribution(
        by_sample, r"$(I_{\mathrm{DNN}} - I)\,/\,$uncertainty of the network", config, title
    )
    return style.save(figure, stem, config)


def learning_curves_from_files(
    history_path: str | Path, stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """Losses by epoch, from ``history.npz`` of the regress stage."""
    columns, meta = load_arrays(history_path)
    histories: list[dict[str, np.ndarray]] = [{} for _ in meta["best_epochs"]]
    for name, values in columns.items():
        member, column = name.split("/")
        histories[int(member.removeprefix("member"))][column] = values
    title = f"{style.pretty(_name(meta['hypotheses'], meta['kind']))} regression"
    return style.save(learning_curves(histories, title, config=config), stem, config)


def _name(hypotheses: Sequence[str], kind: str) -> str:
    return hypotheses[0] if len(hypotheses) == 1 else kind


def roc_from_files(
    roc_path: str | Path, group: str, stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """ROC curves of one group (``discriminant``, ``simple``, ``global`` or ``parametric``), from ``roc.npz``.

    Raises:
        InputError: the file has no such group.
    """
    curves = load_curves(roc_path)
    if group not in curves:
        raise InputError(f"{roc_path}: no ROC curves {group!r}{nearest(group, curves)}")
    title = "discriminant of two weights" if group == "discriminant" else f"{group} classifier, test events"
    return style.save(roc_curves(curves[group], title, config), stem, config)


def probabilities_from_files(
    scores_path: str | Path, kind: str, stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """Outputs of one kind of classifier on the test events, from ``scores.npz``.

    Raises:
        InputError: the file has no such classifier.
    """
    columns, meta = load_arrays(scores_path)
    if f"{kind}/probability" not in columns:
        kinds = [c.removesuffix("/probability") for c in columns if c.endswith("/probability")]
        raise InputError(f"{scores_path}: no classifier {kind!r}{nearest(kind, kinds)}")
    figure = class_probabilities(
        columns[f"{kind}/probability"],
        columns[f"{kind}/class"],
        meta["classes"],
        f"{kind} classifier",
        config,
    )
    return style.save(figure, stem, config)


def likelihood_map_from_files(
    likelihood_path: str | Path, stem: Stem, config: FiguresConfig | None = None
) -> list[Path]:
    """Likelihood over (mH, mA), from ``likelihood.csv`` (and its .json) of the scan stage."""
    scan, facts = load_likelihood(likelihood_path)
    truth = facts.get("truth")
    sample = facts.get("sample")
    title = f"{style.pretty(sample)} events" if isinstance(sample, str) else ""
    figure = likelihood_map(scan, (truth[0], truth[1]) if truth else None, title, config)
    return style.save(figure, stem, config)
