# Regressors of the information I = -log10 W, one per kind of hypothesis.
rule regress:
    input:
        events=expand(events("{sample}"), sample=SAMPLES),
        weights=expand(weights("{sample}"), sample=SAMPLES),
    output:
        regressor=result("regress/{kind}/regressor.npz"),
        metrics=result("regress/{kind}/metrics.json"),
        predictions=result("regress/{kind}/predictions.npz"),
        history=result("regress/{kind}/history.npz"),
    log:
        log("regress/{kind}"),
    benchmark:
        benchmark_of("regress/{kind}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(60),
    params:
        network=lambda wildcards: section("regress", wildcards.kind),
        code=fingerprint("regress.training"),
    message:
        "Training the {wildcards.kind} regressor"
    script:
        "../scripts/regress.py"
