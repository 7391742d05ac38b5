"""One weights file from those of the shards, checked against the events file."""

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["shards", "events"], outputs=["weights"])

with logged(given) as log:
    from momentax.weights_io import merge_weights

    counts = merge_weights(given.shards, given.weights, given.events[0])
    log.info("%d shards: %s", len(given.shards), ", ".join(f"{n} {status}" for status, n in counts.items()))
