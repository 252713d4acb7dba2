/**
 * What programs do with prom-client's types. It is compiled three times: against prom-client's own, against the drop-in's, and
 * against those of `tykmetrics`. Nothing here knows which.
 */

import * as client from 'prom-client';
import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  Pushgateway,
  Registry,
  Summary,
  collectDefaultMetrics,
  contentType,
  exponentialBuckets,
  linearBuckets,
  openMetricsContentType,
  prometheusContentType,
  register,
  validateMetricName,
} from 'prom-client';
import type {
  Aggregator,
  CounterConfiguration,
  DefaultMetricsCollectorConfiguration,
  GaugeConfiguration,
  HistogramConfiguration,
  IncreaseDataWithExemplar,
  LabelValues,
  Metric,
  MetricConfiguration,
  MetricObject,
  MetricObjectWithValues,
  MetricValue,
  MetricValueWithName,
  ObserveDataWithExemplar,
  OpenMetricsContentType,
  PrometheusContentType,
  RegistryContentType,
  SummaryConfiguration,
} from 'prom-client';

// Counters, with and without labels, and with labels that are known by name.
const plain: Counter = new Counter({ name: 'jobs_total', help: 'Jobs' });
plain.inc();
plain.inc(3);
plain.reset();

const byRoute = new Counter({
  name: 'requests_total',
  help: 'Requests',
  labelNames: ['method', 'status'],
});
byRoute.inc({ method: 'GET', status: 200 });
byRoute.inc({ method: 'GET' }, 2);
byRoute.labels('GET', '200').inc();
byRoute.labels({ method: 'GET', status: '200' }).inc(5);
byRoute.remove('GET', '200');
byRoute.remove({ method: 'GET' });
const inferred: Counter<'method' | 'status'> = byRoute;

const NAMES = ['queue'] as const;
type Name = (typeof NAMES)[number];
const depth = new Gauge<Name>({
  name: 'queue_depth',
  help: 'Depth',
  labelNames: NAMES,
  async collect() {
    this.set({ queue: 'mail' }, await Promise.resolve(3));
  },
});
depth.set({ queue: 'mail' }, 1);
depth.inc({ queue: 'mail' });
depth.dec({ queue: 'mail' }, 2);
depth.setToCurrentTime({ queue: 'mail' });
const stopGauge = depth.startTimer({ queue: 'mail' });
const took: number = stopGauge();
const child: client.Gauge.Internal<Name> = depth.labels('mail');
child.set(took);
child.setToCurrentTime();
child.startTimer()();

const buckets: number[] = [...linearBuckets(0, 1, 5), ...exponentialBuckets(10, 2, 3)];
const latency = new Histogram({
  name: 'latency_seconds',
  help: 'Latency',
  labelNames: ['route'] as const,
  buckets,
  aggregator: 'sum',
});
latency.observe({ route: '/' }, 0.1);
const stop = latency.startTimer({ route: '/' });
const seconds: number = stop({ route: '/other' });
latency.labels('/').observe(seconds);
latency.labels({ route: '/' }).startTimer()();
latency.zero({ route: '/' });
const observer: client.Histogram.Internal<'route'> = latency.labels('/');
observer.observe(1);

const sizes = new Summary({
  name: 'sizes',
  help: 'Sizes',
  percentiles: [0.5, 0.99],
  maxAgeSeconds: 600,
  ageBuckets: 5,
  pruneAgedBuckets: true,
  compressCount: 10,
});
sizes.observe(1);
sizes.startTimer()();

// Exemplars.
const traced = new Counter({
  name: 'traced_total',
  help: 'Traced',
  labelNames: ['code'],
  enableExemplars: true,
});
const increase: IncreaseDataWithExemplar<'code'> = { labels: { code: 1 }, value: 1 };
traced.inc(increase);
const observation: ObserveDataWithExemplar<string> = { value: 1, exemplarLabels: { traceId: 'x' } };
new Histogram({ name: 'traced', help: 'Traced', enableExemplars: true }).observe(observation);

// Registries.
const openMetrics = new Registry<OpenMetricsContentType>();
openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
const own = new Registry();
own.setDefaultLabels({ app: 'shop' });
own.registerMetric(plain);
const merged: Registry = Registry.merge([own, register]);
const held = new Gauge({ name: 'held', help: 'Held', registers: [own, openMetrics] });
held.set(1);
const single = register.getSingleMetric('requests_total') as Counter<'method' | 'status'> | undefined;
single?.inc({ method: 'GET', status: 200 });
const found: Metric | undefined = register.getSingleMetric('x');
if (found instanceof Counter) found.inc();
register.getMetricsAsArray().forEach((metric: MetricObject) => register.removeSingleMetric(metric.name));

/** Answers a scrape. */
export async function scrape(response: {
  setHeader(name: string, value: string): void;
  end(body: string): void;
}) {
  response.setHeader('Content-Type', register.contentType);
  response.end((await register.metrics()) + (await merged.getSingleMetricAsString('held')));
}

/** Looks at samples. */
export async function total(): Promise<number> {
  const told: MetricObjectWithValues<MetricValue<'method' | 'status'>> = await byRoute.get();
  const one: MetricValue<'method' | 'status'> | undefined = told.values.find(
    ({ labels }) => labels.method === 'GET',
  );
  const all: MetricObjectWithValues<MetricValue<string>>[] = await register.getMetricsAsJSON();
  const observed: MetricObjectWithValues<MetricValueWithName<'route'>> = await latency.get();
  const sums = observed.values.filter(({ metricName }) => metricName?.endsWith('_sum'));
  return (one?.value ?? 0) + all.length + sums.length;
}

// Functions and classes of a program's own around them.
function make<T extends string>(config: CounterConfiguration<T>): Counter<T> {
  return new Counter<T>({ ...config, registers: [own] });
}
const labels: LabelValues<'a'> = { a: 1 };
make({ name: 'made_total', help: 'Made', labelNames: ['a'] }).inc(labels);

const settings: MetricConfiguration<'a'> = { name: 'n', help: 'h', labelNames: ['a'] };
const gaugeSettings: GaugeConfiguration<'a'> = settings;
const histogramSettings: HistogramConfiguration<'a'> = { ...settings, buckets: [1] };
const summarySettings: SummaryConfiguration<'a'> = { ...settings, percentiles: [0.5] };
histogramSettings.buckets?.push(2);

/** A metric of a program's own. */
export class Requests extends Counter<'route'> {
  constructor() {
    super({ name: 'own_requests_total', help: 'Requests', labelNames: ['route'], registers: [] });
  }

  /** Counts one. */
  count(route: string): void {
    this.inc({ route });
  }
}

/** Holds one metric of each kind. */
export interface Metrics {
  requests: Counter<string>;
  latency: Histogram<'route'>;
  depth: Gauge;
  sizes: Summary<string>;
}
export const metrics: Metrics = { requests: byRoute, latency, depth, sizes };

/** Stands in for a series in tests of a program's own. */
export const fake: client.Counter.Internal = {
  inc(value?: number) {
    void value;
  },
};

// What stands beside them.
const defaults: DefaultMetricsCollectorConfiguration<PrometheusContentType> = {
  register: own,
  prefix: 'app_',
  labels: { app: 'shop' },
  gcDurationBuckets: [0.1, 1],
  eventLoopMonitoringPrecision: 20,
};
collectDefaultMetrics(defaults);
client.collectDefaultMetrics();
collectDefaultMetrics({ register: openMetrics });
collectDefaultMetrics.metricsList.map((part) => part.length);

const gateway = new Pushgateway('http://127.0.0.1:9091', { timeout: 5000, headers: { a: 'b' } }, own);
/** Pushes. */
export async function push(): Promise<void> {
  const { resp, body } = await gateway.pushAdd({ jobName: 'job', groupings: { instance: 'a' } });
  void [resp, body];
  await gateway.push({ jobName: 'job' }).then(() => gateway.delete({ jobName: 'job' }));
}

const aggregator: Aggregator = 'max';
const cluster = new AggregatorRegistry<PrometheusContentType>();
AggregatorRegistry.setRegistries([own, openMetrics]);
AggregatorRegistry.setRegistries(own);
/** Asks the workers. */
export async function clusterMetrics(): Promise<string> {
  const aggregated: Registry<PrometheusContentType> = AggregatorRegistry.aggregate([
    await own.getMetricsAsJSON(),
  ]);
  return (await cluster.clusterMetrics()) + (await aggregated.metrics()) + cluster.contentType;
}

const types: RegistryContentType[] = [contentType, openMetricsContentType, prometheusContentType];
export const valid: boolean = validateMetricName('a') && types.length > 0;
export { aggregator, gaugeSettings, inferred, summarySettings };
