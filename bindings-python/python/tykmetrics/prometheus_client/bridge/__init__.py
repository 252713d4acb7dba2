"""Handing metrics to systems other than Prometheus."""
