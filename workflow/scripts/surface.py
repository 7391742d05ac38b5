"""sigma_vis of H -> ZA over the mass plane from its values at nodes, and at every mass point."""

from adapter import job, logged

given = job(
    globals().get("snakemake"),
    __doc__,
    inputs=["records"],
    outputs=["surface", "table"],
    params=["points", "physics"],
)

with logged(given) as log:
    from momentax.config import PhysicsConfig
    from momentax.scan.surface_files import save_surface, surface_from_files

    surface = surface_from_files(given.records, PhysicsConfig.model_validate(given.physics))
    save_surface(given.surface, given.table, surface, [tuple(point) for point in given.points])
    log.info("chi2 of the nodes, each left out: %.1f for %d", surface.chi2, surface.degrees)
