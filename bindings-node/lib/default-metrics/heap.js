'use strict';

/**
 * The JavaScript heap, and what it holds outside of itself.
 *
 * Called by the table in `index.js`. In a worker thread these are the thread's own.
 */

const { familiesOf } = require('./family');
const { currentProcess, readable } = require('./runtime');

module.exports = function heap(registry, config) {
  if (typeof currentProcess().memoryUsage !== 'function') return;
  const { gauge, labels } = familiesOf(registry, config);

  const total = gauge('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', {
    // One reading for all three, so that they agree.
    collect() {
      const usage = readable(() => currentProcess().memoryUsage());
      if (!usage) return;
      total.set(labels, usage.heapTotal);
      used.set(labels, usage.heapUsed);
      if (usage.external !== undefined) external.set(labels, usage.external);
    },
  });
  const used = gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.');
  const external = gauge('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.');
};
