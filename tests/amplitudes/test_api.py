"""squared_amplitude: batch shapes, jit, derivatives, parameters, and one clear error for each bad input."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import momentax
from momentax.amplitudes import PROCESSES
from momentax.errors import ConfigError, InputError

SAMPLE = {
    "gg_ttbar": "sm_gg_ttx_dilep",
    "uubar_ttbar": "sm_uux_ttx_dilep",
    "gg_llbb": "sm_gg_bbxepem",
    "uubar_llbb": "sm_uux_bbxepem",
    "ddbar_llbb": "sm0b_ddx_bbxepem",
    "gg_hza": "thdm_gg_hh_zha_epembbx_500_300",
}


def _card(data):
    return {**data["params_external"], "MB": max(data["masses"])}


def _log_msq(reference, vectors, process):
    """(sum of log|M|^2 over a few points, its arguments: momenta and parameters)."""
    data = reference(SAMPLE[process])
    chosen = [i for i, c in enumerate(data["cat"]) if c in ("cuts", "onpeak", "zpeak")][:4]
    module = PROCESSES[process]
    params = module.parameters(_card(data))
    arguments = (vectors(np.array(data["momenta"])[chosen]), jax.tree.map(jnp.asarray, params))
    return (lambda p, params: jnp.sum(jnp.log(module.msq(p, params)))), arguments


SLOW_TO_COMPILE = ("gg_llbb", "uubar_llbb")


@pytest.mark.parametrize(
    "process", [pytest.param(k, marks=pytest.mark.proof) if k in SLOW_TO_COMPILE else k for k in SAMPLE]
)
def test_derivatives(reference, vectors, process):
    """log|M|^2 along random directions of the momenta and along each parameter: jax.jvp, central differences."""
    function, (p, params) = _log_msq(reference, vectors, process)
    # one compilation serves all directions
    along = jax.jit(
        lambda x, direction: jax.jvp(function, x, direction),
        compiler_options={"xla_backend_optimization_level": 0},
    )

    def check(direction, h):
        up, down = (
            float(along(jax.tree.map(lambda a, b, t=t: a + t * b, (p, params), direction), direction)[0])
            for t in (h, -h)
        )
        slope = float(along((p, params), direction)[1])
        assert slope == pytest.approx((up - down) / (2 * h), rel=2e-6, abs=1e-5), direction[1]

    still_p, still = jax.tree.map(jnp.zeros_like, (p, params))
    rng = np.random.default_rng(3)
    for _ in range(4):
        # small against the widths of the poles (E step against M Gamma), large against rounding
        check((jax.tree.map(lambda x: (1.0 + jnp.abs(x)) * rng.normal(size=x.shape), p), still), 1e-8)
    for name in params._fields:
        if getattr(params, name) is not None and name != "photon":
            check((still_p, still._replace(**{name: getattr(params, name)})), 1e-6)


@pytest.mark.parametrize("process", ["uubar_ttbar", "gg_hza"])
def test_gradient_is_the_derivative(reference, vectors, process):
    """jax.grad contracted with a direction is jax.jvp along it."""
    function, arguments = _log_msq(reference, vectors, process)
    rng = np.random.default_rng(4)
    direction = jax.tree.map(lambda x: 1e-3 * x * rng.normal(size=x.shape), arguments)
    forward = jax.jit(lambda x: jax.jvp(function, x, direction)[1])(arguments)
    contracted = jax.jit(
        lambda x: sum(
            jax.tree.leaves(
                jax.tree.map(lambda g, d: jnp.sum(g * d), jax.grad(lambda y: function(*y))(x), direction)
            )
        )
    )(arguments)
    np.testing.assert_allclose(contracted, forward, rtol=1e-9)


@pytest.mark.parametrize("process", ["gg_ttbar", "gg_hza"])
def test_batch_shapes_jit_vmap(reference, process):
    data = reference(SAMPLE[process])
    card = _card(data)
    p = np.array(data["momenta"])[:12]
    flat = momentax.squared_amplitude(process, p, card)
    assert flat.dtype == jnp.float64 and flat.shape == (12,)
    grid = momentax.squared_amplitude(process, p.reshape(3, 4, *p.shape[1:]), card)
    np.testing.assert_allclose(grid, flat.reshape(3, 4), rtol=1e-13)
    np.testing.assert_allclose(momentax.squared_amplitude(process, p[0], card), flat[0], rtol=1e-13)

    def function(x):
        return momentax.squared_amplitude(process, x, card)

    np.testing.assert_allclose(jax.jit(function)(jnp.asarray(p)), flat, rtol=1e-13)
    np.testing.assert_allclose(jax.vmap(function)(jnp.asarray(p)), flat, rtol=1e-13)
    assert momentax.squared_amplitude(process, p[:0], card).shape == (0,)


def test_parameters_may_vary_over_the_batch(reference):
    data = reference("sm_gg_ttx_dilep")
    p = np.array(data["momenta"])[:3]
    masses = np.array([170.0, 172.5, 175.0])
    card = data["params_external"]
    together = momentax.squared_amplitude("gg_ttbar", p, {**card, "MT": masses})
    alone = [momentax.squared_amplitude("gg_ttbar", p[i], {**card, "MT": m}) for i, m in enumerate(masses)]
    np.testing.assert_allclose(together, np.array(alone), rtol=1e-13)


@pytest.mark.parametrize("process", SAMPLE)
def test_turned_events(reference, process):
    """A rotated event is turned back, gluon polarisations with it; the same amplitude."""
    data = reference(SAMPLE[process])
    card = _card(data)
    p = np.array(data["momenta"])[:10]
    rng = np.random.default_rng(5)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    turned = np.concatenate([p[..., :1], p[..., 1:] @ rotation.T], axis=-1)
    value = momentax.squared_amplitude(process, turned, card)
    np.testing.assert_allclose(value, momentax.squared_amplitude(process, p, card), rtol=1e-9)


def test_derived_names(reference):
    """The list of derived parameters gives what the card gives; aS scales, MW replaces the G_F relation."""
    data = reference("sm_gg_ttx_dilep")
    p, card = np.array(data["momenta"])[:5], data["params_external"]
    value = momentax.squared_amplitude("gg_ttbar", p, card)
    derived = momentax.squared_amplitude("gg_ttbar", p, data["params_derived"])
    np.testing.assert_allclose(derived, value, rtol=1e-11)
    double = momentax.squared_amplitude("gg_ttbar", p, {**card, "aS": 0.236})
    np.testing.assert_allclose(double, 4 * value, rtol=1e-12)
    no_alpha_s = {k: v for k, v in card.items() if k != "aS"}
    coupling = momentax.squared_amplitude("gg_ttbar", p, {**no_alpha_s, "G": np.sqrt(4 * np.pi * 0.118)})
    np.testing.assert_allclose(coupling, value, rtol=1e-12)
    other = momentax.squared_amplitude("gg_ttbar", p, {**card, "MW": 80.0})
    assert np.all(np.abs(other / value - 1) > 1e-4)


def test_leptons_along_the_beam_are_finite():
    """Spinors have no hole: leptons exactly along +z and -z."""
    q = np.zeros((1, 6, 4))
    e = 100.0
    q[0, 0], q[0, 1] = [2 * e, 0, 0, 2 * e], [2 * e, 0, 0, -2 * e]
    k = np.sqrt(e**2 - 4.7**2)
    q[0, 2], q[0, 3] = [e, k, 0, 0], [e, -k, 0, 0]
    q[0, 4], q[0, 5] = [e, 0, 0, e], [e, 0, 0, -e]
    near = q.copy()
    near[0, 4], near[0, 5] = (
        [e, 1e-4 * e, 0, e * np.sqrt(1 - 1e-8)],
        [e, -1e-4 * e, 0, -e * np.sqrt(1 - 1e-8)],
    )
    for process in ("gg_llbb", "uubar_llbb"):
        value = momentax.squared_amplitude(process, q)
        np.testing.assert_allclose(value, momentax.squared_amplitude(process, near), rtol=1e-2)


def test_errors(reference):
    p = np.array(reference("sm_gg_ttx_dilep")["momenta"])[:2]
    with pytest.raises(ConfigError, match="did you mean 'gg_ttbar'"):
        momentax.squared_amplitude("gg_tbar", p)
    with pytest.raises(ConfigError, match="unknown parameter 'MTT'; did you mean 'MT"):
        momentax.squared_amplitude("gg_ttbar", p, {"MTT": 173.0})
    with pytest.raises(InputError, match=r"shape \(2, 7, 4\).*\[n, 8, 4\]"):
        momentax.squared_amplitude("gg_ttbar", p[:, :7])
    with pytest.raises(InputError, match="not an array"):
        momentax.squared_amplitude("gg_ttbar", "momenta")
    bad = p.copy()
    bad[1, 4, 2] = np.nan
    with pytest.raises(InputError, match=r"momentum of b at point \(1,\) is not finite"):
        momentax.squared_amplitude("gg_ttbar", bad)
    bad = p.copy()
    bad[0, 2, 0] = -1.0
    with pytest.raises(InputError, match=r"l\+ at point \(0,\) has no positive energy"):
        momentax.squared_amplitude("gg_ttbar", bad)
    bad = p.copy()
    bad[0, 0, 1] = 50.0
    with pytest.raises(InputError, match="not back to back"):
        momentax.squared_amplitude("gg_ttbar", bad)
