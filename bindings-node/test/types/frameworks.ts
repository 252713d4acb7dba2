/** The middlewares with the types of the frameworks. */

import express from 'express';
import type { Request } from 'express';
import fastify from 'fastify';
import type { FastifyRequest } from 'fastify';
import Koa from 'koa';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
import { createSecureServer } from 'node:http2';
import { Registry } from 'tykmetrics';
import { expressMiddleware, fastifyPlugin, instrumentHttp, koaMiddleware } from 'tykmetrics/middleware';

const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);

const app = express();
app.use(expressMiddleware());
app.use(
  expressMiddleware({
    registry,
    path: '/metrics',
    ignore: (req) => req.url === '/health',
    endpoint: (req: Request) => req.route?.path,
  }),
);
app.use('/api', expressMiddleware({ ignore: ['/metrics'], unmatched: 'other' }));

const server = fastify();
void server.register(fastifyPlugin);
void server.register(fastifyPlugin, { registry, path: '/metrics' });
void server.register(fastifyPlugin, { endpoint: (request: FastifyRequest) => request.routeOptions.url });

const koa = new Koa();
koa.use(koaMiddleware());
koa.use(koaMiddleware({ endpoint: (ctx: Koa.Context) => ctx['template'], registry }));

const listener = instrumentHttp(
  (req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => {
    res.end(req.url);
  },
);
instrumentHttp(createServer(listener)).listen();
instrumentHttp(createTls({}, listener), { path: '/metrics' }).listen();
instrumentHttp(createSecureServer({})).listen();
createServer(instrumentHttp(koa.callback()));
createServer(instrumentHttp(app));
