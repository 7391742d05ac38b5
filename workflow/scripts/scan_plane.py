"""Likelihood of a sample over a plane of mass points, and its minimum, with a fitted or the configured detector."""

import yaml
from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "section"],
    outputs=["table"],
    params=["physics", "selection", "scan", "planes", "truth", "seed"],
    wildcards=["detector"],
)

with logged(given) as log:
    from pathlib import Path

    from momentax.config import DetectorConfig, PhysicsConfig, PlanesConfig, ScanSection, SelectionConfig
    from momentax.events import read_events
    from momentax.scan.plane import save_plane, scan_plane

    physics = PhysicsConfig.model_validate(given.physics)
    planes = PlanesConfig.model_validate(given.planes)
    if given.detector != "configured":
        fitted = yaml.safe_load(Path(given.section[0]).read_text())["physics"]["detector"]
        if given.detector == "smeared":
            fitted["directions"]["draws"] = planes.draws
        physics = physics.model_copy(update={"detector": DetectorConfig.model_validate(fitted)})
    scan = scan_plane(
        read_events(given.events[0], truth=False, entry_stop=planes.max_events),
        physics,
        SelectionConfig.model_validate(given.selection).model_dump(),
        planes,
        ScanSection.model_validate(given.scan),
        int(given.seed),
        log.progress,
    )
    facts = {"truth": given.truth, "detector": physics.detector.model_dump(mode="json")}
    save_plane(given.table, scan, facts, log.info)
