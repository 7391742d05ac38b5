"""One training of a study."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["rows"],
    outputs=["metrics"],
    params=["trial", "physics", "checkpoints"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.regress.store import save_json
    from momentax.regress.studies import run_trial

    physics = PhysicsConfig.model_validate(given.physics)
    save_json(given.metrics, run_trial(given.rows[0], given.trial, physics, log.info, given.checkpoints))
