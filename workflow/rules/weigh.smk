# Weights: every event with every hypothesis, in shards of a fixed range of entries, and their merge; then a second pass
# over those that the first one left open.
rule weigh:
    input:
        events=events("{sample}"),
        table=lambda wildcards: detector_table(physics_of(wildcards.sample)),
    output:
        weights=result("shards/{sample}/{shard}.root"),
    log:
        log("weigh/{sample}/{shard}"),
    benchmark:
        benchmark_of("weigh/{sample}/{shard}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        entries=shard_range,
        hypotheses=list(HYPOTHESES),
        physics=lambda wildcards: physics_of(wildcards.sample).model_dump(mode="json"),
        variations=lambda wildcards: reweightings(wildcards.sample),
        code=fingerprint("weigh_file"),
    message:
        "Weighing entries {params.entries} of {wildcards.sample}"
    script:
        "../scripts/weigh.py"


rule merge:
    input:
        events=events("{sample}"),
        shards=lambda wildcards: expand(
            result("shards/{sample}/{shard}.root"),
            sample=wildcards.sample,
            shard=shards(wildcards.sample),
        ),
    output:
        weights=first_weights("{sample}"),
    log:
        log("merge/{sample}"),
    benchmark:
        benchmark_of("merge/{sample}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        code=fingerprint("weights_io"),
    message:
        "Merging the weights of {wildcards.sample}"
    script:
        "../scripts/merge.py"


rule recompute:
    input:
        events=events("{sample}"),
        first=first_weights("{sample}"),
        table=lambda wildcards: detector_table(physics_of(wildcards.sample)),
    output:
        weights=result("recomputed/{sample}/{part}.root"),
    log:
        log("recompute/{sample}/{part}"),
    benchmark:
        benchmark_of("recompute/{sample}/{part}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(3000),
        runtime=more(240),
    params:
        entries=part_range,
        physics=lambda wildcards: physics_of(wildcards.sample).model_dump(mode="json"),
        variations=lambda wildcards: reweightings(wildcards.sample),
        recompute=section("recompute"),
        code=fingerprint("recompute"),
    message:
        "Integrating again what is open in entries {params.entries} of {wildcards.sample}"
    script:
        "../scripts/recompute.py"


use rule merge as merge_recomputed with:
    input:
        events=events("{sample}"),
        shards=lambda wildcards: expand(
            result("recomputed/{sample}/{part}.root"),
            sample=wildcards.sample,
            part=parts(wildcards.sample),
        ),
    output:
        weights=weights("{sample}"),
    log:
        log("merge_recomputed/{sample}"),
    benchmark:
        benchmark_of("merge_recomputed/{sample}")
    message:
        "Merging the final weights of {wildcards.sample}"
