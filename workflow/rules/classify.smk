# Discriminants and classifiers from the weights, and their ROC curves.
rule classify:
    input:
        events=expand(events("{sample}"), sample=LABELLED),
        weights=expand(weights("{sample}"), sample=LABELLED),
        cross_sections=cross_sections(HYPOTHESES),
    output:
        roc=result("classify/roc.npz"),
        scores=result("classify/scores.npz"),
        metrics=result("classify/metrics.json"),
        networks=expand(result("classify/classifier_{inputs}.npz"), inputs=CONFIG.classify.kinds),
    log:
        log("classify"),
    benchmark:
        benchmark_of("classify")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(60),
    params:
        classes={name: kind_of(name) for name in LABELLED},
        network=section("classify"),
        code=fingerprint("classify.workflow", "cross_section_files"),
    message:
        "Training the classifiers of {params.classes}"
    script:
        "../scripts/classify.py"
