'use strict';

/**
 * Active resources: whatever keeps the event loop alive, by its asynchronous type.
 *
 * Called by the table in `index.js`. Absent where the runtime has no such function.
 */

const { countByType } = require('./by-type');
const { currentProcess } = require('./runtime');

module.exports = function resources(registry, config) {
  if (typeof currentProcess().getActiveResourcesInfo !== 'function') return;
  countByType(registry, config, {
    name: 'nodejs_active_resources',
    help: 'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
    totalHelp: 'Total number of active resources.',
    list: () => currentProcess().getActiveResourcesInfo(),
    typeOf: (type) => type,
  });
};
