"""Events of a sample under a variation, and how many of them still pass the selection."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["nominal"],
    outputs=["events"],
    params=["variation", "max_events", "physics", "selection", "seed"],
)

with logged(given) as log:
    from pydantic import TypeAdapter

    from momentax.config import PhysicsConfig, SelectionConfig
    from momentax.config.variations import Variation
    from momentax.vary.workflow import vary_file

    kept = vary_file(
        given.nominal[0],
        given.events,
        TypeAdapter(Variation).validate_python(given.variation),
        PhysicsConfig.model_validate(given.physics),
        SelectionConfig.model_validate(given.selection).model_dump(),
        int(given.seed),
        given.max_events,
    )
    log.info("%d events, of which %d still pass the selection", *kept)
