'use strict';

/**
 * What one middleware does with requests: which it counts, and what it calls them.
 *
 * What lives here: the options that all middlewares have, and the beginning of an exchange. `http.js`, `express.js`,
 * `fastify.js` and `koa.js` each make watchers. Promised: nothing here throws into a request, and a request that
 * several middlewares of one registry see is counted once.
 */

const { inspect } = require('node:util');
const Registry = require('../registry');
const clock = require('./clock');
const { EXCHANGE } = require('./ends');
const { Exchange, attach } = require('./exchange');
const { Exposition, isPath } = require('./exposition');
const Faults = require('./faults');
const { httpFamilies, UNMATCHED } = require('./families');

/** Not counted unless told otherwise, as in the Python package. */
const IGNORED = ['/metrics', '/metrics/'];

class Watcher {
  /**
   * @param {string} where
   * @param {object} [options]
   * @param {object} [options.registry] the global one by default
   * @param {(subject: object) => string | undefined} [options.endpoint]
   * @param {string | string[] | ((req: object) => boolean)} [options.ignore]
   * @param {string} [options.path]
   * @param {string} [options.unmatched]
   * @param {(exchange: Exchange) => object | string | undefined} find what tells the framework's own name of an endpoint
   */
  constructor(where, options, find) {
    const {
      registry = Registry.globalRegistry,
      endpoint,
      ignore = IGNORED,
      path,
      unmatched = UNMATCHED,
    } = options ?? {};
    if (endpoint !== undefined && typeof endpoint !== 'function')
      throw new TypeError('endpoint must be a function');
    this.families = httpFamilies(registry);
    this.faults = new Faults(where, registry);
    this.exposition = path === undefined ? null : new Exposition(registry, path);
    this.given = endpoint;
    this.find = find;
    this.isIgnored = typeof ignore === 'function' ? ignore : null;
    this.ignored = typeof ignore === 'function' ? [] : [].concat(ignore);
    for (const path of this.ignored) {
      if (typeof path !== 'string')
        throw new TypeError(`ignore takes paths or a function, not ${inspect(path)}`);
    }
    this.unmatched = this.families.endpoint(String(unmatched));
    /** A watcher that knows routes names what one without has begun. */
    this.isBlind = find === null && endpoint === undefined;
  }

  /** Tell whether to answer a request with the exposition. */
  serves(req) {
    return this.exposition !== null && this.exposition.isAt(req);
  }

  /** Begin a request. Return its exchange, or null if it is not counted or is already. */
  begin(req, res, context) {
    try {
      if (this.skips(req)) return null;
      const outer = res[EXCHANGE];
      if (outer !== undefined && this.joins(outer, context)) return null;
      const families = this.families;
      const method = req.upgrade === true ? families.websocket : families.method(req.method);
      const exchange = new Exchange(this, method, req, res, context, outer === undefined ? null : outer);
      if (method.inFlight !== null) method.inFlight.inc();
      try {
        attach(exchange);
      } catch (error) {
        exchange.abandon();
        throw error;
      }
      exchange.begun = clock.now();
      // Whoever takes its time before the middleware may be left by the client meanwhile.
      if (isClosed(exchange)) exchange.over(false);
      return exchange;
    } catch (error) {
      this.faults.caught(error);
      return null;
    }
  }

  skips(req) {
    const ignored = this.ignored;
    for (let at = 0; at < ignored.length; at++) if (isPath(req.url, ignored[at])) return true;
    return this.isIgnored !== null && Boolean(this.isIgnored(req));
  }

  /** Tell whether this registry counts the request already, and name it if nobody else does. */
  joins(exchange, context) {
    for (let each = exchange; each !== null; each = each.outer) {
      if (each.watcher.families !== this.families) continue;
      if (each.watcher.isBlind) {
        each.watcher = this;
        each.context = context;
      }
      return true;
    }
    return false;
  }

  /** Return what records an exchange that is over. A name that fails costs the name, not the record. */
  endpointOf(exchange) {
    try {
      if (this.given !== undefined) {
        const name = this.given(exchange.context ?? exchange.req);
        if (typeof name === 'string' && name !== '') return this.families.endpoint(name);
      }
      const found = this.find === null ? undefined : this.find(exchange);
      if (found === undefined) return this.unmatched;
      return typeof found === 'string' ? this.families.endpoint(found) : found;
    } catch (error) {
      this.faults.caught(error);
      return this.unmatched;
    }
  }
}

/** Tell whether whoever would tell of an exchange's end may have done so already. */
function isClosed({ req, res, connection }) {
  if (req.httpVersionMajor >= 2) return res.destroyed === true || res.stream?.destroyed === true;
  if (res.destroyed === true) return true;
  // The exchange that began first with a response is the one that its connection knows.
  const isOpen = connection === null ? req.socket?.closed !== true : connection.isOpen;
  // A response that was sent lets its connection go before it closes.
  return !isOpen || (res.socket === null && res.writableFinished === true);
}

module.exports = Watcher;
