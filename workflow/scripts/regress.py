"""Regressor of the information of one kind of hypothesis, from its trained networks."""

from pathlib import Path

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["rows", "networks"],
    outputs=["regressor"],
    params=["settings"],
    wildcards=["kind"],
)

with logged(given) as log:
    from momentax.regress import RegressConfig
    from momentax.regress.assemble import assemble, write_regressor
    from momentax.regress.dataset import load_dataset
    from momentax.regress.training import load_member

    members = [load_member(path) for path in given.networks]
    settings = RegressConfig.model_validate(given.settings)
    found = assemble(load_dataset(given.rows[0]), given.kind, settings, members, log.info)
    write_regressor(Path(given.regressor).parent, *found, [m.fit.history for m in members])
