// The browser and the server that the tests use. Chromium is Debian's; nothing is downloaded.

import { spawn, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function launch() {
  const executablePath = places.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error('no Chromium: install the package chromium, or set CHROMIUM to its path');
  // As root Chromium starts only without its sandbox; it sees nothing here but our own page.
  const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}

let built = process.env.SAMPLE ?? null;

/** The program of examples/sample.rs: the one that SAMPLE names, or built once. */
function program() {
  if (built) return built;
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 };
  const args = ['build', '--locked', '-p', 'tykmetrics-server', '--example', 'sample', '--message-format', 'json'];
  const messages = execFileSync(process.env.CARGO ?? 'cargo', args, options).split('\n').filter(Boolean).map(JSON.parse);
  built = messages.find(({ target, executable }) => target?.name === 'sample' && executable).executable;
  return built;
}

/** Starts the sample gateway, at a port that is free or at this one. */
export async function serve(port = 0) {
  const child = spawn(program(), [String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const first = new Promise((resolve) => lines.once('line', resolve));
  const url = await Promise.race([first, ended.then(() => null)]);
  if (url === null) throw new Error(`the sample did not start at port ${port}`);
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { url, port: Number(new URL(url).port), stop };
}
