"""One network of the regressor of a kind of hypothesis."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["rows"],
    outputs=["network"],
    params=["settings", "physics", "checkpoints"],
    wildcards=["kind", "member"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.regress import RegressConfig
    from momentax.regress.dataset import load_dataset
    from momentax.regress.training import train_member

    member = train_member(
        load_dataset(given.rows[0]),
        given.kind,
        RegressConfig.model_validate(given.settings),
        int(given.member),
        log.info,
        given.checkpoints,
        PhysicsConfig.model_validate(given.physics),
    )
    member.save(given.network, {"kind": given.kind})
