# Likelihood of a sample over the mass points.
rule scan:
    message:
        "Scanning the likelihood of {wildcards.sample} over {params.points} mass points"
    input:
        events=events("{sample}"),
        weights=weights("{sample}"),
        cross_sections=expand(
            result("cross_sections/{hypothesis}.json"), hypothesis=[h for h in HYPOTHESES if h.startswith("hza_")]
        ),
    output:
        table=result("scan/{sample}/likelihood.csv"),
        facts=result("scan/{sample}/likelihood.json"),
    log:
        log("scan/{sample}"),
    benchmark:
        benchmark_of("scan/{sample}")
    params:
        scan=section("scan"),
        points=len(CONFIG.hypotheses.hza),
        truth=lambda wildcards: true_masses(wildcards.sample),
        code=fingerprint("scan.likelihood"),
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    threads: 1
    conda:
        "../../envs/cpu.yaml"
    script:
        "../scripts/scan.py"
