"""A range of parton events, showered and measured: a Les Houches file and a ROOT file with the names of NanoAOD."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    outputs=["events", "lhe"],
    params=["hypothesis", "partons", "physics", "shower", "seed"],
    wildcards=["sample", "part"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig, ShowerConfig
    from momentax.simulate.showered import make_shard

    first, stop = given.partons
    facts = make_shard(
        given.hypothesis,
        stop - first,
        int(given.seed),
        given.events,
        given.lhe,
        PhysicsConfig.model_validate(given.physics),
        ShowerConfig.model_validate(given.shower),
        sample=given.sample,
        shard=int(given.part),
        first=first,
        progress=lambda done, total: log.progress("events", done, total),
    )
    log.info("%s", ", ".join(f"{name} {value}" for name, value in facts.items() if name != "shower"))
