"""Selected events of the built-in generator, in the event schema."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    outputs=["events"],
    params=["spec", "physics", "selection", "seed"],
    wildcards=["sample"],
)

with logged(given) as log:
    from momentax.config import BuiltinSample, PhysicsConfig, SelectionConfig
    from momentax.events import write_events
    from momentax.simulate import generate

    spec = BuiltinSample.model_validate(given.spec)
    events, info = generate(
        spec.hypothesis,
        spec.n_events,
        int(given.seed),
        PhysicsConfig.model_validate(given.physics),
        SelectionConfig.model_validate(given.selection).model_dump(),
        sample=given.sample,
        progress=lambda done, total: log.progress("events", done, total),
    )
    write_events(given.events, events, {"simulation": info, "seed": given.seed})
    log.info("%s", ", ".join(f"{name} {value}" for name, value in info.items()))
