"""What the scripts share: their job's files and parameters from a rule or from the command line, and its log.

A script run by a rule gets everything from ``snakemake``; run by hand, from options: ``--events in.root``,
``--weights out.root``, and parameters as YAML, ``--physics '{mt: 173}'``.
"""

import argparse
import contextlib
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import yaml

# The library beside the workflow, where it is not installed (conda environments hold its dependencies only).
sys.path.append(str(Path(__file__).parents[2] / "src"))

# Before jax is loaded; jax in the parent process may have set another.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from momentax.compile_cache import use_compile_cache

# Jobs share what JAX compiles.
use_compile_cache(Path(".cache/jax"))


def job(snakemake, description, inputs=(), outputs=(), params=(), wildcards=()):
    """Files, parameters and wildcards of a job as attributes; ``snakemake`` is None when run by hand.

    An input is always a list of paths, an output one path.
    """
    if snakemake is None:
        parser = argparse.ArgumentParser(description=description)
        for name in inputs:
            parser.add_argument(f"--{name}", required=True, nargs="+", help="input file(s)")
        for name in outputs:
            parser.add_argument(f"--{name}", required=True, help="output file")
        for name in (*params, *wildcards):
            parser.add_argument(f"--{name}", required=True, type=yaml.safe_load, help="value as YAML")
        return SimpleNamespace(log=None, **vars(parser.parse_args()))
    read = {name: snakemake.input[name] for name in inputs}
    values = {name: list(f) if isinstance(f, (list, tuple)) else [str(f)] for name, f in read.items()}
    values |= {name: snakemake.output[name] for name in outputs}
    values |= {name: snakemake.params[name] for name in params}
    values |= {name: snakemake.wildcards[name] for name in wildcards}
    return SimpleNamespace(log=str(snakemake.log[0]), **values)


class _Progress:
    """Reports of (what, done, total) as log lines, at most one in ten seconds and the last."""

    def __init__(self, logger):
        self._logger, self._next = logger, 0.0

    def __call__(self, what, done, total):
        if time.monotonic() >= self._next or done == total:
            self._next = time.monotonic() + 10
            self._logger.info("%s: %d of %d", what, done, total)


@contextlib.contextmanager
def logged(given):
    """Run the block with its progress in the job's log; a mistake of the user ends it without a traceback."""
    handlers = [logging.StreamHandler()] + ([logging.FileHandler(given.log, mode="w")] if given.log else [])
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", handlers=handlers, force=True
    )
    for noisy in ("jax", "absl", "matplotlib", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    from momentax.errors import MomentaxError

    start = time.perf_counter()
    logger = logging.getLogger("momentax")
    logger.progress = _Progress(logger)
    try:
        yield logger
    except MomentaxError as error:
        logger.error("%s", error)
        sys.exit(1)
    except Exception:
        logger.error("%s", traceback.format_exc())
        sys.exit(1)
    logger.info("done in %.1f s", time.perf_counter() - start)
