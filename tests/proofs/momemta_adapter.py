"""MoMEMta's integrands for ttbar and Drell-Yan, assembled from momentax's maps, amplitudes and PDFs.

Only what is MoMEMta's own is written here: its truncated Gaussian transfer function, its measure |p|^2
sin(theta) dtheta dphi for the visible, its sum over parton channels, its frame. No recoil density, no
E_lab/E_hard. Units GeV^-6.

The frame: MoMEMta boosts the partons back by the transverse velocity of the final state, and its matrix
element takes gluon polarisations that are transverse to the gluons there. g g -> ttbar with off-shell tops is
not gauge invariant, so this differs (by up to 1.3 % of the integrand at these points) from the frame of zero
transverse momentum that momentax defines the weight in. :func:`gg_ttbar_any_frame` composes momentax's
spinors with the polarisations of any frame.
"""

import functools
import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from momentax.amplitudes import llbb_parameters, ttbar_channels, ttbar_parameters
from momentax.amplitudes.complexpair import propagator
from momentax.amplitudes.gg_llbb import msq as gg_llbb_msq
from momentax.amplitudes.gg_ttbar import colour_sum
from momentax.amplitudes.spinors import momentum, product, propagate_row, row_slash, sandwich, slash_column
from momentax.amplitudes.top_decay import top_pair
from momentax.kinematics import FourVector, boost, dot, transverse_boost_to_rest
from momentax.maps import BlockA, BlockD, BreitWigner, NeutrinoEllipse, parton_fractions, partons
from momentax.pdf import load_pdf

DATA = Path(__file__).parents[1] / "data" / "momemta"
SQRT_S = 13000.0
S = SQRT_S**2
MB = 4.7
W = (80.419002, 2.0476)
TOP = (173.0, 1.4915)
SIGMA_LEPTON, SIGMA_B, RANGE = 0.05, 0.10, 5.0
CARD = {"aS": 0.118, "aEWM1": 132.507, "Gf": 1.16639e-5, "MZ": 91.188, "MB": MB}
TTBAR = ttbar_parameters({**CARD, "MT": TOP[0], "WT": TOP[1], "WW": W[1]})
DRELL_YAN = llbb_parameters({**CARD, "WZ": 2.441404}, photon=False)
PDF_SET = "NNPDF31_nnlo_as_0118_luxqed"


def load(name):
    """Contents of one of the data files."""
    return json.loads((DATA / name).read_text())


def visible(event):
    """(l+, l-, b jet 1, b jet 2) as FourVectors."""
    order = ("lep_plus", "lep_minus", "bjet1", "bjet2")
    return tuple(FourVector(*(jnp.float64(event[k][i]) for i in (3, 0, 1, 2))) for k in order)


def energy_transfer(u, reco, sigma, mass):
    """(generated momentum, transfer function x Jacobian): uniform within +-5 sigma of the measured energy."""
    p_reco = jnp.sqrt(reco.p2)
    low = jnp.maximum(mass, reco.e * (1.0 - RANGE * sigma))
    high = reco.e * (1.0 + RANGE * sigma)
    e = low + (high - low) * u
    p = jnp.sqrt(e**2 - mass**2)
    momentum = FourVector(e, *(c * p / p_reco for c in (reco.x, reco.y, reco.z)))
    return momentum, gaussian(reco.e, e, sigma) * (high - low) * e / p


def gaussian(e_reco, e, sigma):
    """Normal density of the measured energy with a width sigma * generated energy."""
    return jnp.exp(-0.5 * ((e_reco - e) / (sigma * e)) ** 2) / (np.sqrt(2.0 * np.pi) * sigma * e)


def standard_phase_space(p):
    """|p|^2 sin(theta)/(2 E (2 pi)^3): the measure in d|p| dtheta dphi."""
    return jnp.sqrt(p.p2 * p.pt2) / (2.0 * p.e * (2.0 * jnp.pi) ** 3)


def hard_frame(final):
    """(incoming, final) in the frame without transverse momentum, q1, q2 and whether these are physical."""
    total = functools.reduce(lambda a, b: a + b, final)
    q1, q2 = parton_fractions(total, SQRT_S)
    boosted = [transverse_boost_to_rest(p, total) for p in final]
    ok = (q1 < 1.0) & (q2 < 1.0) & (q1 > 0.0) & (q2 > 0.0)
    # final states that are no solution keep finite placeholders here
    q1, q2 = jnp.where(ok, q1, 0.1), jnp.where(ok, q2, 0.1)
    return [*partons(functools.reduce(lambda a, b: a + b, boosted)), *boosted], q1, q2, ok


def transverse_polarisations(k):
    """Two orthonormal real polarisation vectors (0, e) with e orthogonal to the three-momentum."""
    norm = jnp.sqrt(k.p2)
    x, y, z = k.x / norm, k.y / norm, k.z / norm
    # orthogonal to (x, y, z), smooth where it is near +z or -z
    sign = jnp.where(z < 0.0, -1.0, 1.0)
    a = -1.0 / (sign + z)
    b = x * y * a
    zero = jnp.zeros_like(x)
    return (
        FourVector(zero, 1.0 + sign * x * x * a, sign * b, -sign * x),
        FourVector(zero, b, sign + y * y * a, -y),
    )


def gg_ttbar_any_frame(p, params):
    """|M|^2 of g g -> ttbar with both gluons transverse in the frame in which ``p`` is given (gluons not
    along z).
    """
    k1, k2 = p[0], p[1]
    pair = top_pair(p[2:], params)
    top = p[2] + p[3] + p[4]
    mt, wt = params.mass_t, params.width_t
    s_hat = 2.0 * dot(k1, k2)
    total = 0.0
    lines = []
    for k in (k1, k2):
        lines.append((momentum(top - k), propagator((top - k).mass2, mt, wt)))
    for e1 in transverse_polarisations(k1):
        for e2 in transverse_polarisations(k2):
            v1, v2 = momentum(e1), momentum(e2)
            first, second = row_slash(pair.row, v1), row_slash(pair.row, v2)
            flow12 = product(propagate_row(first, lines[0][0], mt), slash_column(v2, pair.column))
            flow21 = product(propagate_row(second, lines[1][0], mt), slash_column(v1, pair.column))
            vertex = FourVector(
                *(
                    dot(e1, e2) * (a - b) + 2.0 * dot(e1, k2) * d - 2.0 * dot(e2, k1) * c
                    for a, b, c, d in zip(k1, k2, e1, e2, strict=True)
                )
            )
            fused = sandwich(pair.row, momentum(vertex), pair.column) * (1.0 / s_hat)
            total = total + colour_sum(flow12 * lines[0][1] + fused, flow21 * lines[1][1] - fused)
    return total * pair.factor * (4.0 * jnp.pi * params.alpha_s) ** 2 / 256.0


def fixed_pdf(q):
    """x f(x) at the scale q."""
    return load_pdf(PDF_SET).at_scale(q)


def choose(first, a, b):
    """FourVector ``a`` where ``first``, else ``b``."""
    return FourVector(*(jnp.where(first, x, y) for x, y in zip(a, b, strict=True)))


def ttbar_integrand(u, event, met, pdf, use_tf=True, use_perm=True, use_ps=True):
    """u [n, dims]: permutation, s13, s134, s25, s256, E_l+, E_l-, E_b1, E_b2 (those that are used)."""
    u = iter(jnp.moveaxis(u, -1, 0))
    first = next(u) < 0.5 if use_perm else True
    masses, weight = [], 1.0
    for mass, width in (W, TOP, W, TOP):
        s, jacobian = BreitWigner(mass, width).forward(next(u))
        masses.append(s)
        weight = weight * jacobian
    lp, lm, j1, j2 = event
    seen = [lp, lm, choose(first, j1, j2), choose(first, j2, j1)]
    if use_tf:
        for i, (sigma, mass) in enumerate(((SIGMA_LEPTON, 0.0),) * 2 + ((SIGMA_B, MB),) * 2):
            seen[i], factor = energy_transfer(next(u), seen[i], sigma, mass)
            weight = weight * factor
    if use_ps:
        for p in seen:
            weight = weight * standard_phase_space(p)
    lp, lm, b, bbar = seen
    top = NeutrinoEllipse.from_masses(lp, b, masses[0], masses[1], 0.0, MB**2)
    antitop = NeutrinoEllipse.from_masses(lm, bbar, masses[2], masses[3], 0.0, MB**2)
    pairs = BlockD(S, top, antitop, met[0], met[1]).forward()
    momenta, q1, q2, ok = hard_frame([lp, pairs.nu, b, lm, pairs.nubar, bbar])
    ok = ok & pairs.valid
    # the partons in the frame of the final state
    final = [lp, pairs.nu, b, lm, pairs.nubar, bbar]
    total = functools.reduce(lambda a, b: a + b, final)
    back = (total.x / total.e, total.y / total.e, jnp.zeros_like(total.e))
    gg = gg_ttbar_any_frame([boost(k, back) for k in momenta[:2]] + final, TTBAR)
    channels = ttbar_channels(momenta, TTBAR)._replace(gg=gg)
    if pdf is None:
        summed = channels.gg + 8.0 * channels.qqbar
    else:
        f1, f2 = pdf.xf(q1), pdf.xf(q2)
        quarks = sum(
            getattr(f1, q) * getattr(f2, q + "bar") + getattr(f1, q + "bar") * getattr(f2, q) for q in "udsc"
        )
        summed = (f1.g * f2.g * channels.gg + quarks * channels.qqbar) / (q1 * q2)
    summed = jnp.where(ok, summed, 0.0)
    return weight * jnp.sum(pairs.jacobian * summed / (2.0 * q1 * q2 * S), axis=0)


def drell_yan_integrand(u, event, pdf):
    """u [n, 3]: permutation, E_l-, E_l+; the b momenta from the transverse balance (block A), gg -> Z b bbar
    only.
    """
    lp_reco, lm_reco, j1, j2 = event
    lm, tf_minus = energy_transfer(u[:, 1], lm_reco, SIGMA_LEPTON, 0.0)
    lp, tf_plus = energy_transfer(u[:, 2], lp_reco, SIGMA_LEPTON, 0.0)
    reco = lp_reco + lm_reco + j1 + j2
    first = u[:, 0] < 0.5
    b_reco, bbar_reco = choose(first, j1, j2), choose(first, j2, j1)
    directions = [tuple(c / jnp.sqrt(p.p2) for c in (p.x, p.y, p.z)) for p in (b_reco, bbar_reco)]
    block = BlockA(S, directions[0], directions[1], MB**2, MB**2)
    (b, bbar), jacobian, valid = block.forward(reco.x - lp.x - lm.x, reco.y - lp.y - lm.y)
    weight = tf_minus * tf_plus * standard_phase_space(lp) * standard_phase_space(lm) * jacobian
    weight = weight * gaussian(b_reco.e, b.e, SIGMA_B) * gaussian(bbar_reco.e, bbar.e, SIGMA_B)
    momenta, q1, q2, ok = hard_frame([b, bbar, lp, lm])
    msq = gg_llbb_msq(momenta, DRELL_YAN)
    if pdf is not None:
        msq = msq * pdf.xf(q1).g * pdf.xf(q2).g / (q1 * q2)
    return weight * jnp.where(ok & valid, msq, 0.0) / (2.0 * q1 * q2 * S)
