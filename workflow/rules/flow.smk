# A normalizing flow as importance sampler of the ttbar weights, beside the batched VEGAS: a comparison, which nothing else
# depends on. Nothing is done unless `flow.sample` names a sample.
rule train_flow:
    input:
        events=events(CONFIG.flow.sample) if CONFIG.flow.sample else [],
        table=detector_table(),
    output:
        flow=result("flow/flow.npz"),
        grid=result("flow/grid.npz"),
    log:
        log("flow/train"),
    benchmark:
        benchmark_of("flow/train")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=more(60),
    params:
        physics=section("physics"),
        settings=section("flow"),
        code=fingerprint("flow.workflow"),
    message:
        "Training the flow of the ttbar integral on {input.events}"
    script:
        "../scripts/train_flow.py"


rule compare_samplers:
    input:
        events=events(CONFIG.flow.sample) if CONFIG.flow.sample else [],
        table=detector_table(),
        flow=result("flow/flow.npz"),
        grid=result("flow/grid.npz"),
    output:
        comparison=result("flow/comparison.npz"),
        facts=result("flow/comparison.json"),
    log:
        log("flow/compare"),
    benchmark:
        benchmark_of("flow/compare")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(30),
    params:
        physics=section("physics"),
        settings=section("flow"),
        code=fingerprint("flow.workflow"),
    message:
        "Comparing the samplers of the ttbar integral on later events of {input.events}"
    script:
        "../scripts/compare_samplers.py"


rule figure_samplers:
    input:
        comparison=result("flow/comparison.npz"),
    output:
        shown=report(
            figure("samplers", SHOWN),
            caption="../report/samplers.rst",
            category="5 Validation",
            labels={"figure": "samplers of the ttbar integral"},
        ),
        others=figure("samplers", OTHERS),
        page=report(
            result("tables/samplers.html"),
            caption="../report/samplers.rst",
            category="5 Validation",
            labels={"figure": "table: samplers of the ttbar integral"},
        ),
        table=result("tables/samplers.csv"),
    log:
        log("figures/samplers"),
    benchmark:
        benchmark_of("figures/samplers")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        settings=section("flow"),
        samples=sample_text([CONFIG.flow.sample] if CONFIG.flow.sample else []),
        cuts=selection_text(),
        code=fingerprint("plots.flow", "tables"),
    message:
        "Drawing the samplers of the ttbar integral"
    script:
        "../scripts/figure_samplers.py"
