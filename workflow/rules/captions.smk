# Sentences for captions of figures; no rules here.
def sample_text(names):
    """Samples as a sentence for captions: what each is and how many events."""
    words = []
    for name in names:
        spec = CONFIG.samples[name]
        origin = {
            "builtin": lambda spec: f"built-in generator, {spec.hypothesis}",
            "showered": lambda spec: f"built-in generator and Pythia 8, {spec.hypothesis}",
            "file": lambda spec: f"first entries of {spec.path}",
        }[spec.kind](spec)
        words.append(f"{name} ({entries(name)} events: {origin})")
    return "; ".join(words)


def selection_text(signal_region=CONFIG.selection.signal_region):
    """The selection as a sentence for captions."""
    cuts = CONFIG.selection
    both = lambda pair: "no cut" if pair is None else f"{pair[0]:g}/{pair[1]:g} GeV"
    words = [
        f"electrons pT > {both(cuts.electron_pt_min)}, abs(eta) < {cuts.electron_eta_max}",
        f"muons pT > {both(cuts.muon_pt_min)}, abs(eta) < {cuts.muon_eta_max}",
        f"two b jets pT > {cuts.jet_pt_min} GeV, abs(eta) < {cuts.jet_eta_max}, dR(l, j) > {cuts.jet_lepton_dr_min}",
        f"m_ll > {cuts.mll_min} GeV",
    ]
    if signal_region:
        low, high = cuts.signal_mll_window
        words.append(f"signal region: {low:g} < m_ll < {high:g} GeV, MET < {cuts.signal_met_max:g} GeV")
    return "; ".join(words)


def efficiency_text():
    """The efficiency in the weight as a sentence for captions."""
    e = CONFIG.physics.efficiency
    if e is None:
        return "none in the weight"
    return (
        f"electrons {e.electron:g}, muons {e.muon:g}, b tag {e.b_tag:g} (1 - exp(-pT/{e.b_tag_turn_on:g} GeV)) / "
        f"(1 + pT/{e.b_tag_fall:g} GeV)"
    )
