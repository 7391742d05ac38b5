"""Systematic variations: shifted events, and weights under other parton densities, scales or detectors."""
