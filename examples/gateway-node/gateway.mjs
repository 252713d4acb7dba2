/**
 * The gateway of `make run` in Node, on Fastify.
 *
 * `run-gateways` starts it, by the contract that `examples/run/src/child.rs` tells. The plugin counts every request by its route,
 * `recordRequest` and `trackRequest` what a model was asked, and the endpoint serves both. Absent: an upstream. What one would
 * do is in the query of a request: `?status=429&millis=12`.
 *
 * In a program of its own the imports are `tykmetrics` and `tykmetrics/middleware`; Fastify is that of the door's tests.
 */

import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { recordRequest, startHttpServer, trackRequest } from '../../bindings-node/index.mjs';
import { fastifyPlugin } from '../../bindings-node/middleware.mjs';

const fastify = createRequire(new URL('../../bindings-node/package.json', import.meta.url))('fastify');

const query = {
  type: 'object',
  properties: {
    status: { type: 'integer', minimum: 200, maximum: 599, default: 200 },
    millis: { type: 'integer', minimum: 0, maximum: 10_000, default: 0 },
  },
};
const question = {
  type: 'object',
  required: ['provider', 'model'],
  properties: { provider: { type: 'string' }, model: { type: 'string' } },
};

/** Takes the time and gives the status that the query asks for. */
async function upstream({ status, millis }) {
  await sleep(millis);
  return { statusCode: status };
}

async function plain(request, reply) {
  const { statusCode } = await upstream(request.query);
  return reply.code(statusCode).send({});
}

/** Asks a model, and counts it by hand. */
async function chat(request, reply) {
  const { provider, model } = request.body;
  const begun = process.hrtime.bigint();
  const { statusCode } = await upstream(request.query);
  const latencySeconds = Number(process.hrtime.bigint() - begun) / 1e9;
  recordRequest({ endpoint: 'upstream.chat', method: 'POST', statusCode, latencySeconds, provider, model });
  return reply.code(statusCode).send({});
}

/** Asks a model around a call, whose result says its status. */
async function embeddings(request, reply) {
  const { provider, model } = request.body;
  const step = { endpoint: 'upstream.embeddings', method: 'POST', provider, model };
  const { statusCode } = await trackRequest(step, () => upstream(request.query));
  return reply.code(statusCode).send({});
}

const { values } = parseArgs({ options: { 'metrics-port': { type: 'string', default: '0' } } });
const endpoint = await startHttpServer({ port: Number(values['metrics-port']) });

const app = fastify({ forceCloseConnections: true });
app.register(fastifyPlugin);
app.register(async (routes) => {
  const schema = { querystring: query };
  const asking = { querystring: query, body: question };
  routes.get('/api/users/:id', { schema }, plain);
  routes.post('/api/users', { schema }, plain);
  routes.delete('/api/users/:id', { schema }, plain);
  routes.get('/api/models', { schema }, plain);
  routes.post('/v1/chat/completions', { schema: asking }, chat);
  routes.post('/v1/embeddings', { schema: asking }, embeddings);
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`ready ${address} ${endpoint.url}`);

process.stdin.on('end', async () => {
  await app.close();
  await endpoint.close();
});
process.stdin.resume();
