"""Weights of test events at a mass point that was not weighed before."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events"],
    outputs=["weights"],
    params=["window", "hypotheses", "fractions", "physics", "recompute"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig, RecomputeConfig
    from momentax.recompute import one_ladder
    from momentax.regress.unseen_weights import weigh_unseen

    physics = one_ladder(
        PhysicsConfig.model_validate(given.physics), RecomputeConfig.model_validate(given.recompute)
    )
    counts = weigh_unseen(
        given.events[0],
        given.hypotheses,
        physics,
        tuple(given.fractions),
        tuple(given.window),
        given.weights,
        log.progress,
    )
    log.info("%s", counts)
