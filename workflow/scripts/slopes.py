"""Derivatives of the information of H -> ZA in the masses."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events"],
    outputs=["slopes"],
    params=["hypotheses", "physics", "settings"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.regress.slopes import write_slopes

    n = write_slopes(
        given.events[0],
        given.hypotheses,
        given.slopes,
        PhysicsConfig.model_validate(given.physics),
        given.settings["max_events"],
        given.settings["step"],
    )
    log.info("%d events", n)
