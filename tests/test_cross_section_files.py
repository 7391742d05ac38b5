"""Records of sigma_vis: of samples from their files, of hypotheses and surfaces for those who need them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import uproot

from momentax.config import PhysicsConfig
from momentax.cross_section_files import read_sigma_vis, sample_record
from momentax.errors import InputError
from momentax.events import read_events, select_file, write_events
from momentax.simulate import CrossSections, generate
from momentax.tables import cross_section_rows, readable_cross_sections, value_and_error

FLAT = Path(__file__).parent / "data/events/za_500_300_600.root"
CUTS = {"jet_pt_min": 60.0}


@pytest.fixture
def with_efficiency(tmp_path):
    """The flat Pythia events with weights and efficiencies of their own, as a showered file has them."""
    with uproot.open(FLAT) as file:
        arrays = file["Events"].arrays(library="np")
    n = len(arrays["l1_pt"])
    rng = np.random.default_rng(5)
    arrays |= {
        "weight": rng.choice([1.0, 3.0], n).astype("f4"),
        "eff_weight": rng.uniform(0.1, 0.5, n).astype("f4"),
    }
    path = tmp_path / "made.root"
    facts = {"sigma_pb": 10.0, "sigma_error": 0.1, "sigma_gen_pb": 8.0, "sigma_gen_error": 0.04}
    with uproot.recreate(path) as file:
        file.mktree("Events", {name: a.dtype for name, a in arrays.items()})
        file["Events"].extend(arrays)
        file["metadata"] = json.dumps(facts)
    return path, arrays


def test_of_a_showered_sample_by_hand(with_efficiency, tmp_path):
    path, arrays = with_efficiency
    select_file(path, tmp_path / "events.root", entry_stop=500, **CUTS)
    record = sample_record(tmp_path / "events.root", path, entry_stop=500, selection=CUTS)
    w, e = arrays["weight"][:500].astype(float), arrays["eff_weight"][:500].astype(float)
    passed = (arrays["b1_pt"][:500] > 60.0) & (arrays["b2_pt"][:500] > 60.0)
    share = w[passed].sum() / w.sum()
    mean = np.average(e[passed], weights=w[passed])
    assert record["entries"] == 500 and record["selected"] == passed.sum()
    assert record["sigma"] == 10.0
    assert record["acceptance"] == pytest.approx(0.8 * share, rel=1e-12)
    assert record["sigma_selected"] == pytest.approx(8.0 * share, rel=1e-12)
    assert record["efficiency"] == pytest.approx(mean, rel=1e-6)
    assert record["sigma_vis"] == pytest.approx(8.0 * share * mean, rel=1e-6)
    # errors from 500 replicas of the events, whose own error is 3 %
    drawn = np.random.default_rng(1).multinomial(500, np.full(500, 1 / 500), size=500)
    shares = drawn @ (w * passed) / (drawn @ w)
    means = drawn @ (w * e * passed) / (drawn @ (w * passed))
    assert record["efficiency_error"] == pytest.approx(means.std(), rel=0.13)
    relative = np.hypot(shares.std() / share, 0.04 / 8.0)
    assert record["sigma_selected_error"] / record["sigma_selected"] == pytest.approx(relative, rel=0.13)
    with_sigma = np.hypot(relative, 0.1 / 10.0)
    assert record["acceptance_error"] / record["acceptance"] == pytest.approx(with_sigma, rel=0.13)
    visible = np.hypot(relative, means.std() / mean)
    assert record["sigma_vis_error"] / record["sigma_vis"] == pytest.approx(visible, rel=0.13)
    assert record["unit"] == "pb"


def test_of_a_file_the_cross_section_is_unknown(tmp_path):
    select_file(FLAT, tmp_path / "events.root", **CUTS)
    record = sample_record(tmp_path / "events.root", FLAT, selection=CUTS)
    n = len(read_events(FLAT, **CUTS))
    assert record["sigma"] is record["sigma_vis"] is record["sigma_selected"] is None
    assert record["acceptance"] == pytest.approx(n / 600)
    assert record["acceptance_error"] == pytest.approx(np.sqrt(n / 600 * (1 - n / 600) / 600))
    with uproot.open(FLAT) as file:
        there = "eff_weight" in file["Events"].keys()
    assert (record["efficiency"] is None) is not there


def test_of_the_generator(tmp_path):
    physics = PhysicsConfig.model_validate({"efficiency": {}})
    for config, applied in ((PhysicsConfig(), False), (physics, True)):
        events, info = generate("hza_500_300", 30, 2, config, CUTS)
        write_events(tmp_path / "events.root", events, {"simulation": info})
        record = sample_record(tmp_path / "events.root")
        assert record["sigma_vis"] == info["sigma_vis_pb"]
        product = record["sigma"] * record["acceptance"] * (record["efficiency"] if applied else 1.0)
        assert record["sigma_vis"] == pytest.approx(product, rel=1e-9)
        assert (record["efficiency"] is None) is not applied
        assert 0.0 < record["sigma_selected_error"] < record["sigma_selected"]


def test_other_events_than_the_files_are_refused(tmp_path, with_efficiency):
    path, _ = with_efficiency
    select_file(path, tmp_path / "events.root", **CUTS)
    with pytest.raises(InputError, match="select them again"):
        sample_record(tmp_path / "events.root", path, selection={"jet_pt_min": 20.0})
    with pytest.raises(InputError, match="is needed"):
        sample_record(tmp_path / "events.root")
    select_file(path, tmp_path / "none.root", jet_pt_min=1e5)
    record = sample_record(tmp_path / "none.root", path, selection={"jet_pt_min": 1e5})
    assert (record["selected"], record["acceptance"], record["sigma_vis"]) == (0, 0.0, 0.0)
    assert record["efficiency"] is None


def test_sigma_vis_of_hypotheses_and_of_a_surface(tmp_path):
    (tmp_path / "one.json").write_text(
        json.dumps({"hypothesis": "ttbar", "sigma_vis": 2.0, "sigma_vis_error": 0.1})
    )
    point = {"hypothesis": "hza_500_300", "sigma_vis": 3.0, "sigma_vis_error": 0.2, "node": True}
    (tmp_path / "many.json").write_text(json.dumps({"nodes": [], "records": [point]}))
    found = read_sigma_vis([tmp_path / "one.json", tmp_path / "many.json"])
    assert found == {"ttbar": (2.0, 0.1), "hza_500_300": (3.0, 0.2)}
    (tmp_path / "no.json").write_text('{"sigma": 1}')
    with pytest.raises(InputError, match=r"no\.json"):
        read_sigma_vis([tmp_path / "no.json"])


def test_table_rows_and_their_text():
    seen = CrossSections(10.0, 0.1, 0.5, 0.006, 0.2, 0.001, 1.0, 0.01)
    whole = CrossSections(10.0, 0.1, 0.5, 0.006, 1.0, 0.0, 5.0, 0.03)
    hypotheses = [{"hypothesis": n, **c.to_dict()} for n, c in (("ttbar", seen), ("drell_yan", whole))]
    unknown = dict.fromkeys(("sigma", "sigma_error", "sigma_selected", "sigma_selected_error"))
    file = {**unknown, "sigma_vis": None, "sigma_vis_error": None, "origin": "file"}
    file |= {"acceptance": 0.3, "acceptance_error": 0.02, "efficiency": 0.25, "efficiency_error": 0.01}
    rows = cross_section_rows(hypotheses, {"data": file})
    assert rows[0]["sigma_selected"] == pytest.approx(5.0)
    assert rows[0]["sigma_selected_error"] == pytest.approx(5.0 * np.sqrt(0.012**2 - 0.01**2))
    assert rows[1]["efficiency"] is None and rows[1]["sigma_selected_error"] == 0.03
    text = readable_cross_sections(rows)
    assert text[0]["sigma [pb]"] == "10.00 ± 0.10"
    assert text[0]["efficiency [%]"] == "20.00 ± 0.10"
    assert text[1]["efficiency [%]"] == "not applied"
    assert (text[2]["sigma [pb]"], text[2]["sigma vis [pb]"]) == ("unknown", "unknown")
    assert text[2]["acceptance [%]"] == "30.0 ± 2.0"
    assert value_and_error(1.2362e-7, 3.1e-9) == "(1.236 ± 0.031)e-7"
    assert value_and_error(123456.0, 250.0) == "123456 ± 250"
    assert value_and_error(2.5, 0.0) == "2.5"
