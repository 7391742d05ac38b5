"""Ratios of weights under other parton densities and scales, from the points of the nominal weight."""

from pathlib import Path

import jax
import numpy as np
import pytest

import momentax
from momentax.config import PhysicsConfig
from momentax.config.variations import JetEnergyScale, Pdf, Scales, varied_physics
from momentax.errors import ConfigError
from momentax.integrate import common_points
from momentax.pdf import load_pdf, stacked
from momentax.processes import parse_hypothesis
from momentax.processes.tangents import stack
from momentax.vary.weights import weigh_variations
from momentax.weight import batched_integrator, inputs

DATA = Path(__file__).parents[1] / "data/events"
# of the same grid in x as the default set, of another grid, and another scale
VARIATIONS = {
    "as_0130": Pdf(set="NNPDF31_lo_as_0130"),
    "nnlo": Pdf(set="NNPDF31_nnlo_as_0118_luxqed"),
    "muF_up": Scales(muF=2.0),
    "muR_down": Scales(muR=0.5),
}
TIGHT = PhysicsConfig.model_validate({"integration": {"relative_accuracy": 0.01}})


@pytest.fixture(scope="module")
def events():
    return momentax.read_events(DATA / "tt_600.root", truth=False)[:6]


def test_shorter_grids_are_filled_up_without_effect():
    pdfs = [load_pdf(name).at_scale(172.5) for name in ("NNPDF31_lo_as_0118", "NNPDF31_nnlo_as_0118_luxqed")]
    both = stacked(pdfs)
    x = np.concatenate([np.geomspace(1e-8, 0.999, 500), [1.0]])
    for k, pdf in enumerate(pdfs):
        one = jax.tree.map(lambda leaf, k=k: leaf[k], both)
        np.testing.assert_array_equal(one.xf(x).g, pdf.xf(x).g)
        np.testing.assert_array_equal(one.xf(x).ubar, pdf.xf(x).ubar)


@pytest.mark.parametrize("label", ["drell_yan", "ttbar"])
def test_ratios_are_those_of_the_same_points(events, label):
    """The whole integrand of the variation, evaluated at the same points, gives the ratio that only luminosities and a
    power of alpha_s gave; and a weight of its own agrees within errors that are far larger."""
    records, ratios = weigh_variations(events, [label], VARIATIONS, TIGHT)[label]
    h = parse_hypothesis(label)
    pdf, detector, observed, ids = inputs(events, TIGHT, h.kind)
    integrator = batched_integrator(h, h.model(TIGHT, pdf, detector), TIGHT)
    plain, kept = integrator.integrate_and_keep(observed, ids)
    np.testing.assert_array_less(
        np.abs(plain["value"] - records["value"]), 3 * np.hypot(plain["error"], records["error"])
    )
    same_grid = [n for n in VARIATIONS if n != "nnlo"]
    models = [
        h.model(p, load_pdf(p.pdf.set), detector)
        for p in (varied_physics(TIGHT, VARIATIONS[n]) for n in same_grid)
    ]
    again = common_points.ratios(integrator, observed, ids, kept, stack(models, axis=0))
    for i, name in enumerate(same_grid):
        # rounding may move an adapted grid: as far as the errors of the ratios
        error = np.hypot(ratios[name]["error"], again["error"][:, i]) + 1e-9
        assert np.all(np.abs(ratios[name]["value"] - again["value"][:, i]) < 5 * error)
        assert np.all(ratios[name]["error"] < 0.1 * records["error"] / records["value"])
    other = momentax.weigh(events, label, varied_physics(TIGHT, VARIATIONS["nnlo"]))
    expected = other["value"] / records["value"]
    error = expected * np.hypot(other["error"] / other["value"], records["error"] / records["value"])
    assert np.all(np.abs(ratios["nnlo"]["value"] - expected) < 4 * error)
    assert np.all(np.abs(expected - 1.0) < 0.2)


def test_ratios_of_mass_points_are_those_of_tables_of_the_variation(events):
    """0.03 % in the ratio, for mass points below and above the event's masses; alpha_s^2 is exact."""
    labels = ["hza_200_50", "hza_500_300", "hza_1000_200"]
    found = weigh_variations(events[:3], labels, VARIATIONS)
    alone = weigh_variations(events[:3], labels[1:2], VARIATIONS)
    for label in labels:
        records, ratios = found[label]
        nominal = momentax.weigh_mass_points(events[:3], labels)[label]
        np.testing.assert_allclose(records["value"], nominal["value"], rtol=1e-6)
        for name, variation in VARIATIONS.items():
            varied = momentax.weigh_mass_points(
                events[:3], labels, varied_physics(PhysicsConfig(), variation)
            )
            expected = varied[label]["value"] / nominal["value"]
            np.testing.assert_allclose(ratios[name]["value"], expected, rtol=5e-4)
            assert np.all(ratios[name]["error"] < 0.1 * ratios[name]["value"])
    np.testing.assert_allclose(
        alone[labels[1]][1]["nnlo"]["value"], found[labels[1]][1]["nnlo"]["value"], rtol=1e-5
    )


def test_scales_enter_weights_of_every_kind(events):
    """muF = 2 x the default gives what the parton densities at twice the scale give; muR a power of alpha_s."""
    h = parse_hypothesis("ttbar")
    pdf = load_pdf("NNPDF31_lo_as_0118")
    model = h.model(varied_physics(PhysicsConfig(), VARIATIONS["muF_up"]), pdf)
    np.testing.assert_array_equal(model.pdf.coefficients, pdf.at_scale(345.0).coefficients)
    assert model.amplitude.alpha_s == pdf.alpha_s(172.5)
    lower = h.model(varied_physics(PhysicsConfig(), VARIATIONS["muR_down"]), pdf)
    assert lower.amplitude.alpha_s == pdf.alpha_s(86.25)


def test_a_variation_of_events_is_refused(events):
    with pytest.raises(ConfigError, match=r"'jes' is of kind 'jet_energy_scale', no reweighting"):
        weigh_variations(events, ["ttbar"], {"jes": JetEnergyScale(factor=1.1)})
