'use strict';

/**
 * Plugin for Fastify 4 and 5.
 *
 * The endpoint is the `url` of the route with the prefixes of its plugins, as Fastify has it in `routeOptions`. Promised:
 * the plugin is for all of the instance that it is registered with, and not only for what is registered inside. Absent:
 * the hooks `onResponse` and `onRequestAbort`, each of which makes Fastify add listeners and closures to every request:
 * `ends.js` knows of both without one.
 */

const Watcher = require('./watcher');

/**
 * `app.register(fastifyPlugin, { registry })`: count, time and size requests.
 *
 * @param {object} fastify
 * @param {object} options
 * @param {object} [options.registry] the global one by default
 * @param {(request: object) => string | undefined} [options.endpoint] gives the template of a request that is over,
 *   where the route's own will not do
 * @param {string | string[] | ((req: object) => boolean)} [options.ignore] what is not counted: paths, or what tells
 *   it of Node's request. By default `/metrics` and `/metrics/`.
 * @param {string} [options.path] where GET is answered with the metrics; nowhere by default
 * @param {string} [options.unmatched] the endpoint of what no route takes, `unmatched` by default
 * @param {(error?: Error) => void} done
 */
function fastifyPlugin(fastify, options, done) {
  let watcher;
  try {
    watcher = new Watcher('fastify', options, finder());
  } catch (error) {
    done(error);
    return;
  }
  fastify.addHook('onRequest', (request, reply, next) => {
    const req = request.raw;
    if (watcher.serves(req)) {
      serve(watcher, reply);
      return;
    }
    watcher.begin(req, reply.raw, request);
    next();
  });
  done();
}

/** Not `async`: what is thrown is Fastify's to answer. */
function serve(watcher, reply) {
  watcher.exposition.text().then(
    (text) => reply.header('Content-Type', watcher.exposition.contentType).send(text),
    (error) => reply.send(error),
  );
}

/** Return what tells the `url` of a request's route. */
function finder() {
  let symbol;
  return (exchange) => {
    const request = exchange.context;
    // `routeOptions` is a getter that makes an object of a dozen properties. Where Fastify keeps what it makes it of is
    // no part of its interface, hence used only where it is found to tell the same.
    if (symbol === undefined) symbol = contextSymbol(request);
    return symbol ? request[symbol].config?.url : request.routeOptions.url;
  };
}

function contextSymbol(request) {
  const { config, url } = request.routeOptions;
  // What no route takes may have none, and tells nothing.
  if (config === undefined || url === undefined) return undefined;
  const isOf = (symbol) => request[symbol]?.config === config && request[symbol].config?.url === url;
  return Object.getOwnPropertySymbols(request).find(isOf) ?? null;
}

// What the package fastify-plugin sets, and Fastify documents.
fastifyPlugin[Symbol.for('skip-override')] = true;
fastifyPlugin[Symbol.for('fastify.display-name')] = 'tykmetrics';
fastifyPlugin[Symbol.for('plugin-meta')] = { name: 'tykmetrics', fastify: '>=4' };

module.exports = { fastifyPlugin };
