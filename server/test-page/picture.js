// Writes docs/page.png: the page in light and in dark, side by side, after a minute of traffic.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch, serve } from './browser.js';

const SECONDS = Number(process.env.PICTURE_SECONDS ?? 150);
const SIZE = { width: 1100, height: 1400 };
const target = process.argv[2] ?? fileURLToPath(new URL('../../docs/page.png', import.meta.url));

const server = await serve();
const browser = await launch();
try {
  const shots = [];
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: SIZE, colorScheme });
    await page.goto(server.url);
    shots.push(page);
  }
  await shots[0].waitForTimeout(SECONDS * 1000);
  const images = [];
  for (const page of shots) images.push((await page.screenshot()).toString('base64'));
  // Joined by the browser, so that nothing else is needed.
  const sheet = await browser.newPage({ viewport: { width: SIZE.width * 2, height: SIZE.height } });
  const tags = images.map((image) => `<img width="${SIZE.width}" src="data:image/png;base64,${image}">`);
  await sheet.setContent(`<body style="margin:0;display:flex">${tags.join('')}</body>`);
  writeFileSync(target, await sheet.screenshot());
  console.log(`written: ${target}`);
} finally {
  await browser.close();
  await server.stop();
}
