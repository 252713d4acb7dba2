/** Fastify, counted by routes. */

import fastify from 'fastify';
import { fastifyPlugin } from 'tykmetrics/middleware';

const app = fastify();
app.register(fastifyPlugin, { path: '/metrics' });
app.get('/users/:id', async () => 'hello');
app.listen({ port: 9464, host: '127.0.0.1' });
