"""The transfer stage: a fit by itself, and before the weights that use its table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from momentax.config import load_config
from momentax.transfer import detector_from_config

ROOT = Path(__file__).parents[2]
TABLE = "results/transfer/tt.npz"
WEIGHTS = "results/weights/za.root"
CONFIG = {
    "samples": {"za": {"kind": "builtin", "hypothesis": "hza_500_300", "n_events": 4}},
    "hypotheses": {"drell_yan": False, "ttbar": [], "hza": [[500, 300]]},
    "classify": {"discriminants": []},
    "scan": {"samples": ["za"]},
    "transfer": {"samples": {"tt": {"path": "tt.root", "max_events": 600}}},
}
USED = CONFIG | {"physics": {"detector": {"kind": "binned", "table": TABLE}}}


@pytest.fixture
def with_events(workflow):
    """A workflow in a folder that has the events to be fitted."""
    shutil.copy(ROOT / "tests/data/events/tt_600.root", workflow.folder / "tt.root")
    return workflow


def test_fit_comes_before_whatever_uses_its_table(with_events, job_counts):
    with_events.configure(**CONFIG)
    assert "fit_transfer" not in job_counts(with_events("-n", WEIGHTS).stdout)
    with_events.configure("used.yaml", **USED)
    for target in (WEIGHTS, "results/events/za.root", "results/cross_sections/hza_500_300.json"):
        assert job_counts(with_events("-n", target, config="used.yaml").stdout)["fit_transfer"] == 1, target


def test_fit_writes_a_section_that_the_configuration_takes(with_events, job_counts, monkeypatch):
    with_events.configure(**CONFIG)
    run = with_events(TABLE)
    assert run.returncode == 0, run.stdout
    folder = with_events.folder
    section = yaml.safe_load((folder / "results/transfer/tt.yaml").read_text())
    facts = json.loads((folder / "results/transfer/tt.json").read_text())
    assert facts["config"] == section
    smeared = yaml.safe_load((folder / "results/transfer/tt_smeared.yaml").read_text())["physics"]["detector"]
    assert smeared["directions"]["kind"] == "smeared"
    assert smeared["recoil"]["c"] > section["physics"]["detector"]["recoil"]["c"]
    assert facts["fit"]["pairs"]["b_preFSR"]["matched"] > 1000
    assert "done in" in (folder / "results/logs/transfer/tt.log").read_text()
    monkeypatch.chdir(folder)
    detector = detector_from_config(load_config(CONFIG | section).physics.detector)
    assert float(detector.recoil.sigma_u) == section["physics"]["detector"]["recoil"]["sigma_u"]
    with_events.configure("used.yaml", **CONFIG | section)
    counts = job_counts(with_events("-n", WEIGHTS, config="used.yaml").stdout)
    assert "fit_transfer" not in counts and counts["weigh"] == 1


def test_too_few_events_are_said_in_the_log(with_events):
    few = {"samples": {"tt": {"path": "tt.root", "max_events": 40}}}
    with_events.configure(**CONFIG | {"transfer": few})
    assert with_events(TABLE).returncode != 0
    log = (with_events.folder / "results/logs/transfer/tt.log").read_text()
    assert "too few events (40) to fit transfer functions: electron" in log
    assert "Traceback" not in log
    assert not (with_events.folder / TABLE).exists()
