'use strict';

/**
 * What the tests of default metrics share: registries that have them, and ways to look at these.
 */

const assert = require('node:assert/strict');
const { setTimeout: later } = require('node:timers/promises');

const Registry = require('../lib/registry');
const collectDefaultMetrics = require('../lib/default-metrics');

function collecting(config) {
  const register = new Registry();
  collectDefaultMetrics({ ...config, register });
  return register;
}

async function valuesOf(register, name) {
  const metrics = await register.getMetricsAsJSON();
  return metrics.find((metric) => metric.name === name)?.values;
}

const valueOf = async (register, name) => (await valuesOf(register, name))[0].value;

/** For as long as a test runs. */
function replace(t, object, name, value) {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  t.after(() => Object.defineProperty(object, name, own));
}

/** Once more after each turn of the loop, since Node lets go of what is closed a turn or two later. */
async function becomes(read, expected) {
  for (let turns = 0; turns < 100 && (await read()) !== expected; turns += 1) await later(5);
  assert.equal(await read(), expected);
}

module.exports = { becomes, collecting, replace, valueOf, valuesOf };
