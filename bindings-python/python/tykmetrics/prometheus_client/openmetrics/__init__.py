"""The OpenMetrics text format: writing it and reading it."""
