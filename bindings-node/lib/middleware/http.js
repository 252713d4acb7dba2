'use strict';

/**
 * Middleware for Node's own servers: `node:http`, `node:https` and the compatible half of `node:http2`.
 *
 * Promised: what a listener throws passes, after the request was counted with the status 500. Absent: any knowledge of
 * routes, so requests are `unmatched` unless the option `endpoint` names them or a framework's middleware inside does.
 */

const { ERROR } = require('./exchange');
const Watcher = require('./watcher');

/**
 * Count, time and size the requests to a server or a request listener.
 *
 * @template {Function | import('node:events').EventEmitter} T
 * @param {T} handlerOrServer a listener for `request`, or a server
 * @param {object} [options]
 * @param {object} [options.registry] the global one by default
 * @param {(req: object) => string | undefined} [options.endpoint] gives the template of a request that is over, never
 *   its path: each value is a series. What gives none, or throws, is `unmatched`.
 * @param {string | string[] | ((req: object) => boolean)} [options.ignore] what is not counted: paths, or what tells
 *   it of a request. By default `/metrics` and `/metrics/`.
 * @param {string} [options.path] where GET is answered with the metrics; nowhere by default
 * @param {string} [options.unmatched] the endpoint of what has no template, `unmatched` by default
 * @returns {T} a listener to give to `createServer`, or the server itself
 */
function instrumentHttp(handlerOrServer, options) {
  const watcher = new Watcher('http', options, null);
  if (typeof handlerOrServer === 'function') return listenerOf(watcher, handlerOrServer);
  if (typeof handlerOrServer?.emit !== 'function')
    throw new TypeError('instrumentHttp takes a listener or a server');
  const server = handlerOrServer;
  const emit = server.emit;
  // Not a listener of its own: what is served at `path` must not get to the others, and what they throw tells.
  const emitRequest = listenerOf(watcher, function (req, res) {
    return emit.call(this, 'request', req, res);
  });
  server.emit = function (type) {
    return type === 'request'
      ? emitRequest.call(this, arguments[1], arguments[2])
      : emit.apply(this, arguments);
  };
  return server;
}

function listenerOf(watcher, handler) {
  return function (req, res) {
    if (watcher.serves(req)) return serve(watcher, res);
    const exchange = watcher.begin(req, res, null);
    if (exchange === null) return handler.apply(this, arguments);
    try {
      return handler.apply(this, arguments);
    } catch (error) {
      exchange.finish(ERROR);
      throw error;
    }
  };
}

function serve(watcher, res) {
  watcher.exposition.answer(res).catch((error) => {
    if (res.headersSent) {
      res.destroy(error);
      return;
    }
    res.statusCode = ERROR;
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    res.end(String(error));
  });
  return true;
}

module.exports = { instrumentHttp };
