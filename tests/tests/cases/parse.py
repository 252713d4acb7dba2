"""Reads many expositions with the parsers of prometheus_client, in one process.

Standard input is a JSON array of [dialect, text], the dialect being "text" or "openmetrics". For each, one JSON line:
[the number of samples, what the parser said if it refused].
"""
import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

PARSERS = {
    "text": parser.text_string_to_metric_families,
    "openmetrics": openmetrics_parser.text_string_to_metric_families,
}

for dialect, text in json.load(sys.stdin):
    try:
        samples = sum(len(family.samples) for family in PARSERS[dialect](text))
        print(json.dumps([samples, ""]))
    except Exception as error:  # Whatever the parser raises is its way to refuse.
        print(json.dumps([0, f"refused: {error!r}"]))
