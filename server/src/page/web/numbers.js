// Counters and gauges as sparklines: a counter as its rate, a gauge as it is.

/** Moments do not make a line. */
const MOMENT = /(start_time|timestamp)_seconds$/;

/** What is drawn before somebody asks for all. */
const FEW = 18;

class Numbers {
  constructor(history) {
    this.history = history;
    this.cards = new Map();
    this.list = byId('numbers');
    this.open = false;
    byId('more-numbers').addEventListener('click', () => {
      this.open = !this.open;
      this.update();
    });
  }

  update() {
    const { latest } = this.history;
    // Those that are drawn as requests come last.
    const requests = new Set(latest.requests.flatMap(({ families }) => families));
    const numbers = latest.numbers.filter(({ name }) => !MOMENT.test(name));
    const [above, rest] = [(n) => requests.has(n.name), (n) => !requests.has(n.name)].map((part) => numbers.filter(part));
    const all_ = [...rest, ...above];
    const shown = this.open ? all_ : all_.slice(0, FEW);
    byId('more-numbers').hidden = all_.length <= FEW;
    setText(byId('more-numbers'), this.open ? 'Show fewer' : `Show all ${all_.length}`);
    setAttribute(byId('more-numbers'), 'aria-expanded', String(this.open));
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
    const { name, kind, value, series, by } = number_;
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
    const of = series === 1 ? '' : `${by === 'max' ? 'largest of' : 'sum of'} ${whole.format(series)}`;
    setText(card.note, counter ? `${byName(name, value ?? NaN)} in all` : of || kind);
    drawSpark(card.svg, points, this.history, counter);
    return card.node;
  }

  made(name) {
    const [value, note, svg] = [element('span', { class: 'value' }, '…'), element('span', { class: 'note' }), spark()];
    const node = element('li', { class: 'card' }, element('span', { class: 'name', title: name }, name), value, svg, note);
    return { value, note, svg, node };
  }
}
