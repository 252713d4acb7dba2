'use strict';

/**
 * How late the event loop is.
 *
 * Called by the table in `index.js`. Two ways to look at it: how long a callback waits that is scheduled at the scrape
 * (told by the next one), and the distribution of delays that a timer of libuv saw since the last scrape. Promised: the
 * timer does not keep the process alive, and ends when its gauge is collected. Values of a distribution
 * without a sample are those of the last one that had some: an empty one has no mean, and a minimum of 2^63.
 */

const { familiesOf } = require('./family');
const { soon } = require('./runtime');

const NANOSECONDS = 1e9;

const STATISTICS = [
  ['min', 'The minimum recorded event loop delay.', 'min', (delays) => delays.min],
  ['max', 'The maximum recorded event loop delay.', 'max', (delays) => delays.max],
  ['mean', 'The mean of the recorded event loop delays.', 'average', (delays) => delays.mean],
  [
    'stddev',
    'The standard deviation of the recorded event loop delays.',
    'average',
    (delays) => delays.stddev,
  ],
  ...[50, 90, 99].map((percentile) => [
    `p${percentile}`,
    `The ${percentile}th percentile of the recorded event loop delays.`,
    'average',
    (delays) => delays.percentile(percentile),
  ]),
];

module.exports = function eventLoopLag(registry, config) {
  const { gauge, labels } = familiesOf(registry, config);
  const delays = monitor(config?.eventLoopMonitoringPrecision);

  const lag = gauge('nodejs_eventloop_lag_seconds', 'Lag of event loop in seconds.', {
    aggregator: 'average',
    collect() {
      const start = performance.now();
      // Without unref: an idle loop would not wake for it, and its sleep would pass for lag.
      soon(() => lag.set(labels, (performance.now() - start) / 1000));

      if (!delays) return;
      const sampled = delays.count > 0;
      for (const statistic of statistics) {
        if (sampled) statistic.seconds = statistic.read(delays) / NANOSECONDS;
        statistic.gauge.set(labels, statistic.seconds);
      }
      delays.reset();
    },
  });
  if (!delays) return;

  const statistics = STATISTICS.map(([name, help, aggregator, read]) => ({
    gauge: gauge(`nodejs_eventloop_lag_${name}_seconds`, help, { aggregator }),
    read,
    seconds: 0,
  }));
};

/** A runtime may have no such monitor, but a precision that is none is the caller's to hear of. */
function monitor(resolution) {
  const { monitorEventLoopDelay } = require('perf_hooks');
  if (typeof monitorEventLoopDelay !== 'function') return undefined;
  try {
    const delays = monitorEventLoopDelay({ resolution });
    // At once: one that was never enabled is a referenced handle, and Node 20 aborts the process if handles are
    // listed while such a one is being collected.
    delays.enable();
    return delays;
  } catch (error) {
    if (error.code === 'ERR_NOT_IMPLEMENTED') return undefined;
    throw error;
  }
}
