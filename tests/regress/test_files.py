"""The whole way over files: events and weights in ROOT, training, classification, scan, figures."""

from __future__ import annotations

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from closed_form import as_weights, true_information

from momentax.classify.config import ClassifyConfig
from momentax.classify.workflow import run_from_files
from momentax.errors import InputError
from momentax.events import read_events, write_events
from momentax.plots import figures
from momentax.plots.config import FiguresConfig
from momentax.regress import RegressConfig, load_regressor, train_from_files
from momentax.regress.targets import read_weighted_events
from momentax.scan.likelihood import likelihood_from_files
from momentax.weights_io import write_weights

DATA = Path(__file__).parents[1] / "data" / "events"
SAMPLES = {"drell_yan": "zbb_600.root", "ttbar": "tt_600.root", "hza_500_300": "za_500_300_600.root"}
POINTS = ((500.0, 300.0), (400.0, 200.0))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """Pythia events with closed-form 'weights': shifted down where sample and hypothesis agree."""
    folder = tmp_path_factory.mktemp("files")
    events_paths, weights_paths = [], []
    for name, source in SAMPLES.items():
        events = read_events(DATA / source, sample=name)[:300]
        masses = (500.0, 300.0) if name.startswith("hza") else (0.0, 0.0)
        events = ak.with_field(ak.with_field(events, np.full(len(events), masses[0]), "mH"), masses[1], "mA")
        weights = {
            h: as_weights(true_information(events) - 2.0 * (h == name)) for h in ("drell_yan", "ttbar")
        }
        for point in POINTS:
            weights[f"hza_{point[0]:g}_{point[1]:g}"] = as_weights(true_information(events, point))
        weights["ttbar"]["status"][:3], weights["ttbar"]["value"][:3] = "zero", 0.0
        events_paths.append(str(folder / f"{name}.events.root"))
        weights_paths.append(str(folder / f"{name}.weights.root"))
        write_events(events_paths[-1], events)
        write_weights(weights_paths[-1], ak.to_numpy(events["event"]), weights)
    return events_paths, weights_paths


def test_the_chain_on_files(files: tuple[list[str], list[str]], tmp_path: Path) -> None:
    config = RegressConfig(inputs="paper", hidden=[16], epochs=3, members=2, bootstrap=10)
    drawn = FiguresConfig(formats=["png"], dpi=50)
    lines: list[str] = []
    train_from_files(*files, "ttbar", config, tmp_path / "ttbar", lines.append)
    names = {p.name for p in (tmp_path / "ttbar").iterdir()}
    assert names == {"regressor.npz", "metrics.json", "predictions.npz", "history.npz"}
    assert json.loads((tmp_path / "ttbar" / "metrics.json").read_text())["kind"] == "ttbar"
    assert any("network 2 of 2" in line for line in lines) and any("epoch 3" in line for line in lines)
    regressor = load_regressor(tmp_path / "ttbar" / "regressor.npz")
    assert regressor.information["metrics"]["left_out"] == {"ttbar": {"zero": 9}}
    assert len(regressor.predict(read_events(files[0][0]))) == 300
    run_from_files(
        *files,
        ClassifyConfig(kinds=["parametric"], hidden=[8], epochs=3, bootstrap=10),
        tmp_path / "classify",
    )
    sigma = {"hza_500_300": (1.0, 0.01), "hza_400_200": (2.0, 0.02)}
    scan = likelihood_from_files(
        *files, sigma, None, tmp_path / "scan", sample="hza_500_300", truth=(500.0, 300.0)
    )
    assert scan.n_events == 300
    written = [
        *figures.information_from_files(
            *files, "ttbar", tmp_path / "f1", drawn, tmp_path / "ttbar" / "regressor.npz"
        ),
        *figures.weight_status_from_files(*files, tmp_path / "f2", drawn),
        *figures.evaluations_from_files(*files, tmp_path / "f3", drawn),
        *figures.regression_from_files(tmp_path / "ttbar" / "predictions.npz", tmp_path / "f4", drawn),
        *figures.roc_from_files(tmp_path / "classify" / "roc.npz", "parametric", tmp_path / "f5", drawn),
        *figures.probabilities_from_files(
            tmp_path / "classify" / "scores.npz", "parametric", tmp_path / "f6", drawn
        ),
        *figures.likelihood_map_from_files(tmp_path / "scan" / "likelihood.csv", tmp_path / "f7", drawn),
    ]
    assert all(p.stat().st_size > 3000 for p in written) and len(written) == 7


def test_files_that_do_not_belong_together_are_refused(
    files: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    events, weights = files
    with pytest.raises(InputError, match="3 events files and 2 weights files"):
        read_weighted_events(events, weights[:2])
    data = read_weighted_events(events[:1], weights[:1])
    ids = ak.to_numpy(data.events["event"])
    write_weights(tmp_path / "other.root", ids[::-1], data.weights)
    with pytest.raises(InputError, match=r"entry 0: event .*drell_yan.events.root.*other.root"):
        read_weighted_events(events[:1], [str(tmp_path / "other.root")])
    write_weights(tmp_path / "fewer.root", ids, {"ttbar": data.weights["ttbar"]})
    with pytest.raises(InputError, match="no weights of drell_yan, hza_400_200, hza_500_300, which other"):
        read_weighted_events([events[1], events[0]], [weights[1], str(tmp_path / "fewer.root")])
    with pytest.raises(InputError, match="occurs twice"):
        read_weighted_events([events[0]] * 2, [weights[0]] * 2)
