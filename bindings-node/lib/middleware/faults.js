'use strict';

/**
 * Our own failures: counted, told once, never the request's.
 *
 * What lives here: where every middleware takes an exception of its own code. Promised: it never throws.
 */

const Counter = require('../counter');
const once = require('./once');

const NAME = 'tykmetrics_instrumentation_errors_total';

function counter(registry) {
  return once(
    registry,
    NAME,
    () =>
      new Counter({
        name: NAME,
        help: 'Failures inside the instrumentation, which the requests did not notice',
        labelNames: ['where'],
        registers: [registry],
      }),
    (made) => made,
  );
}

/** Takes the failures of one middleware. */
class Faults {
  constructor(where, registry) {
    this.where = where;
    this.count = counter(registry).labels(where);
    this.isTold = false;
  }

  /** Count a failure, and warn of it if it is the first. */
  caught(error) {
    try {
      this.count.inc();
      if (this.isTold) return;
      this.isTold = true;
      process.emitWarning(
        `tykmetrics failed inside ${this.where}, requests go on; later failures are counted and not told`,
        { type: 'TykmetricsWarning', detail: text(error) },
      );
    } catch {
      // Whoever throws from here would break the request after all.
    }
  }
}

function text(error) {
  return error instanceof Error && typeof error.stack === 'string' ? error.stack : String(error);
}

module.exports = Faults;
