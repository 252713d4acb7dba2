// Counters and gauges as sparklines: a counter as its rate, a gauge as it is.

/** Moments do not make a line. */
const MOMENT = /(start_time|timestamp)_seconds$/;

class Numbers {
  constructor(history) {
    this.history = history;
    this.cards = new Map();
    this.list = byId('numbers');
  }

  update() {
    const { latest } = this.history;
    const shown = latest.numbers.filter(({ name }) => !MOMENT.test(name));
    byId('numbers-panel').hidden = shown.length === 0;
    const names = new Set(shown.map(({ name }) => name));
    for (const name of this.cards.keys()) if (!names.has(name)) this.cards.delete(name);
    arrange(
      this.list,
      shown.map((number_) => this.card(number_))
    );
    const left = latest.numbers_left_out;
    setText(byId('numbers-more'), left > 0 ? `${whole.format(left)} more are in the list of families only.` : '');
  }

  card(number_) {
    const { name, kind, value, series } = number_;
    if (!this.cards.has(name)) this.cards.set(name, this.made(name));
    const card = this.cards.get(name);
    const counter = kind === 'counter';
    const points = this.history.frames
      .filter((frame) => frame.numbers.has(name))
      .map((frame) => [frame.at, counter ? frame.numbers.get(name) / frame.seconds : frame.numbers.get(name)]);
    const rate = points.at(-1)?.[1] ?? null;
    // Seconds per second are a share: of a processor, of a worker.
    const perSecond = /_seconds_total$/.test(name) ? percent(rate) : `${byName(name, rate ?? NaN)}/s`;
    setText(card.value, counter ? (rate === null ? '…' : perSecond) : byName(name, value ?? NaN));
    const of = series === 1 ? '' : `${whole.format(series)} series, `;
    setText(card.note, counter ? `${of}${byName(name, value ?? NaN)} in all` : `${of}${series === 1 ? '' : 'sum, '}${kind}`);
    drawSpark(card.svg, points, this.history.latest.at_ms, counter);
    return card.node;
  }

  made(name) {
    const [value, note, svg] = [element('span', { class: 'value' }, '…'), element('span', { class: 'note' }), spark()];
    const node = element('li', { class: 'card' }, element('span', { class: 'name', title: name }, name), value, svg, note);
    return { value, note, svg, node };
  }
}
