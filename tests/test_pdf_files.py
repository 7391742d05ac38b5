"""Finding and reading PDF files, and alpha_s: sets made up here in LHAPDF's format."""

import numpy as np
import pytest

from momentax.errors import ConfigError, InputError
from momentax.pdf import IpolAlphaS, OneLoopAlphaS, load_pdf
from momentax.pdf.alphas import alphas_from_info
from momentax.pdf.locate import pythia_grids

X = np.array([1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0])
INFO = """SetDesc: "a made-up set"
NumMembers: 2
Format: lhagrid1
AlphaS_Type: ipol
AlphaS_Qs: [1.0, 2.0, 4.0, 4.0, 10.0, 91.1876, 1000.0]
AlphaS_Vals: [0.45, 0.3, 0.23, 0.225, 0.18, 0.118, 0.09]
"""


def shape(x, q, pid):
    """Quadratic in ln x and ln Q^2, so that interpolation is not trivial."""
    u, v = np.log(x), 2 * np.log(q)
    return (1.0 + 0.1 * pid) * (u**2 + 2.0) * (1.0 + 0.05 * v + 0.01 * v**2)


def grid_text(scales=((1.0, 2.0, 4.0), (4.0, 8.0, 16.0, 100.0, 1000.0)), pids=(-1, 1, 21)):
    text = "PdfType: central\nFormat: lhagrid1\n---\n"
    for q in scales:
        text += " ".join(map(str, X)) + "\n" + " ".join(map(str, q)) + "\n" + " ".join(map(str, pids)) + "\n"
        for x in X:
            text += "".join(" ".join(f"{shape(x, s, p):.17e}" for p in pids) + "\n" for s in q)
        text += "---\n"
    return text


@pytest.fixture
def lhapdf(tmp_path, monkeypatch):
    """A folder for LHAPDF_DATA_PATH with the set MadeUp of two members, of which the second is missing."""
    folder = tmp_path / "MadeUp"
    folder.mkdir()
    (folder / "MadeUp.info").write_text(INFO)
    (folder / "MadeUp_0000.dat").write_text(grid_text())
    monkeypatch.setenv("LHAPDF_DATA_PATH", f"{tmp_path / 'nothing'}:{tmp_path}")
    return tmp_path


def test_set_through_search_path(lhapdf):
    pdf = load_pdf("MadeUp")
    assert pdf.name == "MadeUp" and pdf.info["NumMembers"] == 2 and isinstance(pdf.alpha_s, IpolAlphaS)
    assert (pdf.q_min, pdf.q_max, pdf.x_min) == (1.0, 1000.0, 1e-4)
    assert float(pdf.xfx(1, 0.01, 8.0)) == pytest.approx(shape(0.01, 8.0, 1), rel=1e-12)
    # the same set by the path of its folder and of its member file
    assert load_pdf(str(lhapdf / "MadeUp")).path == pdf.path
    by_file = load_pdf(str(lhapdf / "MadeUp" / "MadeUp_0000.dat"))
    assert by_file.path == pdf.path and isinstance(by_file.alpha_s, IpolAlphaS)


def test_few_scales_are_interpolated_linearly(lhapdf):
    """LHAPDF's rule: with 2 or 3 knots in Q, linear in ln x and ln Q^2."""
    pdf = load_pdf("MadeUp")
    x, q = np.sqrt(1e-3 * 1e-2), np.sqrt(2.0 * 4.0)
    corners = [shape(a, b, 21) for a in (1e-3, 1e-2) for b in (2.0, 4.0)]
    assert float(pdf.xfx(21, x, q)) == pytest.approx(np.mean(corners), rel=1e-12)
    assert float(pdf.at_scale(q).xf(x).g) == pytest.approx(np.mean(corners), rel=1e-12)


def test_log_cubic_by_hand(lhapdf):
    """Points of the upper subgrid by LHAPDF's formula written out: slopes are means of one-sided slopes."""
    pdf = load_pdf("MadeUp")

    def cubic(u, knots, values, i):
        def slope(k):
            sides = [m for m in (k - 1, k) if 0 <= m < len(knots) - 1]
            return np.mean([(values[m + 1] - values[m]) / (knots[m + 1] - knots[m]) for m in sides])

        width = knots[i + 1] - knots[i]
        t = (u - knots[i]) / width
        return (
            (2 * t**3 - 3 * t**2 + 1) * values[i]
            + (t**3 - 2 * t**2 + t) * slope(i) * width
            + (3 * t**2 - 2 * t**3) * values[i + 1]
            + (t**3 - t**2) * slope(i + 1) * width
        )

    scales = np.array([4.0, 8.0, 16.0, 100.0, 1000.0])
    for x, i in ((3e-4, 0), (0.03, 2), (0.7, 4)):
        for q, j in ((5.0, 0), (50.0, 2), (500.0, 3)):
            in_x = [cubic(np.log(x), np.log(X), shape(X, s, 1), i) for s in scales]
            expected = cubic(2 * np.log(q), 2 * np.log(scales), in_x, j)
            assert float(pdf.xfx(1, x, q)) == pytest.approx(expected, rel=1e-12)


def test_alpha_s_ipol(lhapdf):
    pdf = load_pdf("MadeUp")
    q = np.array([1.0, 2.0, 10.0, 91.1876, 1000.0, 5000.0])
    np.testing.assert_allclose(pdf.alpha_s(q), [0.45, 0.3, 0.18, 0.118, 0.09, 0.09], rtol=1e-12)
    # the threshold itself belongs to the upper side
    assert float(pdf.alpha_s(4.0)) == pytest.approx(0.225, rel=1e-12)
    assert float(pdf.alpha_s(4.0 - 1e-9)) == pytest.approx(0.23, rel=1e-7)
    # below the first knot a power law through the first two
    assert float(pdf.alpha_s(0.5)) == pytest.approx(0.45 * (0.3 / 0.45) ** -1.0, rel=1e-12)
    # between 91.1876 and 1000 with the written formula: one-sided slope at the upper end
    t = np.log(300.0 / 91.1876) / np.log(1000.0 / 91.1876)
    width = np.log(1000.0 / 91.1876)
    high = (0.09 - 0.118) / width
    low = 0.5 * (high + (0.118 - 0.18) / np.log(91.1876 / 10.0))
    expected = (
        (2 * t**3 - 3 * t**2 + 1) * 0.118
        + (t**3 - 2 * t**2 + t) * low * width
        + (3 * t**2 - 2 * t**3) * 0.09
        + (t**3 - t**2) * high * width
    )
    assert float(pdf.alpha_s(300.0)) == pytest.approx(expected, rel=1e-12)


def test_alpha_s_of_the_embedded_set():
    alpha_s = load_pdf().alpha_s
    assert isinstance(alpha_s, OneLoopAlphaS)
    assert float(alpha_s(91.1876)) == pytest.approx(0.118, rel=1e-14)
    b0 = 23 / (12 * np.pi)
    assert 1 / float(alpha_s(172.5)) == pytest.approx(1 / 0.118 + b0 * 2 * np.log(172.5 / 91.1876), rel=1e-13)


def test_alpha_s_that_cannot_be_had():
    with pytest.raises(ConfigError, match="type 'ode' without a table"):
        alphas_from_info({"AlphaS_Type": "ode", "AlphaS_MZ": 0.118})
    with pytest.raises(ConfigError, match=r"AlphaS_Qs \(3 values\) and AlphaS_Vals \(2 values\)"):
        alphas_from_info({"AlphaS_Qs": [1, 2, 3], "AlphaS_Vals": [0.3, 0.2]})


def test_every_grid_of_pythia_is_read():
    assert "NNPDF31_lo_as_0118_0000.dat" in pythia_grids()
    for file in pythia_grids():
        if not file.startswith("GKG18"):  # a Pomeron: other partons, the same format
            assert load_pdf(file.removesuffix("_0000.dat")).grids[0].pids


def test_not_found(lhapdf):
    with pytest.raises(
        ConfigError, match=r"searched .*nothing.*grids inside pythia8mc; did you mean 'MadeUp'"
    ):
        load_pdf("Madeup")
    with pytest.raises(ConfigError, match="did you mean 'NNPDF31_lo_as_0118'"):
        load_pdf("NNPDF31_lo_as_118")
    with pytest.raises(ConfigError, match=r"no file MadeUp_0001.dat: member 1 of 2 members"):
        load_pdf("MadeUp", 1)
    with pytest.raises(ConfigError, match="ships only member 0, not 3"):
        load_pdf("NNPDF31_lo_as_0118", 3)
    with pytest.raises(ConfigError, match=r"here/nowhere.dat does not exist"):
        load_pdf("here/nowhere.dat")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.split("---")[0], "no data block"),
        (lambda t: t.replace("lhagrid1", "lhagrid2"), "format 'lhagrid2' is not supported"),
        (
            lambda t: t.replace("0.0001 0.001", "0.001 0.0001"),
            "block 1: the x and Q knots must be positive and rising",
        ),
        (
            lambda t: t.replace("1.0 2.0 4.0", "1.0 2.0 3.5"),
            "block 1 ends at Q = 3.5 GeV, block 2 begins at 4 GeV",
        ),
        (
            lambda t: t.replace("-1 1 21", "-1 21", 1),
            "values, expected 6 x knots times 3 Q knots times 2 partons",
        ),
        (lambda t: t.replace("e+02", "x", 1), "block 1: not a number"),
        (lambda t: "just text", "not an LHAPDF6 file"),
        (lambda t: t.rsplit("\n", 3)[0], "block 2: .* values, expected"),
    ],
)
def test_malformed_grid(tmp_path, change, message):
    path = tmp_path / "Broken_0000.dat"
    text = change(grid_text())
    assert text != grid_text()
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        load_pdf(str(path))
    assert "Broken_0000.dat" in str(error.value)
