"""Reads an exposition from standard input with a parser of prometheus_client and prints what it understood.

    parse.py text | openmetrics

One JSON array a line: family, type, sample, labels, value, exemplar labels, exemplar value. Numbers are printed as text, because JSON
has no NaN. What the parser refuses ends the program with its exception.
"""
import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

read = {
    "text": parser.text_string_to_metric_families,
    "openmetrics": openmetrics_parser.text_string_to_metric_families,
}[sys.argv[1]]

for family in read(sys.stdin.buffer.read().decode("utf-8")):
    # A family without samples is worth a line too.
    print(json.dumps([family.name, family.type, None, {}, family.documentation, {}, family.unit]))
    for sample in family.samples:
        exemplar = sample.exemplar
        print(json.dumps([
            family.name,
            family.type,
            sample.name,
            sample.labels,
            repr(float(sample.value)),
            exemplar.labels if exemplar else {},
            repr(float(exemplar.value)) if exemplar else "",
        ]))
