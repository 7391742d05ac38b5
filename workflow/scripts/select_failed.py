"""Test events whose integral failed on a first try, with the converged integral and the network."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["predictions"],
    outputs=["rows"],
    params=["hypothesis", "shards", "classes", "first_try", "bootstrap", "seed"],
)

with logged(given) as log:
    from momentax.regress.first_try import save_first_try

    facts = save_first_try(
        given.rows,
        given.predictions[0],
        given.shards,
        given.classes,
        given.hypothesis,
        given.first_try["at_least"],
        given.bootstrap,
        given.seed,
    )
    log.info("failed %s, selected %s of %s", facts["failed"], facts["counts"], facts["tried"])
