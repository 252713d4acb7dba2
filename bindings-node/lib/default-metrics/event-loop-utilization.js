'use strict';

/**
 * Which share of the time the event loop was busy.
 *
 * Called by the table in `index.js`. Promised: a number from 0 to 1, over the time since the last scrape of this
 * metric (since it was made, for the first). Two who scrape one registry shorten each other's time. In a worker
 * thread it is the thread's own loop.
 */

const { familiesOf } = require('./family');
const { readable } = require('./runtime');

module.exports = function eventLoopUtilization(registry, config) {
  let last = reading();
  if (!last) return;

  const { gauge, labels } = familiesOf(registry, config);
  let share = 0;
  const utilization = gauge(
    'nodejs_eventloop_utilization',
    'Share of time the event loop was busy since the last collect, from 0 to 1.',
    {
      aggregator: 'average',
      collect() {
        const now = reading();
        const active = now ? now.active - last.active : 0;
        const passed = now ? active + now.idle - last.idle : 0;
        // No time passes between two scrapes of one moment, or before the loop's first turn.
        if (passed > 0) {
          share = Math.min(1, Math.max(0, active / passed));
          last = now;
        }
        utilization.set(labels, share);
      },
    },
  );
};

/** Of the module and not of the global `performance`, whose methods fake clocks replace by empty ones. */
function reading() {
  return readable(() => require('perf_hooks').performance.eventLoopUtilization());
}
