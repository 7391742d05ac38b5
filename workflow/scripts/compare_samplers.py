"""Samplers of the ttbar integral on events that none of them has seen."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events", "flow", "grid"],
    outputs=["comparison", "facts"],
    params=["physics", "settings"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.flow.config import FlowConfig
    from momentax.flow.workflow import compare_from_file

    compare_from_file(
        given.events[0],
        given.flow[0],
        given.grid[0],
        PhysicsConfig.model_validate(given.physics),
        FlowConfig.model_validate(given.settings),
        given.comparison,
        given.facts,
        log.info,
    )
