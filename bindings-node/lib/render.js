'use strict';

/**
 * Scrapes in every format of the engine: text, OpenMetrics, protobuf and JSON, packed as asked. Called by users; what a scraper
 * asked for is said by `negotiate`. Foreign metrics of a registry are not the engine's: `registry.metrics()` shows those too.
 */

const native = require('./native');
const Registry = require('./registry');

async function collected(registry) {
  await Promise.all(registry.getMetricsAsArray().map((metric) => metric._collect?.()));
}

/**
 * What a registry holds, as bytes; the event loop is free meanwhile.
 * @param {string} [format] `text`, `openmetrics`, `protobuf`, `json`, or what `negotiate` gave
 * @param {{registry?: Registry, encoding?: 'identity' | 'gzip' | 'zstd'}} [options]
 * @returns {Promise<Buffer>}
 */
async function render(format = 'text', { registry = Registry.globalRegistry, encoding = 'identity' } = {}) {
  await collected(registry);
  return native.render(registry._native, format, encoding);
}

/** As `render`, at once: functions that take time to collect are not waited for. */
function renderSync(format = 'text', { registry = Registry.globalRegistry, encoding = 'identity' } = {}) {
  registry.getMetricsAsArray().forEach((metric) => metric._native && metric.collect?.());
  return native.renderNow(registry._native, format, encoding);
}

/**
 * What a client asks for by its `Accept` header.
 * @param {string} [accept]
 * @returns {{format: string, contentType: string}}
 */
function negotiate(accept = '') {
  const [format, contentType] = native.negotiate(`${accept}`);
  return { format, contentType };
}

/** Which encoding a client asks for by its `Accept-Encoding` header. */
function negotiateEncoding(accept = '') {
  return native.negotiateEncoding(`${accept}`);
}

module.exports = { negotiate, negotiateEncoding, render, renderSync };
