'use strict';

/**
 * The exemplars of a metric, by the texts of its series and their place: the bucket of a histogram, 0 of a counter.
 *
 * Kept by counters and histograms that were asked to. Where anybody looks for secrets in the metric, what is kept is cleaned
 * when it is shown, and found by clean texts, as the engine has its series.
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
  }

  /** Keeps one in the place of the one before. */
  keep(texts, at, labels, value) {
    const key = this._keyOf(texts);
    const places = this._kept.get(key) ?? [];
    const exemplar = places[at] ?? new Exemplar();
    exemplar.replace(labels, value);
    places[at] = exemplar;
    if (this._kept.has(key) || this._kept.size < MOST) this._kept.set(key, places);
  }

  /** Has all that is kept ready to be shown, and gives what tells those of a series by their places. */
  shown() {
    this._clean();
    return (texts) => this._kept.get(JSON.stringify(texts)) ?? [];
  }

  delete(texts) {
    this._clean();
    this._kept.delete(this._keyOf(texts));
  }

  clear() {
    this._kept.clear();
  }

  _keyOf(texts) {
    return JSON.stringify(native.isCleaned(this._metric) ? native.clean(this._metric, texts) : texts);
  }

  _clean() {
    if (!native.isCleaned(this._metric)) return;
    const clean = (texts) => native.clean(this._metric, texts);
    const kept = new Map();
    for (const [key, places] of this._kept) {
      const series = JSON.stringify(clean(JSON.parse(key)));
      const all = kept.get(series) ?? [];
      places.forEach((exemplar, at) => {
        exemplar.clean(clean);
        // Of several series that are one now, the last.
        if (!(all[at]?.timestamp > exemplar.timestamp)) all[at] = exemplar;
      });
      kept.set(series, all);
    }
    this._kept = kept;
  }
}

module.exports = Exemplars;
