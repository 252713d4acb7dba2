'use strict';

/**
 * The spaces of the JavaScript heap: how large each is, how full, and what is left.
 *
 * Called by the table in `index.js`. Absent where the runtime's engine does not tell.
 */

const { familiesOf } = require('./family');
const { readable } = require('./runtime');

module.exports = function heapSpaces(registry, config) {
  const statistics = () => readable(() => require('v8').getHeapSpaceStatistics());
  if (!statistics()) return;

  const { gauge, labels } = familiesOf(registry, config);
  const sizes = (what, options) =>
    gauge(`nodejs_heap_space_size_${what}_bytes`, `Process heap space size ${what} from Node.js in bytes.`, {
      own: ['space'],
      ...options,
    });

  const total = sizes('total', {
    // One reading for all three, so that they agree.
    collect() {
      for (const space of statistics() ?? []) {
        const series = { space: space.space_name.replace(/_space$/, ''), ...labels };
        total.set(series, space.space_size);
        used.set(series, space.space_used_size);
        available.set(series, space.space_available_size);
      }
    },
  });
  const used = sizes('used');
  const available = sizes('available');
};
