'use strict';

/**
 * `collectDefaultMetrics`: what a Node process says of itself without being asked twice.
 *
 * What lives here: the table of parts, one small file each, and the function that runs through it. The package's
 * entry points export it. Promised: nothing here keeps a process alive, and every value is read when it is scraped,
 * but for the garbage collector's, which is observed. Absent: switches for single parts; a registry can remove what
 * it does not want.
 */

/** In the order in which they are registered; a registry prints them so. */
const PARTS = {
  processCpuTotal: require('./cpu'),
  processStartTime: require('./start-time'),
  osMemoryHeap: require('./memory'),
  processOpenFileDescriptors: require('./file-descriptors').open,
  processMaxFileDescriptors: require('./file-descriptors').limit,
  eventLoopLag: require('./event-loop-lag'),
  processResources: require('./resources'),
  processHandles: require('./handles'),
  processRequests: require('./requests'),
  heapSizeAndUsed: require('./heap'),
  heapSpacesSizeAndUsed: require('./heap-spaces'),
  version: require('./version'),
  gc: require('./gc'),
  eventLoopUtilization: require('./event-loop-utilization'),
};

/**
 * @param {object} [config]
 * @param {object} [config.register] the registry; the global one unless given
 * @param {string} [config.prefix] what each name begins with
 * @param {object} [config.labels] labels that each series has
 * @param {number[]} [config.gcDurationBuckets] bounds in seconds
 * @param {number} [config.eventLoopMonitoringPrecision] milliseconds between two samples of the loop's delay
 * @param {boolean} [config.enableExemplars] whether CPU counters carry the active span's ids
 */
function collectDefaultMetrics(config) {
  if (config !== null && config !== undefined && typeof config !== 'object') {
    throw new TypeError('config must be null, undefined, or an object');
  }
  const settings = { eventLoopMonitoringPrecision: 10, ...config };
  for (const part of Object.values(PARTS)) part(settings.register, settings);
}

module.exports = collectDefaultMetrics;
module.exports.metricsList = Object.keys(PARTS);
