"""Discriminants of simulated events with the fitted or the configured detector in the weights."""

import yaml
from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "section"],
    outputs=["scores"],
    params=["physics", "samples", "max_events"],
    wildcards=["detector"],
)

with logged(given) as log:
    from pathlib import Path

    from momentax.classify.detectors import discriminants
    from momentax.config import DetectorConfig, PhysicsConfig
    from momentax.events import read_events
    from momentax.regress.store import save_arrays

    physics = PhysicsConfig.model_validate(given.physics)
    if given.detector == "fitted":
        fitted = yaml.safe_load(Path(given.section[0]).read_text())["physics"]["detector"]
        physics = physics.model_copy(update={"detector": DetectorConfig.model_validate(fitted)})
    events = {
        name: read_events(path, truth=False, entry_stop=given.max_events)
        for name, path in zip(given.samples, given.events, strict=True)
    }
    scores = discriminants(events, given.samples, next(iter(given.samples)), physics, log.progress, log.info)
    arrays = {f"{name}/{f}": getattr(s, f) for name, s in scores.items() for f in s._fields}
    save_arrays(given.scores, arrays, {"samples": given.samples})
