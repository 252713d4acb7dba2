'use strict';

/**
 * prom-client's names, over the engine: for packages that import `prom-client`, by an alias. What differs from the package's own
 * classes is what prom-client's users rely on: families have as many series as are asked for, and a summary is a t-digest.
 */

const Registry = require('./lib/registry');
const { exponentialBuckets, linearBuckets } = require('./lib/buckets');
const { validateMetricName } = require('./lib/labels');

/** More series than there can be. */
const UNLIMITED = 0xffffffff;

// What `labels()` gives is functions of their own: prom-client's may be torn off their object.

class Counter extends require('./lib/counter') {
  static _limit = UNLIMITED;

  labels(...values) {
    const bound = super.labels(...values);
    return { inc: (value) => bound.inc(value) };
  }
}

class Gauge extends require('./lib/gauge') {
  static _limit = UNLIMITED;

  labels(...values) {
    const bound = super.labels(...values);
    return {
      inc: (value) => bound.inc(value),
      dec: (value) => bound.dec(value),
      set: (value) => bound.set(value),
      setToCurrentTime: () => bound.setToCurrentTime(),
      startTimer: () => bound.startTimer(),
    };
  }
}

/** Bounds in their order, each once: prom-client takes any. */
function inOrder(config) {
  const { buckets } = config ?? {};
  if (!Array.isArray(buckets) || buckets.every((bound, at) => at === 0 || buckets[at - 1] < bound))
    return config;
  return { ...config, buckets: [...new Set(buckets)].sort((a, b) => a - b) };
}

class Histogram extends require('./lib/histogram') {
  static _limit = UNLIMITED;

  constructor(config) {
    super(inOrder(config));
  }

  labels(...values) {
    const bound = super.labels(...values);
    return {
      observe: (value) => bound.observe(value),
      startTimer: (labels, exemplarLabels) => bound.startTimer(labels, exemplarLabels),
    };
  }
}

exports.register = Registry.globalRegistry;
exports.Registry = Registry;
Object.defineProperty(exports, 'contentType', {
  enumerable: true,
  get: () => exports.register.contentType,
  set: (contentType) => {
    exports.register.setContentType(contentType);
  },
});
exports.prometheusContentType = Registry.PROMETHEUS_CONTENT_TYPE;
exports.openMetricsContentType = Registry.OPENMETRICS_CONTENT_TYPE;
exports.validateMetricName = validateMetricName;
exports.Counter = Counter;
exports.Gauge = Gauge;
exports.Histogram = Histogram;
exports.Summary = require('./lib/prom-client/summary');
exports.Pushgateway = require('./lib/pushgateway');
exports.linearBuckets = linearBuckets;
exports.exponentialBuckets = exponentialBuckets;
exports.collectDefaultMetrics = require('./lib/default-metrics');
exports.aggregators = require('./lib/aggregators').aggregators;
exports.AggregatorRegistry = require('./lib/aggregator-registry');
