'use strict';

/**
 * The clock of exchanges.
 *
 * `performance` is a getter of the global object: to look it up costs a request as much as to ask it for the time. So it is
 * looked up for each connection only, which is often enough for tests that put a clock of theirs in its place. One that
 * is kept alive goes on with the clock of the last that was opened.
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
