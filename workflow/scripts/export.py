"""A regressor as a program: StableHLO or ONNX."""

from adapter import job, logged

given = job(globals().get("snakemake"), __doc__, inputs=["regressor"], outputs=["program"], params=["format"])

with logged(given) as log:
    from momentax.export import write_onnx, write_stablehlo
    from momentax.regress import load_regressor

    write = {"onnx": write_onnx, "stablehlo": write_stablehlo}[given.format]
    write(load_regressor(given.regressor[0]), given.program)
