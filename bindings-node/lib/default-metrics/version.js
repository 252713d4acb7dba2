'use strict';

/**
 * Which Node this is, as labels of a gauge that is always 1.
 *
 * Called by the table in `index.js`. The first of a cluster's workers speaks for all.
 */

const { familiesOf } = require('./family');
const { currentProcess } = require('./runtime');

module.exports = function version(registry, config) {
  const text = currentProcess().version;
  if (typeof text !== 'string') return;
  // A nightly's patch has a suffix, which is no part of the number.
  const [major, minor, patch] = text
    .slice(1)
    .split('.')
    .map((part) => parseInt(part, 10));
  const { gauge, labels } = familiesOf(registry, config);
  const info = gauge('nodejs_version_info', 'Node.js version info.', {
    own: ['version', 'major', 'minor', 'patch'],
    aggregator: 'first',
    // At each scrape, so that it is there again after a reset.
    collect: () => info.set({ version: text, major, minor, patch, ...labels }, 1),
  });
};
