# Events: made by the built-in generator or read from ROOT files, selected, in one schema; cross sections.
rule simulate:
    input:
        table=detector_table(),
    output:
        events=events("{sample}"),
    log:
        log("simulate/{sample}"),
    benchmark:
        benchmark_of("simulate/{sample}")
    wildcard_constraints:
        sample="|".join(BUILTIN) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(60),
    params:
        spec=lambda wildcards: CONFIG.samples[wildcards.sample].model_dump(mode="json"),
        physics=section("physics"),
        selection=section("selection"),
        seed=CONFIG.seed,
        code=fingerprint("simulate", "events"),
    message:
        "Simulating {wildcards.sample}: {params.spec[n_events]} events of {params.spec[hypothesis]}"
    script:
        "../scripts/simulate.py"


rule read:
    input:
        file=lambda wildcards: file_spec(wildcards.sample)["path"],
    output:
        events=events("{sample}"),
    log:
        log("read/{sample}"),
    benchmark:
        benchmark_of("read/{sample}")
    wildcard_constraints:
        sample="|".join(FILES + SHOWERED) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        spec=lambda wildcards: file_spec(wildcards.sample),
        selection=section("selection"),
        code=fingerprint("events"),
    message:
        "Reading {wildcards.sample} from {input}"
    script:
        "../scripts/read.py"


rule cross_section:
    input:
        table=detector_table(),
    output:
        record=result("cross_sections/{hypothesis}.json"),
    log:
        log("cross_section/{hypothesis}"),
    benchmark:
        benchmark_of("cross_section/{hypothesis}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        physics=section("physics"),
        selection=section("selection"),
        seed=CONFIG.seed,
        code=fingerprint("simulate", "events"),
    message:
        "Cross section of {wildcards.hypothesis} after the selection"
    script:
        "../scripts/cross_section.py"


rule sample_cross_section:
    input:
        events=events("{sample}"),
        source=lambda wildcards: ([] if wildcards.sample in BUILTIN else file_spec(wildcards.sample)["path"]),
    output:
        record=result("cross_sections/samples/{sample}.json"),
    log:
        log("sample_cross_section/{sample}"),
    benchmark:
        benchmark_of("sample_cross_section/{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        spec=lambda wildcards: None if wildcards.sample in BUILTIN else file_spec(wildcards.sample),
        selection=section("selection"),
        code=fingerprint("cross_section_files"),
    message:
        "Acceptance, efficiency and visible cross section of {wildcards.sample}"
    script:
        "../scripts/sample_cross_section.py"
