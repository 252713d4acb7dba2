'use strict';

/**
 * What the metric classes share: the config, the engine's family, and the way from labels to a cell.
 *
 * A series that was looked up before is found by a walk along its label values (`paths.js`), which ends at the number of its cell.
 * When a series is removed, here or by another isolate, the metric's word moves on, and the paths and every bound child are made
 * anew.
 * Called by `counter.js`, `gauge.js`, `histogram.js` and `summary.js`. Absent: how a kind records.
 */

const native = require('./native');
const { configure } = require('./config');
const Registry = require('./registry');
const { arrayOf, placeOf, words } = require('./cells');
const { refuseCount, refuseUnknown, textOf, valuesOf } = require('./labels');
const { cut, extended, keyOf, walk, walkersOf } = require('./paths');

class Metric {
  /**
   * @param {object} config the user's
   * @param {object} defaults what it may leave out
   * @param {(config: object) => object} definition what the engine is told of the kind
   */
  constructor(config, defaults, definition) {
    configure(this, config, { enableExemplars: false, ...defaults });
    refuseLimit(this);
    for (const register of this.registers) {
      if (this.enableExemplars && register.contentType === Registry.PROMETHEUS_CONTENT_TYPE) {
        throw new TypeError('Exemplars are supported only on OpenMetrics registries');
      }
      register._refuseTaken?.(this);
    }
    const home = this.registers.find((register) => register instanceof Registry);
    const made = Registry._make(home, {
      name: this.name,
      help: `${this.help}`,
      labelNames: [...this.labelNames],
      limit: this.limit ?? this.constructor._limit,
      ...definition(this),
    });
    const walkers = walkersOf(this.labelNames);
    hide(this, {
      // What each record reads comes first: it lies in the object itself.
      _word: made.word,
      _seen: words[made.word],
      _find: walkers.ofLabels,
      // Where the walks begin; of a metric without labels what its series is recorded by.
      _root: undefined,
      _findPlaces: walkers.ofPlaces,
      _table: undefined,
      _own: undefined,
      _names: [...this.labelNames],
      _name: this.name,
      _help: this.help,
      _native: made.metric,
      _home: made.listed ? home : undefined,
      _boundKept: 0,
      _originals: undefined,
      _isAliased: false,
      _trimAt: ORIGINALS,
    });
    for (const register of this.registers) register.registerMetric(this);
  }

  /** Forgets what was looked up, if something was removed since. */
  _look() {
    const word = words[this._word];
    if (word === this._seen) return;
    native.forget(this._native);
    this._root = undefined;
    this._boundKept = 0;
    this._seen = word;
  }

  /**
   * Where the series of these values, in the order of the names, is recorded: what the paths lead to. A number for metrics of one
   * cell, what `_placeOf` makes of it for others, or what `labels` gave.
   */
  _cell(values) {
    this._look();
    if (values.length === 0) {
      this._root ??= this._placeOf(native.hold(this._native, []));
      return this._root;
    }
    const keys = values.map(keyOf);
    const known = walk(this._root, keys);
    if (known !== undefined) return known;
    const cell = native.hold(this._native, keys.map(textOf));
    // The overflow series stands for label sets without number; they are not kept.
    if (cell < 0) return this._placeOf(-cell);
    this._remember(values);
    const place = this._placeOf(cell);
    this._root = extended(this._root, keys, place);
    return place;
  }

  _placeOf(cell) {
    return cell;
  }

  /** Keeps label values that are no texts as they came, for `get()`. */
  _remember(values) {
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i];
      if (typeof value === 'string' && value !== '') continue;
      this._isAliased = true;
      if (value === undefined) continue;
      this._originals ??= this._names.map(() => new Map());
      const known = this._originals[i];
      if (known.has(textOf(value))) continue;
      if (known.size >= this._trimAt) this._trim();
      known.set(textOf(value), value);
    }
  }

  /** Forgets the values of series that are gone. */
  _trim() {
    const { labels } = native.read(this._native);
    let kept = 0;
    this._originals.forEach((known, at) => {
      const live = new Set(Array.from(labels, (texts) => texts[at]));
      for (const text of known.keys()) if (!live.has(text)) known.delete(text);
      kept = Math.max(kept, known.size);
    });
    this._trimAt = Math.max(ORIGINALS, 2 * kept);
  }

  /** The cell of the series of an object of labels, once they are looked at. */
  _cellOf(labels) {
    refuseUnknown(this._names, labels);
    return this._cell(valuesOf(this._names, labels));
  }

  /**
   * The series of these label values, in the order of the names or as an object, to be kept. Of the series that were asked for first
   * the answer is kept, and is the same one the next time.
   */
  labels(v0, v1, v2, v3, v4) {
    if (words[this._word] === this._seen) {
      const known = this._findPlaces(this._root, arguments.length, v0, v1, v2, v3, v4);
      if (known !== undefined && known._isBound === true) return known;
    }
    return this._bound(...arguments);
  }

  _bound(...args) {
    const values = this._valuesOf(args);
    const place = this._cell(values);
    if (place._isBound === true) return place;
    const bound = new this.constructor._Bound(this, values, place);
    if (this._boundKept < BOUND && values.length > 0) {
      const keys = values.map(keyOf);
      // The overflow series is at the end of no path.
      if (walk(this._root, keys) !== undefined) {
        this._root = extended(this._root, keys, bound);
        this._boundKept += 1;
      }
    }
    return bound;
  }

  /** The values of what `labels` and `remove` are given. */
  _valuesOf(args) {
    if (typeof args[0] === 'object') {
      refuseUnknown(this._names, args[0]);
      return valuesOf(this._names, args[0]);
    }
    refuseCount(this._names, args);
    return args;
  }

  /** The labels of a series by the texts of their values. */
  _labelsOf(texts) {
    const labels = {};
    for (let i = 0; i < this._names.length; i += 1) {
      const text = texts[i];
      const original = this._originals?.[i].get(text);
      if (original !== undefined) labels[this._names[i]] = original;
      else if (text !== '') labels[this._names[i]] = text;
    }
    return labels;
  }

  /** What the engine has of the metric now: `each` is given labels and numbers of each series. */
  _read(each) {
    const { labels, values, stride, overflow } = native.read(this._native);
    const numbers = new Float64Array(values);
    // An array of this realm, which the addon's is not.
    return Array.from(labels, (texts, at) =>
      each(
        at === overflow ? { otel_metric_overflow: 'true' } : this._labelsOf(texts),
        numbers.subarray(at * stride, (at + 1) * stride),
        texts,
        at === overflow,
      ),
    );
  }

  /** Asks the user's function, and waits if it takes time. */
  async _collect() {
    const answer = this.collect?.();
    if (typeof answer?.then === 'function') await answer;
  }

  /** Whether the engine prints the metric as it is. */
  get _isPlain() {
    return !this.enableExemplars && this.get === Metric.prototype.get;
  }

  /** Removes the series of these label values. */
  remove(...args) {
    this._remove(this._valuesOf(args));
  }

  _remove(values) {
    this._exemplars?.delete(values.map(textOf));
    this._look();
    const removed = native.remove(this._native, values.map(textOf));
    // If nothing else was removed meanwhile, and every series is known by one set of values, which these are, the others stay
    // known. Else the word, which moved on, has everything looked up again.
    const isKnownAsIs =
      !this._isAliased && values.every((value) => typeof value === 'string' && value !== '');
    if (removed && isKnownAsIs && words[this._word] === (this._seen + 1) >>> 0) {
      this._root = values.length > 0 ? cut(this._root, values) : undefined;
      this._seen = words[this._word];
    }
  }

  /** Removes every series. A metric without labels begins again at zero. */
  reset() {
    this._clear();
    if (this._names.length === 0) this._cell([]);
  }

  _clear() {
    native.clear(this._native);
    this._look();
    this._originals = undefined;
  }

  /** Asks the user's function, and does not wait. That it fails later is nobody's to handle any more. */
  _collectNow() {
    const answer = this.collect?.();
    if (typeof answer?.then === 'function') answer.then(undefined, () => {});
  }

  async get() {
    await this._collect();
    return this._tell(this._values());
  }

  /** As `get`, at once: a function that takes time to collect is not waited for. */
  getSync() {
    this._collectNow();
    return this._tell(this._values());
  }

  _tell(values) {
    return { help: this.help, name: this.name, type: this.type, values, aggregator: this.aggregator };
  }
}

/** Values of a label that are kept as they came before it is looked which series are gone: as many as a family has before it overflows. */
const ORIGINALS = 10_000;

/** Series of a metric that are kept as `labels` gave them: those that a program asks for again and again. */
const BOUND = 1000;

/** The most series that a family can be given. */
const MOST = 0xffffffff;

function refuseLimit({ name, limit }) {
  if (limit === undefined || (Number.isInteger(limit) && limit >= 1 && limit <= MOST)) return;
  throw new TypeError(`limit of metric ${name} is a number of series from 1 to ${MOST}, not ${limit}`);
}

/** Gives an object properties that are not listed with its others. */
function hide(object, properties) {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(object, name, { value, writable: true, configurable: true });
  }
}

/** A series that is kept: what `labels(...)` gives. It may stand at the end of the series' path. */
class Bound {
  constructor(metric, values, place = metric._cell(values)) {
    this._metric = metric;
    this._values = values;
    this._word = metric._word;
    this._seen = metric._seen;
    this._place(place);
  }

  /** Takes the cells of what a path leads to. */
  _place(place) {
    this._cells = typeof place === 'number' ? arrayOf(place, 1) : place._cells;
    this._at = typeof place === 'number' ? placeOf(place, 1) : place._at;
  }

  /** Finds the series' cells again, or makes it again. */
  _bind() {
    this._place(this._metric._cell(this._values));
    this._seen = this._metric._seen;
  }
}

Bound.prototype._isBound = true;

module.exports = { Bound, Metric, hide };
