'use strict';

/**
 * CPU time of the process since its counters were made: added by the main thread where the registry is the process's.
 *
 * Called by the table in `index.js`. Promised: counters never fall, even if the kernel's numbers do. With exemplars
 * each counter carries the ids of the span that is active at the scrape, if the program has OpenTelemetry's API and
 * such a span; the package does not depend on it.
 */

const { isMainThread } = require('worker_threads');
const Registry = require('../registry');
const { familiesOf } = require('./family');
const { currentProcess, readable } = require('./runtime');

const MICROSECONDS = 1e6;

module.exports = function cpu(registry, config) {
  if (typeof currentProcess().cpuUsage !== 'function') return;

  const { counter, labels } = familiesOf(registry, config);
  const enableExemplars = config?.enableExemplars ? true : false;
  // The caller's own copy, or none.
  const api = enableExemplars ? readable(() => require('@opentelemetry/api')) : undefined;
  let last = currentProcess().cpuUsage();

  const add = (metric, microseconds, exemplarLabels) => {
    const value = microseconds / MICROSECONDS;
    if (enableExemplars) metric.inc({ labels, value, exemplarLabels });
    else metric.inc(labels, value);
  };

  const userSeconds = counter('process_cpu_user_seconds_total', 'Total user CPU time spent in seconds.', {
    enableExemplars,
    // One reading for all three, so that they add up.
    collect() {
      // The process's own registry is every thread's, and the time is the process's: one thread adds it.
      if (!isMainThread && (registry ?? Registry.globalRegistry)._isDefault) return;
      const now = currentProcess().cpuUsage();
      const user = Math.max(0, now.user - last.user);
      const system = Math.max(0, now.system - last.system);
      last = { user: last.user + user, system: last.system + system };
      const span = api && readable(() => activeSpan(api));
      add(userSeconds, user, span);
      add(systemSeconds, system, span);
      add(seconds, user + system, span);
    },
  });
  const systemSeconds = counter(
    'process_cpu_system_seconds_total',
    'Total system CPU time spent in seconds.',
    { enableExemplars },
  );
  const seconds = counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', {
    enableExemplars,
  });
};

function activeSpan(api) {
  const context = api.trace.getSpan(api.context.active())?.spanContext();
  return context && { traceId: context.traceId, spanId: context.spanId };
}
