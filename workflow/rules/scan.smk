# sigma_vis over the mass plane from nodes of the generator; likelihood of a sample over the mass points.
rule surface:
    input:
        records=expand(result("cross_sections/{hypothesis}.json"), hypothesis=NODES),
        table=detector_table(),
    output:
        surface=result("cross_sections/surface.json"),
        table=result("cross_sections/surface.csv"),
    log:
        log("surface"),
    benchmark:
        benchmark_of("surface")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        points=[list(point) for point in CONFIG.hypotheses.hza],
        physics=section("physics"),
        code=fingerprint("scan.surface_files"),
    message:
        "Fitting sigma_vis over the mass plane to {input.records}"
    script:
        "../scripts/surface.py"


rule scan:
    input:
        events=events("{sample}"),
        weights=weights("{sample}"),
        cross_sections=cross_sections([h for h in HYPOTHESES if h.startswith("hza_")]),
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
        code=fingerprint("scan.likelihood", "cross_section_files"),
    message:
        "Scanning the likelihood of {wildcards.sample} over {params.points} mass points"
    script:
        "../scripts/scan.py"
