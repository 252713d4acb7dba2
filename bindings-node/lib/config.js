'use strict';

/**
 * What the config object of a metric must be, and what it may leave out. Called by `metric.js` and by the drop-in's summary; the
 * conditions, their order and their wording are prom-client's.
 */

const Registry = require('./registry');
const { validateLabelNames, validateMetricName } = require('./labels');

/** Gives a metric what its user and the defaults say, or throws. */
function configure(metric, config, defaults) {
  if (config === null || typeof config !== 'object') {
    throw new TypeError('constructor expected a config object');
  }
  Object.assign(metric, { labelNames: [], registers: undefined, aggregator: 'sum' }, defaults, config);
  metric.registers ??= [Registry.globalRegistry];
  metric.labelNames ??= [];
  if (!metric.help) throw new Error('Missing mandatory help parameter');
  if (!metric.name) throw new Error('Missing mandatory name parameter');
  if (!validateMetricName(metric.name)) throw new Error('Invalid metric name');
  if (!validateLabelNames(metric.labelNames)) throw new Error('Invalid label name');
  if (metric.collect && typeof metric.collect !== 'function') {
    throw new Error('Optional "collect" parameter must be a function');
  }
}

module.exports = { configure };
