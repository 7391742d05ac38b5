"""Pins in step, importable pieces: pyproject.toml, envs/constraints.txt, envs/cpu.yaml, profiles."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

import momentax

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _normal(pin: str) -> str:
    name, version = pin.split("==")
    return re.sub(r"[-_.]+", "-", name).lower() + "==" + version


def test_constraints_hold_every_direct_pin():
    lines = (ROOT / "envs/constraints.txt").read_text().splitlines()
    constraints = {_normal(line) for line in lines if line and not line.startswith("#")}
    direct = PROJECT["dependencies"] + [
        p for group in PROJECT["optional-dependencies"].values() for p in group
    ]
    assert {_normal(pin) for pin in direct} - constraints == set()


def test_conda_environment_has_the_dependencies_of_the_library():
    dependencies = yaml.safe_load((ROOT / "envs/cpu.yaml").read_text())["dependencies"]
    pins = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    assert pins == PROJECT["dependencies"] + PROJECT["optional-dependencies"]["simulate"]


def test_conda_environment_of_exports_has_the_library_and_its_extra():
    dependencies = yaml.safe_load((ROOT / "envs/export.yaml").read_text())["dependencies"]
    pins = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    assert pins == PROJECT["dependencies"] + PROJECT["optional-dependencies"]["export"]


def test_version_is_that_of_the_package():
    assert momentax.__version__ == PROJECT["version"]


def test_profiles_state_a_reason_above_every_key():
    for name in ("slurm", "local"):
        path = ROOT / "profiles" / name / "config.yaml"
        lines = path.read_text().splitlines()
        for key in yaml.safe_load(path.read_text()):
            at = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
            assert lines[at - 1].startswith("#"), f"{path}: {key}"


def test_slurm_profile_is_found_under_its_short_name():
    link = ROOT / "slurm"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "profiles/slurm"
    profile = yaml.safe_load((link / "config.yaml").read_text())
    # sacct never ends on a cancelled job, arrays lose outputs (executor 2.8.0)
    assert profile["slurm-status-command"] == "squeue"
    assert not [key for key in profile if "array" in key]
