# Showered samples: partons of the built-in generator through Pythia 8 and a CMS-like response, in jobs of a fixed range
# of parton events, and their merge into one file with the names of NanoAOD; `read` (simulate.smk) selects from it.
rule shower:
    output:
        events=temp(result("showered/{sample}/{part}.root")),
        lhe=result("partons/{sample}/{part}.lhe.gz"),
    log:
        log("shower/{sample}/{part}"),
    benchmark:
        benchmark_of("shower/{sample}/{part}")
    wildcard_constraints:
        sample="|".join(SHOWERED_SPECS) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(120),
    params:
        hypothesis=lambda wildcards: SHOWERED_SPECS[wildcards.sample].hypothesis,
        partons=shower_range,
        physics=section("physics"),
        shower=section("shower"),
        seed=CONFIG.seed,
        code=fingerprint("simulate.showered"),
    message:
        "Showering parton events {params.partons} of {wildcards.sample}"
    script:
        "../scripts/shower.py"


rule merge_showered:
    input:
        shards=lambda wildcards: expand(
            result("showered/{sample}/{part}.root"),
            sample=wildcards.sample,
            part=shower_parts(wildcards.sample),
        ),
    output:
        events=result("showered/{sample}.root"),
    log:
        log("merge_showered/{sample}"),
    benchmark:
        benchmark_of("merge_showered/{sample}")
    wildcard_constraints:
        sample="|".join(SHOWERED_SPECS) or "(?!)",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        code=fingerprint("simulate.nanoaod"),
    message:
        "Merging the showered events of {wildcards.sample}"
    script:
        "../scripts/merge_showered.py"
