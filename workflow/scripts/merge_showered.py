"""One file of the showered events of all shards of a sample."""

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["shards"], outputs=["events"])

with logged(given) as log:
    from momentax.simulate.nanoaod import merge_nanoaod

    facts = merge_nanoaod(given.shards, given.events)
    log.info("%s", ", ".join(f"{name} {value}" for name, value in facts.items() if name != "shower"))
