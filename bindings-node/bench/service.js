'use strict';

/**
 * A Fastify service that answers a small JSON document, measured by whom the argument names or by nobody.
 *
 *     node bench/service.js tykmetrics
 *
 * prints the port it listens on, serves the metrics at /metrics, and ends when its standard input does. `middleware.js` loads it
 * and `instructions.js` counts what it executes.
 */

const fastify = require('fastify');
const { OURS, PEER } = require('./timing');

const OFF = 'off';
/** The least that Fastify itself takes for telling of a request. */
const HOOK = 'an empty hook';
/** The least that any measuring takes: to know of a request, when it began, and when it was over. Nothing is recorded. */
const ENDS = 'when it began and ended';
const PLUGIN = 'fastify-metrics';

/** Adds our plugin and our endpoint. */
async function byTykmetrics(app) {
  const { fastifyPlugin } = require('../lib/middleware/fastify');
  await app.register(fastifyPlugin, { path: '/metrics' });
}

/** Does what its README says. */
async function byPlugin(app) {
  const { default: metrics } = await import('fastify-metrics');
  await app.register(metrics, { endpoint: '/metrics' });
}

/** Keeps the least that a service keeps, in the hooks that a user would write. */
async function byHand(app) {
  const { Counter, Gauge, Histogram, register } = require('prom-client');
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Help.',
    labelNames: ['endpoint', 'method', 'status'],
  });
  const latency = new Histogram({
    name: 'http_request_latency_seconds',
    help: 'Help.',
    labelNames: ['endpoint'],
  });
  const inFlight = new Gauge({ name: 'http_requests_in_flight', help: 'Help.', labelNames: ['method'] });
  app.addHook('onRequest', (request, reply, done) => {
    inFlight.inc({ method: request.method });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const endpoint = request.routeOptions.url ?? 'unmatched';
    inFlight.dec({ method });
    requests.inc({ endpoint, method, status: reply.statusCode });
    latency.observe({ endpoint }, reply.elapsedTime / 1e3);
    done();
  });
  app.get('/metrics', async (request, reply) =>
    reply.type(register.contentType).send(await register.metrics()),
  );
}

/** Is told of every request, and does nothing. */
async function byHook(app) {
  app.addHook('onRequest', (request, reply, done) => done());
}

/** Remembers when a request began, and is told of its end. */
async function byEnds(app) {
  const begun = Symbol('begun');
  let last = 0;
  function closed() {
    last = performance.now() - this[begun];
  }
  app.addHook('onRequest', (request, reply, done) => {
    const res = reply.raw;
    res[begun] = performance.now();
    res.on('close', closed);
    done();
  });
  app.addHook('onClose', async () => last);
}

const MEASURED = {
  [OFF]: async () => {},
  [HOOK]: byHook,
  [ENDS]: byEnds,
  [OURS]: byTykmetrics,
  [PEER]: byHand,
  [PLUGIN]: byPlugin,
};

/** How many requests of the route an exposition of each counts: the line of their counter begins so. */
const COUNTED = {
  [OURS]: 'http_requests_total',
  [PEER]: 'http_requests_total',
  [PLUGIN]: 'http_request_duration_seconds_count',
};

async function serve(metrics) {
  const app = fastify();
  await MEASURED[metrics](app);
  app.get('/users/:user', async (request) => ({
    id: Number(request.params.user),
    name: 'somebody',
    roles: ['reader', 'writer'],
  }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  process.stdout.write(`${app.server.address().port}\n`);
  process.stdin.on('end', () => process.exit(0)).resume();
}

if (require.main === module) serve(process.argv[2]);

module.exports = { COUNTED, ENDS, HOOK, OFF, PLUGIN };
