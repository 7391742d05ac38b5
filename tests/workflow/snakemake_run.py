"""A Snakemake run of the workflow in a folder of its own, with a configuration of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SMALL = {
    "samples": {
        "tt": {"kind": "builtin", "hypothesis": "ttbar", "n_events": 25},
        "za": {"kind": "builtin", "hypothesis": "hza_500_300", "n_events": 10},
    },
    "hypotheses": {"hza": [[500, 300], [450, 300]]},
    "shards": {"events_per_shard": 10},
    "scan": {"samples": ["za"]},
}
"""A configuration of two small samples and two mass points."""


class Workflow:
    """Runs ``snakemake`` on the Snakefile of the project, from ``folder``."""

    def __init__(self, folder: Path):
        self.folder = folder

    def configure(self, name: str = "config.yaml", **config: object) -> Path:
        """Write a configuration file."""
        path = self.folder / name
        path.write_text(yaml.safe_dump(config))
        return path

    def __call__(
        self, *arguments: str, config: str | Path = "config.yaml"
    ) -> subprocess.CompletedProcess[str]:
        """The finished run, its text in ``stdout``."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
        environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax/tests")}
        return subprocess.run(
            [*command, *arguments, "--configfile", str(config)],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=900,
        )
