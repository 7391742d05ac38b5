"""Les Houches files: read back by pylhe and by Pythia; colour flows."""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter

import numpy as np
import pylhe
import pytest

from momentax.amplitudes import gg_llbb, gg_ttbar
from momentax.config import PartonCuts
from momentax.constants import MASS_B
from momentax.errors import ConfigError
from momentax.kinematics import from_array
from momentax.simulate import generate_partons
from momentax.simulate.lhe import RECORDS, write_lhe
from momentax.simulate.partons import parton_filter
from momentax.simulate.shower import pythia_of

KINDS = ("hza", "ttbar", "drell_yan")
RESONANCES = {"hza": [35, 23, 36], "ttbar": [6, -6, 24, -24], "drell_yan": [23]}


@pytest.fixture(scope="module", params=KINDS)
def written(request, partons_of, tmp_path_factory):
    """(kind, parton events, path of their file)."""
    partons = partons_of(request.param)
    path = tmp_path_factory.mktemp("lhe") / "events.lhe.gz"
    write_lhe(path, request.param, partons, 6500.0, {"seed": 3})
    return request.param, partons, path


def vectors(event) -> np.ndarray:
    return np.array([(p.e, p.px, p.py, p.pz) for p in event.particles])


def test_pylhe_reads_what_was_written(written):
    kind, partons, path = written
    file = pylhe.LHEFile.fromfile(str(path))
    about, process = file.init.initInfo, file.init.procInfo[0]
    assert (about.beamA, about.energyA, about.weightingStrategy) == (2212, 6500.0, 3)
    assert partons.n_flavours == (4 if kind == "ttbar" else 2)
    assert process.xSection == pytest.approx(partons.n_flavours * partons.sigma_pb, rel=1e-11)
    assert process.error == pytest.approx(partons.n_flavours * partons.sigma_error, rel=1e-6)
    assert json.loads(file.header.extra_elements[0].text) == {"seed": 3}
    events = list(file.events)
    assert len(events) == len(partons.event)
    place = {name: i for i, name in enumerate(partons.particles)}
    for row, event in enumerate(events):
        info = event.eventinfo
        assert event.optional == [f"# event {partons.event[row]}"]
        assert info.weight == pytest.approx(partons.weight[row])
        assert info.scale == partons.scale and info.aqcd == pytest.approx(partons.alpha_s, rel=1e-9)
        p, ids = vectors(event), [q.id for q in event.particles]
        scale = p[0, 0] + p[1, 0]
        # flavours and momenta of the generator, in the order of the record
        final = [i for i, q in enumerate(event.particles) if q.status == 1]
        names = [line.pdg for line in RECORDS[kind]]
        for i in final:
            assert ids[i] == partons.pdg[row, 2 + place[names[i]]]
            assert np.abs(p[i] - partons.hard[row, place[names[i]]]).max() < 1e-9 * scale
        assert ids[:2] == list(partons.pdg[row, :2])
        assert sorted(i for i, q in zip(ids, event.particles, strict=True) if q.status == 2) == sorted(
            RESONANCES[kind]
        )
        # momentum, masses, mothers
        assert np.abs(p[0] + p[1] - p[final].sum(axis=0)).max() < 1e-9 * scale
        for i, q in enumerate(event.particles):
            assert q.e**2 - q.px**2 - q.py**2 - q.pz**2 == pytest.approx(q.m**2, abs=1e-8 * scale * q.e)
            assert q.m == {5: MASS_B, 11: 0.0, 13: 0.0, 21: 0.0}.get(abs(q.id), q.m)
            if q.status == 2:
                children = [j for j, c in enumerate(event.particles) if c.mother1 == i + 1]
                assert len(children) == 2
                assert np.abs(p[i] - p[children].sum(axis=0)).max() < 1e-9 * scale
        assert all(q.mother1 == 0 for q in event.particles[:2])
        assert {(q.mother1, q.mother2) for q in event.particles[2:] if q.mother2 != q.mother1} == {(1, 2)}


def test_colour_lines_are_connected(written):
    _, partons, path = written
    flows = []
    for event in pylhe.LHEFile.fromfile(str(path)).events:
        lines = Counter()
        for q in event.particles:
            coloured = q.id == 21 or abs(q.id) <= 6
            if not coloured:
                assert (q.color1, q.color2) == (0, 0)
                continue
            assert (q.color1 > 0) == (q.id > 0) and (q.color2 > 0) == (q.id < 0 or q.id == 21)
            if q.status != 2:
                # an incoming colour is an outgoing anticolour
                sign = -1 if q.status == -1 else 1
                lines[q.color1] += sign * (q.color1 > 0)
                lines[q.color2] -= sign * (q.color2 > 0)
        assert set(lines.values()) == {0}
        for child in event.particles:
            mother = event.particles[child.mother1 - 1]
            if abs(child.id) == 5 and abs(mother.id) == 6:
                assert (child.color1, child.color2) == (mother.color1, mother.color2)
        quark = next((q for q in event.particles[2:] if q.id in (5, 6)), None)
        first = event.particles[0]
        flows.append(0 if first.id != 21 or quark.mother1 > 1 else 1 if first.color1 == quark.color1 else 2)
    assert flows == partons.flow.tolist()


def test_pythia_reads_the_same_events_and_cross_section(written):
    kind, partons, path = written
    # by default Pythia gives massless leptons their masses, which shifts energies by some MeV
    engine = pythia_of(path, 1, ("PartonLevel:all = off", "LesHouches:setLeptonMass = 0"))
    place = {name: i for i, name in enumerate(partons.particles)}
    for row in range(len(partons.event)):
        assert engine.next()
        record = engine.process
        found = {
            record[i].id(): np.array([record[i].e(), record[i].px(), record[i].py(), record[i].pz()])
            for i in range(3, record.size())
        }
        assert [record[i].id() for i in (3, 4)] == list(partons.pdg[row, :2])
        for pdg in RESONANCES[kind]:
            assert pdg in found
        scale = partons.incoming[row, :, 0].sum()
        for name, i in place.items():
            wanted = partons.hard[row, i]
            assert np.abs(found[partons.pdg[row, 2 + i]] - wanted).max() < 1e-8 * scale, name
    assert engine.infoPython().sigmaGen() * 1e9 == pytest.approx(
        partons.n_flavours * partons.sigma_pb, rel=1e-6
    )
    assert not engine.next()


def test_same_events_same_bytes_and_shards_are_parts_of_the_whole(trained, partons_of, tmp_path):
    whole = partons_of("ttbar")
    parts = [generate_partons(trained("ttbar"), n, seed=3, first=first) for first, n in ((100, 50), (0, 100))]
    for name, part in zip("ab", parts, strict=True):
        write_lhe(tmp_path / name, "ttbar", part, 6500.0)
    write_lhe(tmp_path / "whole", "ttbar", whole, 6500.0)
    write_lhe(tmp_path / "again", "ttbar", whole, 6500.0)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "again").read_bytes()

    def events(name):
        return gzip.open(tmp_path / name, "rt").read().split("</init>")[1].split("</event>")[:-1]

    assert events("b") + events("a") == events("whole")
    other = generate_partons(trained("ttbar"), 50, seed=4)
    assert not np.any(other.hard == whole.hard[:50])
    assert np.any(other.flow != whole.flow[:50])


def flows(module, sampler, p, incoming):
    return [
        np.asarray(a)
        for a in module.flow_squares(
            [from_array(v) for v in np.moveaxis(np.concatenate([incoming, p], axis=1), 1, 0)],
            sampler.model.amplitude,
        )
    ]


def test_colour_flow_of_top_pairs_follows_the_planar_amplitudes(trained, partons_of):
    """On shell, |M12|^2/|M21|^2 = ((k2.t)/(k1.t))^2 (Ellis, Stirling, Webber, QCD and Collider Physics, 10.2)."""
    partons = partons_of("ttbar")
    one, two = flows(gg_ttbar, trained("ttbar"), partons.hard, partons.incoming)
    metric = np.array([1.0, -1.0, -1.0, -1.0])
    top = partons.hard[:, :3].sum(axis=1)
    k1_t, k2_t = (np.sum(partons.incoming[:, i] * metric * top, axis=1) for i in (0, 1))
    # tops are off shell by their width, the gluons' polarisations matter there
    ratio = one / two / (k2_t / k1_t) ** 2
    assert np.median(np.abs(np.log(ratio))) < 0.05
    gluons = partons.flow > 0
    assert np.array_equal(gluons, partons.pdg[:, 0] == 21)
    share = (one / (one + two))[gluons]
    spread = np.sqrt(np.sum(share * (1 - share)))
    assert abs(np.sum(partons.flow == 1) - share.sum()) < 4 * spread


@pytest.mark.parametrize(("kind", "module"), [("ttbar", gg_ttbar), ("drell_yan", gg_llbb)])
def test_exchanged_beams_exchange_the_flows(trained, partons_of, kind, module):
    partons = partons_of(kind)
    one, two = flows(module, trained(kind), partons.hard, partons.incoming)
    # half a turn around x
    turn = np.array([1.0, 1.0, -1.0, -1.0])
    a, b = flows(module, trained(kind), partons.hard * turn, partons.incoming[:, ::-1] * turn)
    assert np.allclose(a / b, two / one, rtol=1e-6)
    assert np.abs(np.log(one / two)).max() > 1.0


def test_colour_flow_of_drell_yan_tells_the_gluon_next_to_the_quark(trained, partons_of):
    """A b quark along gluon 1 takes its colour: the propagator 1/k1.b is in flow 12 alone."""
    partons = partons_of("drell_yan")
    one, two = flows(gg_llbb, trained("drell_yan"), partons.hard, partons.incoming)
    forward = partons.hard[:, 0, 3] - partons.hard[:, 1, 3]  # b before bbar along gluon 1
    order = np.argsort(forward)
    share = (one / (one + two))[order]
    assert share[-40:].mean() > 0.7 and share[:40].mean() < 0.3


def test_cuts_on_partons(trained):
    cuts = PartonCuts(lepton_pt_min=6.0, lepton_eta_max=2.8, b_pt_min=10.0, b_eta_max=3.0)
    partons = generate_partons(trained("drell_yan"), 40, seed=3, cuts=cuts)
    pt = np.hypot(partons.hard[..., 1], partons.hard[..., 2])
    eta = np.arcsinh(partons.hard[..., 3] / pt)
    assert pt[:, :2].min() > cuts.b_pt_min and pt[:, 2:].min() > cuts.lepton_pt_min
    assert np.abs(eta[:, :2]).max() < cuts.b_eta_max and np.abs(eta[:, 2:]).max() < cuts.lepton_eta_max
    assert 0.2 < partons.passed_pb / partons.sigma_pb < 0.32
    assert partons.passed_error < 0.02 * partons.passed_pb
    off = dict.fromkeys(PartonCuts.model_fields)
    assert parton_filter(PartonCuts(**off)) is None


def test_without_pylhe_the_extra_is_named(partons_of, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pylhe", None)
    with pytest.raises(ConfigError, match=r"pip install 'momentax\[simulate\]'"):
        write_lhe(tmp_path / "x.lhe.gz", "hza", partons_of("hza"), 6500.0)
    assert not list(tmp_path.iterdir())
