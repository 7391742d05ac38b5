"""A shard of a showered sample: partons -> Les Houches file -> Pythia -> jets, leptons -> CMS-like response -> ROOT."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from momentax.config import PhysicsConfig, ShowerConfig
from momentax.processes import Hypothesis
from momentax.simulate.cms_response import measure
from momentax.simulate.generate import sampler_of
from momentax.simulate.lhe import write_lhe
from momentax.simulate.nanoaod import NanoWriter, columns_of
from momentax.simulate.partons import PartonEvents, generate_partons
from momentax.simulate.reconstruct import reconstruct
from momentax.simulate.sampler import Sampler, stream_key
from momentax.simulate.shower import BATCH, pythia_seed, shower
from momentax.simulate.truth import hard_process
from momentax.transfer import default_detector

Progress = Callable[[int, int], None]


def make_shard(
    hypothesis: str | Hypothesis | Sampler,
    n: int,
    seed: int,
    out: str | os.PathLike[str],
    lhe: str | os.PathLike[str],
    physics: PhysicsConfig | None = None,
    config: ShowerConfig | None = None,
    *,
    sample: str,
    shard: int = 0,
    first: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make the parton events first, ..., first + n - 1 of a sample and shower them; returns the metadata.

    Partons depend on (seed, sample, event id), the shower and the response on (seed, sample, shard). Writes the
    Les Houches file ``lhe`` and the NanoAOD-like file ``out``. Metadata: ``sigma_pb`` (one pair of lepton flavours,
    all partons), ``acceptance`` of the cuts on the partons, ``sigma_gen_pb`` (their product), ``n_partons``,
    ``n_lost`` (given up by Pythia) and the settings.

    Raises ConfigError and InputError as :func:`momentax.simulate.generate` and :func:`shower`.
    """
    physics, config = physics or PhysicsConfig(), config or ShowerConfig()
    # the weight's detector takes no part in partons: the default one needs no table
    sampler = sampler_of(hypothesis, physics, None, default_detector())
    kind = sampler.kind
    partons = generate_partons(sampler, n, seed, physics, first=first, sample=sample, cuts=config.parton_cuts)
    metadata = _metadata(sampler.hypothesis.label, partons, config, seed)
    write_lhe(lhe, kind, partons, 0.5 * physics.sqrt_s, metadata | {"first_event": first, "n_events": n})
    key = int.from_bytes(stream_key(seed, "response", sample, shard).tobytes())
    rng = np.random.Generator(np.random.Philox(key=key))
    done = 0
    with NanoWriter(out) as writer:
        batches = shower(lhe, partons, pythia_seed(seed, sample, shard), config.pythia, BATCH)
        for particles in batches:
            objects = reconstruct(particles, config.jets, config.leptons)
            truth = hard_process(particles, partons, kind)
            quarks = truth[:, [partons.particles.index(q) for q in ("b", "bbar")]]
            measured = measure(objects, quarks, config, rng)
            columns = columns_of(
                measured,
                truth,
                partons,
                particles.row,
                kind,
                objects.met,
                config.leptons.isolation_max,
                shard + 1,
            )
            writer.extend(columns)
            done += particles.n
            if progress is not None:
                progress(done, n)
        writer.metadata = metadata | {"shard": shard, "n_partons": n, "n_lost": n - done}
    return writer.metadata | {"n_events": writer.n_events}


def _metadata(label: str, partons: PartonEvents, config: ShowerConfig, seed: int) -> dict[str, Any]:
    return {
        "process": label,
        "seed": seed,
        "sigma_pb": partons.sigma_pb,
        "sigma_error": partons.sigma_error,
        "acceptance": partons.passed_pb / partons.sigma_pb,
        "sigma_gen_pb": partons.passed_pb,
        "sigma_gen_error": partons.passed_error,
        "n_flavours": partons.n_flavours,
        "shower": config.model_dump(mode="json"),
    }
