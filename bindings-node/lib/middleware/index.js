'use strict';

/** The middlewares. What each promises is said where it is made. */

const { expressMiddleware } = require('./express');
const { fastifyPlugin } = require('./fastify');
const { instrumentHttp } = require('./http');
const { koaMiddleware } = require('./koa');

module.exports = { expressMiddleware, fastifyPlugin, instrumentHttp, koaMiddleware };
