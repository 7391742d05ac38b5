"""Command line: help, one clear message for a mistake, and each command on a small file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
import uproot

from momentax.cli import main
from momentax.compile_cache import cache_folder, use_compile_cache
from momentax.config import load_config
from momentax.estimate import estimate, recorded_costs
from momentax.weights_io import read_weights

EVENTS = Path(__file__).parent / "data/events/za_500_300_600.root"


@pytest.mark.parametrize("command", ["inspect", "select", "weigh", "predict", "train", "export", "estimate"])
def test_help_tells_every_argument(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"momentax {command}" in capsys.readouterr().out


def test_wrong_usage_is_status_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["weigh", str(EVENTS)])
    assert ended.value.code == 2
    assert "--hypothesis" in capsys.readouterr().err


def test_a_mistake_is_one_message_and_status_1(tmp_path, capsys):
    out = tmp_path / "w.root"
    assert main(["weigh", str(EVENTS), "--hypothesis", "tbar", "--out", str(out)]) == 1
    assert "did you mean 'ttbar'" in capsys.readouterr().err
    assert main(["weigh", "none.root", "--hypothesis", "ttbar", "--out", str(out)]) == 1
    assert "none.root: no such file" in capsys.readouterr().err
    assert main(["inspect", str(EVENTS), "--selection", "jet_pt: 3"]) == 1
    assert "did you mean 'jet_pt_min'" in capsys.readouterr().err
    assert main(["inspect", str(EVENTS), "--selection", "jet_pt_min"]) == 1
    assert "key: value" in capsys.readouterr().err
    assert not out.exists()


def test_a_second_call_compiles_nothing_again(tmp_path):
    folder, config = tmp_path / "cache", tmp_path / "c.yaml"
    config.write_text("physics: {integration: {n_eval: [4096], relative_accuracy: 0.1}}")
    asked = [str(EVENTS), "--hypothesis", "hza_500_300", "--entries", "0", "1", "--config", str(config)]
    command = [sys.executable, "-m", "momentax.cli", "weigh", *asked, "--out", str(tmp_path / "w.root")]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XDG_"))}
    # all compilations are kept: whether one takes longer than the threshold changes from run to run
    environment |= {"XDG_CACHE_HOME": str(folder), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    kept = []
    for _ in range(2):
        run = subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True)
        assert run.returncode == 0, run.stderr
        kept.append({p.name for p in folder.rglob("*-cache")})
    assert kept[0]
    assert kept[1] == kept[0]
    assert all("momentax/jax" in str(p) for p in folder.rglob("*-cache"))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((), "user/momentax/jax"),
        ((".cache/jax",), ".cache/jax"),
        (("src/momentax",), "user/momentax/jax"),
        (("src/momentax", "Snakefile"), ".cache/jax"),
    ],
)
def test_compiled_code_is_kept_with_the_project_or_with_the_user(tmp_path, monkeypatch, there, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    for name in there:
        path = tmp_path / name
        path.touch() if name == "Snakefile" else path.mkdir(parents=True)
    assert cache_folder().absolute() == tmp_path / expected


def test_the_environment_goes_before_it(tmp_path, monkeypatch):
    before = jax.config.jax_compilation_cache_dir
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    try:
        use_compile_cache(tmp_path / "other")
        assert jax.config.jax_compilation_cache_dir == str(tmp_path)
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_module_runs_without_traceback():
    command = [sys.executable, "-m", "momentax.cli", "inspect", "none.root"]
    run = subprocess.run(command, text=True, capture_output=True)
    assert run.returncode == 1
    assert run.stderr.startswith("momentax: none.root: no such file")
    assert "Traceback" not in run.stderr


def test_inspect_shows_branches_and_cuts(capsys):
    assert main(["inspect", str(EVENTS), "--selection", "jet_pt_min: 60"]) == 0
    shown = capsys.readouterr().out
    assert "600 entries" in shown
    assert "pT > 60" in shown


def test_a_reader_that_leaves_is_no_mistake():
    """`momentax inspect FILE | head -1`: no traceback when the pipe is closed."""
    command = f"{sys.executable} -m momentax.cli inspect {EVENTS} | head -c 1"
    run = subprocess.run(command, shell=True, text=True, capture_output=True)
    assert run.stdout == "f"
    assert "Traceback" not in run.stderr and "BrokenPipe" not in run.stderr


def test_select_writes_a_file_of_the_schema_with_its_cut_flow(tmp_path, capsys):
    """A tree that only a branch map makes readable; the configuration's cuts, changed on the command line."""
    ntuple, out, config = (tmp_path / name for name in ("ntuple.root", "selected.root", "c.yaml"))
    with uproot.open(EVENTS) as file:
        given = file["Events"].arrays(library="np")
    names = {"l1": "lepA", "l2": "lepB", "b1": "jetA", "b2": "jetB"}
    columns = {
        f"{names[k[:2]]}_{k[3:]}": v for k, v in given.items() if k[:2] in names and v.dtype.kind in "fi"
    }
    columns |= {"met": given["MET_pt"], "phi": given["MET_phi"]}
    with uproot.recreate(ntuple) as file:
        file.mktree("t", {k: v.dtype for k, v in columns.items()})
        file["t"].extend(columns)
    assert main(["select", str(ntuple), "--out", str(out)]) == 1
    assert "no known format" in capsys.readouterr().err
    assert main(["select", str(ntuple), "--out", str(out), "--branches", "l1_pt: lepA_pt"]) == 1
    lacking = capsys.readouterr().err
    assert all(
        word in lacking for word in ("l1_pdgId", "l2_pdgId", "four-vectors of l1, l2, j1, j2", "met_pt")
    )
    parts = {"l1": "lepA", "l2": "lepB", "j1": "jetA", "j2": "jetB"}
    branches = [
        f"{ours}_{c}: {theirs}_{c}" for ours, theirs in parts.items() for c in ("pt", "eta", "phi", "mass")
    ]
    branches += ["l1_pdgId: lepA_pdgId", "l2_pdgId: lepB_pdgId", "met_pt: met", "met_phi: phi"]
    config.write_text("selection: {jet_pt_min: 60, signal_region: true}")
    asked = ["--branches", ", ".join(branches), "--config", str(config), "--selection", "signal_met_max: 50"]
    assert main(["select", str(ntuple), *asked, "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "pT > 60" in shown and "MET < 50" in shown
    kept = (np.minimum(given["b1_pt"], given["b2_pt"]) > 60) & (given["MET_pt"] < 50)
    with uproot.open(out) as file:
        event, j1, met = (file["Events"][name].array(library="np") for name in ("event", "j1_pt", "met_pt"))
        flow = file["CutFlow"].arrays(["cut", "events"], library="np")
    assert flow["cut"][0] == "all events" and flow["events"][0] == 600 and flow["events"][-1] == len(j1) > 50
    assert len(j1) <= kept.sum() and j1.min() > 60 and met.max() < 50
    # ids are entry numbers: in their order, none beside itself
    assert np.all(np.diff(event) > 0)
    assert np.array_equal(met, given["MET_pt"][event])


def test_weigh_writes_the_asked_entries(tmp_path, capsys):
    out, config = tmp_path / "w.root", tmp_path / "c.yaml"
    config.write_text("physics: {integration: {n_eval: [4096], relative_accuracy: 0.1}}")
    asked = ["--hypothesis", "hza_500_300", "--entries", "2", "5", "--config", str(config)]
    assert main(["weigh", str(EVENTS), *asked, "--out", str(out)]) == 0
    assert "hza_500_300: 3 ok" in capsys.readouterr().out
    found = read_weights(out)
    assert list(found.weights) == ["hza_500_300"]
    assert len(found.event) == 3


def test_estimate_adds_up(capsys):
    assert main(["estimate", "--recorded"]) == 0
    config, costs = load_config(), recorded_costs()
    found = estimate(config)
    entries = sum(s.n_entries for s in config.samples.values())
    assert found.weights == entries * len(config.hypothesis_labels())
    stages = {s.name: s for s in found.stages}
    assert stages["weigh ttbar"].hours == pytest.approx(entries * costs.weight["ttbar"] / 3600)
    points = len(config.hypotheses.hza)
    expected = entries * (costs.event_of_mass_points + points * costs.mass_point) / 3600
    assert stages["weigh hza"].hours == pytest.approx(expected)
    assert found.hours == pytest.approx(
        sum(s.hours for s in found.stages) + sum(found.jobs.values()) * costs.start / 3600
    )
    shown = capsys.readouterr().out
    assert f"{stages['weigh hza'].number:,}" in shown
    assert costs.origin in shown
    assert "3,056" not in shown  # nobody compares a small run with the paper


def test_estimate_measures(tmp_path, capsys):
    """A configuration with the vegas integrator and without H -> ZA: the seconds are its own."""
    config = tmp_path / "c.yaml"
    config.write_text(
        f"samples: {{mine: {{kind: file, path: {EVENTS}, max_events: 50, hypothesis: hza_500_300}}}}\n"
        "hypotheses: {drell_yan: true, ttbar: [172.5], hza: []}\n"
        "physics: {integration: {integrator: vegas, n_eval: [4000], relative_accuracy: 0.2}}\n"
        "recompute: {n_eval: []}\nscan: {samples: []}\ntransfer: {samples: {}}\n"
    )
    assert main(["estimate", str(config), "--costs", str(tmp_path / "costs.json")]) == 0
    kept = json.loads((tmp_path / "costs.json").read_text())
    assert list(kept["weight"]) == ["drell_yan", "ttbar"]
    assert all(0.0 < seconds < 60.0 for seconds in kept["weight"].values())
    shown = capsys.readouterr().out
    assert "weigh drell_yan" in shown and "measured now" in shown and "hza" not in shown
    assert main(["estimate", str(config), "--recorded"]) == 1
    assert "not recorded" in capsys.readouterr().err


def test_predictions_are_those_of_the_regressor(tmp_path, capsys):
    from momentax.events import read_events
    from momentax.integrate.result import RESULT_DTYPE
    from momentax.regress import RegressConfig, train
    from momentax.regress.targets import WeightedEvents

    events = read_events(EVENTS)
    records = np.zeros(len(events), RESULT_DTYPE)
    records["value"] = 10.0 ** -np.asarray(events["met"]["pt"] % 7)
    records["error"], records["status"] = 0.01 * records["value"], "ok"
    data = WeightedEvents(events, np.full(len(events), "za"), {"drell_yan": records}, {})
    regressor, *_ = train(data, "drell_yan", RegressConfig(epochs=2, members=1, hidden=[8], inputs="paper"))
    regressor.save(tmp_path / "r.npz")
    out = tmp_path / "p.root"
    assert main(["predict", str(EVENTS), "--model", str(tmp_path / "r.npz"), "--out", str(out)]) == 0
    with uproot.open(out) as file:
        written = file["Predictions"].arrays(library="np")
    expected = regressor.predict(events)
    assert np.array_equal(written["information"], expected["value"])
    assert np.array_equal(written["uncertainty"], expected["uncertainty"])
    assert np.array_equal(written["event"], np.asarray(events["event"]))
    assert "600 events" in capsys.readouterr().out
    with_masses = ["--masses", "500", "300", "--out", str(out)]
    assert main(["predict", str(EVENTS), "--model", str(tmp_path / "r.npz"), *with_masses]) == 1
    assert "no mass parameters" in capsys.readouterr().err
