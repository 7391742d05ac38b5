"""Cross sections of the built-in generator against closed forms and against independent programs.

Each closed form is convolved by Gauss-Legendre quadrature with the same parton densities; the generator's
own errors are 0.1 to 0.3 %. Agreement is asked within 4 standard errors (a wrong 2 or pi is hundreds away)
plus the stated size of what the closed form leaves out.
"""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vegas

from momentax.amplitudes import gg_llbb
from momentax.amplitudes.llbb_lines import DOWN, UP, llbb_parameters
from momentax.config import PhysicsConfig
from momentax.constants import HBARC2_PB, MASS_B, MASS_T, MASS_Z, SQRT_S, WIDTH_Z
from momentax.kinematics import FourVector, dot
from momentax.maps import BreitWigner, TwoBodyDecay
from momentax.pdf import FixedScalePdf, load_pdf
from momentax.processes import measure
from momentax.processes.hza import HZA
from momentax.processes.thdm import two_higgs_doublet
from momentax.processes.thdm_widths import loop_amplitude
from momentax.processes.ttbar import TTbar
from momentax.simulate import Budget, train
from momentax.simulate.phase_space import DrellYanSpace
from momentax.simulate.sampler import evaluate_chunked

SMALL = Budget(6, 20_000, 20_000, 4, 40_000)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(80)


def gauss(lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [lo, hi], on a new last axis."""
    half = 0.5 * (np.asarray(hi) - lo)[..., None]
    return half * NODES + 0.5 * (np.asarray(hi) + lo)[..., None], half * WEIGHTS


def luminosity(
    pdf: FixedScalePdf, tau: np.ndarray, gluons: bool, flavours: tuple[str, ...] = ("u", "d", "s", "c")
) -> np.ndarray:
    """Int dx1 dx2 delta(x1 x2 - tau) sum f f: gg once, or quarks and antiquarks in both orders."""
    half = -0.5 * np.log(tau)
    y, w = gauss(-half, half)
    root = np.sqrt(tau)[..., None]
    one, two = (pdf.xf(jnp.asarray(root * np.exp(sign * y))) for sign in (1.0, -1.0))
    if gluons:
        product = np.asarray(one.g * two.g)
    else:
        pairs = [(q, q + "bar") for q in flavours]
        product = sum(
            np.asarray(getattr(one, a) * getattr(two, b) + getattr(one, b) * getattr(two, a))
            for a, b in pairs
        )
    return np.sum(w * product, axis=-1) / tau


def ttbar_on_shell(mt: float, alpha_s: float, pdf: FixedScalePdf) -> float:
    """sigma(p p -> t tbar), pb: leading order, stable top quarks (Combridge 1979)."""
    log_s, w = gauss(np.log(4.0 * mt**2), np.log(SQRT_S**2))
    s = np.exp(log_s)
    rho = 4.0 * mt**2 / s
    beta = np.sqrt(1.0 - rho)
    log = np.log((1.0 + beta) / (1.0 - beta))
    qq = 8.0 * np.pi * alpha_s**2 / (27.0 * s) * beta * (1.0 + 0.5 * rho)
    gg = np.pi * alpha_s**2 / (3.0 * s)
    gg = gg * ((1.0 + rho + rho**2 / 16.0) * log - beta * (7.0 / 4.0 + 31.0 / 16.0 * rho))
    tau = s / SQRT_S**2
    integrand = luminosity(pdf, tau, True) * gg + luminosity(pdf, tau, False) * qq
    return float(HBARC2_PB * np.sum(w * tau * integrand))


def t_to_blnu(a) -> float:
    """Gamma(t -> b W* -> b l nu), GeV: on-shell top, massive b, integrated over the line shape of the W.

    Int ds/pi [s g^2/(48 pi)] / ((s - mW^2)^2 + mW^2 Gamma_W^2) Gamma(t -> b W; mW^2 = s).
    """
    t, b = float(a.mass_t) ** 2, MASS_B**2
    mg = float(a.mass_w * a.width_w)
    low, high = np.arctan(-(a.mass_w**2) / mg), np.arctan(((math.sqrt(t) - MASS_B) ** 2 - a.mass_w**2) / mg)
    angle, w = gauss(np.array(low), np.array(high))
    s = float(a.mass_w) ** 2 + mg * np.tan(angle)
    p = np.sqrt(np.maximum((t - s - b) ** 2 - 4.0 * s * b, 0.0)) / (2.0 * math.sqrt(t))
    # spin-averaged: g^2/4 [(t - b)^2/s + t + b - 2 s]; the lepton current is conserved, so q^2 replaces mW^2
    t_to_bw = a.g_weak**2 / 4.0 * ((t - b) ** 2 / s + t + b - 2.0 * s) * p / (8.0 * math.pi * t)
    return float(np.sum(w / np.pi / mg * s * a.g_weak**2 / (48.0 * math.pi) * t_to_bw))


@dataclasses.dataclass(frozen=True)
class ScaledWidths(TTbar):
    """ttbar with the widths of t and W multiplied by ``factor``."""

    factor: float = 1.0

    def amplitude_parameters(self, alpha_s: float, physics: PhysicsConfig):
        a = super().amplitude_parameters(alpha_s, physics)
        return a._replace(width_t=a.width_t * self.factor, width_w=a.width_w * self.factor)


@pytest.mark.parametrize("factor, left_out", [(0.002, 0.001), (1.0, 0.005)])
def test_ttbar_is_on_shell_cross_section_times_branching_ratios(factor, left_out):
    """Narrow widths: nothing is left out. Physical ones: off-shell tops, below 0.5 %."""
    sampler = train(ScaledWidths(MASS_T, factor), budget=SMALL)
    a = sampler.model.amplitude
    on_shell = ttbar_on_shell(MASS_T, float(a.alpha_s), sampler.model.pdf)
    expected = on_shell * (t_to_blnu(a) / float(a.width_t)) ** 2
    assert sampler.sigma_pb == pytest.approx(expected, abs=4.0 * sampler.sigma_error + left_out * expected)


def test_on_shell_ttbar_equals_pythia():
    """Pythia 8.317 with the same PDF, scale and alpha_s and narrow tops; agreement within 3.5 of its
    standard errors.

    With its own settings it has 24.1 pb for e and mu where the generator has 22.6 pb: NNPDF2.3 (x 0.973),
    alpha_s(mZ) = 0.130 (x 1.193), scales that rise with the event (x 0.919), tops cut to their mass window
    (x 0.990), its branching ratio 0.1081 instead of 0.1091 (x 0.981), and the generator's off-shell W and t
    (x 0.969 in 22.6).
    """
    pythia8 = pytest.importorskip("pythia8mc")
    pythia = pythia8.Pythia("", False)
    scale2 = MASS_T**2
    for line in (
        "Print:quiet = on",
        "Random:setSeed = on",
        "Random:seed = 11",
        f"Beams:eCM = {SQRT_S}",
        "PDF:pSet = LHAGrid1:NNPDF31_lo_as_0118_0000.dat",
        "Top:gg2ttbar = on",
        "Top:qqbar2ttbar = on",
        "SigmaProcess:renormScale2 = 5",
        "SigmaProcess:factorScale2 = 5",
        f"SigmaProcess:renormFixScale = {scale2}",
        f"SigmaProcess:factorFixScale = {scale2}",
        "SigmaProcess:alphaSvalue = 0.118",
        "SigmaProcess:alphaSorder = 1",
        f"6:m0 = {MASS_T}",
        "6:doForceWidth = on",
        "6:mWidth = 0.0001",
        "PartonLevel:all = off",
        "HadronLevel:all = off",
    ):
        assert pythia.readString(line), line
    assert pythia.init()
    for _ in range(40_000):
        pythia.next()
    info = pythia.infoPython()
    pdf = load_pdf()
    ours = ttbar_on_shell(MASS_T, float(pdf.alpha_s(MASS_T)), pdf.at_scale(MASS_T))
    error = 1e9 * info.sigmaErr()
    assert error < 0.005 * ours
    assert ours == pytest.approx(1e9 * info.sigmaGen(), abs=3.5 * error)


def test_hza_is_production_times_branching_ratios():
    """gg -> H x Gamma(H -> l l A)/Gamma_H x Gamma(A -> b b)/Gamma_A in closed form: narrow H, A; whole Z line."""
    m_h, m_a, width_h, width_a = 500.0, 300.0, 0.02, 0.02
    sampler = train(HZA(m_h, m_a, widths=(width_h, width_a)), budget=SMALL)
    a, model = sampler.model.amplitude, two_higgs_doublet(m_h, m_a)
    alpha_s, cw2 = float(a.alpha_s), 1.0 - a.sw2
    loops = sum(
        coupling * loop_amplitude((m_h / (2.0 * mass)) ** 2, odd=False)
        for coupling, mass in ((model.couplings.h_up, MASS_T), (model.couplings.h_down, MASS_B))
    )
    tau = (m_h / SQRT_S) ** 2
    # G_F alpha_s^2/(288 sqrt2 pi) |3/4 sum A|^2 tau dL/dtau with G_F = 1/(sqrt2 v^2)
    production = HBARC2_PB * alpha_s**2 / (576.0 * math.pi * a.vev**2) * abs(0.75 * loops) ** 2
    production *= tau * luminosity(sampler.model.pdf, np.array(tau), gluons=True)
    # Z* -> l l: Gamma_ll(q^2) = Gamma_ll q/mZ, H -> Z* A ~ lambda^(3/2)/q^2
    gamma_ll = MASS_Z / (24.0 * math.pi) * a.e**2 / (a.sw2 * cw2) * ((0.5 - a.sw2) ** 2 + a.sw2**2)
    angle, w = gauss(
        np.arctan(-MASS_Z / WIDTH_Z), np.arctan(((m_h - m_a) ** 2 - MASS_Z**2) / (MASS_Z * WIDTH_Z))
    )
    q2 = MASS_Z**2 + MASS_Z * WIDTH_Z * np.tan(angle)
    kallen = np.maximum((m_h**2 - m_a**2 - q2) ** 2 - 4.0 * m_a**2 * q2, 0.0)
    line = np.sum(w / np.pi * kallen**1.5) * gamma_ll / WIDTH_Z
    coupling2 = (1.0 - model.cos_ba**2) * a.e**2 / (4.0 * a.sw2 * cw2 * MASS_Z**2)
    h_to_zlla = coupling2 * line / (16.0 * math.pi * m_h**3)
    beta = math.sqrt(1.0 - (2.0 * MASS_B / m_a) ** 2)
    a_to_bb = 3.0 * m_a * beta / (8.0 * math.pi) * (model.yukawa_mass_b * model.tan_beta / a.vev) ** 2
    expected = float(production) * h_to_zlla / width_h * a_to_bb / width_a
    # left out: Breit-Wigner tails of H and A, of relative size Gamma/m
    assert sampler.sigma_pb == pytest.approx(expected, abs=4.0 * sampler.sigma_error + 0.002 * expected)


def test_quark_annihilation_to_leptons():
    """q qbar -> photon, Z -> l l through the flux, luminosity and phase space of the generator, against its
    closed form.

    On one side 1/12 sum_h |A_h|^2 4 (t or u)^2 at random momenta, on the other sigma(s) = s/(144 pi) sum_h
    |A_h|^2 by quadrature; A_h = e^2 Q Q_l/s + g_h g_l/(s - mZ^2 + i mZ Gamma_Z).
    """
    p = llbb_parameters({"MZ": MASS_Z, "WZ": WIDTH_Z})
    lo, hi = 50.0**2, 150.0**2

    def couplings(s, charge, isospin):
        """|e^2 Q Q_l/s + g g_l/(s - mZ^2 + i mZ Gamma)|^2 of equal and of opposite helicities of q and l-."""
        g = [p.e / math.sqrt(p.sw2 * (1.0 - p.sw2)) * (t - charge * p.sw2) for t in (isospin, 0.0)]
        g_lepton = [p.e / math.sqrt(p.sw2 * (1.0 - p.sw2)) * (t + p.sw2) for t in (-0.5, 0.0)]
        amplitude = [
            [-(p.e**2) * charge / s + x * y / (s - MASS_Z**2 + 1j * MASS_Z * WIDTH_Z) for y in g_lepton]
            for x in g
        ]
        same = abs(amplitude[0][0]) ** 2 + abs(amplitude[1][1]) ** 2
        return same, abs(amplitude[0][1]) ** 2 + abs(amplitude[1][0]) ** 2

    pdf = load_pdf().at_scale(MASS_Z)

    def integrand(u):
        s, j0 = BreitWigner(MASS_Z, WIDTH_Z, lo, hi).forward(u[:, 0])
        half = jnp.log(SQRT_S) - 0.5 * jnp.log(s)
        rapidity = (2.0 * u[:, 1] - 1.0) * half
        m, zero = jnp.sqrt(s), jnp.zeros_like(s)
        total = FourVector(m * jnp.cosh(rapidity), zero, zero, m * jnp.sinh(rapidity))
        (plus, minus), j1 = TwoBodyDecay(s, 0.0, 0.0).forward((u[:, 2], u[:, 3]), total)
        state = measure.initial_state(plus + minus, SQRT_S)
        one, _ = state.partons(SQRT_S)
        t, u_ = -2.0 * dot(one, minus), -2.0 * dot(one, plus)  # quark from +z and l-
        lumi = measure.luminosity(pdf, state)
        value = 0.0
        for (charge, isospin), forward, backward in (
            (UP, lumi.uubar, lumi.ubaru),
            (DOWN, lumi.ddbar, lumi.dbard),
        ):
            same, opposite = couplings(s, charge, isospin)
            # sum over helicities 4 u^2 (same) and 4 t^2 (opposite); 1/4 spins, 1/3 colours
            value += forward * 4.0 * (same * u_**2 + opposite * t**2) / 12.0
            value += backward * 4.0 * (same * t**2 + opposite * u_**2) / 12.0
        return HBARC2_PB * j0 * j1 * half * state.flux / (2.0 * math.pi) ** 4 * value

    values = np.asarray(jax.jit(integrand)(jnp.asarray(np.random.default_rng(3).random((400_000, 4)))))
    got, error = values.mean(), values.std() / math.sqrt(len(values))

    angle, w = gauss(*(np.arctan((np.array(x) - MASS_Z**2) / (MASS_Z * WIDTH_Z)) for x in (lo, hi)))
    s = MASS_Z**2 + MASS_Z * WIDTH_Z * np.tan(angle)
    slope = ((s - MASS_Z**2) ** 2 + (MASS_Z * WIDTH_Z) ** 2) / (MASS_Z * WIDTH_Z)
    expected = 0.0
    for (charge, isospin), names in ((UP, ("u", "c")), (DOWN, ("d", "s"))):
        # Int dcos (1 +- cos)^2 = 8/3: sigma = s/(144 pi) sum |A|^2
        sigma = s / (144.0 * math.pi) * sum(couplings(s, charge, isospin))
        expected += np.sum(w * slope * sigma * luminosity(pdf, s / SQRT_S**2, False, names)) / SQRT_S**2
    assert error < 0.003 * got
    assert got == pytest.approx(HBARC2_PB * expected, abs=4.0 * error)


def test_drell_yan_bb_equals_madgraph():
    """gg -> Z(l l) b bbar with cuts and a dynamic scale: 4.3607(137) pb for two flavours, from an
    independent program.

    Origin: 2 -> 4 matrix element exported by MadGraph5_aMC@NLO with its default card (mZ 91.188, Gamma_Z
    2.441404, 1/alpha 132.507), unweighted by its own integrator: the cross section in the header of its
    event file. NNPDF3.1 NNLO, mu^2 = mZ^2 + (pT1^2 + pT2^2)/2 + mb^2; pT_b > 15, |y_b| < 2.8, dR_bb > 0.3,
    pT_l > 6, |eta_l| < 2.8, 50 < m_ll < 150.
    """
    mz, wz = 91.188, 2.441404
    pdf = load_pdf("NNPDF31_nnlo_as_0118_luxqed")
    parameters = llbb_parameters({"aS": 1.0, "MZ": mz, "WZ": wz, "MB": MASS_B}, photon=False)
    space = DrellYanSpace(mz, wz, jnp.asarray(15.0), jnp.asarray(50.0), jnp.asarray(SQRT_S))

    @jax.jit
    def integrand(u):
        event = space.forward(tuple(u[:, i] for i in range(10)))
        b, bbar, plus, minus = event.momenta
        state = measure.initial_state((b + bbar + plus + minus)._replace(x=0.0 * b.x, y=0.0 * b.y), SQRT_S)
        y = [jnp.arctanh(p.z / p.e) for p in (b, bbar)]
        eta = [jnp.arcsinh(p.z / jnp.sqrt(p.pt2)) for p in (plus, minus)]
        dphi = jnp.arctan2(b.y * bbar.x - b.x * bbar.y, b.x * bbar.x + b.y * bbar.y)
        passed = state.valid & (event.jacobian > 0.0) & ((y[0] - y[1]) ** 2 + dphi**2 > 0.3**2)
        for p, pt in ((b, 15.0), (bbar, 15.0), (plus, 6.0), (minus, 6.0)):
            passed &= p.pt2 > pt**2
        for v in (*y, *eta):
            passed &= jnp.abs(v) < 2.8
        s_ll = (plus + minus).mass2
        passed &= (s_ll > 50.0**2) & (s_ll < 150.0**2)
        q = jnp.sqrt(mz**2 + 0.5 * (b.pt2 + bbar.pt2) + MASS_B**2)
        gluons = pdf.xfx(21, state.q1, q) * pdf.xfx(21, state.q2, q) / (state.q1 * state.q2)
        me = gg_llbb.msq((*state.partons(SQRT_S), *event.momenta), parameters) * pdf.alpha_s(q) ** 2
        weight = HBARC2_PB * event.jacobian * state.flux / (2.0 * math.pi) ** 4 * gluons * me
        return jnp.where(passed, weight, 0.0)

    rng = np.random.default_rng(1)
    vegas_integrator = vegas.Integrator([[0.0, 1.0]] * 9, ran_array_generator=rng.random)
    function = vegas.lbatchintegrand(
        lambda u: evaluate_chunked(integrand, np.concatenate([u, np.full((len(u), 1), 0.5)], axis=1))
    )
    vegas_integrator(function, nitn=6, neval=20_000)
    result = vegas_integrator(function, nitn=4, neval=40_000, adapt=False)
    got, error = result.mean, result.sdev
    expected, expected_error = 4.360709 / 2.0, 0.01371 / 2.0
    assert error < 0.006 * got
    assert got == pytest.approx(expected, abs=3.0 * math.hypot(error, expected_error))
