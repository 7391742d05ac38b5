"""Normalizing flow as importance sampler of the ttbar integral, trained on the first events of a sample."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["events"],
    outputs=["flow", "grid"],
    params=["physics", "settings"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.flow.config import FlowConfig
    from momentax.flow.workflow import train_from_file

    physics = PhysicsConfig.model_validate(given.physics)
    settings = FlowConfig.model_validate(given.settings)
    train_from_file(given.events[0], physics, settings, given.flow, given.grid, log.info)
