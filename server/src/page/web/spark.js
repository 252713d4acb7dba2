// Sparklines: one path, drawn over time, with gaps where nothing is known.

const SVG = 'http://www.w3.org/2000/svg';
const SPARK = { width: 120, height: 28 };

function spark() {
  const svg = document.createElementNS(SVG, 'svg');
  const attributes = { class: 'spark', viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  for (const name of ['area', 'line']) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', name);
    svg.append(path);
  }
  return svg;
}

/** Draws `[moment, value]` pairs of as long as is drawn; `zero` if the scale begins at 0. */
function drawSpark(svg, points, history, zero = true) {
  const [end, span] = [history.latest.at_ms, history.span()];
  const known = points.filter(([, value]) => value !== null && Number.isFinite(value));
  const values = known.map(([, value]) => value);
  const low = zero ? Math.min(0, ...values) : Math.min(...values);
  const high = Math.max(...values, low + (zero ? 1e-12 : Math.abs(low) * 0.02 + 1e-12));
  const x = (at) => (SPARK.width * (1 - (end - at) / span)).toFixed(1);
  const y = (value) => (SPARK.height - 2 - ((SPARK.height - 4) * (value - low)) / (high - low)).toFixed(1);
  let [line, area, last, start] = ['', '', null, null];
  const close = () => {
    if (last !== null) area += `L${x(last)} ${SPARK.height}L${x(start)} ${SPARK.height}Z`;
  };
  for (const [at, value] of known) {
    const follows = last !== null && at - last < GAP_MS;
    if (!follows) {
      close();
      start = at;
    }
    const step = `${follows ? 'L' : 'M'}${x(at)} ${y(value)}`;
    line += step;
    area += step;
    last = at;
  }
  close();
  const [areaPath, linePath] = svg.children;
  areaPath.setAttribute('d', zero ? area : '');
  linePath.setAttribute('d', line);
}
