'use strict';

/**
 * The jobs of requests: what a gateway counts of each, by `recordRequest`, and by hand with prom-client.
 *
 * Called by `jobs.js`, which times them. By hand there are the families that a service has at the least, or, with a provider
 * and a model, all that `recordRequest` keeps.
 */

const { Library, MANY, latencies, libraryOf, shuffled, sumOf } = require('./contenders');
const { OURS, PEER, loop } = require('./timing');

const SIDES = [OURS, PEER];

const REQUEST = 'recordRequest of a known route';
const SIX = 'recordRequest of six';

/** Routes as a gateway answers them; one in eight answers is an error. */
const ROUTES = [
  ['/api/chat/completions', 'POST', 200],
  ['/api/chat/completions', 'POST', 200],
  ['/api/chat/completions', 'POST', 429],
  ['/api/embeddings', 'POST', 200],
  ['/api/models/:model', 'GET', 200],
  ['/api/models/:model', 'PUT', 204],
  ['/users/:user', 'GET', 200],
  ['/users/:user', 'DELETE', 204],
].map(([endpoint, method, statusCode], at) => ({
  endpoint,
  method,
  statusCode,
  provider: ['openai', 'anthropic'][at % 2],
  model: ['gpt-4', 'claude', 'mistral'][at % 3],
}));

const KNOWN = `{ endpoint: r.endpoint, method: r.method, latencySeconds: values[i & mask], statusCode: r.statusCode }`;
const ALL = KNOWN.replace(' }', ', provider: r.provider, model: r.model }');

/** The same families, kept with prom-client. */
class ByHand {
  constructor() {
    const library = new Library(PEER);
    this.library = library;
    this.requests = library.counter('http_requests_total', ['endpoint', 'method']);
    this.errors = library.counter('http_request_errors_total', ['endpoint', 'method']);
    this.statuses = library.counter('http_response_status_total', ['endpoint', 'status']);
    this.latency = library.histogram('http_request_latency_seconds', ['endpoint']);
    [this.provider, this.model] = ['provider', 'model'].map((label) => ({
      requests: library.counter(`${label}_requests_total`, [label]),
      errors: library.counter(`${label}_errors_total`, [label]),
      latency: library.histogram(`${label}_latency_seconds`, [label]),
    }));
  }

  recordRequest({ endpoint, method, latencySeconds, statusCode, provider, model }) {
    const isError = statusCode >= 400;
    this.requests.inc({ endpoint, method });
    this.statuses.inc({ endpoint, status: statusCode });
    this.latency.observe({ endpoint }, latencySeconds);
    if (isError) this.errors.inc({ endpoint, method });
    if (provider !== undefined) {
      this.provider.requests.inc({ provider });
      this.provider.latency.observe({ provider }, latencySeconds);
      if (isError) this.provider.errors.inc({ provider });
    }
    if (model !== undefined) {
      this.model.requests.inc({ model });
      this.model.latency.observe({ model }, latencySeconds);
      if (isError) this.model.errors.inc({ model });
    }
  }

  /** What a request is counted in, to be kept. */
  bind(endpoint, method, statusCode) {
    const requests = this.requests.labels(endpoint, method);
    const statuses = this.statuses.labels(endpoint, statusCode);
    const errors = statusCode >= 400 ? this.errors.labels(endpoint, method) : undefined;
    const latency = this.latency.labels(endpoint);
    return {
      record(seconds) {
        requests.inc();
        statuses.inc();
        latency.observe(seconds);
        if (errors !== undefined) errors.inc();
      },
    };
  }
}

/** The requests that are shown, if the number of latencies agrees. */
function counted(text) {
  const requests = sumOf(text, 'http_requests_total');
  const others = ['http_request_latency_seconds_count', 'http_response_status_total'].map((of) =>
    sumOf(text, of),
  );
  if (others.some((other) => other !== requests))
    throw new Error(`${requests} requests, but ${others.join(', ')}`);
  return requests;
}

/** What records requests: `{recordRequest, metrics, trackRequest, read}`. */
function recorder(side) {
  if (side === PEER) {
    const metrics = new ByHand();
    const recordRequest = (request) => metrics.recordRequest(request);
    return {
      metrics,
      recordRequest,
      read: async () => counted(await metrics.library.registers[0].metrics()),
    };
  }
  // For what else it makes and records; the functions of the module record in the default registry.
  new Library(OURS);
  const { recordRequest, register, requestMetrics, trackRequest } = libraryOf(OURS);
  return {
    metrics: requestMetrics(),
    recordRequest,
    trackRequest,
    read: async () => counted(await register.metrics()),
  };
}

function recorded(request) {
  return (side) => {
    const { recordRequest, read } = recorder(side);
    const names = { recordRequest, routes: shuffled(ROUTES), values: latencies(), mask: MANY - 1 };
    return { ...loop([`{ const r = routes[i++ & mask]; recordRequest(${request}); }`], names), read };
  };
}

/** What was bound once and kept, for another route each time. */
function kept(side) {
  const { metrics, read } = recorder(side);
  const outcomes = ROUTES.map(({ endpoint, method, statusCode }) =>
    metrics.bind(endpoint, method, statusCode),
  );
  const names = { outcomes: shuffled(outcomes), values: latencies(), mask: MANY - 1 };
  return { ...loop(['{ const o = outcomes[i++ & mask]; o.record(values[i & mask]); }'], names), read };
}

/** By hand with the least that does it. */
function trackerByHand(recordRequest) {
  return ({ endpoint }, fn) => {
    const begin = performance.now();
    let statusCode = 500;
    try {
      const answer = fn();
      statusCode = 200;
      return answer;
    } finally {
      const latencySeconds = (performance.now() - begin) / 1e3;
      recordRequest({ endpoint, method: 'CALL', latencySeconds, statusCode });
    }
  };
}

function tracked(side) {
  const { recordRequest, trackRequest = trackerByHand(recordRequest), read } = recorder(side);
  const names = { trackRequest, nothing: () => undefined, routes: shuffled(ROUTES), mask: MANY - 1 };
  return { ...loop(['trackRequest({ endpoint: routes[i++ & mask].endpoint }, nothing);'], names), read };
}

const JOBS = [
  { name: REQUEST, sides: SIDES, make: recorded(KNOWN) },
  { name: SIX, sides: SIDES, make: recorded(ALL) },
  { name: 'request, bound', sides: SIDES, make: kept },
  { name: 'trackRequest around nothing', sides: SIDES, make: tracked },
];

module.exports = { JOBS, REQUEST, SIX };
