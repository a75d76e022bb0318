"use strict";
// The page draws itself from the data in it. All text goes in as text, never as markup: it comes from web sites.

const data = JSON.parse(document.getElementById("data").textContent);
const KINDS = data.kinds; // [key, label, meaning, whose]
const MIXED = data.mixed; // what the rest of a span is spent on, by its kind
const WALL = data.wall; // microseconds, as all times here

const $ = (id) => document.getElementById(id);
const chart = $("chart"), canvas = $("lanes"), over = $("over"), tip = $("tip");
const pen = canvas.getContext("2d"), glass = over.getContext("2d");
const AXIS = 22, GUTTER = 150;
const view = { from: 0, to: WALL };
let colours = {}, spotlight = null, width = 0, scale = 1;

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function duration(us) {
  if (us >= 1e6) return `${(us / 1e6).toFixed(2)} s`;
  if (us >= 1e4) return `${(us / 1e3).toFixed(1)} ms`;
  return us >= 100 ? `${(us / 1e3).toFixed(2)} ms` : `${us.toFixed(0)} µs`;
}

// ---- lanes: spans that follow each other, so that one list of their ends says where all of them are

const lanes = data.lanes.map((lane) => {
  const ends = new Float64Array(lane.lengths.length);
  let at = 0;
  lane.lengths.forEach((length, n) => { ends[n] = at += length; });
  return { ...lane, ends };
});
const tall = lanes.length <= 14 ? 26 : lanes.length <= 36 ? 18 : lanes.length <= 90 ? 12 : 8;
const bottom = AXIS + lanes.length * tall;

/** The number of the first of the sorted values that is above a time. */
function after(values, time) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > time) high = middle; else low = middle + 1;
  }
  return low;
}

// ---- drawing

const x = (time) => GUTTER + (time - view.from) / (view.to - view.from) * (width - GUTTER);
const time = (px) => view.from + (px - GUTTER) / (width - GUTTER) * (view.to - view.from);

function look() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ground", "text", "faint", "line", "track", "mark", ...KINDS.map(([key]) => key)];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function resize() {
  width = chart.clientWidth;
  scale = window.devicePixelRatio || 1;
  for (const each of [canvas, over]) {
    each.width = Math.round(width * scale);
    each.height = Math.round(bottom * scale);
    each.style.height = `${bottom}px`;
  }
  draw();
}

function draw() {
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, bottom);
  pen.textBaseline = "middle";
  drawAxis();
  lanes.forEach(drawLane);
  glass.clearRect(0, 0, over.width, over.height);
  $("range").textContent = `${duration(view.from)} – ${duration(view.to)}`;
  chart.dataset.from = view.from;
  chart.dataset.to = view.to;
}

function drawAxis() {
  const rough = (view.to - view.from) / Math.max(2, (width - GUTTER) / 110);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((factor) => factor * power >= rough) * power);
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = colours.faint;
  pen.textAlign = "right";
  pen.fillText("busy", GUTTER - 8, AXIS / 2);
  pen.textAlign = "left";
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    pen.fillStyle = colours.line;
    pen.fillRect(Math.round(x(at)), AXIS - 5, 1, bottom);
    pen.fillStyle = colours.faint;
    pen.fillText(step < 1e6 ? `${+(at / 1e3).toFixed(3)} ms` : `${at / 1e6} s`, x(at) + 4, AXIS / 2);
  }
}

function drawLane(lane, number) {
  const y = AXIS + number * tall, height = tall - (tall > 10 ? 3 : 1);
  pen.font = `${Math.min(13, tall - 1)}px system-ui, sans-serif`;
  pen.fillStyle = colours.text;
  pen.fillText(lane.name, 0, y + height / 2, GUTTER - 50);
  pen.fillStyle = colours.faint;
  pen.textAlign = "right";
  pen.fillText(`${Math.round(100 * lane.busy)} %`, GUTTER - 8, y + height / 2);
  pen.textAlign = "left";
  pen.fillStyle = colours.track;
  pen.fillRect(GUTTER, y, width - GUTTER, height);
  drawSpans(lane, y, height);
  drawMarks(lane, y);
}

/**
 * A pixel's width of time is seldom of one kind. So each column is filled with what there is in it, in proportion:
 * seen from afar a lane is a picture of its shares, and from near it is its spans.
 */
function drawSpans(lane, y, height) {
  const columns = Math.ceil((width - GUTTER) * scale), count = KINDS.length;
  const share = new Float32Array(columns * count), filled = new Float32Array(columns);
  const perColumn = columns / (view.to - view.from);
  const add = (column, span, part) => {
    const kind = lane.kinds[span], rest = lane.shares[span] / 1000;
    share[column * count + kind] += part * (1 - rest);
    if (rest) share[column * count + MIXED[kind]] += part * rest;
  };
  for (let span = after(lane.ends, view.from); span < lane.ends.length; span++) {
    const began = span ? lane.ends[span - 1] : 0;
    if (began >= view.to) break;
    const left = Math.max(0, (began - view.from) * perColumn);
    const right = Math.min(columns, (lane.ends[span] - view.from) * perColumn);
    if (right - left >= 2) {
      for (let column = Math.round(left); column < Math.min(columns, Math.round(right)); column++) add(column, span, 1);
    } else {
      for (let column = Math.floor(left); column < right; column++) {
        add(column, span, Math.min(column + 1, right) - Math.max(column, left));
      }
    }
  }
  for (let kind = count - 1; kind >= 0; kind--) { // the last is the lowest
    const colour = colours[KINDS[kind][0]];
    if (colour === "transparent") continue;
    pen.fillStyle = colour;
    pen.globalAlpha = spotlight === null || spotlight === kind ? 1 : 0.12;
    for (let column = 0; column < columns;) {
      const start = column, part = share[column * count + kind], below = filled[column];
      for (; column < columns && share[column * count + kind] === part && filled[column] === below; column++) {
        if (column > start) filled[column - 1] += part;
      }
      filled[column - 1] += part;
      if (part === 0) continue;
      const foot = y + height * (1 - Math.min(1, below)), head = y + height * (1 - Math.min(1, below + part));
      pen.fillRect(GUTTER + start / scale, head, (column - start) / scale, foot - head);
    }
  }
  pen.globalAlpha = 1;
}

function drawMarks(lane, y) {
  pen.fillStyle = colours.mark;
  let last = -1;
  for (let n = after(lane.marks, view.from); n < lane.marks.length && lane.marks[n] <= view.to; n++) {
    const at = Math.round(x(lane.marks[n]) * scale) / scale;
    if (at !== last) pen.fillRect(at, y, 1 / scale, Math.min(7, tall / 3));
    last = at;
  }
}

// ---- moving about

function show(from, to) {
  const length = Math.min(WALL, Math.max(20, to - from));
  view.from = Math.max(0, Math.min(from, WALL - length));
  view.to = view.from + length;
  hideTip();
  draw();
}

function zoom(factor, around = (view.from + view.to) / 2) {
  show(around - (around - view.from) * factor, around + (view.to - around) * factor);
}

function pan(part) {
  const by = part * (view.to - view.from);
  show(view.from + by, view.to + by);
}

$("in").onclick = () => zoom(0.5);
$("out").onclick = () => zoom(2);
$("all").onclick = () => show(0, WALL);

const KEYS = {
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "−": () => zoom(2),
  "0": () => show(0, WALL), Home: () => show(0, WALL),
  ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), Escape: () => hideTip(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

chart.addEventListener("wheel", (event) => {
  if (event.offsetX < GUTTER) return; // there the wheel scrolls the page
  event.preventDefault();
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) pan((event.deltaX || event.deltaY) / width);
  else zoom(2 ** (Math.sign(event.deltaY) * Math.min(1, Math.abs(event.deltaY) / 200)), time(event.offsetX));
}, { passive: false });

let drag = null;
chart.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  drag = { x: event.clientX, from: view.from, to: view.to };
  chart.setPointerCapture(event.pointerId);
  chart.classList.add("dragging");
});
chart.addEventListener("pointermove", (event) => {
  if (!drag) return hover(event);
  const by = (drag.x - event.clientX) / (width - GUTTER) * (drag.to - drag.from);
  show(drag.from + by, drag.to + by);
});
for (const end of ["pointerup", "pointercancel"]) {
  chart.addEventListener(end, () => { drag = null; chart.classList.remove("dragging"); });
}
chart.addEventListener("pointerleave", hideTip);

// ---- what is under the pointer

function hideTip() {
  tip.hidden = true;
  glass.clearRect(0, 0, over.width, over.height);
}

function hover(event) {
  const box = chart.getBoundingClientRect();
  const px = event.clientX - box.left, py = event.clientY - box.top;
  const number = Math.floor((py - AXIS) / tall), lane = lanes[number];
  hideTip();
  if (!lane || px < GUTTER) return;
  const span = after(lane.ends, time(px));
  if (span >= lane.ends.length) return;
  describe(lane, span);
  if (lane.trips[span] >= 0) outline(number, trip(lane.trips[span]));
  tip.hidden = false;
  tip.style.left = `${Math.max(0, Math.min(px + 14, width - tip.offsetWidth))}px`;
  const below = event.clientY + 18 + tip.offsetHeight < window.innerHeight;
  tip.style.top = `${below ? py + 18 : py - 12 - tip.offsetHeight}px`;
}

function describe(lane, span) {
  const kind = lane.kinds[span], length = lane.lengths[span], rest = lane.shares[span] / 1000;
  tip.replaceChildren(element("strong", `${lane.name}: ${KINDS[kind][1]}, ${duration(length * (1 - rest))}`));
  if (rest) tip.append(element("div", `${KINDS[MIXED[kind]][1]}, ${duration(length * rest)}, in between`));
  if (lane.trips[span] < 0) return void tip.append(element("div", KINDS[kind][2]));
  const found = trip(lane.trips[span]);
  tip.append(element("div", found.url));
  if (found.title) tip.append(element("div", `“${found.title}”`));
  tip.append(element("div", `${found.role}, ${found.result}${found.attempt > 1 ? `, attempt ${found.attempt}` : ""}`));
  const table = tip.appendChild(element("table"));
  for (const [name, us, more] of figures(found)) {
    if (us === null) continue;
    const row = table.insertRow();
    row.append(element("td", name), element("td", duration(us) + (more || "")));
  }
}

/** A task's trip, by number. */
function trip(number) {
  const values = data.trips[number];
  return Object.fromEntries(data.columns.map((name, n) => [name, values[n]]));
}

/** What there is to be said of it: names, microseconds, and what is to follow those. */
function figures(of) {
  const answered = of.answered ?? of.fetched, connected = of.connected ?? answered;
  const stalled = of.parse_cpu === null ? "" : `, ${duration(Math.min(of.parse_cpu, of.finished - of.fetched))} of it on the CPU`;
  return [
    ["handing over", of.handed_over - of.submitted],
    ["from the hand-over to the worker", Math.max(0, of.started - of.submitted)],
    ["getting a connection", connected - of.started],
    ["waiting for the server", answered - connected],
    ["reading the body", of.fetched - answered],
    ["parsing", of.finished - of.fetched, stalled],
    ["from the worker to the coordinator", of.collected - of.finished],
    ["pickling the task, both ends", of.there_effort, `, ${of.there_size} bytes`],
    ["pickling the outcome, both ends", of.back_effort, `, ${of.back_size} bytes`],
  ];
}

/** The task that is pointed at: where it came from, where it is, where it goes to. */
function outline(number, trip) {
  const y = AXIS + number * tall, height = tall - (tall > 10 ? 3 : 1);
  glass.setTransform(scale, 0, 0, scale, 0, 0);
  glass.strokeStyle = glass.fillStyle = colours.text;
  glass.lineWidth = 1.5;
  glass.save();
  glass.beginPath();
  glass.rect(GUTTER, 0, width - GUTTER, bottom);
  glass.clip();
  glass.strokeRect(x(trip.started), y - 0.5, Math.max(1, x(trip.finished) - x(trip.started)), height + 1);
  for (const [at, there] of [[trip.submitted, trip.started], [trip.collected, trip.finished]]) {
    glass.beginPath();
    glass.moveTo(x(at), AXIS + tall / 2);
    glass.lineTo(x(there), y);
    glass.stroke();
    glass.beginPath();
    glass.arc(x(at), AXIS + tall / 2, 2.5, 0, 7);
    glass.fill();
  }
  glass.restore();
}

// ---- what stands around it

function swatch(kind) {
  const made = element("i");
  made.style.background = `var(--${KINDS[kind][0]})`;
  return made;
}

function fillLegend() {
  const occurring = KINDS.map((_, kind) => kind).filter((kind) => lanes.some((lane) => lane.seconds[kind] > 0));
  for (const whose of ["worker", "coordinator"]) {
    const row = $("legend").appendChild(element("div"));
    row.append(element("b", whose));
    for (const kind of occurring.filter((each) => KINDS[each][3] === whose)) {
      const button = element("button", undefined, { type: "button", title: KINDS[kind][2], "aria-pressed": "false" });
      button.append(swatch(kind), KINDS[kind][1]);
      button.onclick = () => {
        spotlight = spotlight === kind ? null : kind;
        for (const each of $("legend").querySelectorAll("button")) {
          each.setAttribute("aria-pressed", String(each === button && spotlight !== null));
        }
        draw();
      };
      row.append(button);
    }
    if (whose === "worker") row.append(...data.marks.map((mark) => element("span", `│ ${mark}`, { class: "hint" })));
  }
}

function fillTable() {
  const table = $("table").appendChild(element("table"));
  const head = table.createTHead().insertRow();
  const body = table.createTBody();
  const kinds = KINDS.map((_, kind) => kind).filter((kind) => data.all.seconds[kind] > 0);
  head.append(element("th", "worker"), element("th", "tasks"), element("th", "share of its time"));
  for (const kind of kinds) {
    const cell = element("th", undefined, { title: KINDS[kind][2] });
    cell.append(swatch(kind), KINDS[kind][1]);
    head.append(cell);
  }
  for (const lane of [data.all, ...lanes.slice(1)]) {
    const row = body.insertRow();
    if (lane === data.all) row.className = "all";
    const total = Object.values(lane.seconds).reduce((sum, seconds) => sum + seconds, 0) || 1;
    const bar = element("div", undefined, { class: "bar" });
    for (const kind of kinds) {
      const part = bar.appendChild(element("div"));
      part.style.width = `${100 * (lane.seconds[kind] || 0) / total}%`;
      part.style.background = `var(--${KINDS[kind][0]})`;
    }
    row.append(element("th", lane.name), element("td", lane.tasks), element("td"));
    row.lastChild.append(bar);
    for (const kind of kinds) {
      const part = 100 * (lane.seconds[kind] || 0) / total;
      row.append(element("td", part === 0 ? "" : `${part < 0.95 ? part.toFixed(1) : Math.round(part)} %`));
    }
  }
}

$("story").textContent = data.story.join(" ");
canvas.setAttribute("aria-label", `${lanes.length} lanes. ${data.story.join(" ")}`);
for (const note of data.notes) $("notes").append(element("p", note));
fillLegend();
fillTable();
document.body.dataset.lanes = lanes.length;
document.body.dataset.spans = lanes.reduce((sum, lane) => sum + lane.lengths.length, 0);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { look(); draw(); });
new ResizeObserver(resize).observe(chart);
look();
resize();
