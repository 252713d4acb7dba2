/** The entry points in CommonJS. */

import tykmetrics = require('tykmetrics');
import dropIn = require('tykmetrics/prom-client');
import middleware = require('tykmetrics/middleware');

const counter: tykmetrics.Counter<'a'> = new tykmetrics.Counter({
  name: 'a_total',
  help: 'a',
  labelNames: ['a'],
});
const labels: tykmetrics.LabelValues<'a'> = { a: 'x' };
counter.inc(labels);
const registry: dropIn.Registry = tykmetrics.register;
middleware.instrumentHttp(() => undefined, { registry });

// @ts-expect-error CommonJS has no default
tykmetrics.default;
