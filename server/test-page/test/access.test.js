// The page for everybody: keyboard, contrast, small screens, light and dark.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, serve } from '../browser.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;
let server;

before(async () => {
  server = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(options, body) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  try {
    const page = await context.newPage();
    await page.goto(server.url);
    if (options.javaScriptEnabled !== false) await page.waitForFunction(() => /\d/.test(document.querySelector('[data-figure=rate] dd')?.textContent ?? ''));
    await body(page);
  } finally {
    await context.close();
  }
}

const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const focused = (page) => page.evaluate(() => {
  const { id, tagName, className, textContent } = document.activeElement;
  return { id, tag: tagName, className, text: textContent };
});

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing against it in ${colorScheme}`, async () => {
    await open({ colorScheme, bypassCSP: true }, async (page) => {
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`);
      assert.deepEqual(found, []);
      assert.ok(passes.some(({ id }) => id === 'color-contrast'), 'contrast was looked at');
    });
  });
}

test('axe finds nothing against the index', async () => {
  // The document as it is without its script: axe itself needs one.
  const context = await browser.newContext({ bypassCSP: true });
  try {
    const page = await context.newPage();
    await page.route('**/*', async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace(/<script>[\s\S]*<\/script>/, '');
      await route.fulfill({ response: answer, body: text });
    });
    await page.goto(server.url);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id }) => id), []);
  } finally {
    await context.close();
  }
});

test('it follows the system in light and dark, and keeps what was chosen', async () => {
  await open({ colorScheme: 'dark' }, async (page) => {
    const dark = await ground(page);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground(page);
    assert.notEqual(dark, light);
    await page.locator('#theme').click();
    await page.locator('#theme').click();
    assert.equal(await page.locator('#theme').textContent(), 'Theme: dark');
    assert.equal(await ground(page), dark);
    await page.reload();
    assert.equal(await ground(page), dark, 'it is kept');
    await page.locator('#theme').click();
    assert.equal(await ground(page), light, 'and given back to the system');
  });
});

test('all of it is reached by keyboard, and the focus is seen', async () => {
  await open({}, async (page) => {
    const stops = [];
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press('Tab');
      const at = await focused(page);
      if (at.tag === 'BODY') break;
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, 'none', `${JSON.stringify(at)} shows its focus`);
      const row = await page.evaluate(() => document.activeElement.closest('#endpoints tbody') !== null);
      stops.push(row ? 'row' : at.id || at.text);
    }
    const order = ['pause', 'theme', 'groups', 'window', 'heat', 'endpoint-label', 'search'].map((id) => stops.indexOf(id));
    assert.ok(order.every((at) => at >= 0), stops.join());
    assert.deepEqual(order, [...order].sort((a, b) => a - b), 'in the order of the page');
    const rows = stops.filter((text) => text === 'row');
    assert.equal(rows.length, 1, 'the rows of a table are one stop');
  });
});

test('arrow keys go through the endpoints, and enter chooses one', async () => {
  await open({}, async (page) => {
    await page.locator('#endpoints tbody button').first().focus();
    const first = (await focused(page)).text;
    await page.keyboard.press('ArrowDown');
    const second = (await focused(page)).text;
    assert.notEqual(first, second);
    await page.waitForTimeout(2500);
    assert.equal((await focused(page)).text, second, 'an update takes no focus away');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('#figures-of').textContent(), second);
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowUp');
    assert.equal((await focused(page)).className, '', 'it stays in the table');
  });
});

test('the heat map is read by arrow keys', async () => {
  await open({}, async (page) => {
    await page.locator('#heat').focus();
    await page.keyboard.press('ArrowLeft');
    const words = () => page.locator('#readout').textContent();
    const start = await words();
    assert.match(start, /^\d\d:\d\d:\d\d · .+ to .+: [1-9]\d* requests? in .+ · p50 .+, p99 .+/);
    await page.keyboard.press('ArrowUp');
    assert.notEqual(await words(), start);
    await page.keyboard.press('Escape');
    assert.match(await words(), /arrow keys/);
  });
});

test('the pointer reads the heat map too', async () => {
  await open({}, async (page) => {
    await page.waitForTimeout(3000);
    const box = await page.locator('#heat').boundingBox();
    await page.mouse.move(box.x + box.width - 20, box.y + box.height / 2);
    assert.match(await page.locator('#tip').textContent(), /requests? in/);
    await page.mouse.move(box.x + 100, box.y - 60);
    assert.ok(await page.locator('#tip').isHidden());
  });
});

for (const width of [360, 620, 900]) {
  test(`nothing is cut off at ${width} pixels`, async () => {
    await open({ viewport: { width, height: 740 } }, async (page) => {
      const [inner, scroll] = await page.evaluate(() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]);
      assert.equal(scroll, inner, 'the page does not scroll sideways');
      const out = await page.evaluate(() => [...document.querySelectorAll('button, select, input, h2, dd')].filter((node) => {
        const { left, right, width: wide } = node.getBoundingClientRect();
        return wide > 0 && !node.closest('.scroll') && (left < 0 || right > innerWidth);
      }).map((node) => node.outerHTML.slice(0, 80)));
      assert.deepEqual(out, []);
    });
  });
}

test('nothing moves for who does not want it', async () => {
  await open({ reducedMotion: 'reduce' }, async (page) => {
    assert.deepEqual(await page.evaluate(() => document.getAnimations().length), 0);
  });
  await open({ reducedMotion: 'no-preference' }, async (page) => {
    assert.ok(await page.evaluate(() => document.getAnimations().length) > 0);
  });
});
