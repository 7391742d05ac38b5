"""Weights of a range of entries of an events file under each hypothesis."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events"],
    outputs=["weights"],
    params=["entries", "hypotheses", "physics", "variations"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.config.variations import read_reweightings
    from momentax.weigh_file import weigh_file

    physics = PhysicsConfig.model_validate(given.physics)
    entries = (given.entries[0], given.entries[1])
    counts = weigh_file(
        given.events[0],
        given.hypotheses,
        given.weights,
        physics,
        entries,
        log.progress,
        variations=read_reweightings(given.variations),
    )
    for label, count in counts.items():
        log.info("%s: %s", label, ", ".join(f"{n} {status}" for status, n in count.items()) or "no events")
