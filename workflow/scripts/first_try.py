"""Weights of test events by a first try with a small budget."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events"],
    outputs=["weights"],
    params=["window", "hypotheses", "fractions", "physics", "first_try"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.config.paper import FirstTryConfig
    from momentax.regress.first_try import first_try_physics
    from momentax.regress.unseen_weights import weigh_unseen

    physics = first_try_physics(
        PhysicsConfig.model_validate(given.physics), FirstTryConfig.model_validate(given.first_try)
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
