'use strict';

/**
 * Middleware for Express 4 and 5.
 *
 * The endpoint is the path of the route with those of the routers around it, which `express-templates.js` finds.
 * Promised: what handlers throw, and what they pass to `next`, passes.
 */

const Templates = require('./express-templates');
const Watcher = require('./watcher');

/**
 * `app.use(expressMiddleware({ registry }))`, before all others: count, time and size requests.
 *
 * @param {object} [options]
 * @param {object} [options.registry] the global one by default
 * @param {(req: object) => string | undefined} [options.endpoint] gives the template of a request that is over, where
 *   the route's own will not do
 * @param {string | string[] | ((req: object) => boolean)} [options.ignore] what is not counted: paths, or what tells
 *   it of a request. By default `/metrics` and `/metrics/`.
 * @param {string} [options.path] where GET is answered with the metrics; nowhere by default
 * @param {string} [options.unmatched] the endpoint of what no route takes, `unmatched` by default
 * @returns {(req: object, res: object, next: (error?: unknown) => void) => void}
 */
function expressMiddleware(options) {
  const watcher = new Watcher('express', options, (exchange) => templates.of(exchange.req));
  const templates = new Templates((name) => watcher.families.endpoint(name));
  return function tykmetrics(req, res, next) {
    if (watcher.serves(req)) {
      watcher.exposition.answer(res).catch(next);
      return;
    }
    watcher.begin(req, res, null);
    next();
  };
}

module.exports = { expressMiddleware };
