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


def test_touched_results_are_complete_and_a_changed_section_reruns_its_stages_only(workflow, job_counts):
    workflow.configure(**SMALL)
    listed = workflow("-n", "--quiet", "all", "--summary", "all_weights")
    files = [line.split("\t")[0] for line in listed.stdout.splitlines() if line.startswith("results/")]
    assert len(files) == 2 + 4 + 2, listed.stdout
    for name in files:
        path = workflow.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    touched = workflow("--touch", "all_weights")
    assert touched.returncode == 0, touched.stdout
    assert "Nothing to be done" in workflow("-n", "all_weights").stdout
    workflow.configure(**SMALL | {"physics": {"integration": {"seed": 2}}})
    again = job_counts(workflow("-n", "all_weights").stdout)
    assert again["weigh"] == 4
    workflow.configure(**SMALL | {"seed": 2})
    again = job_counts(workflow("-n", "all_weights").stdout)
    assert again["simulate"] == 2


def test_lint_finds_nothing(workflow):
    run = workflow("--lint", config=ROOT / "config/config.yaml")
    assert run.returncode == 0, run.stdout


def test_snakefiles_are_formatted():
    command = [sys.executable, "-m", "snakefmt", "--check", "--line-length", "110", "Snakefile", "workflow"]
    run = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
