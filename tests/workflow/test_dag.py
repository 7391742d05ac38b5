"""The DAG before anything runs: counts, refusals, code and configuration as triggers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake_run import SMALL

from momentax.config import load_config
from momentax.estimate import estimate

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml", "showered.yaml", "validation.yaml"])
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


def test_varied_samples_are_weighed_anew_and_reweightings_are_not(workflow, job_counts):
    shifts = {
        "jes_up": {"kind": "jet_energy_scale", "factor": 1.1},
        "binned": {"kind": "detector", "detector": {"kind": "binned"}},
        "muF_up": {"kind": "scales", "muF": 2.0},
    }
    variations = {"samples": ["tt"], "max_events": 15, "shifts": shifts, "discriminant": None}
    path = workflow.configure(**(SMALL | {"variations": variations}))
    run = workflow("all_variations", "-n")
    assert run.returncode == 0, run.stdout
    counts, expected = job_counts(run.stdout), estimate(load_config(path)).jobs
    assert {r: counts[r] for r in ("vary", "weigh", "effects")} == {
        r: expected[r] for r in ("vary", "weigh", "effects")
    }
    assert counts["vary"] == 2 and counts["effects"] == 3
    ranges = re.findall(r"Weighing entries (\d+) (\d+) of tt__jes_up", run.stdout)
    assert sorted((int(a), int(b)) for a, b in ranges) == [(0, 10), (10, 15)], run.stdout
    assert "tt__muF_up" not in run.stdout


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


def test_a_surface_takes_the_place_of_most_cross_sections(workflow, job_counts):
    """14 nodes for 30 mass points; classifiers and the scan read the surface, the estimate counts the same jobs."""
    points = [[500 + 10 * i, 250 + 10 * j] for i in range(6) for j in range(5)]
    scan = {"samples": ["za"], "sigma_vis": "surface", "surface": {"n_nodes": 14}}
    config = SMALL | {"hypotheses": {"hza": points}, "scan": scan}
    path = workflow.configure(**config)
    (workflow.folder / "tests").symlink_to(ROOT / "tests")
    run = workflow("-n")
    assert run.returncode == 0, run.stdout
    counts, expected = job_counts(run.stdout), estimate(load_config(path)).jobs
    assert (counts["cross_section"], counts["surface"], counts["figure_surface"]) == (16, 1, 1)
    assert {rule: counts[rule] for rule in expected} == expected
    one = job_counts(workflow("results/scan/za/likelihood.csv", "-n").stdout)
    assert (one["cross_section"], one["surface"]) == (14, 1)
    workflow.configure(**config | {"scan": scan | {"surface": {"nodes": points[:13]}}})
    assert job_counts(workflow("results/cross_sections/surface.json", "-n").stdout)["cross_section"] == 13


def test_every_sample_and_hypothesis_has_a_row_of_the_cross_sections(workflow, job_counts):
    workflow.configure(**SMALL)
    counts = job_counts(workflow("results/tables/cross_sections.csv", "-n").stdout)
    assert (counts["cross_section"], counts["sample_cross_section"], counts["simulate"]) == (4, 2, 2)


def test_validation_run_weighs_nothing(workflow, job_counts):
    (workflow.folder / "tests").symlink_to(ROOT / "tests")
    run = workflow("all_validation", "-n", config=ROOT / "config/validation.yaml")
    assert run.returncode == 0, run.stdout
    counts = job_counts(run.stdout)
    del counts["all_validation"], counts["total"]
    pairs = dict.fromkeys(("compare", "figure_kinematics"), 3) | {"table_kinematics": 1}
    signals = dict.fromkeys(("mass_plane", "figure_mass_plane"), 7) | {"figure_mass_centres": 1}
    assert counts == pairs | signals | {"shower": 10, "merge_showered": 9, "read": 12}


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
