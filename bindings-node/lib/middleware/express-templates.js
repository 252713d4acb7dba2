'use strict';

/**
 * Route templates of Express: which routers a request went through to its route.
 *
 * `express.js` asks when a request is over. Promised: a template has no part of the path that a client chose, neither a
 * parameter's value nor its spelling; a route in one router has one template, also after an error has left the router,
 * when `req.baseUrl` is that of the handler of errors. Absent: an import of Express, and a patch of it.
 *
 * `req.baseUrl` is a part of the path, so it is not a label. The routers are searched for the route instead: once per
 * route, and per `req.baseUrl` if several mounts lead to it.
 */

const { mountOf, routePath, wayOf } = require('./express-layers');

/** Spellings of `req.baseUrl` that are remembered per route, and applications per parent. */
const KEPT = 64;

/** Routers inside each other that are looked through: nobody has so many, and a circle ends. */
const DEPTH = 50;

class Templates {
  /** @param {(name: string) => object} endpoint gives what is remembered of a template */
  constructor(endpoint) {
    this.endpoint = endpoint;
    this.routes = new WeakMap();
    /** Mounted applications that were seen: those that they are mounted in do not tell of them. */
    this.mounted = new Set();
  }

  /** Return the endpoint of a request that is over, or undefined if it had no route. */
  of(req) {
    const route = req.route;
    if (route === undefined || route === null) return undefined;
    const known = this.routes.get(route);
    if (known === undefined) return this.learn(req, route);
    return known.only ?? known.byBase.get(req.baseUrl) ?? this.learn(req, route, known);
  }

  learn(req, route, known = { only: undefined, byBase: new Map() }) {
    this.routes.set(route, known);
    const ways = this.waysTo(req, route);
    const base = req.baseUrl || '';
    const path = pathOf(req);
    const own = routePath(route);
    if (ways.length === 1) {
      known.only = this.endpoint(ways[0].template(path) + own || '/');
      return known.only;
    }
    const way = ways.find((each) => each.leads(path));
    // A router that is called by a function of the user's is in no stack.
    const prefix = way === undefined ? prefixOf(req, base) : way.template(path);
    const endpoint = this.endpoint(prefix + own || '/');
    if (base !== '' && prefix === base && known.byBase.size < KEPT) known.byBase.set(base, endpoint);
    return endpoint;
  }

  /** Return every way from an application that is not mounted to a route. */
  waysTo(req, route) {
    let app = req.app;
    const apps = [];
    for (let depth = 0; app && depth < DEPTH; depth++, app = app.parent) {
      apps.push(app);
      if (app.parent && this.mounted.size < KEPT) this.mounted.add(app);
    }
    const root = apps[apps.length - 1];
    for (const each of this.mounted) if (!apps.includes(each) && rootOf(each) === root) apps.push(each);
    const ways = [];
    for (const each of apps) search(stackOf(each), route, [], wayTo(each), ways);
    return ways;
  }
}

function rootOf(app) {
  for (let depth = 0; app.parent && depth < DEPTH; depth++) app = app.parent;
  return app;
}

/** Return the template of where an application is mounted. */
function wayTo(app) {
  let prefix = '';
  for (let depth = 0; app.parent && depth < DEPTH; depth++, app = app.parent)
    prefix = mountOf(app.mountpath) + prefix;
  return prefix;
}

/** Return the layers of an application. */
function stackOf(app) {
  try {
    return (app._router ?? app.router)?.stack ?? [];
  } catch {
    // Express 4 throws at `app.router`.
    return [];
  }
}

function search(stack, route, layers, prefix, ways) {
  if (layers.length > DEPTH) return;
  for (const layer of stack) {
    if (layer.route === route) ways.push(wayOf(prefix, layers));
    const inner = layer.route ? undefined : layer.handle?.stack;
    if (Array.isArray(inner)) search(inner, route, [...layers, layer], prefix, ways);
  }
}

/** Return the template of a `req.baseUrl` by the mounts that cover it, and none if it cannot be told. */
function prefixOf(req, base) {
  if (base === '') return '';
  const way = covering(stackOf(rootOf(req.app)), base, []);
  return way === undefined ? '' : wayOf('', way).template(base);
}

function covering(stack, rest, layers) {
  if (layers.length > DEPTH) return undefined;
  for (const layer of stack) {
    if (layer.route) continue;
    const way = wayOf('', [layer]);
    const length = way.length(rest);
    if (length === undefined) continue;
    if (length === rest.length) return [...layers, layer];
    const inner = layer.handle?.stack;
    const found = Array.isArray(inner) ? covering(inner, rest.slice(length), [...layers, layer]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function pathOf(req) {
  const url = req.originalUrl || req.url;
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

module.exports = Templates;
