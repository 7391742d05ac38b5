"""One weights file from those of the shards, checked against the events file."""

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["shards", "events"], outputs=["weights"])

with logged(given) as log:
    from momentax.weights_io import merge_weights

    shards = [given.shards] if isinstance(given.shards, str) else list(given.shards)
    counts = merge_weights(shards, given.weights, given.events)
    log.info("%d shards: %s", len(shards), ", ".join(f"{n} {status}" for status, n in counts.items()))
