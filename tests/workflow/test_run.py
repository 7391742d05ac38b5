"""Real runs on a few events: shards do not matter, an interrupted run is taken up, changes rerun stages."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from snakemake_run import Workflow

from momentax.config import PhysicsConfig, RecomputeConfig
from momentax.events import read_events
from momentax.recompute import recompute_file
from momentax.weigh_file import weigh_file
from momentax.weights_io import read_weights

ROOT = Path(__file__).parents[2]
# mass points separately: the second pass needs weights that the first one leaves open
PHYSICS = {"integration": {"n_eval": [4096], "relative_accuracy": 0.007, "mass_points": "separately"}}
RECOMPUTE = {"n_eval": [16384], "events_per_job": 4}
CONFIG = {
    "physics": PHYSICS,
    "recompute": RECOMPUTE,
    "samples": {
        "za": {"kind": "file", "path": "za.root", "max_events": 9, "hypothesis": "hza_500_300"},
    },
    "hypotheses": {"drell_yan": False, "ttbar": [], "hza": [[500, 300], [450, 300]]},
    "classify": {"discriminants": [["hza_500_300", "hza_450_300"]]},
    "shards": {"events_per_shard": 3},
    "scan": {"samples": ["za"]},
}
WEIGHTS = "results/weights/za.root"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run in three shards, killed after its first and then taken up: (workflow, first shard, its time)."""
    workflow = Workflow(tmp_path_factory.mktemp("run"))
    shutil.copy(ROOT / "tests/data/events/za_500_300_600.root", workflow.folder / "za.root")
    workflow.configure(**CONFIG)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax/tests")}
    first = subprocess.Popen(
        [*command, WEIGHTS, "--configfile", "config.yaml"],
        cwd=workflow.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    shards = workflow.folder / "results/shards/za"
    deadline = time.monotonic() + 600
    while not list(shards.glob("*.root")) and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    done = list(shards.glob("*.root"))
    assert first.poll() is None and len(done) == 1, "the run was to be killed after its first shard"
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    written = done[0].stat().st_mtime_ns
    unlock = workflow("--unlock")
    assert unlock.returncode == 0, unlock.stdout
    second = workflow("--rerun-incomplete", WEIGHTS)
    assert second.returncode == 0, second.stdout
    return workflow, done[0], written


def test_an_interrupted_run_is_taken_up_and_keeps_what_is_complete(finished):
    workflow, shard, _ = finished
    assert (workflow.folder / WEIGHTS).exists()
    lengths = [len(read_weights(workflow.folder / f"results/shards/za/{i}.root").event) for i in range(3)]
    assert lengths[:2] == [3, 3]
    assert sum(lengths) == len(read_weights(workflow.folder / WEIGHTS).event)
    # nothing but complete files: no temporary one was left behind under a name that looks like a result
    assert sorted(p.name for p in shard.parent.glob("*.root") if not p.name.startswith(".")) == [
        "0.root",
        "1.root",
        "2.root",
    ]


def test_one_shard_equals_three_bit_for_bit(finished, tmp_path):
    workflow, *_ = finished
    merged = read_weights(workflow.folder / WEIGHTS)
    first, whole = tmp_path / "first.root", tmp_path / "whole.root"
    labels = ["hza_500_300", "hza_450_300"]
    events, physics = workflow.folder / "results/events/za.root", PhysicsConfig.model_validate(PHYSICS)
    weigh_file(events, labels, first, physics)
    counts = recompute_file(events, first, whole, physics, RecomputeConfig.model_validate(RECOMPUTE))
    assert all(n["replaced"] > 0 for n in counts.values())
    one = read_weights(whole)
    assert np.array_equal(one.event, merged.event)
    assert 6 <= len(one.event) <= 9
    for label in labels:
        assert one.weights[label].tobytes() == merged.weights[label].tobytes()
        assert (one.weights[label]["value"] > 0).all()


def test_every_job_left_a_log_with_its_progress_and_a_benchmark(finished):
    workflow, *_ = finished
    for name in ("read/za", "weigh/za/0", "weigh/za/1", "weigh/za/2", "merge/za", "recompute/za/0"):
        assert "done in" in (workflow.folder / f"results/logs/{name}.log").read_text()
        assert "cpu_time" in (workflow.folder / f"results/benchmarks/{name}.tsv").read_text()
    assert "hza_450_300" in (workflow.folder / "results/logs/weigh/za/0.log").read_text()


def test_a_changed_section_reruns_the_stages_that_use_it(finished, job_counts):
    workflow, *_ = finished
    assert "Nothing to be done" in workflow("-n", WEIGHTS).stdout
    workflow.configure("seed.yaml", **CONFIG | {"physics": PHYSICS | {"sqrt_s": 13600.0}})
    counts = job_counts(workflow("-n", WEIGHTS, config="seed.yaml").stdout)
    second = {"recompute": 3, "merge_recomputed": 1}
    assert counts == {"merge": 1, "weigh": 3, "total": 8} | second
    workflow.configure("cuts.yaml", **CONFIG | {"selection": {"jet_pt_min": 40}})
    counts = job_counts(workflow("-n", WEIGHTS, config="cuts.yaml").stdout)
    assert counts == {"merge": 1, "read": 1, "weigh": 3, "total": 9} | second
    workflow.configure("again.yaml", **CONFIG | {"recompute": RECOMPUTE | {"n_eval": [32768]}})
    counts = job_counts(workflow("-n", WEIGHTS, config="again.yaml").stdout)
    assert counts == {"total": 4} | second


def test_a_bad_events_file_is_named_and_leaves_no_output(finished):
    workflow, *_ = finished
    (workflow.folder / "broken.root").write_text("this is no ROOT file")
    broken = {"kind": "file", "path": "broken.root", "max_events": 5}
    workflow.configure("broken.yaml", **CONFIG | {"samples": {"bad": broken}, "scan": {"samples": ["bad"]}})
    run = workflow("results/events/bad.root", config="broken.yaml")
    assert run.returncode != 0
    assert "broken.root" in run.stdout
    log = (workflow.folder / "results/logs/read/bad.log").read_text()
    assert "broken.root" in log
    assert "Traceback" not in log
    assert not (workflow.folder / "results/events/bad.root").exists()


def test_merged_metadata_say_what_the_weights_depend_on(finished):
    workflow, *_ = finished
    metadata = read_weights(workflow.folder / WEIGHTS).metadata
    assert PhysicsConfig.model_validate(metadata["config"]) == PhysicsConfig.model_validate(PHYSICS)
    assert RecomputeConfig.model_validate(metadata["recompute"]) == RecomputeConfig.model_validate(RECOMPUTE)
    assert metadata["shards"] == 3
    assert json.dumps(metadata)


def test_a_showered_sample_runs_from_partons_to_selected_events(tmp_path):
    workflow = Workflow(tmp_path)
    sample = {"kind": "showered", "hypothesis": "hza_500_300", "n_partons": 24, "partons_per_job": 16}
    workflow.configure(**CONFIG | {"samples": {"za": sample}})
    run = workflow("results/events/za.root")
    assert run.returncode == 0, run.stdout
    assert sorted(p.name for p in (tmp_path / "results/partons/za").iterdir()) == ["0.lhe.gz", "1.lhe.gz"]
    assert not list((tmp_path / "results/showered").glob("za/*.root"))  # temporary: merged
    events = read_events(tmp_path / "results/events/za.root")
    metadata = events.attrs["metadata"]
    assert metadata["truth_hypothesis"] == "hza_500_300"
    assert metadata["cut_flow"][0]["events"] == 24
    assert 4 <= len(events) < 24  # the selection keeps 59 %: less than 4 of 24 in one case of 10^5
    ids = np.asarray(events.event)
    assert len(set(ids)) == len(ids) and set(ids) <= set(range(24))
    assert set(np.asarray(events.mH)) == {500.0} and set(np.asarray(events.mA)) == {300.0}
    assert set(events.sample.tolist()) == {"za"}
