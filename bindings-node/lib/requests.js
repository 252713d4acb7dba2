'use strict';

/**
 * A gateway's requests: by endpoint, provider and model, its cache, its database and the services it calls.
 *
 * The families and their help are those of the engine's `Gateway`, which works out rates, averages and quantiles from them when
 * somebody scrapes. A request that was seen before is found by its texts and costs a few adds. Called by users and by
 * `middleware/`. Absent: how a request was served.
 */

const native = require('./native');
const Registry = require('./registry');
const Counter = require('./counter');
const Histogram = require('./histogram');
const { extended, walkersOf } = require('./paths');
const { ofError, ofResult } = require('./status');

/** A status from here on is an error, as HTTP has it. */
const FIRST_ERROR = 400;

/** Requests that are known by their texts; beyond them they are looked up anew. */
const KNOWN = 4096;

/** Whatever a request is counted in: what is looked up once and kept. */
class Outcome {
  constructor(requests, status, errors, latency, parties) {
    this._requests = requests;
    this._status = status;
    this._errors = errors;
    this._latency = latency;
    this._parties = parties;
  }

  /** Counts a request; without its duration if that is negative or not a number. */
  record(latencySeconds) {
    const isTimed = latencySeconds >= 0 && latencySeconds < Infinity;
    this._requests.inc();
    this._status.inc();
    if (isTimed) this._latency.observe(latencySeconds);
    if (this._errors !== undefined) this._errors.inc();
    const parties = this._parties;
    for (let i = 0; i < parties.length; i += 1) {
      const party = parties[i];
      party.requests.inc();
      if (isTimed) party.latency.observe(latencySeconds);
      if (party.errors !== undefined) party.errors.inc();
    }
  }
}

/** What a text of a request looks like. */
const EXAMPLES = { endpoint: '/users/:id', method: 'GET' };

function refuseTexts(caller, texts) {
  for (const [name, value] of Object.entries(texts)) {
    if (typeof value !== 'string') {
      throw new TypeError(`${caller}: ${name} is a text such as "${EXAMPLES[name]}", not ${typeof value}`);
    }
  }
}

let isWarned = false;

/** Tells of our own first failure. */
function warn(error) {
  if (isWarned) return;
  isWarned = true;
  const detail = error?.stack ?? String(error);
  globalThis.process?.emitWarning?.('tykmetrics could not count a call, which went on', {
    type: 'TykmetricsWarning',
    detail,
  });
}

/** What tells requests apart: most of a service, and those that a provider or a model had a part in. */
const SHORT = ['endpoint', 'method', 'statusCode'];
const { ofPlaces: shortOutcome } = walkersOf(SHORT);
const { ofPlaces: longOutcome } = walkersOf([...SHORT, 'provider', 'model']);

/** The families of a provider or a model. */
class Party {
  constructor(label, registers) {
    const options = { labelNames: [label], registers };
    this.requests = new Counter({
      name: `${label}_requests_total`,
      help: `Requests by ${label}`,
      ...options,
    });
    this.errors = new Counter({
      name: `${label}_errors_total`,
      help: `Requests that failed, by ${label}`,
      ...options,
    });
    this.latency = new Histogram({
      name: `${label}_latency_seconds`,
      help: `Latency of requests in seconds, by ${label}`,
      ...options,
    });
  }

  bind(name, isError) {
    const errors = this.errors.labels(name);
    return {
      requests: this.requests.labels(name),
      errors: isError ? errors : undefined,
      latency: this.latency.labels(name),
    };
  }
}

/** Records what a gateway does in the families of a registry. */
class RequestMetrics {
  constructor(registry) {
    const before = new Set(registry.getMetricsAsArray());
    try {
      this._make([registry]);
      native.derive(registry._native);
    } catch (error) {
      // All of them or none.
      for (const metric of registry.getMetricsAsArray()) {
        if (!before.has(metric)) registry.removeSingleMetric(metric.name);
      }
      throw error;
    }
    this._short = undefined;
    this._long = undefined;
    this._count = 0;
    this._removals = 0;
  }

  _make(registers) {
    const counter = (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers });
    const histogram = (name, help, labelNames = []) => new Histogram({ name, help, labelNames, registers });
    this._requests = counter('http_requests_total', 'HTTP requests', ['endpoint', 'method']);
    this._errors = counter('http_request_errors_total', 'HTTP requests that failed', ['endpoint', 'method']);
    this._statuses = counter('http_response_status_total', 'HTTP responses by status code', [
      'endpoint',
      'status',
    ]);
    this._latency = histogram('http_request_latency_seconds', 'Latency of HTTP requests in seconds', [
      'endpoint',
    ]);
    this._providers = new Party('provider', registers);
    this._models = new Party('model', registers);
    this._hits = counter('cache_hits_total', 'Cache hits');
    this._misses = counter('cache_misses_total', 'Cache misses');
    this._queries = counter('db_queries_total', 'Database queries');
    this._queryLatency = histogram('db_query_latency_seconds', 'Latency of database queries in seconds');
    this._calls = counter('external_api_calls_total', 'Calls to external services', ['service']);
    this._callErrors = counter('external_api_errors_total', 'Calls to external services that failed', [
      'service',
    ]);
  }

  _areListed(registry) {
    return registry.getSingleMetric('http_requests_total') === this._requests;
  }

  /** What requests to an endpoint, by a method and with a status, are counted in: to keep, and to `record` with. */
  bind(endpoint, method, statusCode, provider, model) {
    const isError = statusCode >= FIRST_ERROR;
    // There from the first request on, at zero, so that a rate of errors can be had.
    const errors = this._errors.labels(endpoint, method);
    const parties = [];
    if (provider !== undefined && provider !== null) parties.push(this._providers.bind(provider, isError));
    if (model !== undefined && model !== null) parties.push(this._models.bind(model, isError));
    return new Outcome(
      this._requests.labels(endpoint, method),
      this._statuses.labels(endpoint, `${statusCode}`),
      isError ? errors : undefined,
      this._latency.labels(endpoint),
      parties,
    );
  }

  /** Counts a request that is over. */
  recordRequest(request) {
    const { endpoint, method, statusCode, provider, model } = request;
    const known =
      provider === undefined && model === undefined
        ? shortOutcome(this._short, 3, endpoint, method, statusCode)
        : longOutcome(this._long, 5, endpoint, method, statusCode, provider ?? null, model ?? null);
    const outcome = known === undefined ? this._find(request) : known;
    outcome.record(request.latencySeconds);
  }

  _find({ endpoint, method, statusCode, provider, model }) {
    refuseTexts('recordRequest', { endpoint, method });
    const number = Number(statusCode);
    const isStatus = Number.isInteger(number) && number >= 0;
    const outcome = this.bind(endpoint, method, isStatus ? number : 0, provider, model);
    if (isStatus && this._count < KNOWN) {
      this._count += 1;
      const short = [endpoint, method, statusCode];
      if (provider === undefined && model === undefined) this._short = extended(this._short, short, outcome);
      else this._long = extended(this._long, [...short, provider ?? null, model ?? null], outcome);
    }
    return outcome;
  }

  /**
   * Calls `fn` and counts the call as a request: at once, when the promise that it returns is settled, or, if it takes an
   * argument, when the callback that it is given is called. Results and errors pass through.
   */
  trackRequest(options, fn) {
    if (typeof fn !== 'function') throw new TypeError('trackRequest: give options and a function to call');
    const { endpoint, method = 'CALL', provider, model } = options ?? {};
    // Before the call: a mistake must not cost its result.
    refuseTexts('trackRequest', { endpoint, method });
    // Looked up at every call, so that timers of tests can be its hands; once, since it is a getter of the global object.
    const clock = performance;
    const begin = clock.now();
    let isOpen = true;
    const end = (statusCode) => {
      if (!isOpen) return;
      isOpen = false;
      const latencySeconds = (clock.now() - begin) / 1e3;
      try {
        this.recordRequest({ endpoint, method, latencySeconds, statusCode, provider, model });
      } catch (error) {
        // The call is the user's, and it went well or ill without us.
        warn(error);
      }
    };
    const done = (error, ...results) => {
      end(error ? ofError(error) : ofResult(results[0]));
    };
    let result;
    try {
      result = fn.length > 0 ? fn(done) : fn();
    } catch (error) {
      end(ofError(error));
      throw error;
    }
    if (typeof result?.then === 'function') {
      return result.then(
        (value) => {
          end(ofResult(value));
          return value;
        },
        (error) => {
          end(ofError(error));
          throw error;
        },
      );
    }
    if (fn.length === 0) end(ofResult(result));
    return result;
  }

  /** Counts a lookup that the cache answered. */
  recordCacheHit() {
    this._hits.inc();
  }

  /** Counts a lookup that the cache did not answer. */
  recordCacheMiss() {
    this._misses.inc();
  }

  /** Counts a database query. */
  recordDbQuery(latencySeconds) {
    this._queries.inc();
    if (latencySeconds >= 0 && latencySeconds < Infinity) this._queryLatency.observe(latencySeconds);
  }

  /** Counts a call to another service, and whether it failed. */
  recordExternalApiCall(service, { error = false } = {}) {
    this._calls.labels(service).inc();
    // There from the first call on, at zero.
    const errors = this._callErrors.labels(service);
    if (error) errors.inc();
  }
}

const made = new WeakMap();

/** The request metrics of a registry, made when first asked for, and anew once they were taken out. */
function requestMetrics(registry = Registry.globalRegistry) {
  let metrics = made.get(registry);
  if (metrics === undefined || !metrics._areListed(registry)) {
    metrics = new RequestMetrics(registry);
    made.set(registry, metrics);
  }
  metrics._removals = registry._removals;
  return metrics;
}

let kept;

/** Those of the default registry. */
function ofDefault() {
  if (kept === undefined || kept._removals !== Registry.globalRegistry._removals) kept = requestMetrics();
  return kept;
}

/** Counts a request in the default registry: `{endpoint, method, latencySeconds, statusCode, provider, model}`. */
function recordRequest(request) {
  ofDefault().recordRequest(request);
}

/** Calls `fn` and counts the call in the default registry. */
function trackRequest(options, fn) {
  let metrics;
  try {
    metrics = ofDefault();
  } catch (error) {
    // Somebody else has one of the names.
    warn(error);
    return fn.length > 0 ? fn(() => {}) : fn();
  }
  return metrics.trackRequest(options, fn);
}

module.exports = { recordRequest, requestMetrics, trackRequest };
