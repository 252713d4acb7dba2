'use strict';

/**
 * The clock of timers. It is looked up at every call, so that fake timers work, and where there is no `process` the one of the
 * platform does.
 */

function start() {
  const clock = globalThis.process;
  return clock?.hrtime ? clock.hrtime() : performance.now();
}

/** Seconds since `begin`, which `start` gave. */
function since(begin) {
  if (typeof begin === 'number') return (performance.now() - begin) / 1e3;
  const [seconds, nanos] = globalThis.process.hrtime(begin);
  return seconds + nanos / 1e9;
}

module.exports = { since, start };
