# Transfer functions, g(k_T), sigma_u and c of simulated events with truth; used where physics.detector.table says so.
rule fit_transfer:
    input:
        file=lambda wildcards: simulation_spec(wildcards.simulation)["path"],
    output:
        table=result("transfer/{simulation}.npz"),
        section=result("transfer/{simulation}.yaml"),
        smeared=result("transfer/{simulation}_smeared.yaml"),
        facts=result("transfer/{simulation}.json"),
        closure=result("transfer/closure/{simulation}.npz"),
    log:
        log("transfer/{simulation}"),
    benchmark:
        benchmark_of("transfer/{simulation}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        spec=lambda wildcards: simulation_spec(wildcards.simulation),
        selection=section("selection") | NO_MOMENTUM_CUTS,
        min_entries=CONFIG.transfer.min_entries,
        code=fingerprint("transfer.closure", "events"),
    message:
        "Fitting transfer functions and recoil to {input}"
    script:
        "../scripts/fit_transfer.py"


rule figure_transfer:
    input:
        closure=result("transfer/closure/{simulation}.npz"),
        facts=result("transfer/{simulation}.json"),
    output:
        response=report(
            figure("transfer_response_{simulation}", SHOWN),
            caption="../report/transfer.rst",
            category="0 Transfer functions",
            labels={"figure": "response", "simulation": "{simulation}"},
        ),
        recoil=report(
            figure("transfer_recoil_{simulation}", SHOWN),
            caption="../report/transfer.rst",
            category="0 Transfer functions",
            labels={"figure": "recoil", "simulation": "{simulation}"},
        ),
        directions=report(
            figure("transfer_directions_{simulation}", SHOWN),
            caption="../report/transfer.rst",
            category="0 Transfer functions",
            labels={"figure": "directions", "simulation": "{simulation}"},
        ),
        others=figure("transfer_response_{simulation}", OTHERS)
        + figure("transfer_directions_{simulation}", OTHERS)
        + figure("transfer_recoil_{simulation}", OTHERS),
    log:
        log("figures/transfer_{simulation}"),
    benchmark:
        benchmark_of("figures/transfer_{simulation}")
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=more(1500),
        runtime=more(20),
    params:
        figures=section("figures"),
        origin=lambda wildcards: simulation_spec(wildcards.simulation)["path"],
        entries=lambda wildcards: simulation_spec(wildcards.simulation)["max_events"],
        code=fingerprint("plots.transfer"),
    message:
        "Drawing the fitted transfer functions of {wildcards.simulation}"
    script:
        "../scripts/figure_transfer.py"
