'use strict';

/**
 * Histograms: one record, and at scrape exact buckets, native buckets and quantiles. The classic buckets are what `get()` and
 * `metrics()` show.
 */

const Exemplars = require('./exemplars');
const time = require('./time');
const { hide } = require('./metric');
const { Observer } = require('./observer');
const { textOf, valuesOf } = require('./labels');

/** prom-client's. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function refuseStore({ name, store }) {
  if (store === undefined || store === 'hdr' || store === 'compact') return;
  throw new TypeError(`store of metric ${name} is 'hdr' or 'compact', not ${store}`);
}

/** The bounds but the last one, which every histogram has. */
function boundsOf(metric) {
  const { name, buckets } = metric;
  refuseStore(metric);
  if (!Array.isArray(buckets) || buckets.some((bound) => typeof bound !== 'number')) {
    throw new TypeError(`buckets of metric ${name} is an array of numbers, not ${buckets}`);
  }
  return buckets.filter((bound) => bound !== Infinity);
}

class Histogram extends Observer {
  constructor(config) {
    if (config?.labelNames?.includes('le')) throw new Error('le is a reserved label keyword');
    super(config, { buckets: SECONDS.slice() }, (given) => ({
      kind: 'histogram',
      buckets: boundsOf(given),
      compact: given.store === 'compact',
    }));
    this.type = 'histogram';
    this.upperBounds = this.buckets;
    Object.freeze(this.upperBounds);
    if (this.enableExemplars) {
      hide(this, { _exemplars: new Exemplars(this._native) });
      this.observe = this.observeWithExemplar;
    }
  }

  /** As `observe` of a histogram without exemplars. */
  observeWithoutExemplar(labels, value) {
    Observer.prototype.observe.call(this, labels, value);
  }

  /** As `observe`, for a histogram with exemplars: `observe({labels, value, exemplarLabels})`. */
  observeWithExemplar({ labels = {}, value, exemplarLabels } = {}) {
    this.observeWithoutExemplar(labels, value);
    if (exemplarLabels === undefined || Object.keys(exemplarLabels).length === 0) return;
    const bucket = this.upperBounds.findIndex((bound) => value <= bound);
    const at = bucket < 0 ? this.upperBounds.length : bucket;
    this._exemplars.keep(valuesOf(this._names, labels).map(textOf), at, exemplarLabels, value);
  }

  /** Begins a time, which the function that is given counts, in seconds. */
  startTimer(labels, exemplarLabels) {
    if (!this.enableExemplars) return super.startTimer(labels);
    const begin = time.start();
    return (endLabels, endExemplarLabels) => {
      const value = time.since(begin);
      this.observe({
        labels: { ...labels, ...endLabels },
        value,
        exemplarLabels: { ...exemplarLabels, ...endExemplarLabels },
      });
      return value;
    };
  }

  /** Makes the series of these labels, or begins it again, with nothing observed. */
  zero(labels) {
    const values = valuesOf(this._names, labels);
    this._remove(values);
    this._cell(values);
  }

  _bound(...args) {
    if (!this.enableExemplars) return super._bound(...args);
    const values = this._valuesOf(args);
    this._cell(values);
    const labels = Object.fromEntries(this._names.map((name, i) => [name, values[i]]));
    return {
      observe: (given) =>
        this.observe(
          typeof given === 'object' && given !== null ? { labels, ...given } : { labels, value: given },
        ),
      startTimer: (more, exemplarLabels) => this.startTimer({ ...labels, ...more }, exemplarLabels),
    };
  }

  /** Removes every series; it is there again when something is observed. */
  reset() {
    this._exemplars?.clear();
    this._clear();
  }

  /** The samples of every series, with the labels of the series apart from those of the sample. */
  _shared() {
    const { name, upperBounds } = this;
    const exemplarsOf = this._exemplars?.shown();
    const all = this._read((sharedLabels, numbers, texts) => {
      const places = exemplarsOf?.(texts) ?? [];
      const count = numbers[numbers.length - 2];
      const sample = (suffix, labels, value, exemplar) => ({
        labels,
        sharedLabels,
        value,
        metricName: `${name}_${suffix}`,
        exemplar,
      });
      const finite = upperBounds.filter((bound) => bound !== Infinity);
      return [
        ...finite.map((le, i) => sample('bucket', { le }, numbers[i], places[i] ?? null)),
        sample('bucket', { le: '+Inf' }, count, this._exemplars ? places[finite.length] : null),
        sample('sum', {}, numbers[numbers.length - 1], undefined),
        sample('count', {}, count, undefined),
      ];
    });
    return all.flat();
  }

  _values() {
    return this._shared().map(({ labels, sharedLabels, ...value }) => ({
      ...value,
      labels: { ...labels, ...sharedLabels },
    }));
  }

  /** As `getForPromString`, at once. */
  _getNowForPromString() {
    this._collectNow();
    return this._tell(this._shared());
  }

  /** As `get`, with the labels of a series apart from those of its samples. */
  async getForPromString() {
    await this._collect();
    return this._tell(this._shared());
  }
}

module.exports = Histogram;
