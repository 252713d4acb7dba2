'use strict';

/** The package's names. Everything is in `lib/`. */

const Registry = require('./lib/registry');
const { exponentialBuckets, linearBuckets } = require('./lib/buckets');
const { negotiate, negotiateEncoding, render, renderSync } = require('./lib/render');
const { recordRequest, requestMetrics, trackRequest } = require('./lib/requests');
const { startHttpServer } = require('./lib/server');
const { validateMetricName } = require('./lib/labels');

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
exports.Counter = require('./lib/counter');
exports.Gauge = require('./lib/gauge');
exports.Histogram = require('./lib/histogram');
exports.Summary = require('./lib/summary');
exports.Pushgateway = require('./lib/pushgateway');
exports.linearBuckets = linearBuckets;
exports.exponentialBuckets = exponentialBuckets;
exports.collectDefaultMetrics = require('./lib/default-metrics');
exports.aggregators = require('./lib/aggregators').aggregators;
exports.AggregatorRegistry = require('./lib/aggregator-registry');
exports.recordRequest = recordRequest;
exports.trackRequest = trackRequest;
exports.requestMetrics = requestMetrics;
exports.render = render;
exports.renderSync = renderSync;
exports.negotiate = negotiate;
exports.negotiateEncoding = negotiateEncoding;
exports.startHttpServer = startHttpServer;
