'use strict';

/**
 * What the parts ask of the runtime, looked up at each call.
 *
 * What lives here: `currentProcess`, `readable` and `soon`. Promised: a module that requires this one loads without a
 * global `process`, and clocks or functions that a test replaces are the ones that are called. Absent: any reading.
 */

/** The global one comes first, since that is where fake clocks are put. */
function currentProcess() {
  return typeof process === 'undefined' ? require('process') : process;
}

/**
 * What `read` returns, or undefined where the platform refuses: a number that is missing must not fail a scrape.
 * @template T
 * @param {() => T} read
 * @returns {T | undefined}
 */
function readable(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** `setImmediate`, also in environments of tests that imitate a browser and hide it. */
function soon(callback) {
  const schedule = typeof setImmediate === 'function' ? setImmediate : require('timers').setImmediate;
  return schedule(callback);
}

module.exports = { currentProcess, readable, soon };
