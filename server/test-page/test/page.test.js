// The page in headless Chromium, against a gateway whose traffic changes.
//
// Each test opens a page of its own; what the browser says on the side (errors, refusals of the policy, requests to other
// hosts) is collected for all of them, and judged when the page is closed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, serve } from '../browser.js';

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

/** Opens the page, calls `body` with it, and looks at what the browser complained about. */
async function visit(options, body, { url = server.url, allowed = () => false } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const said = [];
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== 'data:' && asked.host !== new URL(url).host) said.push(`asked ${asked}`);
  });
  await context.addInitScript(() => {
    window.refused = [];
    document.addEventListener('securitypolicyviolation', (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  try {
    await page.goto(url);
    await body(page, context);
    if (options.javaScriptEnabled !== false) assert.deepEqual(await page.evaluate(() => window.refused), [], 'the policy refused nothing');
    assert.deepEqual(said.filter((text) => !allowed(text)), [], 'the browser has nothing to say');
  } finally {
    await context.close();
  }
}

const rate = (page) => page.locator('[data-figure=rate] dd').textContent();
const live = (page) => page.locator('#state[data-state=live]').waitFor();

/** Waits until there are intervals: the rate is a number. */
async function measured(page) {
  await live(page);
  await page.waitForFunction(() => /\d/.test(document.querySelector('[data-figure=rate] dd')?.textContent ?? ''));
}

/** How many different colours a canvas shows. */
const colours = (page, selector) =>
  page.locator(selector).evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return seen.size;
  });

const column = (page, table, n) => page.locator(`${table} tbody tr > :nth-child(${n})`).allTextContents();

test('it draws rates, latencies, a heat map of many colours and a line for each number', async () => {
  await visit({}, async (page) => {
    await measured(page);
    const drawn = () => page.locator('#numbers .spark .line').evaluateAll((paths) => paths.filter((path) => path.getAttribute('d').includes('L')).length);
    // A line has two points, which come two seconds apart.
    for (let looks = 0; looks < 40 && (await drawn()) <= 10; looks += 1) await page.waitForTimeout(500);
    assert.match(await rate(page), /^\d/);
    assert.match(await page.locator('[data-figure=p99] dd').textContent(), /^\d.*(µs|ms|s)$/);
    assert.ok((await colours(page, '#heat')) > 20, 'the heat map');
    assert.ok((await colours(page, '#legend')) > 20, 'its legend');
    assert.equal(await page.locator('#endpoints tbody tr').count(), 9);
    assert.ok((await drawn()) > 10, `${await drawn()} lines`);
  });
});

test('what it shows agrees with what the server says', async () => {
  await visit({}, async (page) => {
    await measured(page);
    await page.locator('#pause').click();
    const shown = Number((await page.locator('#totals').textContent()).match(/([\d.,]+)\u202f?(k?) requests/).slice(1).reduce((n, unit) => Number(n) * (unit ? 1000 : 1)));
    const overview = await (await fetch(new URL('/metrics/overview', server.url))).json();
    assert.ok(Math.abs(overview.totals.requests / shown - 1) < 0.5, `${shown} of ${overview.totals.requests}`);
    const listed = await column(page, '#families', 1);
    const wanted = overview.families.map(({ name, help }) => name + help);
    assert.deepEqual([...listed].sort(), wanted.sort());
  });
});

test('it goes on by itself, and stands still while it is paused', async () => {
  await visit({}, async (page) => {
    await measured(page);
    const total = () => page.locator('#endpoints tbody tr td:nth-of-type(7)').first().textContent();
    const first = await total();
    await page.waitForFunction((before_) => document.querySelector('#endpoints tbody tr td:nth-of-type(7)').textContent !== before_, first);
    await page.locator('#pause').click();
    await page.locator('#state[data-state=paused]').waitFor();
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.waitForTimeout(3000);
    assert.equal(asked, 0, 'a paused page asks nothing');
    const next = page.waitForRequest(() => true, { timeout: 20_000 });
    await page.keyboard.press('p');
    await live(page);
    await next;
  });
});

test('a page that nobody sees asks nothing', async () => {
  await visit({}, async (page) => {
    await measured(page);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await page.waitForTimeout(500);
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.waitForTimeout(3000);
    assert.equal(asked, 0);
    await page.evaluate(() => {
      delete document.hidden;
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await page.waitForRequest(() => true, { timeout: 20_000 });
  });
});

test('families are searched by every word, and those found are counted', async () => {
  await visit({}, async (page) => {
    await measured(page);
    await page.keyboard.press('/');
    await page.keyboard.type('latency PROVIDER p9');
    assert.deepEqual((await column(page, '#families .name', 1)).length, 0);
    const found = await page.locator('#families tbody .name').allTextContents();
    assert.deepEqual(found.sort(), ['provider_latency_p95_seconds', 'provider_latency_p99_seconds']);
    assert.match(await page.locator('#families-count').textContent(), /^2 of \d+ families/);
    await page.keyboard.type('nothing like it');
    assert.ok(await page.locator('#families-none').isVisible());
    await page.keyboard.press('Escape');
    assert.ok((await page.locator('#families tbody tr').count()) > 30);
    const tokens = page.locator('#families tr', { hasText: 'tokens_total' });
    assert.match(await tokens.textContent(), /key.*about 7\d\d/, 'the label that makes it grow');
  });
});

test('tables are sorted by any column, and say so', async () => {
  await visit({}, async (page) => {
    await measured(page);
    const sorted = (list) => list.every((value, i) => i === 0 || list[i - 1].localeCompare(value) <= 0);
    await page.locator('#endpoints thead button', { hasText: 'endpoint' }).click();
    const names = await column(page, '#endpoints', 1);
    assert.ok(sorted(names), names.join());
    assert.equal(await page.locator('#endpoints th[aria-sort]').getAttribute('aria-sort'), 'ascending');
    await page.locator('#endpoints thead button', { hasText: 'endpoint' }).click();
    assert.deepEqual(await column(page, '#endpoints', 1), names.reverse());
    await page.locator('#endpoints thead button', { hasText: 'p50' }).click();
    assert.equal((await column(page, '#endpoints', 1))[0], '/v1/images/generations', 'the slowest');
    await page.locator('#families thead button', { hasText: 'family' }).click();
    assert.ok(sorted(await page.locator('#families tbody .name').allTextContents()));
    assert.equal(await page.locator('#families th[aria-sort=ascending]').textContent(), 'family');
  });
});

test('an endpoint that is chosen has the figures and the heat map to itself', async () => {
  await visit({}, async (page) => {
    await measured(page);
    const all = await rate(page);
    await page.locator('#endpoints tbody button', { hasText: '/healthz' }).click();
    assert.equal(await page.locator('#figures-of').textContent(), '/healthz');
    assert.notEqual(await rate(page), all);
    assert.match(await page.locator('#heat').getAttribute('aria-label'), /\/healthz/);
    await page.locator('#all').click();
    assert.equal(await page.locator('#figures-of').textContent(), 'All endpoints');
    await page.locator('#groups').selectOption('provider_requests');
    assert.deepEqual((await column(page, '#endpoints', 1)).sort(), ['anthropic', 'mistral', 'openai']);
  });
});

test('it says that the server went away, and goes on when it is back', async () => {
  const own = await serve();
  let back;
  const gone = (text) => /Failed to load resource.*(REFUSED|RESET|EMPTY)/.test(text);
  try {
    await visit({}, async (page) => {
      await measured(page);
      const rows = await page.locator('#endpoints tbody tr').count();
      await own.stop();
      await page.locator('#away').waitFor();
      assert.match(await page.locator('#away').textContent(), /away since \d\d:\d\d:\d\d: it does not answer/);
      assert.equal(await page.locator('#state').textContent(), 'Server away');
      assert.equal(await page.locator('#endpoints tbody tr').count(), rows, 'what was seen stays');
      back = await serve(own.port);
      await live(page);
      assert.ok(await page.locator('#away').isHidden());
      await page.waitForTimeout(4500);
      // It began again: what it counts now is less, and no rate is negative or wild.
      const now = await rate(page);
      assert.match(now, /^\d/);
      assert.ok(!now.includes('M'), now);
    }, { url: own.url, allowed: gone });
  } finally {
    await own.stop();
    await back?.stop();
  }
});

test('without JavaScript it is an index of routes and families', async () => {
  await visit({ javaScriptEnabled: false }, async (page) => {
    assert.ok(await page.getByText('This is an index.').isVisible());
    const routes = await page.locator('.routes a').allTextContents();
    assert.ok(['metrics', 'metrics/json', 'metrics/overview', 'health'].every((route) => routes.includes(route)), routes.join());
    const row = page.locator('#families tr', { hasText: 'http_requests_total' });
    const status = await Promise.all(routes.map(async (route) => (await fetch(new URL(route, server.url))).status));
    assert.deepEqual(status, routes.map(() => 200), 'every route that is listed is there');
    assert.match((await row.allInnerTexts()).join(), /counter\s+9\s+endpoint\s+9/);
    for (const name of ['#pause', '#search', '#requests', '#numbers-panel']) assert.ok(await page.locator(name).isHidden(), `${name} would do nothing`);
  });
});

test('it works where storage is blocked', async () => {
  await visit({}, async (page, context) => {
    await context.addInitScript(() => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('blocked', 'SecurityError'); } }));
    await page.reload();
    await measured(page);
    await page.locator('#theme').click();
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'light');
  });
});

test('nothing from outside is run or refused: the policy is the strict one', async () => {
  const answer = await fetch(server.url);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+';/);
  await visit({}, async (page) => {
    await measured(page);
    const ran = await page.evaluate(() => {
      window.ran = false;
      const script = document.createElement('script');
      try {
        script.textContent = 'window.ran = true';
        document.body.append(script);
      } catch {
        // Trusted types refuse the text already.
      }
      return window.ran;
    });
    assert.equal(ran, false, 'a script that is put in does not run');
    assert.ok((await page.evaluate(() => window.refused.splice(0).length)) > 0);
  }, { allowed: (text) => /Content Security Policy|TrustedScript/.test(text) });
});
