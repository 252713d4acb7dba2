// Small helpers around the document. Text is only ever set as text.

const byId = (id) => document.getElementById(id);

/** Sets what changed and leaves the rest alone, so that selections and screen readers are not disturbed. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Storage may be forbidden, and the page does without. */
const stored = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Not kept.
    }
  },
};

/** Puts rows into a body in this order, moving as few as possible. */
function arrange(body, rows) {
  rows.forEach((row, i) => {
    if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
  });
  while (body.children.length > rows.length) body.lastElementChild.remove();
}

/** Up, down, Home and End go from one of the rows' buttons to the next; only one of them is a stop of the tab key. */
function rove(body, selector) {
  const stops = () => [...body.querySelectorAll(selector)];
  body.addEventListener('keydown', (event) => {
    const all_ = stops();
    const at = all_.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all_.length - 1 }[event.key];
    if (at < 0 || to === undefined || !all_[to]) return;
    event.preventDefault();
    all_[to].focus();
  });
  body.addEventListener('focusin', (event) => {
    if (event.target.matches(selector)) stops().forEach((stop) => (stop.tabIndex = stop === event.target ? 0 : -1));
  });
  // The first one, wherever it went, until one of them is focused.
  return () => {
    if (!body.contains(document.activeElement)) stops().forEach((stop, i) => (stop.tabIndex = i === 0 ? 0 : -1));
  };
}

/** Headers that sort: a button in each, `aria-sort` on the one that holds. */
function sortable(table, initial, changed) {
  const sort = { ...initial };
  const buttons = [...table.querySelectorAll('thead button')];
  const show = () =>
    buttons.forEach((button) => {
      const header = button.closest('th');
      if (button.dataset.key !== sort.key) header.removeAttribute('aria-sort');
      else header.setAttribute('aria-sort', sort.down ? 'descending' : 'ascending');
    });
  buttons.forEach((button) =>
    button.addEventListener('click', () => {
      const { key, text } = button.dataset;
      // Numbers begin with the largest, names with the first.
      sort.down = sort.key === key ? !sort.down : text === undefined;
      sort.key = key;
      show();
      changed();
    })
  );
  show();
  return sort;
}

/** Orders by a member; what is not known comes last, and names decide between equals. */
function ordered(rows, sort) {
  const compare = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : a - b);
  return [...rows].sort((a, b) => {
    const [x, y] = [a[sort.key], b[sort.key]];
    if (x === null || y === null) return (x === null) - (y === null) || a.name.localeCompare(b.name);
    return (sort.down ? -1 : 1) * compare(x, y) || a.name.localeCompare(b.name);
  });
}
