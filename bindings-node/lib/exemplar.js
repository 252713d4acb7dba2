'use strict';

/** An exemplar as OpenMetrics has it. Kept by counters and histograms that were asked to, for whoever renders. */

/** OpenMetrics 1.0, "Exemplars": characters of names and values together. */
const LONGEST = 128;

class Exemplar {
  /** Series of a metric that have any: as many as a family has before it overflows. */
  static MOST = 10_000;

  constructor(labelSet = {}, value = null) {
    this.labelSet = labelSet;
    this.value = value;
  }

  /** Refuses labels that are too long. */
  validateExemplarLabelSet(labelSet) {
    let length = 0;
    for (const [name, value] of Object.entries(labelSet)) length += `${name}${value}`.length;
    if (length > LONGEST) throw new RangeError('Label set size must be smaller than 128 UTF-8 chars');
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
