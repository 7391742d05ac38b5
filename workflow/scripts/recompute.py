"""Second pass over a range of weights: those that have not converged, with larger budgets."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "first"],
    outputs=["weights"],
    params=["entries", "physics", "recompute", "variations"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig, RecomputeConfig
    from momentax.config.variations import read_reweightings
    from momentax.recompute import recompute_file

    counts = recompute_file(
        given.events[0],
        given.first[0],
        given.weights,
        PhysicsConfig.model_validate(given.physics),
        RecomputeConfig.model_validate(given.recompute),
        (given.entries[0], given.entries[1]),
        log.progress,
        read_reweightings(given.variations),
    )
    for label, count in counts.items():
        log.info("%s: %s", label, ", ".join(f"{n} {what}" for what, n in count.items()))
