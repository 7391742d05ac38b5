"""The flow is a density, its estimates are unbiased, training helps, and real weights come out as those of VEGAS."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toy_items import DIM, exact, toy_items

import momentax
from momentax.config import PhysicsConfig, load_config
from momentax.errors import ConfigError, InputError
from momentax.flow import network, sampler, spline, workflow
from momentax.flow.compare import SAMPLERS, break_even, compare, flow_integrator
from momentax.flow.config import FlowConfig
from momentax.flow.items import flow_inputs, prepare
from momentax.flow.network import Flow, initial_parameters
from momentax.flow.samples import draw, resample
from momentax.flow.training import Trained, fit
from momentax.plots.flow import samplers
from momentax.processes import as_hypothesis
from momentax.regress.inputs import Scaler

# compiled: op by op they take a minute
conditions, from_base, to_base = (
    jax.jit(f, static_argnums=0) for f in (network.conditions, network.from_base, network.to_base)
)
forward, inverse = jax.jit(spline.forward), jax.jit(spline.inverse)
PYTHIA = Path(__file__).parents[1] / "data/events/tt_600.root"
SMALL = FlowConfig(
    layers=4,
    width=16,
    bins=6,
    grid_bins=6,
    context=16,
    epochs=6,
    batch_items=64,
    batch_points=16,
    n_eval=4096,
)


def some_flow(dim: int, n_inputs: int, spread: float = 0.2) -> tuple[Flow, dict]:
    """A flow far from the identity."""
    flow = Flow(dim, n_inputs, layers=2, width=12, bins=5, grid_bins=7, context=8)
    rng = np.random.default_rng(2)
    p = initial_parameters(flow, 1)
    return flow, {k: a + jnp.asarray(spread * rng.normal(size=a.shape), jnp.float32) for k, a in p.items()}


def test_spline_is_monotonic_with_its_inverse_and_slope():
    rng = np.random.default_rng(0)
    parameters = jnp.asarray(2.0 * rng.normal(size=(spline.n_parameters(6), 50, 1)))
    x = jnp.broadcast_to(jnp.linspace(0.0, 1.0, 201), (50, 201))
    y, log_slope = forward(parameters, x)
    assert bool(jnp.all(jnp.diff(y, axis=1) > 0.0))
    np.testing.assert_allclose(y[:, [0, -1]], np.tile([0.0, 1.0], (50, 1)), atol=1e-12)
    back, log_inverse = inverse(parameters, y)
    np.testing.assert_allclose(back, x, atol=1e-9)
    np.testing.assert_allclose(log_inverse, -log_slope, atol=1e-6)
    # not at the ends, beyond which there is nothing
    slope = jax.jit(jax.grad(lambda at: jnp.sum(spline.forward(parameters, at)[0])))(x)
    np.testing.assert_allclose(jnp.exp(log_slope)[:, 1:-1], slope[:, 1:-1], rtol=1e-8)
    floored = jax.jit(spline.forward, static_argnums=2)(parameters, x, 0.3)
    at = spline._find(parameters, x, 0.3, of_y=False)
    assert float((at.height / at.width).min()) >= 0.3 and float(at.slope.min()) >= 0.3
    again = jax.jit(spline.inverse, static_argnums=2)(parameters, floored[0], 0.3)
    np.testing.assert_allclose(again[0], x, atol=1e-9)
    same, flat = forward(jnp.zeros((spline.n_parameters(6), 1)), x[0])
    np.testing.assert_allclose(same, x[0], atol=1e-12)
    np.testing.assert_allclose(flat, 0.0, atol=1e-12)


def test_flow_is_invertible_and_its_density_is_the_determinant():
    flow, p = some_flow(3, 2)
    given = conditions(flow, p, jnp.asarray(np.random.default_rng(1).normal(size=(5, 2))))
    z = jnp.asarray(np.random.default_rng(3).random((3, 5, 40)))
    u, log_q = from_base(flow, p, given, z)
    assert float(jnp.abs(u - z).max()) > 0.1
    again, log_again = to_base(flow, p, given, u)
    np.testing.assert_allclose(again, z, atol=2e-5)  # float32, through slopes of some tens
    np.testing.assert_allclose(log_again, log_q, atol=2e-3)
    one = {k: a[:1] for k, a in given.items()}

    def base_of(point):
        return network.to_base(flow, p, one, point[:, None, None])[0][:, 0, 0]

    jacobian = jax.jit(jax.vmap(jax.jacfwd(base_of)))(u[:, 0].T)
    np.testing.assert_allclose(jnp.linalg.slogdet(jacobian)[1], log_again[0], atol=1e-3)


def test_density_is_normalised():
    flow, p = some_flow(2, 1)
    given = conditions(flow, p, jnp.asarray([[-1.0], [0.5]]))
    at = (jnp.arange(400) + 0.5) / 400
    u = jnp.stack(jnp.meshgrid(at, at, indexing="ij")).reshape(2, 1, -1).repeat(2, axis=1)
    q = jnp.exp(to_base(flow, p, given, u)[1])
    assert float(q.max() / q.min()) > 10.0
    # the midpoint rule, beside kinks at the edges of the bins
    np.testing.assert_allclose(q.mean(axis=1), 1.0, atol=1e-3)
    assert float(jnp.abs(q[0] - q[1]).max()) > 0.1  # it depends on the event


def test_first_parameters_are_the_identity():
    flow = Flow(10, 4, layers=2, width=8, bins=4, grid_bins=4, context=8)
    p = initial_parameters(flow, 0)
    z = jnp.asarray(np.random.default_rng(0).random((10, 2, 30)))
    u, log_q = from_base(flow, p, conditions(flow, p, jnp.ones((2, 4))), z)
    np.testing.assert_allclose(u, z, atol=1e-6)
    np.testing.assert_allclose(log_q, 0.0, atol=1e-5)
    # every coordinate is moved, and every pair is parted, by some layer
    parted = np.zeros((10, 10), dtype=bool)
    for layer in range(8):
        left, moved = flow.moved(layer)
        assert sorted([*left, *moved]) == list(range(10))
        parted[np.ix_(moved, left)] = True
    assert np.all(parted | np.eye(10, dtype=bool))


def test_estimates_of_an_untrained_flow_are_unbiased():
    items = toy_items(100)
    flow, p = some_flow(DIM, 1)
    trained = Trained(flow, p, Scaler(np.array([0.5]), np.array([0.25])), {})
    integrator = flow_integrator(items.integrator, trained)
    records = integrator.integrate(sampler.conditioned(items, trained.scaler), items.event_ids)
    pulls = (records["value"] - exact(items, 2.5).sum(axis=1)) / records["error"]
    assert abs(pulls.mean()) < 5 * np.sqrt(1.4 / 100) and 0.6 < pulls.std() < 1.8
    assert abs(np.mean(records["value"] / exact(items, 2.5).sum(axis=1)) - 1.0) < 0.005


@pytest.fixture(scope="module")
def trained_toy():
    made = draw(toy_items(400, seed=5), 1024, 64, seed=3)
    return fit(made, SMALL, lambda text: None), made


def test_kept_points_follow_the_integrand(trained_toy):
    made = trained_toy[1]
    assert made.n_eval == 400 * 2 * 1024
    np.testing.assert_allclose(made.share.reshape(-1, 2).sum(axis=1), 1.0)
    inside = np.abs(made.inputs[:, 0] - 0.5) < 0.2
    away = made.points[inside, :, 0] - made.inputs[inside]
    assert abs(away.mean()) < 0.005 and abs(away.std() - 0.08) < 0.005
    chosen = resample(np.array([1.0, 0.0, 3.0]), 400, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(chosen), [100, 0, 300], atol=1)


def test_training_improves_the_variance_of_unseen_events(trained_toy, tmp_path):
    trained, made = trained_toy
    assert trained.history["validation_loss"][-1] < trained.history["validation_loss"][0] - 0.2
    sampler.save(tmp_path / "flow.npz", trained, {"events": 400})
    loaded, facts = sampler.load(tmp_path / "flow.npz")
    assert facts["events"] == 400 and loaded.flow == trained.flow
    items = toy_items(60, seed=9)
    plain = fit(made, SMALL.model_copy(update={"layers": 0}), lambda text: None)
    found = compare(items, loaded, plain, SMALL, lambda text: None)
    median = {name: found.facts["samplers"][name]["variance"]["median"] for name in SAMPLERS}
    # uniform points: about 15; grids cannot follow the correlations, the flow can
    assert median["flow"] < 0.25 * median["uniform"] and median["flow"] < 0.6 * median["vegas"]
    # a predicted grid knows as much as an adapted one
    assert median["grid"] < 1.2 * median["vegas"]
    edges = sampler.predicted_edges(items, plain)
    assert np.all(np.diff(edges) > 0.0) and edges.shape == (120, DIM, 41)
    with pytest.raises(ConfigError, match="is no grid"):
        sampler.predicted_edges(items, loaded)
    truth = exact(items, 2.5).sum(axis=1)
    for name in SAMPLERS:
        pulls = (found.events[f"{name}/value"] - truth) / found.events[f"{name}/error"]
        assert abs(pulls.mean()) < 5 * np.sqrt(1.4 / 60) and pulls.std() < 2.0, name
    found.facts["break_even_events"] = {"flow": break_even(found.facts, 10.0)}
    found.facts["training"] = {}
    rows = workflow.table(found.facts)
    assert [row["sampler"] for row in rows] == list(SAMPLERS.values()) and len({len(r) for r in rows}) == 1
    left, middle, right = samplers(found.events, found.facts).axes
    assert f"median {median['flow']:.2f}" in " ".join(t.get_text() for t in left.get_legend().get_texts())
    assert middle.get_ylabel() and right.get_xlabel()


def test_break_even():
    def spent(vegas, flow):
        return {
            "samplers": {
                "vegas": {"cpu_ms": {"0.01": {"mean": vegas}}},
                "flow": {"cpu_ms": {"0.01": {"mean": flow}}},
            }
        }

    assert break_even(spent(30.0, 10.0), 100.0) == {"0.01": pytest.approx(5000.0)}
    assert break_even(spent(10.0, 30.0), 100.0) == {"0.01": None}


def test_ttbar_weights_of_a_flow_are_those_of_vegas():
    """A flow that is not trained at all, but far from the identity: slower, not wrong."""
    events = momentax.read_events(PYTHIA, entry_stop=12)
    physics = PhysicsConfig()
    items = prepare(events, as_hypothesis("ttbar"), physics)
    flow, p = some_flow(items.integrator.dim, items.raw.shape[2], spread=0.05)
    scaler = Scaler.fitted(items.raw.reshape(-1, items.raw.shape[2]))
    integrator = flow_integrator(items.integrator, Trained(flow, p, scaler, {}))
    records = integrator.integrate(sampler.conditioned(items, scaler), items.event_ids)
    weights = momentax.weigh(events, "ttbar", physics)
    pulls = (records["value"] - weights["value"]) / np.hypot(records["error"], weights["error"])
    assert np.all(np.abs(pulls) < 4.0), pulls
    each = records["value_per_assignment"] / records["value"][:, None]
    np.testing.assert_allclose(each, weights["value_per_assignment"] / weights["value"][:, None], atol=0.1)


def test_inputs_know_the_assignment_and_not_the_azimuth():
    events = momentax.read_events(PYTHIA, entry_stop=5)
    items = prepare(events, as_hypothesis("ttbar"), PhysicsConfig())
    assert np.isfinite(items.raw).all()
    assert np.abs(items.raw[:, 0] - items.raw[:, 1]).max(axis=1).min() > 0.01
    np.testing.assert_array_equal(items.raw[:, 0], flow_inputs(events))


def test_bad_input_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"flow.sample: 'ttbr' is no sample; did you mean 'ttbar'"):
        load_config({"flow": {"sample": "ttbr"}})
    with pytest.raises(ConfigError, match="has at most 400 events"):
        load_config({"flow": {"sample": "ttbar"}})
    with pytest.raises(InputError, match=r"lower flow\.events"):
        workflow.train_from_file(
            PYTHIA, PhysicsConfig(), FlowConfig(events=5000), tmp_path / "f", tmp_path / "g", print
        )
