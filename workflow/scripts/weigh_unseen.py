"""Weights of test events that the run has none of: at another mass point, or by a first try with a small budget."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events"],
    outputs=["weights"],
    params=["window", "hypotheses", "fractions", "physics", "recompute", "first_try"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig, RecomputeConfig
    from momentax.config.paper import FirstTryConfig
    from momentax.recompute import one_ladder
    from momentax.regress.first_try import first_try_physics
    from momentax.regress.unseen_weights import weigh_unseen

    physics = PhysicsConfig.model_validate(given.physics)
    if given.first_try:
        physics = first_try_physics(physics, FirstTryConfig.model_validate(given.first_try))
    else:
        physics = one_ladder(physics, RecomputeConfig.model_validate(given.recompute))
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
