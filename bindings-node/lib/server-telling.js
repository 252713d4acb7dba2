'use strict';

/**
 * What a server is told of a registry by JavaScript: metrics that the engine does not have, has not as they are to be shown, or
 * that a function of the user's is to be called for. Called by `server.js`; asked by `src/asking.rs`.
 *
 * Promised: every question is answered, whatever a metric does; a metric that fails or takes too long is left out, and told of
 * once. Absent: the metrics that need none of this, which the engine serves by itself.
 */

const timers = require('timers');
const native = require('./native');
const { toldOf } = require('./render');

/** How long metrics may take, in milliseconds: a little less than the engine waits. */
const PATIENCE = 900;

const LATE = Symbol('late');

/** Whether the engine shows a metric as it is, but for the labels that the registry gives, which the engine can. */
function isEngines(metric, labels) {
  return (
    metric._native !== undefined &&
    metric._isPlain &&
    metric.help === metric._help &&
    !metric._names.some((name) => Object.hasOwn(labels, name))
  );
}

/** What a promise comes to, unless it takes too long. */
async function inTime(promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = timers.setTimeout(resolve, PATIENCE, LATE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timers.clearTimeout(timer);
  }
}

class Telling {
  /**
   * @param {import('./registry')} registry
   * @param {(message: string) => void} warn
   */
  constructor(registry, warn) {
    this._registry = registry;
    this._warn = warn;
    this._warned = new Set();
    this._isLooking = false;
    this._door = undefined;
    // A registry of a class of the user's own need not have it.
    this._listener = () => this._changed();
  }

  /** Begins to inform a server. */
  begin(door) {
    this._door = door;
    this._registry._listeners.add(this._listener);
    this.look();
  }

  end() {
    this._door = undefined;
    this._registry._listeners.delete(this._listener);
  }

  /** Looks once what runs now is over: who makes a hundred metrics is looked at once. */
  _changed() {
    if (this._isLooking) return;
    this._isLooking = true;
    queueMicrotask(() => {
      this._isLooking = false;
      this.look();
    });
  }

  /** Says whether JavaScript has anything to tell. */
  look() {
    if (this._door === undefined) return;
    const labels = this._registry._defaultLabels;
    const isNeeded = this._registry
      .getMetricsAsArray()
      .some((metric) => !isEngines(metric, labels) || typeof metric.collect === 'function');
    const pairs = Object.entries(labels).map(([name, value]) => [name, `${value}`]);
    native.informDoor(this._door, isNeeded, pairs);
  }

  /** Answers a question. */
  async tell(number) {
    const labels = this._registry._defaultLabels;
    const all = this._registry.getMetricsAsArray();
    const told = all.filter((metric) => !isEngines(metric, labels));
    const asked = all.map((metric) => this._ask(metric, told.includes(metric)));
    const answers = await Promise.all(asked);
    if (this._door === undefined) return;
    const given = [];
    const known = [];
    answers.forEach((answer, at) => {
      if (answer === undefined || answer === null) return;
      given.push(toldOf(answer, labels));
      if (all[at]._native !== undefined) known.push(all[at]._native);
    });
    this.look();
    native.answerDoor(this._door, number, known, given, answers.includes(undefined));
  }

  /** What a metric tells; null if the engine has it, undefined if it failed. */
  async _ask(metric, isTold) {
    try {
      const answer = await inTime(isTold ? metric.get() : metric._collect());
      if (answer === LATE) throw new Error(`took more than ${PATIENCE} ms`);
      return isTold ? answer : null;
    } catch (error) {
      this._complain(metric.name, error);
      return undefined;
    }
  }

  _complain(name, error) {
    if (this._warned.has(name) || this._warned.size >= 100) return;
    this._warned.add(name);
    this._warn(`metric ${name} was left out of a scrape: ${error?.message ?? error}`);
  }

  /** Resets what the engine does not have. */
  reset() {
    for (const metric of this._registry.getMetricsAsArray()) {
      if (metric._native === undefined) metric.reset?.();
    }
  }
}

module.exports = { Telling };
