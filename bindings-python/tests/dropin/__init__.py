"""The drop-in, beside prometheus_client itself."""
