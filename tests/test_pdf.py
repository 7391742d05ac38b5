"""PDFs against LHAPDF and Pythia, sum rules, and use inside jit."""

import dataclasses
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from momentax.errors import ConfigError, PhysicsError
from momentax.pdf import Partons, load_pdf
from momentax.pdf.fixed_scale import PIDS

DATA = Path(__file__).parent / "data" / "pdf"
PYTHIA = json.loads((DATA / "pythia_values.json").read_text())
PARTON = dict(zip(Partons._fields, PIDS, strict=True))


def test_equals_lhapdf():
    reference = json.loads((DATA / "lhapdf_values.json").read_text())
    pdf = load_pdf("NNPDF31_nnlo_as_0118_luxqed")
    rows = np.array(reference["rows"])
    for column, name in enumerate(reference["columns"][2:], 2):
        value = pdf.xfx(PARTON[name[1:]], rows[:, 1], rows[:, 0])
        # the reference is printed with 12 digits
        np.testing.assert_allclose(value, rows[:, column], rtol=6e-12)


@pytest.mark.parametrize("file", PYTHIA["sets"])
def test_agrees_with_pythia_by_region_of_x(file):
    """With negative nodes set to 0, as Pythia does. Bounds: worst of 7 sets, as in docs/pdf.md."""
    pdf = load_pdf(file.removesuffix("_0000.dat"))
    clipped = dataclasses.replace(
        pdf, grids=tuple(dataclasses.replace(g, values=np.maximum(g.values, 0.0)) for g in pdf.grids)
    )
    rows = np.array(PYTHIA["sets"][file])
    x, q, expected = rows[:, 0], rows[:, 1], rows[:, 2:]
    pids = [int(name.removeprefix("xf_")) for name in PYTHIA["columns"][2:]]
    value = np.stack([clipped.xfx(pid, x, q) for pid in pids], axis=1)
    deviation = np.abs(value - expected) / expected.max(axis=1, keepdims=True)
    for low, high, bound in ((0.0, 0.005, 9e-5), (0.005, 0.1, 1.4e-4), (0.1, 0.5, 3.2e-4), (0.5, 1.0, 4e-4)):
        assert deviation[(x > low) & (x < high)].max() < bound
    # parton by parton below x = 0.05, where no parton is near zero
    low_x = x < 0.05
    np.testing.assert_allclose(value[low_x], expected[low_x], rtol=2.7e-4)


def test_agrees_with_pythia_itself():
    pythia8mc = pytest.importorskip("pythia8mc")
    pythia = pythia8mc.Pythia("", False)
    pythia.readString("Print:quiet = on")
    pythia.readString("ProcessLevel:all = off")
    pythia.readString("PDF:pSet = LHAGrid1:NNPDF31_lo_as_0118_0000.dat")
    assert pythia.init()
    beam = pythia.getPDFPtr(2212)
    pdf = load_pdf()
    for pid, x, q in ((21, 0.02, 172.5), (2, 0.05, 91.1876), (1, 0.003, 500.0), (-2, 0.01, 91.1876)):
        assert float(pdf.xfx(pid, x, q)) == pytest.approx(beam.xf(pid, x, q**2), rel=2e-4)


def moments(pdf, pids, q, power):
    """Integral of x^(power-1) x f over the grid: 8 Gauss points in each interval of ln x."""
    node, weight = np.polynomial.legendre.leggauss(8)
    log_x = np.log(pdf.grids[0].x)
    width = np.diff(log_x)[:, None]
    x = np.exp(log_x[:-1, None] + 0.5 * (node + 1.0) * width)
    weight = 0.5 * weight * width * x**power
    return np.array([np.sum(weight * np.asarray(pdf.xfx(pid, x, q))) for pid in pids])


@pytest.mark.parametrize(
    ("name", "momentum", "valence"),
    [
        ("NNPDF31_lo_as_0118", 1.6e-3, 9e-3),  # its valence at x -> 1e-9 is not yet zero
        ("NNPDF31_nnlo_as_0118_luxqed", 4e-4, 2.0e-3),
        ("CT14qed_proton", 5e-4, 8e-4),
    ],
)
def test_sum_rules(name, momentum, valence):
    """Momentum 1, valence u - ubar = 2, d - dbar = 1, s - sbar = 0, within what the set itself keeps."""
    pdf = load_pdf(name)
    for q in (3.0, 91.1876, 172.5):
        assert moments(pdf, pdf.grids[0].pids, q, 1.0).sum() == pytest.approx(1.0, abs=momentum)
        u, ubar, d, dbar, s, sbar = moments(pdf, (2, -2, 1, -1, 3, -3), q, 0.0)
        assert (u - ubar, d - dbar, s - sbar) == pytest.approx((2.0, 1.0, 0.0), abs=valence)


# below, at and above the b threshold (4.92 GeV) and at the ends of the grid
@pytest.mark.parametrize("q", [1.65, 1.7, 3.0, 4.9, 4.92, 5.0, 91.1876, 172.5, 99000.0, 1e5])
def test_at_scale_equals_xfx(q):
    pdf = load_pdf()
    x = np.concatenate([np.geomspace(1e-9, 0.999, 300), pdf.grids[0].x, [1e-12]])
    fixed = pdf.at_scale(q).xf(x)
    for name, pid in PARTON.items():
        value = np.asarray(pdf.xfx(pid, x, q))
        np.testing.assert_allclose(getattr(fixed, name), value, rtol=1e-13, atol=1e-13 * np.abs(value).max())


def test_equals_grid_at_nodes():
    pdf = load_pdf()
    grid = pdf.grids[1]
    x, q = np.meshgrid(grid.x[:-1:7], grid.q[::3], indexing="ij")
    for pid in (21, 2, -4):
        expected = grid.values[:-1:7, ::3, grid.pids.index(pid)]
        np.testing.assert_allclose(pdf.xfx(pid, x, q), expected, rtol=1e-12, atol=1e-14)


def test_outside_the_grid():
    pdf = load_pdf()
    fixed = jax.jit(pdf.at_scale(100.0).xf)
    edges = jnp.array([0.0, 1e-12, 1e-9, 1.0, 1.5])
    gluon = fixed(edges).g
    np.testing.assert_array_equal(gluon[:2], gluon[2])
    np.testing.assert_array_equal(gluon[3:], 0.0)
    np.testing.assert_array_equal(pdf.xfx(21, np.array([1.0, 2.0]), 100.0), 0.0)
    assert float(pdf.xfx(6, 0.1, 100.0)) == 0.0
    assert float(pdf.xfx(0, 0.1, 100.0)) == float(pdf.xfx(21, 0.1, 100.0))
    with pytest.raises(PhysicsError, match=r"Q = 1 GeV is outside.*1.65 to 100000 GeV"):
        pdf.at_scale(1.0)
    with pytest.raises(PhysicsError, match=r"Q = 200000 GeV"):
        pdf.xfx(21, 0.1, np.array([100.0, 2e5]))
    with pytest.raises(ConfigError, match="PDG id 7 is no parton"):
        pdf.xfx(7, 0.1, 100.0)
    # a traced scale cannot be refused: frozen
    assert float(jax.jit(lambda q: pdf.xfx(21, 0.1, q))(1.0)) == float(pdf.xfx(21, 0.1, 1.65))


def test_gradients_are_finite_and_right():
    pdf = load_pdf()
    fixed = pdf.at_scale(172.5)
    slope = jax.jit(jax.vmap(jax.grad(lambda x: sum(fixed.xf(x)))))
    x = jnp.array([1e-3, 0.0123, 0.2, 0.77])
    step = 1e-6 * x
    total = lambda x: sum(fixed.xf(x))  # noqa: E731
    np.testing.assert_allclose(slope(x), (total(x + step) - total(x - step)) / (2 * step), rtol=1e-6)
    assert np.all(np.isfinite(slope(jnp.array([0.0, 1e-9, 1e-10, 0.1, 1.0, 1.1, -0.1]))))
    dq = jax.grad(lambda q: pdf.xfx(21, 0.01, q))(172.5)
    difference = (pdf.xfx(21, 0.01, 172.51) - pdf.xfx(21, 0.01, 172.49)) / 0.02
    assert float(dq) == pytest.approx(float(difference), rel=1e-5)
    assert np.all(np.isfinite(jax.vmap(jax.grad(pdf.xfx, argnums=(1, 2)), (None, 0, None))(21, x, 1.65)))


def test_stacked_scales_vmap():
    pdf = load_pdf()
    scales = (91.1876, 172.5, 500.0)
    single = [pdf.at_scale(q) for q in scales]
    stacked = jax.tree.map(lambda *a: jnp.stack(a), *single)
    x = jnp.geomspace(1e-4, 0.9, 50)
    values = jax.vmap(lambda f: f.xf(x))(stacked)
    for k, fixed in enumerate(single):
        np.testing.assert_allclose(values.u[k], fixed.xf(x).u, rtol=1e-15)


def test_at_scale_inside_jit_holds_no_tracer():
    kept = []

    @jax.jit
    def function(x):
        kept.append(load_pdf("NNPDF31_lo_as_0130").at_scale(300.0))
        return kept[-1].xf(x).g

    inside = function(0.01)
    assert float(kept[0].xf(0.01).g) == pytest.approx(float(inside), rel=1e-14)
