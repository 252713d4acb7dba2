// The heat map: time to the right, latency upwards by powers of two, colour by how many requests per second.

const VIRIDIS = ['440154', '482878', '3e4989', '31688e', '26828e', '1f9e89', '35b779', '6ece58', 'b5de2b', 'fde725'];
const SHADES = 64;
const MARGIN = { left: 58, right: 10, top: 8, bottom: 24 };
const ROW_PX = 3;
/** Pixels that a label of the time axis needs. */
const LABEL_PX = 62;
const HINT = 'Point at a cell to read it, or focus the map and use the arrow keys.';
const MARKS = [1, 2, 5];

/** Viridis, which reads without colour vision too: few is near the background, many stands out. */
function shades(dark) {
  const stops = VIRIDIS.map((hex) => [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)));
  const of = (share) => {
    const at = share * (stops.length - 1);
    const [from, to] = [stops[Math.floor(at)], stops[Math.min(Math.floor(at) + 1, stops.length - 1)]];
    return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * (at % 1))).join(' ')})`;
  };
  const all_ = Array.from({ length: SHADES }, (_, i) => of(i / (SHADES - 1)));
  return dark ? all_ : all_.reverse();
}


function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

/** Makes a canvas as fine as the screen is, and gives its context in CSS pixels. */
function prepared(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

class Heat {
  constructor(canvas, legend, tip, readout) {
    Object.assign(this, { canvas, legend, tip, readout, cursor: null, columns: [], hover: false });
    canvas.addEventListener('pointermove', (event) => this.point(event));
    canvas.addEventListener('pointerleave', () => this.leave());
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('blur', () => this.leave());
    setText(readout, HINT);
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  show(intervals, end, span) {
    const known = intervals.filter((interval) => interval?.cells);
    const held = this.cursor && this.columns[this.cursor.column]?.at;
    Object.assign(this, { columns: known, end, span });
    this.rows = this.rowsOf(known);
    if (held) this.follow(held);
    this.redraw();
  }

  /** The cursor stays at its moment while time passes under it. */
  follow(moment) {
    const column = this.columns.findIndex((interval) => interval.at === moment);
    this.cursor = column < 0 ? null : { ...this.cursor, column };
  }

  /** As many cells per octave as there is room for, and those between the smallest and the largest that is in use. */
  rowsOf(columns) {
    const room = Math.max(8, Math.floor((this.canvas.clientHeight - MARGIN.top - MARGIN.bottom) / ROW_PX));
    let per = Math.min(16, ...columns.map(({ cells }) => cells.per));
    for (;;) {
      let [low, high] = [Infinity, -Infinity];
      for (const { cells } of columns) {
        const { first, counts } = coarser(cells, per);
        counts.forEach((count, i) => {
          if (count > 0) [low, high] = [Math.min(low, first + i), Math.max(high, first + i)];
        });
      }
      if (low > high) return null;
      if (high - low < room || per === 1) return { per, low: low - 1, high: high + 1 };
      per /= 2;
    }
  }

  redraw() {
    const { context, width, height } = prepared(this.canvas);
    const style = getComputedStyle(this.canvas);
    this.plot = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
    context.font = `12px ${style.fontFamily}`;
    context.fillStyle = style.color;
    if (!this.rows) {
      context.textAlign = 'center';
      context.fillText(this.empty ?? 'No latencies in the last minutes', width / 2, height / 2);
      return;
    }
    this.axes(context, style);
    this.cells(context);
    this.lines(context, style);
    this.mark(context, style);
  }

  x(at) {
    return MARGIN.left + this.plot.width * (1 - (this.end - at) / this.span);
  }

  /** The lower edge of a row, in pixels from the top. */
  y(row) {
    const { low, high } = this.rows;
    return MARGIN.top + this.plot.height * (1 - (row - low) / (high - low + 1));
  }

  /** Where a latency is, in pixels. */
  height(seconds) {
    const octave = Math.floor(Math.log2(seconds));
    return this.y((octave + seconds / 2 ** octave - 1) * this.rows.per);
  }

  axes(context, style) {
    const [low, high] = [edge(this.rows.low - 1, this.rows.per), edge(this.rows.high, this.rows.per)];
    const decades = Math.log10(high / low);
    context.strokeStyle = style.borderTopColor;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      for (const mark of decades < 2.2 ? MARKS : [1]) {
        const value = mark * 10 ** power;
        if (value < low || value > high) continue;
        const y = Math.round(this.height(value)) + 0.5;
        context.fillText(duration(value), MARGIN.left - 8, y);
        this.rule(context, MARGIN.left, y, MARGIN.left + this.plot.width, y);
      }
    }
    context.textBaseline = 'alphabetic';
    // Minutes, or parts of the first two.
    const steps = this.span > 120_000 ? this.span / 60_000 : 4;
    for (let step = 0; step <= steps; step += 1) {
      const ago = (this.span * step) / steps;
      const x = Math.round(this.x(this.end - ago)) + 0.5;
      context.textAlign = step === 0 ? 'right' : step === steps ? 'left' : 'center';
      const every = Math.ceil((LABEL_PX * steps) / this.plot.width);
      if (step % every !== 0) continue;
      const text = ago % 60_000 === 0 ? `−${ago / 60_000}\u202fmin` : `−${ago / 1000}\u202fs`;
      context.fillText(step === 0 ? 'now' : text, x, MARGIN.top + this.plot.height + 17);
      this.rule(context, x, MARGIN.top, x, MARGIN.top + this.plot.height + 4);
    }
  }

  rule(context, x1, y1, x2, y2) {
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }

  cells(context) {
    const palette = shades(isDark());
    const rate = (count, column) => count / column.seconds;
    const shown = this.columns.map((column) => ({ column, ...coarser(column.cells, this.rows.per) }));
    const most = Math.max(...shown.flatMap(({ column, counts }) => counts.map((count) => rate(count, column))));
    const least = Math.min(...shown.flatMap(({ column, counts }) => counts.filter((n) => n > 0).map((n) => rate(n, column))));
    const span = Math.log(most / least) || 1;
    for (const { column, first, counts } of shown) {
      const left = Math.max(MARGIN.left, this.x(column.at - column.seconds * 1000));
      const wide = Math.max(1, this.x(column.at) - left + 0.4);
      counts.forEach((count, i) => {
        if (count <= 0) return;
        const share = most === least ? 1 : Math.log(rate(count, column) / least) / span;
        context.fillStyle = palette[Math.round(share * (SHADES - 1))];
        const top = this.y(first + i + 1);
        context.fillRect(left, top, wide, this.y(first + i) - top + 0.4);
      });
    }
    this.legendOf(palette, least, most);
  }

  /** What the colours mean. */
  legendOf(palette, least, most) {
    const { context, width, height } = prepared(this.legend);
    palette.forEach((shade, i) => {
      context.fillStyle = shade;
      context.fillRect((width * i) / SHADES, 0, width / SHADES + 0.5, height);
    });
    setText(byId('legend-low'), `${short(least)}/s`);
    setText(byId('legend-high'), `${short(most)}/s`);
  }

  /** The median and the 99th percentile of each interval, over the cells. */
  lines(context, style) {
    for (const [q, dash] of [
      [0.5, []],
      [0.99, [5, 4]],
    ]) {
      const draw = (color, width) => {
        context.strokeStyle = color;
        context.lineWidth = width;
        context.setLineDash(dash);
        context.beginPath();
        let last = null;
        for (const column of this.columns) {
          const value = quantile(column.cells, q);
          if (value === null) continue;
          const point = [this.x(column.at - column.seconds * 500), this.height(value)];
          if (last !== null && column.at - last < GAP_MS) context.lineTo(...point);
          else context.moveTo(...point);
          last = column.at;
        }
        context.stroke();
      };
      // A halo, so that it is seen on every colour.
      draw(style.backgroundColor, 3.5);
      draw(style.columnRuleColor, 1.5);
    }
    context.setLineDash([]);
    context.lineWidth = 1;
  }

  mark(context, style) {
    const found = this.cursor && this.columns[this.cursor.column];
    if (!found) return;
    const [left, right] = [this.x(found.at - found.seconds * 1000), this.x(found.at)];
    const [top, bottom] = [this.y(this.cursor.row + 1), this.y(this.cursor.row)];
    for (const [color, out] of [
      [style.backgroundColor, 2],
      [style.columnRuleColor, 1],
    ]) {
      context.strokeStyle = color;
      context.strokeRect(left - out, top - out, right - left + 2 * out, bottom - top + 2 * out);
    }
  }

  point(event) {
    if (!this.rows || this.columns.length === 0) return;
    const moment = this.end - this.span * (1 - (event.offsetX - MARGIN.left) / this.plot.width);
    const column = this.columns.findIndex((one) => moment <= one.at && moment >= one.at - one.seconds * 1000);
    const { low, high } = this.rows;
    const row = Math.floor(low + (high - low + 1) * (1 - (event.offsetY - MARGIN.top) / this.plot.height));
    if (column < 0 || row < low || row > high) {
      this.leave();
      return;
    }
    this.hover = true;
    this.cursor = { column, row };
    this.redraw();
    this.tip.textContent = this.words();
    this.tip.hidden = false;
    const { offsetWidth: wide, offsetHeight: tall } = this.tip;
    const left = Math.min(event.offsetX + 14, this.canvas.clientWidth - wide - 4);
    this.tip.style.left = `${Math.max(4, left)}px`;
    this.tip.style.top = `${event.offsetY > tall + 20 ? event.offsetY - tall - 12 : event.offsetY + 18}px`;
  }

  leave() {
    this.hover = false;
    this.cursor = null;
    this.tip.hidden = true;
    this.redraw();
  }

  key(event) {
    if (!this.rows || this.columns.length === 0) return;
    const { low, high } = this.rows;
    const start = { column: this.columns.length - 1, row: this.busiest(this.columns.length - 1) };
    const { column, row } = this.cursor ?? start;
    const moves = {
      ArrowLeft: [column - 1, row],
      ArrowRight: [column + 1, row],
      ArrowUp: [column, row + 1],
      ArrowDown: [column, row - 1],
      Home: [0, row],
      End: [this.columns.length - 1, row],
    };
    if (event.key === 'Escape') {
      this.leave();
      setText(this.readout, HINT);
      return;
    }
    if (!moves[event.key]) return;
    event.preventDefault();
    const [to, up] = this.cursor ? moves[event.key] : [start.column, start.row];
    this.cursor = { column: Math.min(Math.max(to, 0), this.columns.length - 1), row: Math.min(Math.max(up, low), high) };
    this.redraw();
    setText(this.readout, this.words());
  }

  busiest(column) {
    const { first, counts } = coarser(this.columns[column].cells, this.rows.per);
    return first + counts.indexOf(Math.max(...counts));
  }

  /** What is at the cursor. */
  words() {
    const column = this.columns[this.cursor.column];
    const { first, counts } = coarser(column.cells, this.rows.per);
    const count = counts[this.cursor.row - first] ?? 0;
    const from = duration(edge(this.cursor.row - 1, this.rows.per));
    const to = duration(edge(this.cursor.row, this.rows.per));
    const [p50, p99] = [quantile(column.cells, 0.5), quantile(column.cells, 0.99)].map(duration);
    const requests = count === 1 ? 'request' : 'requests';
    return `${clock.format(column.at)} · ${from} to ${to}: ${whole.format(count)} ${requests} in ${three(column.seconds)}\u202fs · p50 ${p50}, p99 ${p99}`;
  }
}
