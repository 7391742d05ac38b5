"""Trials of the studies and their tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from momentax.plots.config import FiguresConfig
from momentax.plots.studies import study_figure
from momentax.plots.style import save
from momentax.regress.config import StudiesConfig
from momentax.regress.studies import studies, study_rows, trial_settings
from momentax.tables import write_csv

POINTS = [(500.0, 300.0), (300.0, 100.0)]


def test_every_combination_and_every_point_is_a_trial() -> None:
    config = StudiesConfig(
        tune={"ttbar": {"hidden": [[8], [16]], "learning_rate": [0.001, 0.002, 0.003]}},
        sizes=(1000, 4000),
        leave_one_out=("slopes",),
    )
    found = studies(config, ("drell_yan", "hza"), POINTS)
    assert {k: len(v) for k, v in found.items()} == {"tune_ttbar": 6, "sizes": 4, "leave_one_out_slopes": 3}
    assert ("ttbar", {"hidden": [16], "learning_rate": 0.002}) in found["tune_ttbar"].values()
    assert found["leave_one_out_slopes"]["300_100"] == (
        "hza",
        {"slopes": 0.01, "leave_out": [[300.0, 100.0]]},
    )
    changes = found["sizes"]["hza_1000"][1]
    # a quarter of the events, four times as often
    assert trial_settings("sizes", {"epochs": 10}, {"members": 1}, changes, config.sizes)["epochs"] == 40
    assert studies(StudiesConfig(), ("hza",), POINTS) == {}


def test_unknown_settings_and_variants_are_refused() -> None:
    with pytest.raises(ValidationError, match="did you mean 'learning_rate'"):
        StudiesConfig(tune={"ttbar": {"learning_rat": [1]}})
    with pytest.raises(ValidationError, match="no variant 'slope'"):
        StudiesConfig(leave_one_out=("slope",))


def _trial(folder: Path, name: str, changes: dict, rms: float) -> Path:
    measures = {"bias": [0.01, 0.002], "rms": [rms, 0.01], "width": [0.8 * rms, 0.01], "noise": 0.02}
    content = {
        "kind": "hza",
        "changes": changes,
        "events": changes.get("max_events", 5000),
        "parameters": 1000,
        "seconds": 10.0,
        "validation": {"rms": [rms, 0.01]},
        "test": {"all": measures, "by_hypothesis": {"hza_500_300": measures, "hza_300_100": measures}},
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content))
    return path


def test_tables_and_figures(tmp_path: Path) -> None:
    left = [_trial(tmp_path, "none", {}, 0.1)]
    left += [_trial(tmp_path, f"{a:g}_{b:g}", {"leave_out": [[a, b]]}, 0.2) for a, b in POINTS]
    rows = study_rows(left)
    assert [r["left_out"] for r in rows] == [None, "500_300", "300_100"]
    assert rows[1]["rms_there"] == 0.2 and rows[0]["rms_there"] is None
    sizes = study_rows([_trial(tmp_path, f"hza_{n}", {"max_events": n}, n**-0.3) for n in (1000, 2000, 4000)])
    tune = study_rows([_trial(tmp_path, f"trial{i}", {"hidden": [8 * i] * 2}, 0.1 * i) for i in (1, 2)])
    config = FiguresConfig(formats=["png"], dpi=50)
    for study, table in (("leave_one_out_plain", rows), ("sizes", sizes), ("tune_hza", tune)):
        write_csv(tmp_path / f"{study}.csv", table)
        written = save(study_figure(study, tmp_path / f"{study}.csv", config), tmp_path / study, config)
        assert written[0].stat().st_size > 3000
