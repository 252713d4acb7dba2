/** What must not compile. Each line below a `@ts-expect-error` is an error, or the compiler says so. */

import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  Summary,
  recordRequest,
  render,
  trackRequest,
} from 'tykmetrics';
import { Pushgateway, collectDefaultMetrics } from 'tykmetrics/prom-client';
import * as dropIn from 'tykmetrics/prom-client';
import { expressMiddleware, instrumentHttp, koaMiddleware } from 'tykmetrics/middleware';

// @ts-expect-error a metric has a help
new Counter({ name: 'a_total' });
// @ts-expect-error nothing of a metric is optional but its labels and what follows
new Gauge();
// @ts-expect-error there is no such aggregator
new Counter({ name: 'a_total', help: 'a', aggregator: 'median' });
// @ts-expect-error there is no such store
new Histogram({ name: 'a', help: 'a', store: 'dense' });
// @ts-expect-error bounds are numbers
new Histogram({ name: 'a', help: 'a', buckets: ['1'] });
// @ts-expect-error percentiles are those of summaries
new Histogram({ name: 'a', help: 'a', percentiles: [0.5] });
// @ts-expect-error a limit is a number
new Summary({ name: 'a', help: 'a', limit: 'many' });

const counter = new Counter({ name: 'a_total', help: 'a', labelNames: ['route', 'status'] });
// @ts-expect-error a label that is misspelt
counter.inc({ rout: '/' });
// @ts-expect-error label values are texts and numbers
counter.inc({ route: true });
// @ts-expect-error amounts are numbers
counter.inc({ route: '/' }, '1');
// @ts-expect-error counters only go up
counter.dec();
// @ts-expect-error a label that is misspelt
counter.labels({ rout: '/' });
// @ts-expect-error a series is read from its metric
counter.labels('/', '200').get();
// @ts-expect-error a configuration is not changed afterwards
counter.labelNames.push('method');

const gauge = new Gauge({ name: 'b', help: 'b', labelNames: ['queue'] });
// @ts-expect-error to what?
gauge.set({ queue: 'a' });
// @ts-expect-error a value is a number
gauge.labels('a').set('1');

const histogram = new Histogram({ name: 'c', help: 'c', labelNames: ['route'] });
// @ts-expect-error what was measured?
histogram.observe();
// @ts-expect-error a label that is misspelt
histogram.startTimer()({ rout: '/' });
// @ts-expect-error bounds are fixed
histogram.upperBounds.push(1);

// @ts-expect-error there is no such format
new Registry('text/html');
// @ts-expect-error a text is a promise
const text: string = new Registry().metrics();
// @ts-expect-error it is made by the package
Registry.globalRegistry = new Registry();

// @ts-expect-error a request has a status
recordRequest({ endpoint: '/', method: 'GET', latencySeconds: 0.1 });
// @ts-expect-error a status is a number
recordRequest({ endpoint: '/', method: 'GET', statusCode: '200' });
// @ts-expect-error a call has a name
trackRequest({}, () => 1);
// @ts-expect-error a call is a function
trackRequest({ endpoint: 'a' }, Promise.resolve(1));
// @ts-expect-error what the call gives is given
const given: string = trackRequest({ endpoint: 'a' }, () => 1);
// @ts-expect-error there is no such encoding
render('text', { encoding: 'br' });

// @ts-expect-error which job?
new Pushgateway('http://127.0.0.1').push({});
// @ts-expect-error there is no such option
collectDefaultMetrics({ interval: 1000 });
// @ts-expect-error the drop-in has prom-client's names
dropIn.recordRequest({ endpoint: '/', method: 'GET', statusCode: 200 });

// @ts-expect-error there is no such option
expressMiddleware({ endpoints: () => '/' });
// @ts-expect-error a template is a text
koaMiddleware({ endpoint: () => 1 });
// @ts-expect-error a server or a listener
instrumentHttp('server');

export { given, text };
