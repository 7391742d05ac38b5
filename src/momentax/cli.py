"""Command line: ``momentax inspect | select | weigh | predict | train | export | estimate``.

Exit status: 0 done, 1 a mistake in the input or the configuration (one message, no traceback), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from momentax import cli_networks
from momentax.cli_progress import progress_bar
from momentax.compile_cache import use_compile_cache
from momentax.errors import InputError, MomentaxError


def _weigh(args: argparse.Namespace) -> None:
    from momentax.config import load_config
    from momentax.weigh_file import weigh_file

    config = load_config(args.config)
    entries = None if args.entries is None else (args.entries[0], args.entries[1])
    with progress_bar() as report:
        counts = weigh_file(
            args.events,
            args.hypothesis,
            args.out,
            config.physics,
            entries,
            report,
            config.selection.model_dump(),
            config.variations.reweightings,
        )
    for label, count in counts.items():
        print(f"{label}: " + (", ".join(f"{n} {status}" for status, n in count.items()) or "no events"))


def _inspect(args: argparse.Namespace) -> None:
    from momentax.events import inspect

    print(inspect(args.file, tree=args.tree, branches=_mapping(args.branches), **_mapping(args.selection)))


def _select(args: argparse.Namespace) -> None:
    from momentax.config import load_config
    from momentax.events import Selection, select_file

    cuts = load_config(args.config).selection.model_dump() | _mapping(args.selection)
    cuts = Selection.from_keywords(cuts).to_dict()
    with progress_bar() as report:
        flow = select_file(
            args.file,
            args.out,
            tree=args.tree,
            branches=_mapping(args.branches) or None,
            progress=lambda done, total: report("entries", done, total),
            **cuts,
        )
    print(flow.to_text())


def _estimate(args: argparse.Namespace) -> None:
    from momentax.config import load_config
    from momentax.estimate import estimate, recorded_costs

    config = load_config(args.config)
    if args.recorded:
        costs = recorded_costs()
    else:
        from momentax.calibrate import calibrate

        costs = calibrate(config, log=lambda line: print(line, file=sys.stderr, flush=True))
    if args.costs:
        Path(args.costs).write_text(costs.to_json() + "\n")
    print(estimate(config, costs).to_text())


def _mapping(text: str | None) -> dict[str, Any]:
    """A YAML mapping from the command line, ``a: 1, b: 2`` with or without braces."""
    if not text:
        return {}
    try:
        value = yaml.safe_load(text if text.lstrip().startswith("{") else f"{{{text}}}")
    except yaml.YAMLError:
        value = None
    if not isinstance(value, dict) or (None in value.values() and "null" not in text):
        raise InputError(
            f"{text!r} is no list of `key: value`; write for instance 'jet_pt_min: 30, mll_min: 12'"
        )
    return value


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="momentax", description="Matrix Element Method weights and their networks."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    config_help = "YAML configuration; without it the defaults"

    def of_file(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("file", help="ROOT file")
        sub.add_argument("--tree", help="name of the TTree; without it the usual one of the format")
        sub.add_argument("--branches", help="branch map, 'lep_plus_pt: my_branch, ...'")
        sub.add_argument(
            "--selection", help="cuts that differ from the configuration's, 'jet_pt_min: 30, ...'"
        )

    sub = command("weigh", _weigh, "Weights of the events of a ROOT file, written to a ROOT file.")
    sub.add_argument("events", help="events: own schema, flat tree or NanoAOD (see `momentax inspect`)")
    sub.add_argument(
        "--hypothesis", nargs="+", required=True, metavar="H", help="drell_yan, ttbar, ttbar_173, hza_500_300"
    )
    sub.add_argument("--out", required=True, help="weights file to write")
    sub.add_argument("--config", help=config_help)
    sub.add_argument(
        "--entries", nargs=2, type=int, metavar=("START", "STOP"), help="only these entries of the file"
    )

    cli_networks.add(command, config_help)

    sub = command(
        "inspect",
        _inspect,
        "What the reader makes of a file: branches found and missing, events after each cut.",
    )
    of_file(sub)

    sub = command(
        "select",
        _select,
        "Selected events of any file the reader knows, in the schema of momentax: a ROOT file with its cut flow.",
    )
    of_file(sub)
    sub.add_argument("--config", help=f"{config_help}: its selection")
    sub.add_argument("--out", required=True, help="events file to write")

    sub = command(
        "estimate",
        _estimate,
        "Jobs, integrals and time of every stage of a configuration before it is submitted, measured on a few of its "
        "own events (minutes).",
    )
    sub.add_argument("config", nargs="?", help=config_help)
    sub.add_argument(
        "--recorded", action="store_true", help="at once, with the seconds that come with the package"
    )
    sub.add_argument("--costs", metavar="JSON", help="also write the measured seconds to this file")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``momentax``; returns the exit status."""
    args = parser().parse_args(arguments)
    use_compile_cache()
    try:
        args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read the output (head, less) has gone; what Python still holds goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MomentaxError as error:
        print(f"momentax: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
