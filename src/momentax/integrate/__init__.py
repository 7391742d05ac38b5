"""Integrators: a batched adaptive one over many events, and the ``vegas`` package as the reference."""
