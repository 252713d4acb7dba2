// Asking the server, and what surrounds the panels: state, pause, theme, keys.

const EVERY_MS = 2_000;
const PATIENCE_MS = 10_000;
const THEMES = ['auto', 'light', 'dark'];

// Relative to the page, as a proxy may serve it below a prefix.
const address = document.documentElement.dataset.overview;
const past = new History();
const panels = [new Endpoints(past), new Numbers(past), new Families(past)];
const state = { paused: false, away: null, timer: 0, asking: false };

function status(kind, text) {
  const pill = byId('state');
  setAttribute(pill, 'data-state', kind);
  setText(pill, text);
}

/** Why the server gave no overview, for people. */
function reason(answer) {
  const known = {
    401: 'it asks for a name and a password',
    403: 'it does not allow it',
    404: 'it has no overview at this path',
    429: 'it was asked too often',
    503: 'it is busy with other scrapes',
  };
  return known[answer] ?? `it answers with status ${answer}`;
}

async function fetched() {
  const answer = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(reason(answer.status));
  const overview = await answer.json();
  if (overview.version !== 1) throw new Error('it speaks another version than this page: load it again');
  return overview;
}

function gone(error) {
  state.away ??= Date.now();
  const why = error instanceof TypeError || error.name === 'TimeoutError' ? 'it does not answer' : error.message;
  status('away', 'Server away');
  byId('away').hidden = false;
  setText(byId('away-text'), `The server is away since ${clock.format(state.away)}: ${why}. What is shown is from before. Asking again every 2 seconds.`);
}

function came(overview) {
  state.away = null;
  byId('away').hidden = true;
  past.add(overview);
  status('live', 'Live');
  draw();
}

function draw() {
  const { latest } = past;
  if (!latest) return;
  const up = latest.started_ms > 0 ? long((latest.at_ms - latest.started_ms) / 1000) : 'an unknown time';
  setText(byId('uptime'), `up ${up}`);
  setText(byId('totals'), totals(latest));
  panels.forEach((panel) => panel.update());
}

function totals({ totals: { requests, errors }, series }) {
  const parts = [`${short(series)} series`];
  if (requests !== undefined) parts.push(`${short(requests)} requests`);
  if (errors !== undefined && errors !== null) parts.push(`${short(errors)} errors`);
  return parts.join(' · ');
}

const resting = () => state.paused || document.hidden;

async function poll() {
  clearTimeout(state.timer);
  if (resting() || state.asking) return;
  state.asking = true;
  const begun = performance.now();
  try {
    came(await fetched());
  } catch (error) {
    gone(error);
  } finally {
    state.asking = false;
  }
  clearTimeout(state.timer);
  // The first interval is short, so that there is something to see.
  const wait = past.frames.length === 0 && !state.away ? EVERY_MS / 2 : EVERY_MS;
  if (!resting()) state.timer = setTimeout(poll, Math.max(250, wait - (performance.now() - begun)));
  if (state.paused) status('paused', 'Paused');
}

function pause() {
  state.paused = !state.paused;
  const button = byId('pause');
  setAttribute(button, 'aria-pressed', String(state.paused));
  if (state.paused) {
    clearTimeout(state.timer);
    status('paused', 'Paused');
  } else {
    status('live', 'Live');
    poll();
  }
}

function theme(name) {
  const root = document.documentElement;
  if (name === 'auto') delete root.dataset.theme;
  else root.dataset.theme = name;
  setText(byId('theme'), `Theme: ${name}`);
  draw();
}

function nextTheme() {
  const now = document.documentElement.dataset.theme ?? 'auto';
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  stored.set('tykmetrics-theme', next);
  theme(next);
}

function keys(event) {
  const typing = event.target.matches('input, select, textarea');
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  if (event.key === '/') {
    event.preventDefault();
    byId('search').focus();
  } else if (event.key === 'p') pause();
  else if (event.key === 't') nextTheme();
}

document.documentElement.classList.add('scripted');
document.querySelectorAll('[data-scripted]').forEach((node) => (node.hidden = false));
const kept = stored.get('tykmetrics-theme');
theme(THEMES.includes(kept) ? kept : 'auto');
byId('pause').addEventListener('click', pause);
byId('theme').addEventListener('click', nextTheme);
document.addEventListener('keydown', keys);
document.addEventListener('visibilitychange', poll);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
poll();
