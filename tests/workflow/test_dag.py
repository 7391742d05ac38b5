"""The DAG before anything runs: counts, refusals, code and configuration as triggers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from momentax.config import load_config
from momentax.estimate import estimate

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


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml"])
def test_dry_run_has_the_jobs_that_the_estimate_counts(workflow, job_counts, name):
    path = ROOT / "config" / name
    (workflow.folder / "tests").symlink_to(ROOT / "tests")  # events that config.yaml reads
    run = workflow("-n", config=path)
    assert run.returncode == 0, run.stdout
    counts = job_counts(run.stdout)
    expected = estimate(load_config(path)).jobs
    assert {rule: counts[rule] for rule in expected} == expected


def test_shards_are_fixed_ranges_of_entries(workflow):
    workflow.configure(**SMALL)
    run = workflow("-n", "results/weights/tt.root")
    ranges = re.findall(r"Weighing entries (\d+) (\d+) of tt", run.stdout)
    assert sorted((int(a), int(b)) for a, b in ranges) == [(0, 10), (10, 20), (20, 25)], run.stdout


def test_a_mistake_in_the_configuration_stops_it_before_anything_runs(workflow):
    workflow.configure(physics={"integration": {"relative_acuracy": 0.1}})
    run = workflow("-n")
    assert run.returncode != 0
    assert "physics.integration.relative_acuracy: unknown key; did you mean 'relative_accuracy'" in run.stdout
    assert "Traceback" not in run.stdout


def test_a_missing_input_file_is_named(workflow):
    workflow.configure(
        samples={"mine": {"kind": "file", "path": "not/there.root", "max_events": 5}},
        scan={"samples": ["mine"]},
    )
    run = workflow("-n", "results/events/mine.root")
    assert run.returncode != 0
    assert "MissingInputException" in run.stdout
    assert "not/there.root" in run.stdout


def test_lint_finds_nothing(workflow):
    run = workflow("--lint", config=ROOT / "config/config.yaml")
    assert run.returncode == 0, run.stdout


def test_snakefiles_are_formatted():
    command = [sys.executable, "-m", "snakefmt", "--check", "--line-length", "110", "Snakefile", "workflow"]
    run = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
