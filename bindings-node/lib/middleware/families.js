'use strict';

/**
 * What every HTTP middleware records, and the rule that keeps a client from making label values.
 *
 * What lives here: requests in flight and the sizes of bodies beside the families of `requests.js`, one set per
 * registry, and what is remembered of endpoints so that a request looks nothing up by text. `exchange.js` records here.
 * Promised: the families and the words are those of the Python package's middleware. Absent: how an endpoint is found.
 */

const Gauge = require('../gauge');
const Histogram = require('../histogram');
const { requestMetrics } = require('../requests');
const once = require('./once');

/** RFC 9110, 9.3, and RFC 5789. A client may send any token, so others are one label value. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** The method of all others. */
const OTHER = 'OTHER';

/** The method of an upgraded connection that a framework routes as a request. */
const WEBSOCKET = 'WEBSOCKET';

/** The endpoint of requests that no route takes: their path is the client's and never a label. */
const UNMATCHED = 'unmatched';

/** 100 B to 100 MB by powers of ten: orders of magnitude are what sizes are asked for. */
const SIZES = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

/** Endpoints that are remembered: as many as a family has series before it overflows. */
const KEPT = 10_000;

/** A method, by its label and its place in what an endpoint keeps per method. */
class Method {
  constructor(name, index, inFlight) {
    this.name = name;
    this.index = index;
    /** Null for what is not counted while it lasts. */
    this.inFlight = inFlight;
  }
}

/** What the requests of one endpoint and method are recorded by. */
class Series {
  constructor(endpoint, method, families) {
    this.endpoint = endpoint;
    this.method = method;
    this.requests = families.requests;
    this.received = families.received.labels(endpoint, method);
    this.sent = families.sent.labels(endpoint, method);
    this.outcomes = new Map();
    // Most requests end as the one before did.
    this.status = 0;
    this.outcome = null;
  }

  record(seconds, status, received, sent) {
    if (status !== this.status) this.turnTo(status);
    this.outcome.record(seconds);
    this.received.observe(received);
    this.sent.observe(sent);
  }

  turnTo(status) {
    let outcome = this.outcomes.get(status);
    if (outcome === undefined) {
      outcome = this.requests.bind(this.endpoint, this.method, status);
      // At most 900: Node sends no status beyond 100 to 999.
      this.outcomes.set(status, outcome);
    }
    this.outcome = outcome;
    this.status = status;
  }
}

/** An endpoint: its label, and its series by method. */
class Endpoint {
  constructor(name, families) {
    this.name = name;
    this.families = families;
    this.series = new Array(METHODS.length + 2).fill(null);
  }

  record(method, seconds, status, received, sent) {
    let series = this.series[method.index];
    if (series === null)
      series = this.series[method.index] = new Series(this.name, method.name, this.families);
    series.record(seconds, status, received, sent);
  }
}

/** The HTTP families of a registry. */
class HttpFamilies {
  constructor(registry) {
    const registers = [registry];
    const labelNames = ['endpoint', 'method'];
    this.requests = requestMetrics(registry);
    this.inFlight = new Gauge({
      name: 'http_requests_in_flight',
      help: 'Requests being served',
      labelNames: ['method'],
      registers,
    });
    this.received = new Histogram({
      name: 'http_request_size_bytes',
      help: 'Size of request bodies',
      labelNames,
      buckets: SIZES,
      registers,
    });
    this.sent = new Histogram({
      name: 'http_response_size_bytes',
      help: 'Size of response bodies',
      labelNames,
      buckets: SIZES,
      registers,
    });
    this.methods = new Map();
    for (const name of METHODS) this.methods.set(name, this.newMethod(name));
    // Most requests are.
    this.get = this.methods.get('GET');
    this.other = this.newMethod(OTHER);
    this.websocket = new Method(WEBSOCKET, METHODS.length + 1, null);
    this.endpoints = new Map();
  }

  newMethod(name) {
    return new Method(name, this.methods.size, this.inFlight.labels(name));
  }

  /** Return what stands for a method, `OTHER`'s if it is no known one. */
  method(name) {
    if (name === 'GET') return this.get;
    const found = this.methods.get(name);
    return found === undefined ? this.other : found;
  }

  /** Return what records the requests of an endpoint. */
  endpoint(name) {
    let found = this.endpoints.get(name);
    if (found === undefined) {
      found = new Endpoint(name, this);
      if (this.endpoints.size < KEPT) this.endpoints.set(name, found);
    }
    return found;
  }
}

/** Return the HTTP families of a registry, made when first asked for. */
function httpFamilies(registry) {
  return once(
    registry,
    'http_requests_in_flight',
    () => new HttpFamilies(registry),
    (made) => made.inFlight,
  );
}

module.exports = { httpFamilies, METHODS, OTHER, SIZES, UNMATCHED, WEBSOCKET };
