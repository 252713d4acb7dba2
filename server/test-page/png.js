// A picture with few colours as a small PNG: one byte for each pixel, and a table of 256 colours.

import { crc32, deflateSync } from 'node:zlib';

const COLOURS = 256;

/** The most frequent colours, each the mean of those that are the same in their upper bits. */
function palette(rgba) {
  const bins = new Map();
  for (let i = 0; i < rgba.length; i += 4) {
    const key = ((rgba[i] >> 2) << 12) | ((rgba[i + 1] >> 2) << 6) | (rgba[i + 2] >> 2);
    const bin = bins.get(key) ?? [0, 0, 0, 0];
    bin[0] += 1;
    for (let c = 0; c < 3; c += 1) bin[c + 1] += rgba[i + c];
    bins.set(key, bin);
  }
  const most = [...bins.values()].sort((a, b) => b[0] - a[0]).slice(0, COLOURS);
  return most.map(([count, ...sums]) => sums.map((sum) => Math.round(sum / count)));
}

function nearest(colours, r, g, b) {
  let [best, least] = [0, Infinity];
  colours.forEach(([x, y, z], i) => {
    const distance = (x - r) ** 2 + (y - g) ** 2 + (z - b) ** 2;
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The bytes of a PNG. */
export function png(width, height, rgba) {
  const colours = palette(rgba);
  const known = new Map();
  const rows = Buffer.alloc((width + 1) * height);
  for (let i = 0; i < width * height; i += 1) {
    const [r, g, b] = rgba.subarray(i * 4, i * 4 + 3);
    const key = (r << 16) | (g << 8) | b;
    if (!known.has(key)) known.set(key, nearest(colours, r, g, b));
    // Each row begins with the number of its filter, which is none.
    rows[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = known.get(key);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits, of a table.
  header.set([8, 3, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [chunk('IHDR', header), chunk('PLTE', Buffer.from(colours.flat())), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}
