// Requests: the group that is looked at, its figures, its endpoints, and the heat map of one or all of them.

const FIGURES = [
  ['rate', 'Requests per second', (s) => short(s.rate)],
  ['errors', 'Errors', (s) => percent(s.errors)],
  ['p50', 'Median latency', (s) => duration(s.quantiles.p50)],
  ['p90', '90th percentile', (s) => duration(s.quantiles.p90)],
  ['p99', '99th percentile', (s) => duration(s.quantiles.p99)],
  ['p999', '99.9th percentile', (s) => duration(s.quantiles.p999)],
];
const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999 };
/** From here on a share of errors is shown in bold and in its colour. */
const MANY_ERRORS = 0.01;

/** One point of a figure's line: its value in one interval. */
function pointOf(key, interval) {
  if (!interval) return null;
  if (key === 'rate') return interval.requests / interval.seconds;
  if (key === 'errors') return interval.requests > 0 && interval.errors !== null ? interval.errors / interval.requests : null;
  const told = interval.quantiles?.find(([q]) => q === QUANTILES[key]);
  return told ? told[1] : quantile(interval.cells, QUANTILES[key]);
}

const line = (intervals, key) => intervals.filter(Boolean).map((interval) => [interval.at, pointOf(key, interval)]);

class Endpoints {
  constructor(history) {
    this.history = history;
    this.group = '';
    this.chosen = null;
    this.rows = new Map();
    this.table = byId('endpoints');
    this.body = this.table.tBodies[0];
    this.window = byId('window');
    this.heat = new Heat(byId('heat'), byId('legend'), byId('tip'), byId('readout'));
    this.figures = new Map(FIGURES.map(([key, label]) => [key, this.figure(key, label)]));
    this.sort = sortable(this.table, { key: 'rate', down: true }, () => this.update(true));
    this.stops = rove(this.body, 'button');
    this.window.addEventListener('change', () => this.update(true));
    byId('all').addEventListener('click', () => this.choose(null));
    byId('groups').addEventListener('change', (event) => this.look(event.target.value));
  }

  figure(key, label) {
    const value = element('dd', {}, '…');
    const svg = spark();
    byId('figures').append(element('div', { class: 'figure', 'data-figure': key }, element('dt', {}, label), value, svg));
    return { value, svg };
  }

  look(group) {
    this.group = group;
    this.rows.clear();
    this.body.replaceChildren();
    this.choose(null);
  }

  choose(endpoint) {
    this.chosen = this.chosen === endpoint ? null : endpoint;
    this.update(true);
  }

  update(asked = false) {
    const group = this.history.group(this.group);
    byId('requests').hidden = group === null;
    byId('no-requests').hidden = group !== null;
    if (group === null) return;
    if (this.chosen !== null && !group.endpoints.some(({ name }) => name === this.chosen)) this.chosen = null;
    this.groups(group);
    this.drawFigures(group);
    this.drawRows(group, asked);
    this.drawHeat(group);
  }

  /** The choice between groups, there only where there are several. */
  groups(current) {
    const select = byId('groups');
    const names = this.history.latest.requests.map(({ name }) => name);
    if (names.join() !== select.dataset.names) {
      select.dataset.names = names.join();
      select.replaceChildren(...names.map((name) => element('option', { value: name }, name.replaceAll('_', ' '))));
    }
    select.value = current.name;
    byId('group-choice').hidden = names.length < 2;
    setText(byId('endpoint-label'), current.label || 'endpoint');
  }

  seconds() {
    return Number(this.window.value);
  }

  drawFigures(group) {
    const intervals = this.history.intervals(group.name, this.chosen);
    const now = summary(intervals, this.seconds());
    for (const [key, , text] of FIGURES) {
      const { value, svg } = this.figures.get(key);
      setText(value, now ? text(now) : '…');
      if (key === 'errors') value.classList.toggle('bad', (now?.errors ?? 0) >= MANY_ERRORS);
      drawSpark(svg, line(intervals, key), this.history);
    }
    setText(byId('figures-of'), this.chosen === null ? 'All endpoints' : this.chosen);
    byId('all').hidden = this.chosen === null;
  }

  drawHeat(group) {
    const { heat } = this;
    const told = group.total.latency;
    heat.empty = told === null ? 'No family tells of latencies' : told.quantiles ? 'A summary has no cells to draw' : undefined;
    const name = this.chosen === null ? 'all endpoints' : this.chosen;
    setAttribute(heat.canvas, 'aria-label', `Latencies of ${name} over the last five minutes. Arrow keys read it.`);
    heat.show(this.history.intervals(group.name, this.chosen), this.history.latest.at_ms, this.history.span());
  }

  drawRows(group, asked) {
    const shown = group.endpoints.map((endpoint) => this.row(group, endpoint));
    const names = new Set(shown.map(({ name }) => name));
    for (const name of this.rows.keys()) if (!names.has(name)) this.rows.delete(name);
    // The order holds still while somebody is at it, unless it was asked for.
    const busy = this.table.matches(':hover') || this.body.contains(document.activeElement);
    const nodes = ordered(shown, this.sort).map(({ node }) => node);
    const same = this.body.children.length === nodes.length && nodes.every((node) => node.parentNode === this.body);
    if (asked || !busy || !same) {
      const focus = this.body.contains(document.activeElement) ? document.activeElement : null;
      arrange(this.body, nodes);
      focus?.focus({ preventScroll: true });
    }
    this.stops();
    const left = group.endpoints_left_out;
    setText(byId('endpoints-more'), left > 0 ? `${whole.format(left)} more with fewer requests are in the total only.` : '');
  }

  row(group, endpoint) {
    const { name } = endpoint;
    if (!this.rows.has(name)) this.rows.set(name, this.made(name));
    const row = this.rows.get(name);
    const intervals = this.history.intervals(group.name, name);
    const now = summary(intervals, this.seconds());
    const values = { rate: now?.rate ?? null, errors: now?.errors ?? null, ...(now?.quantiles ?? { p50: null, p90: null, p99: null, p999: null }), total: endpoint.requests };
    const texts = [short(values.rate), percent(values.errors), ...['p50', 'p90', 'p99', 'p999'].map((key) => duration(values[key])), short(values.total)];
    texts.forEach((text, i) => setText(row.cells[i], text));
    row.cells[1].classList.toggle('bad', (values.errors ?? 0) >= MANY_ERRORS);
    setAttribute(row.button, 'aria-pressed', String(this.chosen === name));
    drawSpark(row.svg, line(intervals, 'rate'), this.history);
    return { name, node: row.node, ...values };
  }

  made(name) {
    const button = element('button', { type: 'button', tabindex: '-1', 'aria-pressed': 'false', title: name }, name || '(empty)');
    button.addEventListener('click', () => this.choose(name));
    const cells = Array.from({ length: 7 }, () => element('td', { class: 'n' }));
    const svg = spark();
    const node = element('tr', {}, element('th', { scope: 'row' }, button), ...cells, element('td', { class: 'trend' }, svg));
    return { button, cells, svg, node };
  }
}
