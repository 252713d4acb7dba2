'use strict';

/**
 * Registries: which metrics are scraped together, and the scrape.
 *
 * The default registry of a program's first module instance is the process's: what workers record is in it without a message.
 * Metrics of ours are printed by the engine, on a thread of its own; foreign objects and what prom-client has a text of its
 * own for are printed here. Called by `metric.js` and by users. Absent: how a metric records.
 */

const native = require('./native');
const { textOf } = require('./text');

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Where metrics are made that no registry lists. */
let unlisted;

class Registry {
  static get PROMETHEUS_CONTENT_TYPE() {
    return PROMETHEUS;
  }

  static get OPENMETRICS_CONTENT_TYPE() {
    return OPENMETRICS;
  }

  constructor(contentType = PROMETHEUS) {
    if (contentType !== PROMETHEUS && contentType !== OPENMETRICS) {
      throw new TypeError(`Content type ${contentType} is unsupported`);
    }
    this._metrics = {};
    this._defaultLabels = {};
    this._contentType = contentType;
    // Metrics that the engine does not list here: a server does not have them.
    Object.defineProperty(this, '_apart', { value: new WeakSet() });
    Object.defineProperty(this, '_native', { value: native.registry(), configurable: true });
    // Moves on when a metric is taken out, for whoever remembers one.
    Object.defineProperty(this, '_removals', { value: 0, writable: true });
    // Who is told that the metrics or the labels are others now.
    Object.defineProperty(this, '_listeners', { value: new Set() });
  }

  _tell() {
    for (const listener of this._listeners) listener();
  }

  /** Makes a metric of the engine's, listed in a registry if there is one. */
  static _make(registry, definition) {
    unlisted ??= native.registry();
    return native.metric(registry?._native ?? unlisted, definition, registry !== undefined);
  }

  /** Refuses a metric whose name is taken. */
  _refuseTaken(metric) {
    const known = this._metrics[metric.name];
    if (known && known !== metric) {
      throw new Error(`A metric with the name ${metric.name} has already been registered.`);
    }
  }

  /** Adds a metric: one of ours, or any object with `name` and `get()`. */
  registerMetric(metric) {
    this._refuseTaken(metric);
    if (metric._native !== undefined && metric._home !== this) {
      try {
        native.list(this._native, metric._native);
        this._apart.delete(metric);
      } catch {
        // Another metric prints one of its names. prom-client does not mind.
        this._apart.add(metric);
      }
    }
    this._metrics[metric.name] = metric;
    this._tell();
  }

  getMetricsAsArray() {
    return Object.values(this._metrics);
  }

  getSingleMetric(name) {
    return this._metrics[name];
  }

  removeSingleMetric(name) {
    this._unlist(this._metrics[name]);
    delete this._metrics[name];
    this._removals += 1;
    this._tell();
  }

  _unlist(metric) {
    if (metric?._native === undefined) return;
    native.unlist(this._native, metric._native);
    // What is derived from the families of requests ends with them.
    if (metric._name === 'http_requests_total') native.underive(this._native);
  }

  /** Removes every metric and the default labels. */
  clear() {
    this.getMetricsAsArray().forEach((metric) => this._unlist(metric));
    this._metrics = {};
    this._defaultLabels = {};
    this._removals += 1;
    this._tell();
  }

  /** Resets every metric. */
  resetMetrics() {
    this.getMetricsAsArray().forEach((metric) => metric.reset?.());
  }

  /** Labels that every sample gets that does not have them. */
  setDefaultLabels(labels) {
    this._defaultLabels = labels;
    this._tell();
  }

  get contentType() {
    return this._contentType;
  }

  setContentType(contentType) {
    if (contentType !== PROMETHEUS && contentType !== OPENMETRICS) {
      throw new Error(`Content type ${contentType} is unsupported`);
    }
    this._contentType = contentType;
  }

  get _isOpenMetrics() {
    return this.contentType === OPENMETRICS;
  }

  /** Whether the engine prints a metric here as it is. */
  _isPrinted(metric) {
    return (
      metric._native !== undefined &&
      metric._isPlain &&
      metric.help === metric._help &&
      Object.keys(this._defaultLabels).length === 0
    );
  }

  /** A metric as text, without a line feed at the end. */
  async getMetricsAsString(metric) {
    const told =
      typeof metric.getForPromString === 'function' ? await metric.getForPromString() : await metric.get();
    return textOf(told, this._defaultLabels, this._isOpenMetrics);
  }

  getSingleMetricAsString(name) {
    return this.getMetricsAsString(this._metrics[name]);
  }

  /** Everything as text of the registry's content type. The event loop is free meanwhile. */
  async metrics() {
    const parts = this.getMetricsAsArray().map((metric) => {
      if (this._isOpenMetrics && metric.type === 'counter') metric.name = metric.name.replace(/_total$/, '');
      if (!this._isPrinted(metric)) return this.getMetricsAsString(metric);
      return metric._collect().then(() => metric._native);
    });
    return native.text(
      this._native,
      this._withTold(await Promise.all(parts)),
      this._isDefault,
      this._isOpenMetrics,
    );
  }

  /** As `metrics`, at once: functions that take time to collect are not waited for. */
  metricsSync() {
    const parts = this.getMetricsAsArray().map((metric) => {
      if (!this._isPrinted(metric))
        return textOf(this._getNow(metric), this._defaultLabels, this._isOpenMetrics);
      metric._collectNow();
      return metric._native;
    });
    return native.textNow(this._native, this._withTold(parts), this._isDefault, this._isOpenMetrics);
  }

  /** What a metric has to say, without waiting. */
  _getNow(metric) {
    const told = metric._getNowForPromString?.() ?? metric.getSync?.() ?? metric.get();
    if (typeof told?.then !== 'function') return told;
    throw new Error(
      `Metric ${metric.name} takes time to collect: use what gives a promise, which waits for it`,
    );
  }

  /** The parts of a text, and which of the engine's metrics they tell of that it need not print. */
  _withTold(parts) {
    const told = this.getMetricsAsArray().filter((metric) => metric._native && !this._isPrinted(metric));
    return [...parts, told.map((metric) => metric._native)];
  }

  /** Everything as objects. */
  async getMetricsAsJSON() {
    const defaults = Object.entries(this._defaultLabels);
    const all = await Promise.all(this.getMetricsAsArray().map((metric) => metric.get()));
    if (defaults.length === 0) return all;
    for (const { values } of all) {
      for (const value of values ?? []) {
        value.labels = { ...value.labels };
        for (const [name, label] of defaults) value.labels[name] ||= label;
      }
    }
    return all;
  }

  /** A registry with the metrics of several. */
  static merge(registers) {
    const { contentType } = registers[0];
    if (registers.some((register) => register.contentType !== contentType)) {
      throw new Error('Registers can only be merged if they have the same content type');
    }
    const merged = new Registry(contentType);
    for (const register of registers) {
      register.getMetricsAsArray().forEach((metric) => merged.registerMetric(metric));
    }
    return merged;
  }
}

Object.defineProperty(Registry.prototype, '_isDefault', { value: false, writable: true });

const globalRegistry = new Registry();
Object.defineProperty(globalRegistry, '_isDefault', { value: true });
Object.defineProperty(globalRegistry, '_native', { value: native.defaultRegistry() });

module.exports = Registry;
module.exports.globalRegistry = globalRegistry;
