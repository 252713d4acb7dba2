// Numbers as people read them.

const number = (digits) => new Intl.NumberFormat('en', { maximumFractionDigits: digits });
const whole = number(0);
const SI = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Three digits: 0.123, 1.23, 12.3, 123. */
function three(value) {
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  return number(digits).format(value);
}

/** 1234567 as 1.23 M. */
function short(value) {
  if (value === null || !Number.isFinite(value)) return '–';
  const found = SI.find(([from]) => Math.abs(value) >= from * 0.9995);
  if (found) return `${three(value / found[0])}\u202f${found[1]}`;
  return value !== 0 && Math.abs(value) < 5e-4 ? value.toExponential(1) : three(value);
}

function bytes(value) {
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${three(value)}\u202f${BINARY[unit]}`;
}

/** A duration in seconds. */
function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return '–';
  const size = Math.abs(seconds);
  if (size === 0) return '0\u202fs';
  if (size < 0.9995e-3) return `${three(seconds * 1e6)}\u202fµs`;
  if (size < 0.9995) return `${three(seconds * 1e3)}\u202fms`;
  if (size < 120) return `${three(seconds)}\u202fs`;
  return long(seconds);
}

/** Minutes and more: 3 d 4 h. */
function long(seconds) {
  const parts = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const at = parts.findIndex(([size]) => seconds >= size);
  if (at < 0) return '0\u202fs';
  const text = ([size, unit], rest) => `${Math.floor(rest / size)}\u202f${unit}`;
  const first = text(parts[at], seconds);
  const rest = seconds % parts[at][0];
  return at + 1 < parts.length && rest >= parts[at + 1][0] ? `${first} ${text(parts[at + 1], rest)}` : first;
}

function percent(share) {
  if (share === null || !Number.isFinite(share)) return '–';
  if (share > 0 && share < 0.0001) return '<0.01%';
  return `${number(share < 0.1 ? 2 : 1).format(share * 100)}%`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** A value of a family, by the unit that ends its name. */
function byName(name, value) {
  const base = name.replace(/_total$/, '');
  if (base.endsWith('_bytes')) return bytes(value);
  if (base.endsWith('_seconds')) return duration(value);
  if (base.endsWith('_ratio')) return percent(value);
  return short(value);
}
