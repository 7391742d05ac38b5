# Tables of the report: each as CSV and as a page.
rule table_statuses:
    input:
        first=expand(first_weights("{sample}"), sample=SAMPLES),
        final=expand(weights("{sample}"), sample=SAMPLES),
    output:
        page=report(
            result("tables/statuses.html"),
            caption="../report/table_statuses.rst",
            category="1 Weights",
            labels={"figure": "table: statuses before and after the second pass"},
        ),
        table=result("tables/statuses.csv"),
    log:
        log("tables/statuses"),
    benchmark:
        benchmark_of("tables/statuses")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        names=list(SAMPLES),
        accuracy=CONFIG.physics.integration.relative_accuracy,
        n_eval=list(CONFIG.physics.integration.n_eval),
        recompute=section("recompute"),
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("tables"),
    message:
        "Counting the statuses of the weights"
    script:
        "../scripts/table_statuses.py"


rule table_cut_flow:
    input:
        events=expand(events("{sample}"), sample=SAMPLES),
    output:
        page=report(
            result("tables/cut_flow.html"),
            caption="../report/table_cut_flow.rst",
            category="0 Events",
            labels={"figure": "table: cut flow"},
        ),
        table=result("tables/cut_flow.csv"),
    log:
        log("tables/cut_flow"),
    benchmark:
        benchmark_of("tables/cut_flow")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        names=list(SAMPLES),
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        code=fingerprint("tables"),
    message:
        "Collecting the cut flows"
    script:
        "../scripts/table_cut_flow.py"


rule table_cross_sections:
    input:
        hypotheses=expand(result("cross_sections/{hypothesis}.json"), hypothesis=CROSSED),
        samples=expand(result("cross_sections/samples/{sample}.json"), sample=SAMPLES),
    output:
        page=report(
            result("tables/cross_sections.html"),
            caption="../report/table_cross_sections.rst",
            category="0 Events",
            labels={"figure": "table: cross sections"},
        ),
        table=result("tables/cross_sections.csv"),
    log:
        log("tables/cross_sections"),
    benchmark:
        benchmark_of("tables/cross_sections")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        samples=sample_text(SAMPLES),
        cuts=selection_text(),
        efficiency=efficiency_text(),
        code=fingerprint("tables"),
    message:
        "Collecting the cross sections"
    script:
        "../scripts/table_cross_sections.py"
