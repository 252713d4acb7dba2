'use strict';

/**
 * Summaries: quantiles of all time or of a sliding window, within 1.6 %, from cells as a histogram's. The engine works them out
 * when somebody scrapes. prom-client's own digest is in `prom-client/summary.js`.
 */

const { Observer } = require('./observer');

/** prom-client's. */
const PERCENTILES = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];

class Summary extends Observer {
  constructor(config) {
    if (config?.labelNames?.includes('quantile')) throw new Error('quantile is a reserved label keyword');
    super(config, { percentiles: PERCENTILES.slice(), compressCount: 1000 }, (given) => ({
      kind: 'summary',
      quantiles: [...given.percentiles],
      windowSeconds: given.ageBuckets ? given.maxAgeSeconds || undefined : undefined,
    }));
    this.type = 'summary';
  }

  get _isPlain() {
    return super._isPlain && !this.pruneAgedBuckets;
  }

  /** Begins every series again at nothing. */
  reset() {
    const series = this._read((labels, _numbers, _texts, isOverflow) => (isOverflow ? undefined : labels));
    this._clear();
    for (const labels of series) if (labels !== undefined) this._cellOf(labels);
  }

  _values() {
    const { name } = this;
    // The engine has them in order, each once.
    const quantiles = [...new Set(this.percentiles)].sort((a, b) => a - b);
    const all = this._read((labels, numbers, _texts, isOverflow) => {
      const values = quantiles.map((quantile, i) => ({
        labels: { quantile, ...labels },
        value: Number.isNaN(numbers[i]) ? 0 : numbers[i],
      }));
      if (this.pruneAgedBuckets && quantiles.length > 0 && Number.isNaN(numbers[0])) {
        if (!isOverflow) this.remove(labels);
        return [];
      }
      return [
        ...values,
        { metricName: `${name}_sum`, labels, value: numbers[numbers.length - 1] },
        { metricName: `${name}_count`, labels, value: numbers[numbers.length - 2] },
      ];
    });
    return all.flat();
  }
}

module.exports = Summary;
