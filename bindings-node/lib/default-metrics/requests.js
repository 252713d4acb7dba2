'use strict';

/**
 * Active libuv requests: file operations, name look-ups, writes under way. Requests over HTTP are another matter.
 *
 * Called by the table in `index.js`. Absent where the runtime has no such (undocumented) function.
 */

const { className, countByType } = require('./by-type');
const { currentProcess } = require('./runtime');

module.exports = function requests(registry, config) {
  if (typeof currentProcess()._getActiveRequests !== 'function') return;
  countByType(registry, config, {
    name: 'nodejs_active_requests',
    help: 'Number of active libuv requests grouped by request type. Every request type is C++ class name.',
    totalHelp: 'Total number of active requests.',
    list: () => currentProcess()._getActiveRequests(),
    typeOf: className,
  });
};
