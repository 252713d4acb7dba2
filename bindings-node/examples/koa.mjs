/** Koa, counted by routes. */

import Router from '@koa/router';
import Koa from 'koa';
import { koaMiddleware } from 'tykmetrics/middleware';

const app = new Koa();
app.use(koaMiddleware({ path: '/metrics' })); // before all others
const router = new Router().get('/users/:id', (ctx) => {
  ctx.body = 'hello';
});
app.use(router.routes());
app.listen(9464, '127.0.0.1');
