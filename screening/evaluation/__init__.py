"""Threshold benchmarks as an API: metrics with worst-case ties, copy attacks, pinned protocols."""
