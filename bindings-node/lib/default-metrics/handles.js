'use strict';

/**
 * Active libuv handles: sockets, servers, timers of libuv, child processes.
 *
 * Called by the table in `index.js`. Absent where the runtime has no such (undocumented) function.
 */

const { className, countByType } = require('./by-type');
const { currentProcess } = require('./runtime');

module.exports = function handles(registry, config) {
  if (typeof currentProcess()._getActiveHandles !== 'function') return;
  countByType(registry, config, {
    name: 'nodejs_active_handles',
    help: 'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
    totalHelp: 'Total number of active handles.',
    list: () => currentProcess()._getActiveHandles(),
    typeOf: className,
  });
};
