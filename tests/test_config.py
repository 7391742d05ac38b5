"""Configuration: generated files in step, refusals with key, value and nearest name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import yaml

from momentax.config import Config, PhysicsConfig, SelectionConfig, load_config
from momentax.config.__main__ import defaults_text, main, schema_text
from momentax.errors import ConfigError
from momentax.events import Selection

ROOT = Path(__file__).parents[1]
PAPER_POINTS = 23


def test_generated_files_are_in_step_with_the_models(tmp_path):
    assert main(["--folder", str(ROOT / "config")]) == 0
    for name in ("schema.json", "defaults.yaml"):
        (tmp_path / name).write_text("stale")
    assert main(["--folder", str(tmp_path)]) == 1
    assert main(["--folder", str(tmp_path), "--write"]) == 0
    assert (tmp_path / "schema.json").read_text() == schema_text()
    assert (tmp_path / "defaults.yaml").read_text() == defaults_text()


def test_defaults_file_and_embedded_config_are_the_defaults():
    assert load_config(ROOT / "config/defaults.yaml") == Config()
    accuracy = {"integration": {"relative_accuracy": 0.05, "n_eval": [1024, 2048, 4096, 8192, 16384]}}
    shifts = {
        "jes_up": {"kind": "jet_energy_scale", "factor": 1.1},
        "muF_up": {"kind": "scales", "muF": 2.0},
        "muF_down": {"kind": "scales", "muF": 0.5},
    }
    small = Config.model_validate(
        {
            "physics": accuracy,
            "recompute": {"n_eval": [65536, 262144, 1048576]},
            "variations": {"samples": ["drell_yan", "ttbar"], "shifts": shifts},
        }
    )
    assert load_config(ROOT / "config/config.yaml") == small
    assert load_config() == Config()


def test_every_key_has_a_description():
    def undescribed(schema: dict, path: str) -> list[str]:
        own = [f"{path}.{n}" for n, p in schema.get("properties", {}).items() if not p.get("description")]
        return own + [x for n, d in schema.get("$defs", {}).items() for x in undescribed(d, n)]

    assert undescribed(json.loads(schema_text()), "Config") == []


def test_paper_config_has_the_papers_points_and_topologies():
    config = load_config(ROOT / "config/paper.yaml")
    assert len(config.hypotheses.hza) == PAPER_POINTS
    assert len(config.hypothesis_labels()) == PAPER_POINTS + 2
    hza = [s.n_events for s in config.samples.values() if s.hypothesis.startswith("hza")]
    assert abs(sum(hza) - 2_570_596) < PAPER_POINTS
    layers = {k: getattr(config.regress, k).hidden for k in config.hypothesis_kinds()}
    assert layers == {"drell_yan": [200] * 6, "ttbar": [500] * 8, "hza": [300] * 8}


def test_selection_section_is_the_readers_selection():
    ours = SelectionConfig().model_dump()
    theirs = dataclasses.asdict(Selection())
    assert ours == theirs


def test_sections_are_immutable_and_hashable():
    physics = PhysicsConfig()
    assert hash(physics) == hash(PhysicsConfig())
    with pytest.raises(ValueError, match="frozen"):
        physics.sqrt_s = 7000.0


SHOWERED = {"kind": "showered", "hypothesis": "ttbar", "n_partons": 10}
REFUSED = [
    (
        {"validation": {"kinematics": {"ttbar": "pythia_tbar"}}},
        ["validation: 'pythia_tbar' is no sample", "did you mean 'pythia_ttbar'"],
    ),
    (
        {"validation": {"ellipses": ["hza_500_30"]}},
        ["validation: 'hza_500_30' is no sample", "did you mean 'hza_500_300'"],
    ),
    ({"validation": {"ellipses": ["ttbar"]}}, ["validation.ellipses: 'ttbar' is no sample of H -> ZA"]),
    (
        {
            "samples": {"heavy": {"kind": "builtin", "hypothesis": "hza_2000_300", "n_events": 1}},
            "scan": {"samples": ["heavy"]},
            "validation": {"ellipses": ["heavy"]},
        },
        ["validation.ellipses: 'heavy': mH = 2000 GeV is outside the ellipses of CMS, 132 to 1000 GeV"],
    ),
    ({"validation": {"planes": {"draws": 6}}}, ["validation.planes.draws", "power of two"]),
    (
        {"validation": {"roc": {"signal": "ttbar"}, "planes": {"transfer": "ttbar"}}},
        ["validation.roc.backgrounds: empty"],
    ),
    ({"validation": {"planes": {"samples": ["ttbar"]}}}, ["validation.planes.transfer: missing"]),
    ({"validation": {"planes": {"transfer": "tt"}}}, ["planes.transfer: 'tt' is not in transfer.samples"]),
    ({"validation": {"planes": {"mH": [500, 510, 10]}}}, ["planes", "fewer than three values"]),
    ({"transfer": {"samples": {"ttbar": SHOWERED}}}, ["transfer.samples: 'ttbar' is also among samples"]),
    ({"phyiscs": {}}, ["phyiscs", "did you mean 'physics'"]),
    ({"physics": {"sqrts": 3}}, ["physics.sqrts: unknown key", "did you mean 'sqrt_s'"]),
    ({"physics": {"sqrt_s": -1}}, ["physics.sqrt_s = -1"]),
    ({"physics": {"sqrt_s": float("nan")}}, ["physics.sqrt_s = nan"]),
    ({"physics": {"integration": {"relative_accuracy": 0}}}, ["physics.integration.relative_accuracy = 0"]),
    ({"physics": {"integration": {"relative_accuracy": -0.1}}}, ["relative_accuracy = -0.1"]),
    ({"physics": {"integration": {"n_eval": [16000, 4000]}}}, ["n_eval", "must rise"]),
    ({"physics": {"integration": {"n_eval": []}}}, ["n_eval", "empty"]),
    (
        {"recompute": {"n_eval": [64000]}},
        ["recompute.n_eval [64000] must go beyond", "[] for no second pass"],
    ),
    ({"recompute": {"n_eval": [200000, 100000]}}, ["recompute", "must rise"]),
    ({"physics": {"detector": {"kind": "gausian"}}}, ["kind = 'gausian'", "did you mean 'gaussian'"]),
    ({"physics": {"detector": {"recoil": {"weights": [0.5, 0.4, 0.2]}}}}, ["weights sum to 1.1"]),
    ({"physics": {"detector": {"recoil": {"sigmas": [10, 30]}}}}, ["3 weights for 2 sigmas"]),
    ({"physics": {"detector": {"muon": {"constant": 0}}}}, ["delta function"]),
    ({"physics": {"detector": {"table": "a.npz"}}}, ["set kind: binned"]),
    ({"hypotheses": {"hza": [[300, 250]]}}, ["(300, 250)", "H -> Z A is closed", "341.2"]),
    ({"hypotheses": {"hza": [[300, 9]]}}, ["A -> b bbar is closed", "9.4"]),
    ({"hypotheses": {"hza": [[500, 300], [500, 300]]}}, ["a mass point is given twice"]),
    ({"hypotheses": {"ttbar": [50]}}, ["hypotheses.ttbar.0 = 50"]),
    ({"samples": {"a": {"kind": "builtin", "hypothesis": "hza_300_250", "n_events": 1}}}, ["is closed"]),
    ({"samples": {"a": {"kind": "builtin", "hypothesis": "ttbr", "n_events": 1}}}, ["no hypothesis"]),
    (
        {"samples": {"a": {"kind": "builtin", "hypothesis": "ttbar", "n_events": 0}}},
        ["samples.a.n_events = 0"],
    ),
    (
        {"samples": {"a": {"kind": "builtin", "hypothesis": "ttbar", "n_evnts": 9}}},
        ["samples.a.n_evnts: unknown key; did you mean 'n_events'", "samples.a.n_events: missing"],
    ),
    (
        {"samples": {"a": {"kind": "showered", "hypothesis": "ttbar", "n_events": 9}}},
        ["samples.a.n_events: unknown key"],
    ),
    ({"samples": {"a": {"hypothesis": "ttbar"}}}, ["samples.a.kind: missing"]),
    ({"samples": {"a": {"kind": "fil"}}}, ["samples.a.kind = 'fil'"]),
    ({"samples": {"a/b": {"kind": "builtin", "hypothesis": "ttbar", "n_events": 1}}}, ["a/b"]),
    ({"samples": {}}, ["samples is empty"]),
    ({"scan": {"samples": ["hza_500_30"]}}, ["did you mean 'hza_500_300'"]),
    ({"classify": {"discriminants": [["ttbar", "drell_yn"]]}}, ["did you mean 'drell_yan'"]),
    ({"selection": {"signal_mll_window": [110, 70]}}, ["is empty"]),
    ({"regress": {"hza": {"fractions": [0.5, 0.2, 0.2]}}}, ["fractions"]),
    ({"regress": {"hza": {"hiden": [3]}}}, ["did you mean 'hidden'"]),
    ({"shards": {"events_per_shard": 0}}, ["shards.events_per_shard = 0"]),
]


@pytest.mark.parametrize(("config", "words"), REFUSED, ids=[", ".join(w)[:60] for _, w in REFUSED])
def test_a_mistake_is_refused_with_its_key_and_a_remedy(config, words):
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    for word in words:
        assert word in str(caught.value)


def test_all_mistakes_are_told_at_once_with_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        yaml.safe_dump({"sed": 1, "physics": {"sqrt_s": "high"}, "shards": {"events_per_shard": -3}})
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}: 3 problem(s)"
    assert len(lines) == 4


def test_yaml_that_cannot_be_used_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)
    path.write_text("samples: {a: 1, a: 2}")
    with pytest.raises(ConfigError, match=r"line 1: key 'a' is given twice"):
        load_config(path)
    path.write_text("- 1")
    with pytest.raises(ConfigError, match="holds a list"):
        load_config(path)
    path.write_text("a: [")
    with pytest.raises(ConfigError, match="no valid YAML"):
        load_config(path)
    path.write_text("")
    assert load_config(path) == Config()


@pytest.mark.parametrize(
    "section, message",
    [
        (
            {"shifts": {"a": {"kind": "jet_scale", "factor": 1.1}}},
            r"variations.shifts.a.kind = 'jet_scale': write kind: jet_e",
        ),
        (
            {"shifts": {"a": {"factor": 1.1}}},
            r"variations.shifts.a.kind: missing; write kind: jet_energy_scale,",
        ),
        (
            {"shifts": {"a": {"kind": "jet_energy_scale", "factr": 1.1}}},
            r"a.factr: unknown key; did you mean 'factor'\?",
        ),
        ({"shifts": {"a": {"kind": "recoil"}}}, r"factor 1 and no smear changes nothing"),
        ({"shifts": {"a__b": {"kind": "scales"}}}, r"'a__b': two underscores part sample and variation"),
        ({"samples": ["ttbr"]}, r"variations.samples: 'ttbr' is no sample; did you mean 'ttbar'\?"),
        (
            {"shifts": {"a": {"kind": "scales"}}, "discriminant": ["ttbar", "hza_1_1"]},
            r"variations.discriminant: 'hza_1_1' is not among the hypotheses",
        ),
    ],
)
def test_mistakes_in_variations_say_what_to_write(section, message):
    with pytest.raises(ConfigError, match=message):
        load_config({"variations": section})


def test_surface_of_sigma_vis_needs_nodes():
    surface = {"sigma_vis": "surface", "surface": {"n_nodes": 20}}
    config = load_config({"scan": surface})
    labels = config.cross_section_labels()
    assert labels[:2] == ("drell_yan", "ttbar") and len(labels) == 22
    assert set(labels) <= set(config.hypothesis_labels())
    assert load_config({}).cross_section_labels() == config.hypothesis_labels()
    few = {"hypotheses": {"hza": [[500, 300], [400, 200]]}, "scan": surface}
    with pytest.raises(ConfigError, match="at least 13 mass points"):
        load_config(few)
    closed = [[500, 450 + i] for i in range(13)]
    with pytest.raises(ConfigError, match="closed"):
        load_config({"scan": {"surface": {"nodes": closed}}})
    with pytest.raises(ConfigError, match="at least 13"):
        load_config({"scan": {"surface": {"nodes": [[500, 300]]}}})
    with pytest.raises(ConfigError, match="given twice"):
        load_config({"scan": {"surface": {"nodes": [[500, 300]] * 13}}})
