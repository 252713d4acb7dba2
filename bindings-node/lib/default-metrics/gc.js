'use strict';

/**
 * How long garbage collections take, by their kind.
 *
 * Called by the table in `index.js`. Promised: every collection counts, also if several are told of at once; the
 * observer does not keep the process alive, and leaves when nobody has the histogram any more.
 */

const { familiesOf } = require('./family');
const { readable } = require('./runtime');

const DEFAULT_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];

/**
 * V8's bit for a young generation that is marked and swept instead of scavenged (`--minor-mc`, `--minor-ms`). Node
 * passes it on without a constant for it: kGCTypeMinorMarkSweep (once kGCTypeMinorMarkCompact) in V8's v8-callbacks.h.
 */
const MINOR_MARK = 2;

module.exports = function gc(registry, config) {
  const { PerformanceObserver, constants } = require('perf_hooks');
  if (!PerformanceObserver || !constants) return;
  const kinds = new Map([
    [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
    [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
    [MINOR_MARK, 'minor'],
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
    [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
  ]);

  const { histogram, labels } = familiesOf(registry, config);
  const durations = histogram(
    'nodejs_gc_duration_seconds',
    'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    { own: ['kind'], enableExemplars: false, buckets: config?.gcDurationBuckets || DEFAULT_BUCKETS },
  );

  // Weakly: an observer lives until it is disconnected, and would keep every cleared registry's histogram.
  const held = new WeakRef(durations);
  const observer = new PerformanceObserver((list) => {
    const target = held.deref();
    if (!target) return observer.disconnect();
    for (const entry of list.getEntries()) {
      const kind = kinds.get(entry.detail?.kind) ?? 'unknown';
      target.observe({ kind, ...labels }, entry.duration / 1000);
    }
  });
  // Refused by runtimes whose engine does not tell.
  readable(() => observer.observe({ entryTypes: ['gc'] }));
};
