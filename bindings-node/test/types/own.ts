/** What this package has more than prom-client, as a strict program uses it. */

import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  Summary,
  aggregators,
  negotiate,
  negotiateEncoding,
  recordRequest,
  register,
  render,
  renderSync,
  requestMetrics,
  startHttpServer,
  trackRequest,
} from 'tykmetrics';
import type {
  CustomMetric,
  MetricsServer,
  Negotiation,
  RecordedRequest,
  RequestMetrics,
  RequestOutcome,
} from 'tykmetrics';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readFile } from 'node:fs';
import * as dropIn from 'tykmetrics/prom-client';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(is: Same<A, B>): boolean => is;

// Children, with numbers as label values too.
const requests = new Counter({ name: 'a_total', help: 'a', labelNames: ['method', 'status'], limit: 100 });
const ok: Counter.Child = requests.labels('GET', 200);
ok.inc();
ok.inc({ value: 1, exemplarLabels: { traceId: 'x' } });
same<typeof requests, Counter<'method' | 'status'>>(true);

const latency = new Histogram({ name: 'b_seconds', help: 'b', labelNames: ['route'], store: 'compact' });
const seconds: number = latency.labels('/').startTimer({ route: '/a' })({ route: '/b' });
latency.labels('/').observe({ value: seconds, exemplarLabels: { traceId: 'x' } });
latency.startTimer({ route: '/' }, { traceId: 'x' })({}, { spanId: 'y' });
const bounds: readonly number[] = latency.upperBounds;
latency.getSync().values.map(({ labels, exemplar }) => [labels.le, labels.route, exemplar?.timestamp]);
latency.getForPromString().then(({ values }) => values.map(({ sharedLabels }) => sharedLabels.route));

const sizes = new Summary({ name: 'c', help: 'c', labelNames: ['kind'] });
sizes.getSync().values.map(({ labels }) => [labels.quantile, labels.kind]);
const depth = new Gauge({ name: 'd', help: 'd' });
depth.getSync().values[0]?.value.toFixed();

// Registries that print either format, and objects of a program's own.
const open = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
same<(typeof open)['contentType'], 'application/openmetrics-text; version=1.0.0; charset=utf-8'>(true);
register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
const now: string = register.metricsSync() + open.metricsSync();
const custom: CustomMetric = {
  name: 'e',
  get: () => ({ name: 'e', help: 'e', type: 'gauge', aggregator: 'sum', values: [{ value: 1, labels: {} }] }),
};
register.registerMetric(custom);
register.getMetricsAsString(custom).then((text) => text.length);
for (const metric of register.getMetricsAsArray()) if (metric.type === 'counter') metric.name.length;
aggregators.sum([latency.getSync()])?.values.length;

// Requests.
const request: RecordedRequest = { endpoint: '/', method: 'GET', statusCode: 200, latencySeconds: 0.1 };
recordRequest(request);
recordRequest({ ...request, provider: undefined, model: null });
recordRequest({ endpoint: '/', method: 'GET', statusCode: 500 });

const gateway: RequestMetrics = requestMetrics(open);
const outcome: RequestOutcome = gateway.bind('/', 'GET', 200, 'openai', 'gpt-4');
outcome.record(0.2);
outcome.record();
gateway.recordCacheHit();
gateway.recordCacheMiss();
gateway.recordDbQuery(0.1);
gateway.recordExternalApiCall('mail');
gateway.recordExternalApiCall('mail', { error: true });

const text: string = trackRequest({ endpoint: 'a' }, () => 'text');
const promised: Promise<number> = trackRequest({ endpoint: 'a', provider: 'x' }, async () => 1);
const called: void = trackRequest({ endpoint: 'a', method: 'READ' }, (done) => readFile('x', done));
same<typeof text, string>(true);
gateway
  .trackRequest({ endpoint: 'a', model: undefined }, () => fetch('http://127.0.0.1'))
  .then((r) => r.status);

/** Serves a registry. */
export async function serve(): Promise<void> {
  const server: MetricsServer = await startHttpServer({
    registry: open,
    port: 0,
    host: '::1',
    path: '/m',
    tls: { cert: new URL('file:///c.pem'), key: '/k.pem', clientCa: '/ca.pem', required: true },
    auth: { basic: { name: 'a', password: 'b' }, bearer: 'c' },
    routes: { reset: true },
    limits: { scrapeTimeout: '10s', concurrentScrapes: 2 },
    hygiene: { enabled: true, keep: ['email'] },
  });
  const port: number | undefined = server.unref().ref().port;
  await server.close();
  await server[Symbol.asyncDispose]();
  await fetch(`${server.url}/m?${port}`);
}

/** Answers a scrape as it asks to be answered. */
export async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { format, contentType }: Negotiation = negotiate(req.headers.accept);
  const encoding = negotiateEncoding(req.headers['accept-encoding']);
  res.setHeader('Content-Type', contentType).setHeader('Content-Encoding', encoding);
  const body: Buffer = await render(format, { registry: open, encoding });
  res.end(body);
}
const bytes: Buffer = renderSync('openmetrics', { encoding: 'gzip' });

// Both modules' metrics are of one kind.
const theirs: dropIn.Counter<'x'> = new dropIn.Counter({ name: 'f_total', help: 'f', labelNames: ['x'] });
register.registerMetric(theirs);
const shared: Registry = dropIn.register;

export { bounds, bytes, called, now, promised, shared };
