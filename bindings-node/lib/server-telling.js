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

/**
 * How long metrics may take, in milliseconds, from when the loop takes the question. The engine waits a second from when it asked:
 * the other half is for a loop that was busy then.
 */
const PATIENCE = 500;

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

/** What is read, as text: it may be anything, and reading it may throw. */
function textOf(read) {
  try {
    return String(read());
  } catch {
    return 'something without a text';
  }
}

function nameOf(metric) {
  return textOf(() => metric.name);
}

/** What was thrown, as text. */
function messageOf(error) {
  return textOf(() => error?.message ?? error);
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
      try {
        this.look();
      } catch (error) {
        // Nobody could catch it: it would end the process.
        this._warn(messageOf(error));
      }
    });
  }

  /** Says whether JavaScript has anything to tell. The engine looks no more until it is told. */
  look() {
    if (this._door === undefined) return;
    const labels = this._labels();
    native.informDoor(this._door, this._isNeeded(labels), Object.entries(labels));
  }

  /** The labels of every series, as texts. What has none is left out: the metrics are served without it. */
  _labels() {
    try {
      const pairs = Object.entries(this._registry._defaultLabels).map(([name, value]) => {
        return [name, this._labelOf(name, value)];
      });
      return Object.fromEntries(pairs.filter(([, text]) => text !== undefined));
    } catch (error) {
      this._warn(`the default labels of the registry are not served: ${messageOf(error)}`);
      return {};
    }
  }

  _labelOf(name, value) {
    try {
      return `${value}`;
    } catch (error) {
      this._warn(`the default label ${name} is not served: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Whether JavaScript is to be asked at each scrape: also where that cannot be said. */
  _isNeeded(labels) {
    try {
      const all = this._registry.getMetricsAsArray();
      const served = all.filter((metric) => isEngines(metric, labels));
      for (const metric of served) if (this._registry._apart.has(metric)) this._miss(metric);
      return served.length < all.length || served.some((metric) => typeof metric.collect === 'function');
    } catch (error) {
      this._warn(`the metrics of the registry cannot be looked at: ${messageOf(error)}`);
      return true;
    }
  }

  /** The engine lists no two metrics that print the same name. */
  _miss(metric) {
    this._warn(
      `metric ${nameOf(metric)} is not served: another metric of its registry prints one of its names`,
    );
  }

  /** Answers a question, whatever happens: while one is not answered, the engine asks no other. */
  async tell(number) {
    try {
      const { known, given, isPartial } = await this._answers();
      if (this._door === undefined) return;
      this.look();
      native.answerDoor(this._door, number, known, given, isPartial);
    } catch (error) {
      if (this._door !== undefined) native.answerDoor(this._door, number, [], [], true);
      this._warn(`a scrape went without what JavaScript tells: ${messageOf(error)}`);
    }
  }

  /** What all metrics tell, and which of the engine's are among them. */
  async _answers() {
    const labels = this._labels();
    const all = this._registry.getMetricsAsArray();
    let timer;
    const late = new Promise((resolve) => {
      timer = timers.setTimeout(resolve, PATIENCE, LATE);
    });
    try {
      const answers = await Promise.all(all.map((metric) => this._ask(metric, labels, late)));
      const told = all.filter((_, at) => answers[at]);
      return {
        known: told.filter((metric) => metric._native !== undefined).map((metric) => metric._native),
        given: answers.filter(Boolean),
        isPartial: answers.includes(undefined),
      };
    } finally {
      timers.clearTimeout(timer);
    }
  }

  /** What a metric tells; null if the engine has it, undefined if it failed. */
  async _ask(metric, labels, late) {
    try {
      const isTold = !isEngines(metric, labels);
      const answer = await Promise.race([isTold ? metric.get() : metric._collect(), late]);
      if (answer === LATE) throw new Error(`took more than ${PATIENCE} ms`);
      return isTold ? toldOf(answer, labels) : null;
    } catch (error) {
      this._complain(nameOf(metric), error);
      return undefined;
    }
  }

  _complain(name, error) {
    if (this._warned.has(name) || this._warned.size >= 100) return;
    this._warned.add(name);
    this._warn(`metric ${name} was left out of a scrape: ${messageOf(error)}`);
  }

  /** Resets what the engine does not have: metrics of JavaScript's, and the exemplars of its own. */
  reset() {
    for (const metric of this._registry.getMetricsAsArray()) {
      try {
        if (metric._native === undefined || this._registry._apart.has(metric)) metric.reset?.();
        else metric._exemplars?.clear();
      } catch (error) {
        this._warn(`metric ${nameOf(metric)} was not reset: ${messageOf(error)}`);
      }
    }
  }
}

module.exports = { Telling, messageOf };
