"""Figures and tables of the paper are targets by their numbers; what a configuration cannot give is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from snakemake_run import SMALL

ROOT = Path(__file__).parents[2]
TARGETS = (
    "fig02_information_drell_yan",
    "fig03_information_ttbar",
    "fig04_information_hza_by_sample",
    "fig05_information_hza",
    "fig06_interpolation",
    "fig11_invalid_drell_yan",
    "fig12_invalid_ttbar",
    "tab01_weights",
    "tab02_times",
    "tab03_regression",
    "tab_regression",
    "fig_regression_mass_points",
)


def test_all_targets_are_one_dry_run_of_the_papers_configuration(workflow, job_counts):
    (workflow.folder / "tests").symlink_to(ROOT / "tests")
    run = workflow("-n", *TARGETS, config=ROOT / "config/paper.yaml")
    assert run.returncode == 0, run.stdout
    counts = job_counts(run.stdout)
    assert {name: counts[name] for name in TARGETS} == dict.fromkeys(TARGETS, 1)
    everything = job_counts(workflow("-n", "all_paper_regression", config=ROOT / "config/paper.yaml").stdout)
    del everything["all_paper_regression"], everything["total"], counts["total"]
    assert everything == counts
    # a job for each sample, of the 1,000 and 5,000 test events that the paper has
    assert counts["weigh_interpolation"] == counts["first_try"] / 2 == 25


def test_test_events_are_weighed_in_shards(workflow, job_counts):
    paper = {
        "interpolation": {"point": [480, 300], "hza_events": 4, "other_events": 15},
        "samples": ["tt", "za"],
    }
    workflow.configure(**SMALL | {"paper": paper})
    run = workflow("-n", "fig06_interpolation", "tab03_regression")
    assert run.returncode == 0, run.stdout
    assert "Weighing test events 0 10 of tt with hza_480_300" in run.stdout
    assert "Weighing test events 10 15 of tt with hza_480_300" in run.stdout
    assert "Weighing test events 0 4 of za with hza_480_300" in run.stdout
    counts = job_counts(run.stdout)
    assert counts["weigh_interpolation"] == 3
    assert "effects" not in counts  # no shifted jets: nominal rows only


@pytest.mark.parametrize(
    ("target", "config", "message"),
    [
        ("fig05_information_hza", {}, "paper.hza: hza_800_400 is not among the hypotheses"),
        ("fig04_information_hza_by_sample", {}, "paper.by_sample: hza_250_100 is not among the hypotheses"),
        (
            "fig02_information_drell_yan",
            {"hypotheses": {"drell_yan": False, "hza": [[500, 300]]}, "classify": {"discriminants": []}},
            "no drell_yan regressor: hypotheses.drell_yan of the configuration names none",
        ),
        ("tab01_weights", {"paper": {"samples": ["tz"]}}, "paper.samples: 'tz' is no sample; did you mean"),
        (
            "fig06_interpolation",
            {"paper": {"interpolation": {"point": [300, 250]}}},
            "H -> Z A is closed",
        ),
    ],
)
def test_what_the_configuration_cannot_give_is_said(workflow, target, config, message):
    workflow.configure(**SMALL | config)
    run = workflow("-n", target)
    assert run.returncode != 0
    assert message in run.stdout
