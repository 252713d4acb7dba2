'use strict';

/**
 * What the jobs are done with: the libraries, the label sets and latencies, and a program's other metrics.
 *
 * tykmetrics and prom-client are written to in the same words. Promised: what a library holds is read back from what it shows,
 * so that a loop that does nothing is found out. Called by `jobs.js`, `requests.js` and `scrapes.js`.
 */

const { OTEL, OURS, PEER } = require('./timing');

const LABELS = ['method', 'endpoint', 'status'];

/** As a gateway has them; their order is shuffled below. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const ENDPOINTS = ['/api/chat/completions', '/api/embeddings', '/api/models/:model', '/users/:user'];
const STATUSES = ['200', '404', '500'];

/** A power of two, so that a place in a list of them is a mask away. */
const MANY = 4096;

/** Numbers below 1 that are the same in every run. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Seconds from half a millisecond to beyond the last bucket, most of them near 50 ms: no bucket is a constant. */
function latencies() {
  const random = numbers(7);
  return Float64Array.from(
    { length: MANY },
    () => 0.05 * Math.exp((random() + random() + random() - 1.5) * 4),
  );
}

/** So many picks of a list, in no order that a processor can foretell. */
function shuffled(list) {
  const random = numbers(11);
  return Array.from({ length: MANY }, () => list[Math.floor(random() * list.length)]);
}

/** The 48 label sets. */
function sets() {
  return METHODS.flatMap((method) =>
    ENDPOINTS.flatMap((endpoint) => STATUSES.map((status) => ({ method, endpoint, status }))),
  );
}

function libraryOf(side) {
  return side === OURS ? require('..') : require('prom-client');
}

/**
 * A library with a registry, and in it the metrics of a program of some size, each recorded to: a class that has seen one
 * metric only is faster than it is in any program.
 */
class Library {
  /** @param {string} side tykmetrics or prom-client */
  constructor(side) {
    this.module = libraryOf(side);
    this.registers = [new this.module.Registry()];
    this.others();
  }

  counter(name, labelNames = []) {
    return new this.module.Counter({ name, help: 'Help.', labelNames, registers: this.registers });
  }

  gauge(name, labelNames = []) {
    return new this.module.Gauge({ name, help: 'Help.', labelNames, registers: this.registers });
  }

  histogram(name, labelNames = [], more = {}) {
    return new this.module.Histogram({ name, help: 'Help.', labelNames, registers: this.registers, ...more });
  }

  others() {
    const counters = [
      this.counter('other_total'),
      this.counter('other_jobs_total', ['queue']),
      this.counter('other_calls_total', ['service', 'outcome']),
    ];
    const gauges = [this.gauge('other_depth'), this.gauge('other_sessions', ['kind'])];
    const buckets = this.module.exponentialBuckets(100, 10, 7);
    const histograms = [
      this.histogram('other_seconds'),
      this.histogram('other_bytes', ['queue'], { buckets }),
      this.histogram('other_wait_seconds', ['service', 'outcome'], { buckets: [0.1, 1, 10] }),
    ];
    const seconds = latencies();
    for (let n = 0; n < 2000; n += 1) {
      const labels = [undefined, { queue: 'mail' }, { outcome: n % 2 ? 'ok' : 'failed', service: 'search' }];
      counters.forEach((counter, at) => {
        if (at === 0) counter.inc(n % 3);
        else if (n % 2) counter.inc(labels[at]);
        else counter.labels(labels[at]).inc(2.5);
      });
      gauges[0].set(n);
      gauges[1].inc({ kind: 'human' });
      gauges[1].labels('robot').dec(0.5);
      histograms[0].observe(seconds[n]);
      histograms[1].observe(labels[1], n * 100);
      histograms[2].labels(labels[2]).observe(seconds[n]);
    }
  }

  /** What all series of a family add up to, as a scraper reads it. */
  async sum(sample) {
    return sumOf(await this.registers[0].metrics(), sample);
  }
}

/** What the lines of a sample add up to. */
function sumOf(text, sample) {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(sample) || !' {'.includes(line[sample.length])) continue;
    sum += Number(line.slice(line.lastIndexOf(' ')));
  }
  return sum;
}

/** OpenTelemetry with a reader, as an exporter has one. */
class Meter {
  constructor() {
    const { MeterProvider, MetricReader } = require(OTEL);
    class Reader extends MetricReader {
      async onShutdown() {}
      async onForceFlush() {}
    }
    this.reader = new Reader();
    this.meter = new MeterProvider({ readers: [this.reader] }).getMeter('bench');
    const seconds = latencies();
    const counter = this.counter('other');
    const histogram = this.histogram('other_seconds');
    for (let n = 0; n < 2000; n += 1) {
      counter.add(n % 3);
      counter.add(1, { queue: 'mail' });
      histogram.record(seconds[n], { outcome: n % 2 ? 'ok' : 'failed', service: 'search' });
    }
  }

  counter(name) {
    return this.meter.createCounter(name);
  }

  histogram(name) {
    return this.meter.createHistogram(name);
  }

  /** What all series of an instrument add up to; of a histogram, how many values. */
  async sum(name) {
    const { resourceMetrics } = await this.reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    // Nothing is told of an instrument before it records.
    const points = all.find((metric) => metric.descriptor.name === name)?.dataPoints ?? [];
    return points.reduce((sum, { value }) => sum + (value.count ?? value), 0);
  }
}

module.exports = {
  LABELS,
  Library,
  MANY,
  Meter,
  OTEL,
  OURS,
  PEER,
  latencies,
  libraryOf,
  sets,
  shuffled,
  sumOf,
};
