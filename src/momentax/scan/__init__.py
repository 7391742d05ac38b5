"""Likelihood scans over mass points."""
