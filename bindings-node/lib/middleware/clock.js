'use strict';

/**
 * The clock of exchanges.
 *
 * `performance` is a getter of the global object, which V8 calls anew for every look. So it is looked up for each
 * connection only, which is often enough for tests that put a clock of theirs in its place. A connection that is kept
 * alive goes on with the clock of the last that was opened.
 */

let clock = globalThis.performance;

/** Look the clock up again. */
function look() {
  clock = globalThis.performance;
}

/** Milliseconds since some moment. */
function now() {
  return clock.now();
}

module.exports = { look, now };
