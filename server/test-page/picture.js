// Writes docs/page.png: the page in light and in dark, side by side, after a minute of traffic.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch, serve } from './browser.js';
import { png } from './png.js';

const SECONDS = Number(process.env.PICTURE_SECONDS ?? 150);
const SIZE = { width: 1100, height: 1180 };
const MOST = 300_000;
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
  const sheet = await browser.newPage();
  const pixels = await sheet.evaluate(async ([images, { width, height }]) => {
    const canvas = new OffscreenCanvas(width * images.length, height);
    const context = canvas.getContext('2d');
    for (const [i, image] of images.entries()) {
      const bytes = Uint8Array.from(atob(image), (c) => c.charCodeAt(0));
      context.drawImage(await createImageBitmap(new Blob([bytes])), width * i, 0);
    }
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let text = '';
    for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
    return btoa(text);
  }, [images, SIZE]);
  const bytes = png(SIZE.width * images.length, SIZE.height, Buffer.from(pixels, 'base64'));
  if (bytes.length > MOST) throw new Error(`the picture has ${bytes.length} bytes, and at most ${MOST} are kept in the tree`);
  writeFileSync(target, bytes);
  console.log(`written: ${target}`);
} finally {
  await browser.close();
  await server.stop();
}
