"""Cross section of a hypothesis in pb, before and after selection and efficiency, for one pair of lepton flavours."""

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
    from momentax.simulate import visible_cross_sections

    found = visible_cross_sections(
        given.hypothesis,
        SelectionConfig.model_validate(given.selection).model_dump(),
        PhysicsConfig.model_validate(given.physics),
        seed=int(given.seed),
    )
    record = {"hypothesis": given.hypothesis, **found.to_dict()}
    save_json(given.record, record)
    log.info("%s", record)
