'use strict';

/**
 * When the process began.
 *
 * Called by the table in `index.js`. Promised: one value as long as the metric lives, however the wall clock is set
 * meanwhile. Workers of a cluster have no common one, so it is left out when they are put together.
 */

const { familiesOf } = require('./family');
const { currentProcess } = require('./runtime');

module.exports = function startTime(registry, config) {
  if (typeof currentProcess().uptime !== 'function') return;
  const { gauge, labels } = familiesOf(registry, config);
  const began = Math.round(Date.now() / 1000 - currentProcess().uptime());
  const seconds = gauge(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    { aggregator: 'omit', collect: () => seconds.set(labels, began) },
  );
};
