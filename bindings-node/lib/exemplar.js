'use strict';

/** An exemplar as OpenMetrics has it. Kept by counters and histograms that were asked to, for whoever renders. */

/** OpenMetrics 1.0, "Exemplars": characters of names and values together. */
const LONGEST = 128;

function lengthOf(labels) {
  let length = 0;
  for (const [name, value] of Object.entries(labels)) length += `${name}${value}`.length;
  return length;
}

class Exemplar {
  /** Series of a metric that have any: as many as a family has before it overflows. */
  static MOST = 10_000;

  constructor(labelSet = {}, value = null) {
    this.labelSet = labelSet;
    this.value = value;
  }

  /** Those of a metric by their series, as both are shown where `clean` replaces secrets in texts. */
  static cleaned(all, clean) {
    const shown = new Map();
    for (const [series, kept] of all) {
      const place = clean(series.split('\0')).join('\0');
      if (Array.isArray(kept)) {
        const places = shown.get(place) ?? [];
        kept.forEach((exemplar, at) => (places[at] = exemplar.cleaned(clean)));
        shown.set(place, places);
      } else {
        shown.set(place, kept.cleaned(clean));
      }
    }
    return shown;
  }

  /** The same without secrets; without labels, if they are too long then. */
  cleaned(clean) {
    const names = Object.keys(this.labelSet);
    const texts = clean(names.map((name) => `${this.labelSet[name]}`));
    const labels = Object.fromEntries(names.map((name, at) => [name, texts[at]]));
    const exemplar = new Exemplar(lengthOf(labels) > LONGEST ? {} : labels, this.value);
    return Object.assign(exemplar, { timestamp: this.timestamp });
  }

  /** Refuses labels that are too long. */
  validateExemplarLabelSet(labelSet) {
    if (lengthOf(labelSet) > LONGEST)
      throw new RangeError('Label set size must be smaller than 128 UTF-8 chars');
  }

  /** Takes the place of what was kept before. */
  replace(labelSet, value) {
    this.validateExemplarLabelSet(labelSet);
    this.labelSet = labelSet;
    this.value = value;
    this.timestamp = Date.now() / 1000;
  }
}

module.exports = Exemplar;
