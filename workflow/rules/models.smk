# What of a trained regressor leaves the workflow: its model card, and programs that need no momentax.
rule model_card:
    input:
        regressor=result("regress/{kind}/regressor.npz"),
    output:
        card=result("models/{kind}.md"),
    log:
        log("models/card_{kind}"),
    benchmark:
        benchmark_of("models/card_{kind}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        code=fingerprint("regress.card"),
    message:
        "Model card of the {wildcards.kind} regressor"
    script:
        "../scripts/model_card.py"


rule export_stablehlo:
    input:
        regressor=result("regress/{kind}/regressor.npz"),
    output:
        program=result("models/{kind}.stablehlo"),
    log:
        log("models/stablehlo_{kind}"),
    benchmark:
        benchmark_of("models/stablehlo_{kind}")
    conda:
        "../../envs/export.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(20),
    params:
        format="stablehlo",
        code=fingerprint("export.stablehlo"),
    message:
        "Exporting the {wildcards.kind} regressor to StableHLO"
    script:
        "../scripts/export.py"


rule export_onnx:
    input:
        regressor=result("regress/{kind}/regressor.npz"),
    output:
        program=result("models/{kind}.onnx"),
    log:
        log("models/onnx_{kind}"),
    benchmark:
        benchmark_of("models/onnx_{kind}")
    conda:
        "../../envs/export.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(20),
    params:
        format="onnx",
        code=fingerprint("export.onnx"),
    message:
        "Exporting the {wildcards.kind} regressor to ONNX"
    script:
        "../scripts/export.py"


# By name for each kind: `snakemake model_card_ttbar`, `snakemake export_ttbar`.
for kind in KINDS:

    rule:
        name:
            f"model_card_{kind}"
        input:
            result(f"models/{kind}.md"),

    rule:
        name:
            f"export_{kind}"
        input:
            expand(result("models/{kind}.{form}"), kind=kind, form=["stablehlo", "onnx"]),
