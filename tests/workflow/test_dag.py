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


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml", "showered.yaml"])
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


def test_showered_samples_are_sharded_merged_and_read(workflow, job_counts):
    showered = {"kind": "showered", "hypothesis": "hza_500_300", "n_partons": 25, "partons_per_job": 10}
    config = SMALL | {"samples": SMALL["samples"] | {"za": showered}}
    path = workflow.configure(**config)
    run = workflow("-n", "results/weights/za.root")
    assert run.returncode == 0, run.stdout
    ranges = re.findall(r"Showering parton events (\d+) (\d+) of za", run.stdout)
    assert sorted((int(a), int(b)) for a, b in ranges) == [(0, 10), (10, 20), (20, 25)], run.stdout
    counts, expected = job_counts(run.stdout), estimate(load_config(path)).jobs
    assert (counts["merge_showered"], counts["read"], counts["weigh"]) == (1, 1, 3)
    assert {rule: expected[rule] for rule in ("shower", "merge_showered", "read")} == {
        rule: counts[rule] for rule in ("shower", "merge_showered", "read")
    }
    assert "Reading za from results/showered/za.root" in run.stdout


def test_showered_run_fits_before_it_scans_and_weighs_no_shard(workflow, job_counts):
    (workflow.folder / "tests").symlink_to(ROOT / "tests")
    run = workflow("all_validation", "-n", config=ROOT / "config/showered.yaml")
    assert run.returncode == 0, run.stdout
    counts = job_counts(run.stdout)
    expected = {"shower": 4, "read": 6, "fit_transfer": 1, "scan_plane": 3, "compare": 3, "figure_planes": 1}
    expected |= {"detector_scores": 2, "figure_detector_roc": 1}
    assert {rule: counts.get(rule) for rule in expected} == expected
    assert "weigh" not in counts and "cross_section" not in counts
    # the configured detector waits for no fit
    one = job_counts(
        workflow(
            "results/showered/validation/showered_hza_configured/likelihood.csv",
            "-n",
            config=ROOT / "config/showered.yaml",
        ).stdout
    )
    assert one["scan_plane"] == 1 and "fit_transfer" not in one


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
