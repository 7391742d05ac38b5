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
import numpy as np

from momentax.config import Config, PhysicsConfig
from momentax.estimate import Costs, multiply_adds, recorded_costs
from momentax.events import read_events
from momentax.processes import parse_hypothesis
from momentax.recompute import OPEN, ladders
from momentax.regress.config import RegressConfig
from momentax.regress.dataset import SIDES, Dataset, record
from momentax.regress.inputs import raw_inputs
from momentax.regress.training import train_member
from momentax.simulate import generate, train, visible_cross_section
from momentax.weight import weigh, weigh_mass_points

EVENTS = 8
"""Events of each sample that are weighed."""
SIMULATED = 64
ROWS = 4096
"""Rows of the network's calibration."""
EPOCHS = 4
"""Epochs of it that are timed."""

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
        size = multiply_adds(getattr(config.regress, kind), kind)
        rows[kind] = _seconds_per_row(mixture, kind, config, timed) / size
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
        multiply_add=rows,
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
    dataset, points = _rows(events, kind)
    # the start of a training is not what is measured: more epochs less one
    short, long = (
        section.model_copy(update={"epochs": n, "patience": n, "members": 1}) for n in (1, 1 + EPOCHS)
    )

    def train(settings: RegressConfig) -> Callable[[], object]:
        return lambda: train_member(dataset, kind, settings, log=lambda line: None, physics=config.physics)

    more = timed(train(long)) - timed(train(short))
    per_epoch = (
        ROWS if section.masses_per_event is None else ROWS * min(1.0, section.masses_per_event / points)
    )
    return max(more, 0.0) / EPOCHS / per_epoch


def _rows(events: ak.Array, kind: str) -> tuple[Dataset, int]:
    """A dataset of `ROWS` training rows, momenta of some events with random informations; and its mass points."""
    labels = ["hza_300_100", "hza_500_300", "hza_800_400", "hza_1000_200"] if kind == "hza" else [kind]
    n = ROWS // len(labels)
    rng = np.random.default_rng(1)
    rows = np.zeros(n + n // 8, record(len(labels)))
    rows["raw"] = raw_inputs(events)[rng.integers(0, len(events), len(rows))]
    rows["information"] = rng.normal(30.0, 1.0, (len(rows), len(labels)))
    rows["error"], rows["converged"] = 0.01, True
    about = {
        "labels": labels,
        "samples": ["calibration"],
        "groups": ["calibration"],
        "slopes": False,
        "events": {"train": n, "validation": n // 16, "test": n // 16},
        "events_by_group": {"calibration": {"train": n, "validation": n // 16, "test": n // 16}},
        "left_out": {label: {} for label in labels},
        "statuses": {},
        "weights": {},
    }
    parts = np.split(rows, [n, n + n // 16])
    return Dataset(about, {side: (part,) for side, part in zip(SIDES, parts, strict=True)}), len(labels)


def _start() -> float:
    """CPU seconds that a job needs before it does anything: Python, JAX, the modules."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import momentax.weigh_file"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
