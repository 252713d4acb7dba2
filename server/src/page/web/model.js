// What came between two overviews, the last five minutes of it, and what can be said of them.

const KEPT_MS = 300_000;
const KEPT_FRAMES = 160;
const SPANS_MS = [60_000, 120_000, 180_000, KEPT_MS];
const GAP_MS = 15_000;
// Longer than the server, or a proxy that is told not to, gives an answer again.
const CACHED_MS = 10_000;

/** Counts with fewer cells per octave. */
function coarser(cells, per) {
  if (!cells || cells.per === per) return cells;
  const by = cells.per / per;
  const first = Math.floor(cells.first / by);
  const counts = [];
  cells.counts.forEach((count, i) => {
    const at = Math.floor((cells.first + i) / by) - first;
    counts[at] = (counts[at] ?? 0) + count;
  });
  return { per, first, counts };
}

/** `a` and `b` together, or `a` without `b`, cell by cell. */
function combine(a, b, sign) {
  if (!b || b.counts.length === 0) return a;
  if (!a || a.counts.length === 0) return sign > 0 ? b : { ...b, counts: b.counts.map((count) => -count) };
  const per = Math.min(a.per, b.per);
  const [x, y] = [coarser(a, per), coarser(b, per)];
  const first = Math.min(x.first, y.first);
  const last = Math.max(x.first + x.counts.length, y.first + y.counts.length);
  const counts = new Array(last - first).fill(0);
  x.counts.forEach((count, i) => (counts[x.first - first + i] += count));
  y.counts.forEach((count, i) => (counts[y.first - first + i] += sign * count));
  return { per, first, counts };
}

/** The upper end of a cell in seconds. */
function edge(cell, per) {
  const octave = Math.floor(cell / per);
  return 2 ** octave * (1 + (cell - octave * per + 1) / per);
}

/** The value that a share `q` is at or below: linear within its cell. Null if there is nothing. */
function quantile(cells, q) {
  const count = cells ? cells.counts.reduce((sum, n) => sum + n, 0) : 0;
  if (count === 0) return null;
  const rank = Math.max(1, q * count);
  let below = 0;
  for (let i = 0; i < cells.counts.length; i += 1) {
    const n = cells.counts[i];
    if (n > 0 && below + n >= rank) {
      const lower = edge(cells.first + i - 1, cells.per);
      return lower + (edge(cells.first + i, cells.per) - lower) * ((rank - below) / n);
    }
    below += n;
  }
  return edge(cells.first + cells.counts.length - 1, cells.per);
}

function cellsOf(row) {
  const latency = row.latency;
  return latency?.counts ? { per: latency.per_octave, first: latency.first, counts: latency.counts } : null;
}

/** What came since `before`; all of `now` if it began again in between. */
function since(now, before) {
  const requests = now.requests - before.requests;
  const cells = combine(cellsOf(now), cellsOf(before), -1);
  const again = requests < 0 || cells?.counts.some((count) => count < 0);
  if (again) return all(now);
  const errors = now.errors === null || before.errors === null ? null : Math.max(0, now.errors - before.errors);
  return { requests, errors, cells, quantiles: now.latency?.quantiles ?? null };
}

function all(now) {
  return { requests: now.requests, errors: now.errors, cells: cellsOf(now), quantiles: now.latency?.quantiles ?? null };
}

const byKey = (rows) => new Map(rows.map((row) => [row.name, row]));

/** One interval: of every group the total and its endpoints, and the plain numbers. */
function frameOf(now, before) {
  const groups = new Map();
  const earlier = byKey(before.requests);
  for (const group of now.requests) {
    const then = earlier.get(group.name);
    if (!then) continue;
    const rows = new Map();
    const known = byKey(then.endpoints);
    for (const row of group.endpoints) {
      const old = known.get(row.name);
      if (old) rows.set(row.name, since(row, old));
      // Where all were listed, one that was not there is new; otherwise it was there and not among those listed.
      else if (then.endpoints_left_out === 0) rows.set(row.name, all(row));
    }
    groups.set(group.name, { total: since(group.total, then.total), rows });
  }
  const numbers = new Map();
  const old = byKey(before.numbers);
  for (const now_ of now.numbers) {
    const then = old.get(now_.name);
    const grown = then && now_.value >= then.value ? now_.value - then.value : now_.value;
    numbers.set(now_.name, now_.kind === 'counter' ? grown : now_.value);
  }
  const seconds = Math.max(0.001, (now.at_ms - before.at_ms) / 1000);
  return { at: now.at_ms, seconds, groups, numbers };
}

/** The last minutes, frame by frame. */
class History {
  constructor() {
    this.latest = null;
    this.frames = [];
  }

  add(overview) {
    const before = this.latest;
    // An answer from a cache is no interval. A clock that was set back further than one is kept begins anew.
    if (before && overview.at_ms <= before.at_ms && overview.at_ms > before.at_ms - CACHED_MS) return;
    this.latest = overview;
    if (before && overview.at_ms > before.at_ms) this.frames.push(frameOf(overview, before));
    else this.frames = [];
    const oldest = overview.at_ms - KEPT_MS;
    while (this.frames.length > KEPT_FRAMES || this.frames[0]?.at < oldest) this.frames.shift();
  }

  /** How far back is drawn: from one minute to five, as there is more to see. */
  span() {
    const first = this.frames[0];
    const age = first ? this.latest.at_ms - first.at + first.seconds * 1000 : 0;
    return SPANS_MS.find((span) => age <= span) ?? KEPT_MS;
  }

  group(name) {
    const groups = this.latest?.requests ?? [];
    return groups.find((group) => group.name === name) ?? groups[0] ?? null;
  }

  /** The intervals of one endpoint, of all for null: null where it was not known. */
  intervals(group, endpoint) {
    return this.frames.map((frame) => {
      const found = frame.groups.get(group);
      const row = endpoint === null ? found?.total : found?.rows.get(endpoint);
      return row ? { at: frame.at, seconds: frame.seconds, ...row } : null;
    });
  }
}

/** What intervals come to that are not older than so many seconds. */
function summary(intervals, seconds) {
  const known = intervals.filter((interval) => interval !== null);
  const end = known.at(-1)?.at ?? 0;
  // An interval counts if it lies within; the last one always does.
  const recent = known.filter((one, i) => i === known.length - 1 || one.at - one.seconds * 1000 >= end - seconds * 1000 - 500);
  if (recent.length === 0) return null;
  const sum = (pick) => recent.reduce((total, interval) => total + pick(interval), 0);
  const [time, requests] = [sum((i) => i.seconds), sum((i) => i.requests)];
  const errors = recent.some((i) => i.errors === null) ? null : sum((i) => i.errors);
  const cells = recent.reduce((all_, interval) => combine(all_, interval.cells, 1), null);
  const told = recent.at(-1).quantiles;
  const at = (q) => (told ? (told.find(([p]) => p === q)?.[1] ?? null) : quantile(cells, q));
  return {
    rate: requests / time,
    errors: errors === null ? null : requests > 0 ? Math.min(1, errors / requests) : 0,
    quantiles: { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999) },
  };
}
