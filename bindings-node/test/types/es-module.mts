/** The entry points in ES modules. */

import tykmetrics, { Counter, type LabelValues } from 'tykmetrics';
import dropIn, { register } from 'tykmetrics/prom-client';
import middleware, { koaMiddleware } from 'tykmetrics/middleware';
import * as all from 'tykmetrics';

const counter: Counter<'a'> = new tykmetrics.Counter({ name: 'a_total', help: 'a', labelNames: ['a'] });
const labels: LabelValues<'a'> = { a: 'x' };
counter.inc(labels);
const registry: dropIn.Registry = register;
middleware.instrumentHttp(() => undefined, { registry });
koaMiddleware();
const same: typeof tykmetrics = all.default;

// @ts-expect-error a default is the names and no class
new tykmetrics();

const dynamic: Promise<typeof all> = import('tykmetrics');
export { dynamic, same };
