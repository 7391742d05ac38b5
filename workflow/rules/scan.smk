# Likelihood of a sample over the mass points.
rule scan:
    input:
        events=events("{sample}"),
        weights=weights("{sample}"),
        cross_sections=expand(
            result("cross_sections/{hypothesis}.json"),
            hypothesis=[h for h in HYPOTHESES if h.startswith("hza_")],
        ),
    output:
        table=result("scan/{sample}/likelihood.csv"),
        facts=result("scan/{sample}/likelihood.json"),
    log:
        log("scan/{sample}"),
    benchmark:
        benchmark_of("scan/{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        scan=section("scan"),
        points=len(CONFIG.hypotheses.hza),
        truth=lambda wildcards: true_masses(wildcards.sample),
        code=fingerprint("scan.likelihood"),
    message:
        "Scanning the likelihood of {wildcards.sample} over {params.points} mass points"
    script:
        "../scripts/scan.py"
