'use strict';

/**
 * `AggregatorRegistry`: the metrics of all workers of a cluster in one text, asked of the primary.
 *
 * What lives here: the registry, and what the primary asks and a worker answers over the cluster's own channel. Users
 * make one in the primary and one in each worker. Promised: messages are prom-client's, so that workers of both
 * packages can be asked together; `cluster` is loaded when the first registry is made; a worker that dies is not waited
 * for; answers that nobody waits for are dropped; series come in the order of the workers' numbers. Absent: how samples
 * are put together (`aggregators.js`).
 */

const Registry = require('./registry');
const { aggregators } = require('./aggregators');
const { grouped } = require('./aggregation');
const { packed, unpacked } = require('./finite');

const REQUEST = 'prom-client:getMetricsReq';
const RESPONSE = 'prom-client:getMetricsRes';
const TIMEOUT_MS = 5000;

let registries = [Registry.globalRegistry];
let listening = false;
let lastRequestId = 0;

/** What the primary waits for, by request id. */
const pending = new Map();

// Some application servers crash if a program as much as loads it.
const cluster = () => require('cluster');

class AggregatorRegistry extends Registry {
  constructor(regContentType = Registry.PROMETHEUS_CONTENT_TYPE) {
    super(regContentType);
    listen();
  }

  /**
   * The aggregated metrics of all workers, as text; empty if there are none.
   * @returns {Promise<string>} rejects if a worker says that it failed, or does not say anything for five seconds
   */
  async clusterMetrics() {
    const answers = await askWorkers();
    if (answers.length === 0) return '';
    return AggregatorRegistry.aggregate(answers, this.contentType).metrics();
  }

  /**
   * @param {object[][]} metricsArr what `getMetricsAsJSON()` of several registries gave
   * @param {string} [registryType] the new registry's content type
   * @returns {Registry} a registry of one metric for each name, by the metric's `aggregator`, or else summed
   */
  static aggregate(metricsArr, registryType = Registry.PROMETHEUS_CONTENT_TYPE) {
    const aggregated = new Registry();
    aggregated.setContentType(registryType);
    for (const metrics of grouped(metricsArr.flat(), ({ name }) => name).values()) {
      const { aggregator = 'sum' } = metrics[0];
      const aggregate = Object.hasOwn(aggregators, aggregator) ? aggregators[aggregator] : undefined;
      if (typeof aggregate !== 'function') throw new Error(`'${aggregator}' is not a defined aggregator.`);
      const made = aggregate(metrics);
      if (!made) continue;
      const metric = { ...made };
      // Not enumerable: `get` is what registries ask, and no part of the answer.
      Object.defineProperty(metric, 'get', { value: () => metric });
      aggregated.registerMetric(metric);
    }
    return aggregated;
  }

  /**
   * Which registries a worker answers with, instead of the global one.
   * @param {Registry | Registry[]} regs
   */
  static setRegistries(regs) {
    const given = Array.isArray(regs) ? regs : [regs];
    for (const registry of given) {
      if (!(registry instanceof Registry)) throw new TypeError(`Expected Registry, got ${typeof registry}`);
    }
    registries = given;
  }
}

function listen() {
  if (listening) return;
  listening = true;
  if (cluster().isPrimary ?? cluster().isMaster) {
    cluster().on('message', receive);
    // And not 'exit', which can come before the last words of a worker were read.
    cluster().on('disconnect', forget);
  }
  if (cluster().isWorker) process.on('message', respond);
}

/** @returns {Promise<object[][]>} what each registry of each worker holds; of no worker, nothing */
function askWorkers() {
  const requestId = ++lastRequestId;
  return new Promise((resolve, reject) => {
    const request = {
      /** By worker id. A worker that has yet to answer is in `waiting`. */
      answers: new Map(),
      waiting: new Set(),
      settle(error) {
        clearTimeout(timer);
        pending.delete(requestId);
        if (error) return reject(error);
        resolve([...request.answers.values()].flat());
      },
    };
    const timer = setTimeout(() => request.settle(new Error('Operation timed out.')), TIMEOUT_MS);
    pending.set(requestId, request);

    for (const worker of Object.values(cluster().workers ?? {})) {
      request.waiting.add(worker.id);
      request.answers.set(worker.id, []);
      worker.send({ type: REQUEST, requestId }, (error) => {
        // One that has just died may still be on the list.
        if (error) forget(worker);
      });
    }
    if (request.waiting.size === 0) process.nextTick(() => request.settle());
  });
}

function receive(worker, message) {
  if (message?.type !== RESPONSE) return;
  const request = pending.get(message.requestId);
  if (!request?.waiting.has(worker.id)) return;
  if (message.error) return request.settle(new Error(message.error));
  try {
    request.answers.set(worker.id, unpacked(message.metrics));
  } catch (error) {
    return request.settle(error);
  }
  answered(request, worker);
}

function forget(worker) {
  for (const request of pending.values()) {
    if (request.waiting.has(worker.id)) answered(request, worker);
  }
}

function answered(request, worker) {
  request.waiting.delete(worker.id);
  if (request.waiting.size === 0) request.settle();
}

async function respond(message) {
  if (message?.type !== REQUEST) return;
  const answer = (content) => {
    // The primary may be gone by now, which is no reason to end with an error of the channel.
    if (!process.connected) return;
    process.send({ type: RESPONSE, requestId: message.requestId, ...content }, () => {});
  };
  try {
    const metrics = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
    answer({ metrics: packed(metrics) });
  } catch (error) {
    answer({ error: error?.message || String(error) });
  }
}

module.exports = AggregatorRegistry;
