'use strict';

/**
 * Middleware for Koa 2 and 3, with the routes of `@koa/router`.
 *
 * The endpoint is the path of the layer that the router chose, with the prefixes of routers around it. Promised: what
 * the rest throws passes. Absent: what `koa-mount` takes from the path, which is forgotten by the time of the answer.
 */

const Watcher = require('./watcher');

/**
 * `app.use(koaMiddleware({ registry }))`, before all others: count, time and size requests.
 *
 * @param {object} [options]
 * @param {object} [options.registry] the global one by default
 * @param {(ctx: object) => string | undefined} [options.endpoint] gives the template of a request that is over, where
 *   the router's own will not do
 * @param {string | string[] | ((req: object) => boolean)} [options.ignore] what is not counted: paths, or what tells
 *   it of Node's request. By default `/metrics` and `/metrics/`.
 * @param {string} [options.path] where GET is answered with the metrics; nowhere by default
 * @param {string} [options.unmatched] the endpoint of what no route takes, `unmatched` by default
 * @returns {(ctx: object, next: () => Promise<unknown>) => Promise<unknown>}
 */
function koaMiddleware(options) {
  const watcher = new Watcher('koa', options, find);
  return function tykmetrics(ctx, next) {
    if (watcher.serves(ctx.req)) return serve(watcher, ctx);
    watcher.begin(ctx.req, ctx.res, ctx);
    return next();
  };
}

async function serve(watcher, ctx) {
  const text = await watcher.exposition.text();
  ctx.set('Content-Type', watcher.exposition.contentType);
  ctx.body = text;
}

function find(exchange) {
  const ctx = exchange.context;
  const path = ctx._matchedRoute;
  if (path === undefined || path === null) return undefined;
  const layer = routeOf(ctx, path);
  const template = layer === undefined ? path : layer.path;
  return typeof template === 'string' ? template || '/' : String(template);
}

/** Return the layer of the route: what a router's own middleware answers is the route's that it stands before. */
function routeOf(ctx, path) {
  const layers = ctx.matched;
  if (!Array.isArray(layers)) return undefined;
  let last;
  for (let at = 0; at < layers.length; at++) {
    const layer = layers[at];
    if (layer.methods.length === 0) continue;
    if (layer.path === path) return layer;
    if (layer.methods.includes(ctx.method)) last = layer;
  }
  return last;
}

module.exports = { koaMiddleware };
