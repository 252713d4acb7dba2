// The list of families: the server wrote it for who has no JavaScript; here it is searched, sorted and kept up to date.

class Families {
  constructor(history) {
    this.history = history;
    this.rows = new Map();
    this.table = byId('families');
    this.body = this.table.tBodies[0];
    this.search = byId('search');
    // Without JavaScript the headers are words.
    this.table.querySelectorAll('thead th[data-key]').forEach((header) => {
      const { key, text } = header.dataset;
      const button = element('button', { type: 'button', 'data-key': key, ...(text === undefined ? {} : { 'data-text': '' }) });
      button.append(...header.childNodes);
      header.append(button);
    });
    this.sort = sortable(this.table, { key: 'series', down: true }, () => this.update());
    this.search.addEventListener('input', () => this.update());
    this.search.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      this.search.value = '';
      this.update();
    });
  }

  /** Every word has to be somewhere. */
  matches(family, words) {
    const text = `${family.name} ${family.help} ${family.kind} ${family.label ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  update() {
    const { latest } = this.history;
    if (!latest) return;
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = latest.families.filter((family) => this.matches(family, words));
    const rows = found.map((family) => ({ ...family, label: family.label ?? '', values: family.values ?? null }));
    const most = Math.max(1, ...latest.families.map(({ series }) => series));
    const names = new Set(latest.families.map(({ name }) => name));
    for (const name of this.rows.keys()) if (!names.has(name)) this.rows.delete(name);
    arrange(
      this.body,
      ordered(rows, this.sort).map((family) => this.row(family, most))
    );
    const left = latest.families_left_out;
    const all_ = `${whole.format(latest.families_total)} families, ${whole.format(latest.series)} series`;
    setText(byId('families-count'), words.length > 0 ? `${whole.format(found.length)} of ${all_}` : all_);
    setText(byId('families-more'), left > 0 ? `${whole.format(left)} families with fewer series are not listed.` : '');
    byId('families-none').hidden = found.length > 0;
  }

  row(family, most) {
    if (!this.rows.has(family.name)) this.rows.set(family.name, this.made(family));
    const row = this.rows.get(family.name);
    setText(row.kind, family.kind);
    setText(row.series, whole.format(family.series));
    setAttribute(row.bar, 'width', (100 * Math.sqrt(family.series / most)).toFixed(1));
    setText(row.label, family.label);
    setText(row.values, family.values === null ? '' : `${family.exact ? '' : 'about '}${family.exact ? whole.format(family.values) : short(family.values)}`);
    return row.node;
  }

  made(family) {
    const name = element('th', { scope: 'row' }, element('span', { class: 'name' }, family.name));
    name.append(element('span', { class: 'help' }, family.help));
    const [kind, series, label, values] = [element('td'), element('span'), element('code'), element('td', { class: 'n' })];
    const bar = document.createElementNS(SVG, 'rect');
    const svg = document.createElementNS(SVG, 'svg');
    for (const [key, value] of Object.entries({ class: 'bar', viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true' })) svg.setAttribute(key, value);
    bar.setAttribute('height', '4');
    svg.append(bar);
    const node = element('tr', {}, name, kind, element('td', { class: 'n' }, svg, series), element('td', {}, label), values);
    return { node, kind, series, label, values, bar };
  }
}
