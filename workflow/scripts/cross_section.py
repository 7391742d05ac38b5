"""Cross section of a hypothesis in pb, before and after the selection, for one pair of lepton flavours."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    outputs=["record"],
    params=["physics", "selection", "seed"],
    wildcards=["hypothesis"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig, SelectionConfig
    from momentax.regress.store import save_json
    from momentax.simulate import cross_section, train, visible_cross_section

    sampler = train(given.hypothesis, PhysicsConfig.model_validate(given.physics))
    cuts = SelectionConfig.model_validate(given.selection).model_dump()
    sigma, sigma_error = cross_section(sampler)
    visible, visible_error = visible_cross_section(sampler, cuts, seed=int(given.seed))
    record = {
        "hypothesis": given.hypothesis,
        "sigma": sigma,
        "sigma_error": sigma_error,
        "sigma_vis": visible,
        "sigma_vis_error": visible_error,
        "unit": "pb",
    }
    save_json(given.record, record)
    log.info("%s", record)
