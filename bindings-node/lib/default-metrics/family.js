'use strict';

/**
 * How default metrics are made: prefix, extra labels and registry, as the config says.
 *
 * What lives here: `familiesOf`, which every part of this folder calls. Promised: the config's labels come after the
 * part's own. Absent: what the metrics mean.
 */

const Counter = require('../counter');
const Gauge = require('../gauge');
const Histogram = require('../histogram');

/**
 * @param {object} [registry]
 * @param {object} [config]
 */
function familiesOf(registry, config) {
  const prefix = config?.prefix || '';
  const labels = config?.labels || {};
  const make = (Kind, name, help, { own = [], ...options } = {}) =>
    new Kind({
      name: prefix + name,
      help,
      registers: registry ? [registry] : undefined,
      labelNames: [...own, ...Object.keys(labels)],
      ...options,
    });
  return {
    labels,
    counter: (...spec) => make(Counter, ...spec),
    gauge: (...spec) => make(Gauge, ...spec),
    histogram: (...spec) => make(Histogram, ...spec),
  };
}

module.exports = { familiesOf };
