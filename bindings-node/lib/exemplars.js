'use strict';

/**
 * The exemplars of a metric, by the texts of its series and their place: the bucket of a histogram, 0 of a counter.
 *
 * Kept by counters and histograms that were asked to. Where anybody looks for secrets in the metric, what is kept is clean,
 * and found by clean texts, as the engine has its series.
 */

const native = require('./native');
const Exemplar = require('./exemplar');

/** Series that have any: as many as a family has before it overflows. */
const MOST = 10_000;

class Exemplars {
  /** @param {object} metric the engine's */
  constructor(metric) {
    this._metric = metric;
    this._kept = new Map();
    /** Where the engine has another number, other secrets are looked for than what is kept was cleaned of. */
    this._cleanedBy = 0;
    this._clean = (texts) => native.clean(metric, texts);
  }

  /** Keeps one in the place of the one before. */
  keep(texts, at, labels, value) {
    this._look();
    const key = this._keyOf(texts);
    const places = this._kept.get(key) ?? [];
    const exemplar = places[at] ?? new Exemplar();
    exemplar.replace(labels, value);
    if (this._cleanedBy !== 0) exemplar.clean(this._clean);
    places[at] = exemplar;
    if (this._kept.has(key) || this._kept.size < MOST) this._kept.set(key, places);
  }

  /** Gives what tells those of a series by their places. */
  shown() {
    this._look();
    return (texts) => this._kept.get(JSON.stringify(texts)) ?? [];
  }

  delete(texts) {
    this._look();
    this._kept.delete(this._keyOf(texts));
  }

  clear() {
    this._kept.clear();
  }

  _keyOf(texts) {
    return JSON.stringify(this._cleanedBy === 0 ? texts : this._clean(texts));
  }

  /** Cleans what is kept, if other secrets are looked for. */
  _look() {
    const cleanedBy = native.cleanedBy(this._metric);
    if (cleanedBy === this._cleanedBy) return;
    this._cleanedBy = cleanedBy;
    const kept = new Map();
    for (const [key, places] of this._kept) {
      const series = JSON.stringify(this._clean(JSON.parse(key)));
      const all = kept.get(series) ?? [];
      places.forEach((exemplar, at) => {
        exemplar.clean(this._clean);
        // Of several series that are one now, the last.
        if (!(all[at]?.timestamp > exemplar.timestamp)) all[at] = exemplar;
      });
      kept.set(series, all);
    }
    this._kept = kept;
  }
}

module.exports = Exemplars;
