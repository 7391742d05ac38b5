"""Measured costs of the stages of a configuration: a short run of each on a few of its own events."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import awkward as ak
import jax
import jax.numpy as jnp
import numpy as np
import optax

from momentax.config import Config, PhysicsConfig
from momentax.estimate import Costs, recorded_costs
from momentax.events import read_events
from momentax.processes import parse_hypothesis
from momentax.recompute import OPEN, ladders
from momentax.regress import network
from momentax.regress.fit import Rows, _epoch, squared_error
from momentax.regress.inputs import event_inputs, with_masses
from momentax.simulate import generate, train, visible_cross_section
from momentax.weight import weigh, weigh_mass_points

EVENTS = 8
"""Events of each sample that are weighed."""
SIMULATED = 64
ROWS = 4096
"""Rows of the network's calibration."""

Log = Callable[[str], None]


def calibrate(config: Config, events_each: int = EVENTS, log: Log = lambda line: None) -> Costs:
    """Costs of the stages of ``config`` on this machine: CPU seconds, or wall seconds where the device is a GPU.

    What is compiled is compiled first and not counted. Samples whose file is not there are left out.
    """
    device = jax.devices()[0]
    on_gpu = device.platform != "cpu"
    clock = time.perf_counter if on_gpu else time.process_time

    def timed(run: Callable[[], object]) -> float:
        run()
        begin = clock()
        run()
        return clock() - begin

    physics = config.physics
    kinds = config.hypothesis_kinds()
    first = {k: next(h for h in config.hypothesis_labels() if h.startswith(k)) for k in kinds}
    simulate: dict[str, float] = {}
    shower = 0.0
    parts = []
    for name, sample in config.samples.items():
        if sample.kind == "showered" and not shower:
            log("showering")
            shower = _shower(sample.hypothesis, config, timed)
        if sample.kind != "file":
            # events of the generator stand for showered ones in what follows
            kind = parse_hypothesis(sample.hypothesis).kind
            if kind in simulate:
                continue
            log(f"simulating {kind}")
            sampler = train(sample.hypothesis, physics)
            cuts = config.selection.model_dump()
            events, _ = generate(sampler, events_each, 1, physics, cuts)
            more = timed(partial(generate, sampler, SIMULATED, 2, physics, cuts))
            simulate[kind] = more / SIMULATED
            parts.append(events)
        elif Path(sample.path).exists():
            parts.append(
                read_events(
                    sample.path,
                    tree=sample.tree,
                    entry_stop=events_each,
                    branches=sample.branches or None,
                    bjets="leading",
                )
            )
        log(f"events of {name}")
    mixture = ak.concatenate(parts)
    weights, second = {}, {}
    for kind in kinds:
        log(f"weights of {kind}")
        if kind == "hza" and physics.mass_points_together:
            continue
        weights[kind] = timed(partial(weigh, mixture, first[kind], physics)) / len(mixture)
        second[kind] = _second_pass(mixture, first[kind], config, timed) / len(mixture)
    event, point = (
        _mass_points(mixture, config, timed) if "hza" in kinds and "hza" not in weights else (0.0, 0.0)
    )
    cross_section = {}
    for kind in kinds:
        log(f"cross section of {kind}")
        cuts = config.selection.model_dump()
        begin = clock()
        sampler = train(first[kind], physics)
        visible_cross_section(sampler, cuts, seed=1)
        cross_section[kind] = clock() - begin
    rows = {}
    for kind in kinds:
        log(f"network of {kind}")
        rows[kind] = _seconds_per_row(mixture, kind, config, timed)
    log("start of a job")
    return Costs(
        device=f"GPU ({device.device_kind})" if on_gpu else "CPU",
        origin=f"measured now on {len(mixture)} events of {len(parts)} samples",
        simulate=simulate,
        shower=shower,
        cross_section=cross_section,
        weight=weights,
        second_pass=second,
        event_of_mass_points=event,
        mass_point=point,
        reweighting=recorded_costs().reweighting,
        row_and_epoch=rows,
        start=_start(),
    )


def _shower(hypothesis: str, config: Config, timed: Callable[[Callable[[], object]], float]) -> float:
    """Seconds of a parton event through Pythia and the detector; set-up of the job is not in it."""
    from momentax.simulate.showered import make_shard

    sampler = train(hypothesis, config.physics)

    def shard(n: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            out, lhe = f"{folder}/events.root", f"{folder}/events.lhe.gz"
            make_shard(sampler, n, 1, out, lhe, config.physics, config.shower, sample="calibration")

    more = timed(partial(shard, 2 * SIMULATED)) - timed(partial(shard, SIMULATED))
    return max(more, 0.0) / SIMULATED


def _second_pass(
    events: ak.Array, label: str, config: Config, timed: Callable[[Callable[[], object]], float]
) -> float:
    """Seconds that the second pass spends on the events which the first leaves open."""
    status = weigh(events, label, config.physics)["status"]
    left, seconds = np.flatnonzero(np.isin(status, OPEN)), 0.0
    for ladder in ladders(config.physics, config.recompute):
        if len(left):
            seconds += timed(partial(weigh, events[left], label, ladder))
            status = weigh(events[left], label, ladder)["status"]
            left = left[np.isin(status, OPEN)]
    return seconds


def _mass_points(
    events: ak.Array, config: Config, timed: Callable[[Callable[[], object]], float]
) -> tuple[float, float]:
    """(seconds of an event, seconds of each of its mass points) with tables; set-up of the job is not in it."""
    labels = [h for h in config.hypothesis_labels() if h.startswith("hza")]

    def per_event(points: list[str], physics: PhysicsConfig = config.physics) -> float:
        whole = timed(lambda: weigh_mass_points(events, points, physics))
        less = timed(lambda: weigh_mass_points(events[:1], points, physics))
        return max(whole - less, 0.0) / max(len(events) - 1, 1)

    one, many = per_event(labels[:1]), per_event(labels)
    return one, max(many - one, 0.0) / max(len(labels) - 1, 1)


def _seconds_per_row(
    events: ak.Array, kind: str, config: Config, timed: Callable[[Callable[[], object]], float]
) -> float:
    """Seconds of a row (event, mass point) in an epoch of the regressor's training, by one network."""
    section = getattr(config.regress, kind)
    x = event_inputs(events[:1])
    n_in = with_masses(x, np.zeros((1, 2))).shape[1] if kind == "hza" else x.shape[1]
    arch = network.Architecture(
        n_in, tuple(section.hidden), 1, section.activation, section.output_activation, section.precision
    )
    dtype = jnp.dtype(arch.precision)
    zeros = jnp.zeros((ROWS, n_in), dtype)
    data = Rows(zeros, jnp.zeros((ROWS, 1), dtype), jnp.ones(ROWS, dtype))
    batch = min(section.batch_size, ROWS)
    order = jnp.arange(ROWS // batch * batch, dtype=jnp.int32).reshape(-1, batch)
    step, l2 = jnp.asarray(section.learning_rate, dtype), jnp.asarray(section.l2, dtype)

    def one_epoch() -> None:
        parameters = network.initial_parameters(arch, 1)
        moments = optax.scale_by_adam().init(parameters)
        jax.block_until_ready(_epoch(arch, parameters, moments, order, step, l2, data, squared_error))

    return timed(one_epoch) / ROWS


def _start() -> float:
    """CPU seconds that a job needs before it does anything: Python, JAX, the modules."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import momentax.weigh_file"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
