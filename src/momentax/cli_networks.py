"""Commands of the networks: ``momentax predict | train | export``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from momentax.cli_progress import progress_bar
from momentax.errors import ConfigError, InputError

KINDS = ("drell_yan", "ttbar", "hza")
Command = Callable[[str, Callable[[argparse.Namespace], None], str], argparse.ArgumentParser]


def predict(args: argparse.Namespace) -> None:
    """``momentax predict``."""
    from momentax.config import load_config
    from momentax.regress.inference import Fallback
    from momentax.regress.predict_file import predict_file, text

    config = load_config(args.config)
    if args.max_uncertainty is not None and args.fallback is None:
        raise InputError(
            "--max-uncertainty says what the integral takes over: give --fallback integral with it"
        )
    fallback = None if args.fallback is None else Fallback(config.physics, args.max_uncertainty)
    targets = _targets(args)
    about = {"regressor": args.model or "shipped", "masses": args.masses}
    selection = config.selection.model_dump()
    with progress_bar() as report:
        counts = predict_file(args.events, targets, args.out, fallback, report, selection, about)
    for label, count in counts.items():
        print(f"{count['events']} events, {text(label, count, fallback is not None)}")


def _targets(args: argparse.Namespace) -> list[Any]:
    """The regressors that are asked for, each at its hypothesis."""
    from momentax.config import hza_label
    from momentax.regress.inference import Target, target
    from momentax.regress.pretrained import open_regressor

    if args.masses and args.hypothesis:
        raise InputError(
            "--masses is the mass point of --model alone; with --hypothesis it is part of the label, hza_500_300"
        )
    if args.model is None:
        if args.masses or not args.hypothesis:
            raise InputError(
                "say which hypothesis: --hypothesis drell_yan ttbar hza_500_300, or --model regressor.npz"
            )
        return [target(label) for label in args.hypothesis]
    regressor = open_regressor(args.model)
    if args.hypothesis:
        return [target(label, regressor) for label in args.hypothesis]
    if regressor.kind != "hza" and args.masses:
        raise InputError(f"a regressor of {regressor.kind} has no mass parameters: leave --masses out")
    if regressor.kind == "hza":
        if not args.masses:
            raise InputError("this regressor is parametric: give --masses MH MA, or --hypothesis hza_MH_MA")
        return [target(hza_label(*args.masses), regressor)]
    return [Target(regressor.kind, regressor, None)]


def train(args: argparse.Namespace) -> None:
    """``momentax train``."""
    from momentax.config import load_config
    from momentax.regress import train_from_files
    from momentax.regress.pretrained import open_regressor

    config = load_config(args.config)
    section = getattr(config.regress, args.kind)
    start = None
    if args.start is not None:
        from momentax.regress.continued import continued

        start = open_regressor(args.start, args.kind)
        if start.kind != args.kind:
            raise ConfigError(f"--from {args.start}: a regressor of {start.kind}, --kind is {args.kind}")
        section = continued(section, start, _given(args.config, args.kind))
    member, total = 1, section.epochs * section.members
    with progress_bar() as report:

        def log(line: str) -> None:
            nonlocal member
            if found := re.match(r"network (\d+)", line):
                member = int(found[1])
            elif found := re.match(r"epoch (\d+)", line):
                report("epochs", (member - 1) * section.epochs + int(found[1]), total)

        train_from_files(
            args.events, args.weights, args.kind, section, args.out, log, start=start, physics=config.physics
        )
    print(f"regressor and metrics in {args.out}")


def _given(path: str | None, kind: str) -> set[str]:
    """Settings of ``regress.<kind>`` that the configuration file itself states."""
    if path is None:
        return set()
    content = yaml.safe_load(Path(path).read_text()) or {}
    found = (content.get("regress") or {}).get(kind) or {}
    return set(found) if isinstance(found, dict) else set()


def export(args: argparse.Namespace) -> None:
    """``momentax export``."""
    from momentax.regress.pretrained import open_regressor

    regressor = open_regressor(args.regressor)
    if args.single:
        regressor = regressor.single()
    if args.format == "onnx":
        from momentax.export.onnx import write_onnx as write
    else:
        from momentax.export.stablehlo import write_stablehlo as write
    write(regressor, args.out)
    size = Path(args.out).stat().st_size / 1e6
    print(f"{args.out}: {regressor.kind}, {len(regressor.members)} networks, {size:.1f} MB")


def add(command: Command, config_help: str) -> None:
    """Add the commands; ``command`` makes the parser of one."""
    sub = command(
        "predict",
        predict,
        "Informations -log10 W of the events of a ROOT file by networks, those that come with the package or others; "
        "with --fallback integral by the integral where the networks do not vouch for their number.",
    )
    sub.add_argument("events", help="events: own schema, flat tree or NanoAOD")
    sub.add_argument(
        "--hypothesis",
        nargs="+",
        metavar="H",
        help="drell_yan, ttbar, hza_500_300; several make columns information_H, ...",
    )
    sub.add_argument(
        "--model", help="regressor.npz, or shipped:KIND; without it those that come with the package"
    )
    sub.add_argument(
        "--masses", nargs=2, type=float, metavar=("MH", "MA"), help="mass point in GeV of an hza --model"
    )
    sub.add_argument("--out", required=True, help="ROOT file to write: tree Predictions")
    sub.add_argument(
        "--fallback",
        choices=("integral",),
        help="what gives the information of events that are out of the domain of the training (or too uncertain); "
        "without it they keep the network's, flagged",
    )
    sub.add_argument(
        "--max-uncertainty",
        type=float,
        metavar="X",
        help="with --fallback: also events whose uncertainty of I exceeds this (default: only those out of the domain)",
    )
    sub.add_argument("--config", help=f"{config_help}: physics of the integral, selection of NanoAOD")

    sub = command("train", train, "Train the regressor of one kind of hypothesis.")
    sub.add_argument("--kind", required=True, choices=KINDS, help="kind of hypothesis")
    sub.add_argument("--events", required=True, nargs="+", help="events files")
    sub.add_argument("--weights", required=True, nargs="+", help="weights files, in the same order")
    sub.add_argument(
        "--out",
        required=True,
        type=Path,
        help="folder of regressor.npz, metrics.json and data of figures; checkpoints meanwhile: the same command goes "
        "on with a training that was killed",
    )
    sub.add_argument(
        "--from",
        dest="start",
        metavar="REGRESSOR",
        help="go on from the networks of regressor.npz, or `shipped`: with its inputs, topology and number of networks "
        "unless the configuration states others",
    )
    sub.add_argument("--config", help=config_help)

    sub = command(
        "export",
        export,
        "Write a regressor as a program that needs no momentax: StableHLO, or ONNX for C++ (by the extra `export`).",
    )
    sub.add_argument("regressor", help="regressor.npz, or shipped:KIND")
    sub.add_argument("--format", required=True, choices=("stablehlo", "onnx"), help="what to write")
    sub.add_argument("--out", required=True, help="file to write")
    sub.add_argument(
        "--single",
        action="store_true",
        help="the first network alone: faster, without the spread of the ensemble",
    )
