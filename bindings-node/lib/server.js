'use strict';

/**
 * The metrics server: a registry served by the engine, on threads of its own. Called by users.
 *
 * Promised: what can be wrong is an error before anything runs; metrics of the engine's are served whatever the event loop does.
 * Absent: what is served and how (the engine's), what the options mean (docs/configuration.md).
 */

const timers = require('timers');
const native = require('./native');
const Registry = require('./registry');
const { settingsOf } = require('./server-options');
const { Telling, messageOf } = require('./server-telling');

/** As long as a timer can be. */
const LONG = 2 ** 31 - 1;

function warn(message) {
  process.emitWarning(message, { type: 'TykmetricsWarning', code: 'TYKMETRICS_SERVER' });
}

/** How many servers run, of this module. */
let running = 0;

/** A program that calls `process.exit` leaves no socket behind. */
function count(more) {
  if (running === 0) process.on('exit', native.leaveDoors);
  running += more;
  if (running === 0) process.off('exit', native.leaveDoors);
}

/** A server that runs. */
class MetricsServer {
  constructor(door, telling, { port, url, address }) {
    this.port = port;
    this.url = url;
    this.address = address;
    const hidden = {
      _door: door,
      _telling: telling,
      // Threads keep no program running; this does.
      _alive: timers.setInterval(() => {}, LONG),
      _closing: undefined,
    };
    for (const [name, value] of Object.entries(hidden)) {
      Object.defineProperty(this, name, { value, writable: true });
    }
    count(1);
  }

  /** Ends the server. Kept when its port is free and its threads have ended. */
  close() {
    this._closing ??= this._close();
    return this._closing;
  }

  async _close() {
    try {
      await native.closeDoor(this._door);
    } finally {
      timers.clearInterval(this._alive);
      count(-1);
      this._telling.end();
    }
  }

  /** Keeps the program running again. */
  ref() {
    this._alive.ref();
    return this;
  }

  /** Lets the program end while the server runs. */
  unref() {
    this._alive.unref();
    return this;
  }
}

if (Symbol.asyncDispose) {
  Object.defineProperty(MetricsServer.prototype, Symbol.asyncDispose, {
    value() {
      return this.close();
    },
  });
}

/** What the engine's threads call: nothing may be thrown into them. */
function heard(telling) {
  return (what, number) => {
    try {
      if (what === 'tell') telling.tell(number).catch((error) => warn(messageOf(error)));
      else if (what === 'look') telling.look();
      else telling.reset();
    } catch (error) {
      warn(messageOf(error));
    }
  };
}

/**
 * Serves a registry over HTTP.
 * @param {object} [options] `registry`, and the keys of docs/configuration.md in camelCase
 * @returns {Promise<MetricsServer>}
 */
async function startHttpServer(options = {}) {
  const { registry = Registry.globalRegistry, ...rest } = options ?? {};
  if (!(registry instanceof Registry)) {
    const error = new TypeError('registry is not a Registry of tykmetrics');
    throw Object.assign(error, { code: 'ERR_TYKMETRICS_CONFIG' });
  }
  const settings = JSON.stringify(settingsOf(rest));
  const said = new Set();
  const once = (message) => {
    if (said.has(message) || said.size >= 1000) return;
    said.add(message);
    warn(message);
  };
  const telling = new Telling(registry, once);
  const door = native.door(registry._native, heard(telling), once);
  try {
    telling.begin(door);
    const started = await native.serve(door, settings);
    if (started.code === undefined) return new MetricsServer(door, telling, started);
    throw Object.assign(new Error(started.message), { code: started.code });
  } catch (error) {
    telling.end();
    await native.closeDoor(door);
    throw error;
  }
}

module.exports = { MetricsServer, startHttpServer };
