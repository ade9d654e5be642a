'use strict';
// The picture of one run: nodes are lanes, time goes down.  Everything is drawn
// from columns of numbers, so that 100,000 events stay quick: what is out of
// view costs a binary search, what is too dense to see is drawn as density.
(() => {
  const run = JSON.parse(document.getElementById('data').textContent);
  const ev = run.events, ms = run.messages;
  const EVENTS = ev.t.length;
  const DOTS_MAX = 6000;      // More in view: density instead of dots.
  const LINES_MAX = 6000;
  const LABELS_MAX = 90;
  const GUTTER = 78, HEAD = 26;
  const el = (id) => document.getElementById(id);
  const lanes = el('lanes'), scrub = el('scrubber');

  const view = { from: run.from, until: Math.max(run.until, run.from + 1) };
  let chosen = -1, cursor = run.until, past = null, future = null;
  let key = null, gossip = false, idle = true, colour = {}, story = [];

  // ---- Time and places ----
  const seconds = (us) => (us / 1e6).toFixed(us % 1000 ? 6 : 3) + ' s';
  const lowerBound = (array, value) => {
    let low = 0, high = array.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (array[mid] < value) low = mid + 1; else high = mid;
    }
    return low;
  };
  const size = { w: 0, h: 0 };
  const y = (t) => HEAD + (t - view.from) / (view.until - view.from) * (size.h - HEAD);
  const timeAt = (py) => view.from + (py - HEAD) / (size.h - HEAD) * (view.until - view.from);
  // Operations that overlap stand beside each other.
  const COLUMNS_MAX = 24;
  const columnOf = new Map();
  let columns = 1;
  {
    const freeFrom = [];
    for (const op of [...run.ops].sort((a, b) => a.from - b.from)) {
      let c = freeFrom.findIndex((until) => until < op.from);
      if (c < 0) c = freeFrom.length < COLUMNS_MAX ? freeFrom.length : op.id % COLUMNS_MAX;
      freeFrom[c] = op.until;
      columnOf.set(op, c);
    }
    columns = Math.max(1, freeFrom.length);
  }
  const nodesWide = () => (size.w - GUTTER) * 0.68;
  const x = (node) => GUTTER + nodesWide() * (node + 0.5) / run.nodes;
  const clientX = (op) => {
    const left = GUTTER + nodesWide() + 20;
    return left + (size.w - left - 60) * (columnOf.get(op) + 0.2) / columns;
  };

  // ---- What the filter shows ----
  const shown = (i) => (key === null ? idle || ev.k[i] >= 0 : ev.k[i] === key);
  const messageShown = (m) => {
    if (ms.g[m]) return gossip && key === null;
    if (key === null) return true;
    const r = ms.r[m];
    return ev.k[ms.s[m]] === key && (r < 0 || ev.k[r] === key || ev.k[r] < 0);
  };
  const opShown = (op) => key === null || op.key === key;

  // ---- Causes: before on the node, and the message that was received ----
  const before = new Int32Array(EVENTS).fill(-1), after = new Int32Array(EVENTS).fill(-1);
  const inbox = new Int32Array(EVENTS).fill(-1);
  const outFirst = new Int32Array(EVENTS + 1);
  {
    const last = new Int32Array(run.nodes).fill(-1);
    for (let i = 0; i < EVENTS; i++) {
      const n = ev.n[i];
      before[i] = last[n];
      if (last[n] >= 0) after[last[n]] = i;
      last[n] = i;
    }
    for (let m = 0; m < ms.s.length; m++) {
      if (ms.r[m] >= 0) inbox[ms.r[m]] = m;
      outFirst[ms.s[m] + 1]++;
    }
    for (let i = 0; i < EVENTS; i++) outFirst[i + 1] += outFirst[i];
  }
  const outbox = new Int32Array(ms.s.length);
  {
    const next = outFirst.slice();
    for (let m = 0; m < ms.s.length; m++) outbox[next[ms.s[m]]++] = m;
  }
  const reach = (start, neighbours) => {
    const seen = new Uint8Array(EVENTS), todo = [start];
    seen[start] = 1;
    while (todo.length) {
      for (const j of neighbours(todo.pop())) {
        if (j >= 0 && !seen[j]) { seen[j] = 1; todo.push(j); }
      }
    }
    return seen;
  };
  const causes = (i) => [before[i], inbox[i] >= 0 ? ms.s[inbox[i]] : -1];
  const effectsOf = (i) => {
    const out = [after[i]];
    for (let j = outFirst[i]; j < outFirst[i + 1]; j++) out.push(ms.r[outbox[j]]);
    return out;
  };

  // ---- Drawing ----
  const readColours = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of ['paper', 'ink', 'faint', 'rule', 'panel', 'message', 'gossip', 'lost',
      'event', 'past', 'future', 'chosen', 'cut', 'down', 'frozen', 'ok', 'refused', 'unknown',
      'bad']) colour[name] = style.getPropertyValue('--' + name).trim();
  };
  const fit = (canvas) => {
    const box = canvas.getBoundingClientRect(), dots = window.devicePixelRatio || 1;
    canvas.width = Math.round(box.width * dots);
    canvas.height = Math.round(box.height * dots);
    const pen = canvas.getContext('2d');
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    return { pen, w: box.width, h: box.height };
  };
  const niceStep = (span, lines) => {
    let step = 1;
    while (span / step > lines) step *= /^[15]0*$/.test(String(step)) && String(step)[0] === '1' ? 5 : 2;
    return step;
  };

  const drawBands = (pen) => {
    const wide = nodesWide() / run.nodes;
    for (const band of run.bands) {
      const [kind, from, until] = band;
      const top = Math.max(HEAD, y(from)), bottom = Math.min(size.h, y(until < 0 ? run.until : until));
      if (bottom < HEAD || top > size.h || bottom <= top) continue;
      if (band.length === 4) {
        const left = x(band[3]) - wide / 2;
        pen.fillStyle = kind === 'down' ? colour.down : colour.frozen;
        if (kind !== 'down') { pen.fillRect(left, top, wide, bottom - top); continue; }
        pen.save();
        pen.beginPath(); pen.rect(left, top, wide, bottom - top); pen.clip();
        pen.strokeStyle = colour.down; pen.lineWidth = 1.5; pen.beginPath();
        for (let at = top - wide; at < bottom + wide; at += 7) {
          pen.moveTo(left, at); pen.lineTo(left + wide, at + wide);
        }
        pen.stroke(); pen.restore();
      } else {
        const a = Math.min(x(band[3]), x(band[4])), b = Math.max(x(band[3]), x(band[4]));
        pen.fillStyle = colour.cut;
        pen.fillRect(a, top, b - a, bottom - top);
      }
    }
  };

  // "< n1 ReplicaPut 3:7 ..." or "< n1 udp Ping ...".
  const messageName = (i) => ev.x[i].split(' ').slice(2).find((word) => word !== 'udp') || '';

  const drawMessages = (pen) => {
    // Messages are in order of sending; few are under way for long.
    const longest = 6e6;
    let drawn = 0;
    const first = lowerBound(ev.t, view.from - longest);
    let m = first < EVENTS ? outFirst[first] : ms.s.length;
    const lines = [];
    for (; m < ms.s.length && drawn < LINES_MAX; m++) {
      const s = ms.s[m], t0 = ev.t[s];
      if (t0 > view.until) break;
      if (!messageShown(m)) continue;
      const r = ms.r[m];
      const t1 = r >= 0 ? ev.t[r] : ms.end[m] >= 0 ? ms.end[m] : run.until;
      if (t1 < view.from) continue;
      lines.push([m, s, r, t0, t1]);
      drawn++;
    }
    const labelled = lines.length <= LABELS_MAX;
    for (const [m, s, r, t0, t1] of lines) {
      const lit = past && ((past[s] && r >= 0 && past[r]) || (future[s] && r >= 0 && future[r]));
      const x0 = x(ev.n[s]), y0 = y(t0), lost = ms.lost[m] !== '';
      const part = lost ? 0.6 : 1;
      const x1 = x0 + (x(ms.to[m]) - x0) * part;
      const y1 = lost ? y0 + Math.min(Math.max(y(t1) - y0, 10), 26) : y(t1);
      pen.strokeStyle = lost ? colour.lost : lit ? (past[s] && past[r] ? colour.past : colour.future)
        : ms.g[m] ? colour.gossip : colour.message;
      pen.globalAlpha = past && !lit ? 0.25 : lit ? 1 : 0.65;
      pen.lineWidth = lit ? 1.6 : 1;
      pen.setLineDash(lost ? [4, 3] : []);
      pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke();
      if (labelled && r >= 0) {
        pen.fillStyle = lit ? colour.ink : colour.faint; pen.font = '10px system-ui'; pen.textAlign = 'center';
        pen.fillText(messageName(r), (x0 + x1) / 2, (y0 + y1) / 2 - 3);
      }
      if (lost) {
        pen.setLineDash([]);
        pen.beginPath();
        pen.moveTo(x1 - 3, y1 - 3); pen.lineTo(x1 + 3, y1 + 3);
        pen.moveTo(x1 + 3, y1 - 3); pen.lineTo(x1 - 3, y1 + 3);
        pen.stroke();
      }
    }
    pen.setLineDash([]); pen.globalAlpha = 1;
    return drawn >= LINES_MAX;
  };

  const drawEvents = (pen, first, last) => {
    for (let i = first; i < last; i++) {
      if (!shown(i)) continue;
      const lit = past && (past[i] || future[i]);
      pen.fillStyle = i === chosen ? colour.chosen : lit ? (past[i] ? colour.past : colour.future) : colour.event;
      pen.globalAlpha = past && !lit && i !== chosen ? 0.3 : 1;
      pen.beginPath();
      pen.arc(x(ev.n[i]), y(ev.t[i]), i === chosen ? 5 : 2.6, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
  };

  const drawDensity = (pen, first, last) => {
    const rows = Math.ceil((size.h - HEAD) / 3), wide = nodesWide() / run.nodes;
    const counts = new Uint32Array(rows * run.nodes);
    let most = 1;
    for (let i = first; i < last; i++) {
      if (!shown(i)) continue;
      const row = Math.min(rows - 1, Math.max(0, Math.floor((y(ev.t[i]) - HEAD) / 3)));
      most = Math.max(most, ++counts[row * run.nodes + ev.n[i]]);
    }
    pen.fillStyle = colour.event;
    for (let row = 0; row < rows; row++) {
      for (let n = 0; n < run.nodes; n++) {
        const count = counts[row * run.nodes + n];
        if (!count) continue;
        const w = Math.max(1.5, wide * 0.8 * Math.sqrt(count / most));
        pen.fillRect(x(n) - w / 2, HEAD + row * 3, w, 2.4);
      }
    }
  };

  const drawOps = (pen) => {
    const inView = run.ops.filter((op) => op.until >= view.from && op.from <= view.until && opShown(op));
    const labelled = inView.length <= LABELS_MAX;
    for (const op of inView) {
      const cx = clientX(op), top = Math.max(HEAD - 2, y(op.from)), high = Math.max(3, y(op.until) - top);
      pen.fillStyle = op.outcome === 'ok' ? colour.ok : op.outcome === 'refused' ? colour.refused : colour.unknown;
      const marked = story.some((s) => s.op === op.id);
      pen.fillRect(cx - (marked ? 6 : 4), top, marked ? 12 : 8, high);
      if (marked) { pen.strokeStyle = colour.bad; pen.lineWidth = 2; pen.strokeRect(cx - 7, top - 1, 14, high + 2); }
      if (labelled || marked) {
        pen.fillStyle = colour.ink; pen.font = '11px system-ui'; pen.textAlign = 'left';
        pen.fillText(`c${op.client} ${op.verb} ${op.id} k${op.key}${op.answer ? ' = ' + op.answer : ''}`, cx + 9, top + 9);
      }
    }
  };

  const drawFrame = (pen) => {
    pen.fillStyle = colour.paper; pen.fillRect(0, 0, size.w, size.h);
    pen.font = '11px system-ui'; pen.textAlign = 'right';
    const step = niceStep(view.until - view.from, Math.max(2, (size.h - HEAD) / 44));
    for (let t = Math.ceil(view.from / step) * step; t <= view.until; t += step) {
      pen.strokeStyle = colour.rule; pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(GUTTER, y(t)); pen.lineTo(size.w, y(t)); pen.stroke();
      pen.fillStyle = colour.faint;
      pen.fillText((t / 1e6).toFixed(Math.max(0, 6 - Math.floor(Math.log10(step)))) + ' s', GUTTER - 8, y(t) + 4);
    }
    pen.textAlign = 'center';
    for (let n = 0; n < run.nodes; n++) {
      pen.strokeStyle = colour.rule;
      pen.beginPath(); pen.moveTo(x(n), HEAD); pen.lineTo(x(n), size.h); pen.stroke();
      pen.fillStyle = colour.ink; pen.font = '600 12px system-ui';
      pen.fillText('n' + n, x(n), 17);
    }
    pen.fillStyle = colour.faint; pen.font = '12px system-ui';
    pen.fillText('clients', GUTTER + nodesWide() + (size.w - GUTTER - nodesWide()) / 2, 17);
  };

  const drawSteps = (pen) => {
    pen.font = '11px system-ui'; pen.textAlign = 'left';
    let lastY = -20, more = 0;
    for (const [t, text] of run.steps) {
      if (t < view.from || t > view.until) continue;
      const at = y(t);
      if (at - lastY < 12) { more++; continue; }
      pen.fillStyle = colour.bad; pen.globalAlpha = 0.9;
      pen.fillText(text, GUTTER + 4, at - 3);
      pen.strokeStyle = colour.bad; pen.globalAlpha = 0.35; pen.setLineDash([2, 4]);
      pen.beginPath(); pen.moveTo(GUTTER, at); pen.lineTo(GUTTER + nodesWide(), at); pen.stroke();
      pen.setLineDash([]); pen.globalAlpha = 1;
      lastY = at;
    }
  };

  const drawScrubber = () => {
    const { pen, w, h } = fit(scrub);
    pen.fillStyle = colour.panel; pen.fillRect(0, 0, w, h);
    const span = run.until - run.from || 1, rows = Math.ceil(h / 2), counts = new Uint32Array(rows);
    let most = 1;
    for (let i = 0; i < EVENTS; i++) {
      if (!shown(i)) continue;
      const row = Math.min(rows - 1, Math.floor((ev.t[i] - run.from) / span * rows));
      most = Math.max(most, ++counts[row]);
    }
    pen.fillStyle = colour.message;
    counts.forEach((c, row) => { if (c) pen.fillRect(0, row * 2, Math.max(1, w * Math.sqrt(c / most)), 2); });
    for (const s of story) {
      pen.fillStyle = colour.bad;
      pen.fillRect(0, (s.at - run.from) / span * h - 1, w, 3);
    }
    pen.strokeStyle = colour.chosen; pen.lineWidth = 2;
    const top = (view.from - run.from) / span * h, bottom = (view.until - run.from) / span * h;
    pen.strokeRect(1, top, w - 2, Math.max(4, bottom - top));
  };

  let asked = false;
  const draw = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; drawNow(); });
  };
  const drawNow = () => {
    const canvas = fit(lanes), pen = canvas.pen;
    size.w = canvas.w; size.h = canvas.h;
    drawFrame(pen);
    pen.save();
    pen.beginPath(); pen.rect(0, HEAD - 6, size.w, size.h); pen.clip();
    drawBands(pen);
    const first = lowerBound(ev.t, view.from), last = lowerBound(ev.t, view.until + 1);
    let visible = 0;
    for (let i = first; i < last && visible <= DOTS_MAX; i++) visible += shown(i) ? 1 : 0;
    const dense = visible > DOTS_MAX;
    let cut = false;
    if (dense) drawDensity(pen, first, last); else { cut = drawMessages(pen); drawEvents(pen, first, last); }
    drawSteps(pen);
    drawOps(pen);
    pen.strokeStyle = colour.chosen; pen.globalAlpha = 0.6; pen.lineWidth = 1;
    pen.beginPath(); pen.moveTo(GUTTER, y(cursor)); pen.lineTo(size.w, y(cursor)); pen.stroke();
    pen.restore();
    el('note').textContent = (dense ? 'Too many events to draw each: zoom in or choose a key. '
      : cut ? 'Not every message is drawn: zoom in. ' : '') +
      (EVENTS < run.allEvents ? `This page has ${EVENTS.toLocaleString('en')} of ${run.allEvents.toLocaleString('en')} events.` : '');
    drawScrubber();
  };

  // ---- The panel ----
  const heldKey = () => key !== null ? key : story.length ? story[0].key : run.ops.length ? run.ops[0].key : 0;
  const showHeld = () => {
    const k = heldKey(), held = new Map();
    for (const [t, node, of, label] of run.values) {
      if (t > cursor) break;
      if (of === k) held.set(node, label);
    }
    el('cursor').textContent = `${seconds(cursor)}, k${k}`;
    const all = new Set(held.values());
    const body = el('held').tBodies[0];
    body.replaceChildren();
    for (let n = 0; n < run.nodes; n++) {
      const row = body.insertRow();
      row.insertCell().textContent = 'n' + n;
      const cell = row.insertCell();
      cell.textContent = held.get(n) || 'nothing';
      if (all.size > 1 && held.has(n)) cell.title = 'not all hold the same';
    }
  };
  const vectorOf = (seen) => {
    const counts = new Array(run.nodes).fill(0);
    for (let i = 0; i < EVENTS; i++) if (seen[i]) counts[ev.n[i]]++;
    return counts.map((c, n) => `n${n}:${c}`).join('  ');
  };
  const showEvent = () => {
    const box = el('event');
    box.replaceChildren();
    const add = (tag, text, name) => {
      const node = document.createElement(tag);
      node.textContent = text;
      if (name) node.className = name;
      box.append(node);
      return node;
    };
    if (chosen < 0) { add('p', 'Click an event, or use the arrow keys.', 'hint'); return; }
    const i = chosen;
    add('p', `n${ev.n[i]} at ${seconds(ev.t[i])}` + (ev.k[i] >= 0 ? `, key k${ev.k[i]}` : ''));
    add('pre', ev.x[i]);
    if (ev.e[i]) add('pre', ev.e[i]);
    if (inbox[i] >= 0) {
      const link = add('button', 'sent by n' + ev.n[ms.s[inbox[i]]] + ' at ' + seconds(ev.t[ms.s[inbox[i]]]), 'link');
      link.onclick = () => choose(ms.s[inbox[i]], true);
    }
    add('p', 'Known here, in events of each node: ' + vectorOf(past), 'hint');
  };
  const choose = (i, move) => {
    chosen = i;
    if (i >= 0) {
      past = reach(i, causes);
      future = reach(i, effectsOf);
      cursor = ev.t[i];
      if (move && (ev.t[i] < view.from || ev.t[i] > view.until)) centre(ev.t[i], view.until - view.from);
    } else {
      past = future = null;
    }
    showEvent(); showHeld(); draw();
  };

  // ---- Moving ----
  const setView = (from, until) => {
    const span = Math.min(Math.max(until - from, 20), Math.max(run.until - run.from, 20));
    let start = Math.max(run.from, Math.min(from, run.until - span));
    view.from = start; view.until = start + span;
    draw();
  };
  const centre = (t, span) => setView(t - span / 2, t + span / 2);
  const zoom = (factor, at) => {
    const fixed = at === undefined ? (chosen >= 0 ? ev.t[chosen] : (view.from + view.until) / 2) : at;
    const span = (view.until - view.from) * factor;
    const share = (fixed - view.from) / (view.until - view.from);
    setView(fixed - span * share, fixed - span * share + span);
  };
  const pan = (share) => {
    const by = (view.until - view.from) * share;
    setView(view.from + by, view.until + by);
  };
  const step = (direction) => {
    let i = chosen >= 0 ? chosen + direction
      : direction > 0 ? lowerBound(ev.t, view.from) : lowerBound(ev.t, view.until + 1) - 1;
    while (i >= 0 && i < EVENTS && !shown(i)) i += direction;
    if (i >= 0 && i < EVENTS) choose(i, true);
  };
  let nextStory = 0;
  const toStory = (index) => {
    if (!story.length) return;
    const s = story[index % story.length];
    nextStory = index + 1;
    if (key !== s.key) { key = s.key; el('key').value = String(key); }
    // Both in one view, unless one would vanish beside the time between them.
    const from = Math.min(...story.map((o) => o.from)), until = Math.max(...story.map((o) => o.until));
    const own = Math.max(1000, s.until - s.from);
    if (until - from < own * 60) setView(from - (until - from) * 0.3, until + (until - from) * 0.3);
    else centre(s.at, own * 4);
    // Its answer is the last step of that node until then that is about the key.
    let i = lowerBound(ev.t, s.at + 1) - 1;
    while (i >= 0 && !(ev.n[i] === s.node && ev.k[i] === s.key)) i--;
    choose(i, false);
  };

  lanes.addEventListener('click', (event) => {
    const box = lanes.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
    let best = -1, nearest = 144;
    const reachTime = (view.until - view.from) / (size.h - HEAD) * 12, t = timeAt(py);
    for (let i = lowerBound(ev.t, t - reachTime); i < EVENTS && ev.t[i] <= t + reachTime; i++) {
      if (!shown(i)) continue;
      const d = (x(ev.n[i]) - px) ** 2 + (y(ev.t[i]) - py) ** 2;
      if (d < nearest) { nearest = d; best = i; }
    }
    if (best < 0) { cursor = Math.max(run.from, Math.min(t, run.until)); }
    choose(best, false);
  });
  lanes.addEventListener('wheel', (event) => {
    event.preventDefault();
    const py = event.clientY - lanes.getBoundingClientRect().top;
    if (event.ctrlKey || event.metaKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(py));
    else pan(event.deltaY / size.h);
  }, { passive: false });
  const scrubTo = (event) => {
    const box = scrub.getBoundingClientRect();
    const t = run.from + (event.clientY - box.top) / box.height * (run.until - run.from);
    centre(t, view.until - view.from);
    cursor = Math.max(run.from, Math.min(t, run.until));
    showHeld();
  };
  scrub.addEventListener('pointerdown', (event) => {
    scrub.setPointerCapture(event.pointerId);
    // The whole run in view: grasping it means to look closer.
    if (view.until - view.from > (run.until - run.from) * 0.95) zoom(0.1);
    scrubTo(event);
  });
  scrub.addEventListener('pointermove', (event) => { if (event.buttons) scrubTo(event); });

  const toggle = (id, set) => {
    const box = el(id);
    box.onchange = () => { set(box.checked); draw(); };
  };
  toggle('gossip', (on) => { gossip = on; });
  toggle('idle', (on) => { idle = on; });
  el('idle').checked = idle;
  el('key').onchange = () => { key = el('key').value === '' ? null : Number(el('key').value); showHeld(); draw(); };
  el('in').onclick = () => zoom(0.5);
  el('out').onclick = () => zoom(2);
  el('all').onclick = () => setView(run.from, run.until);
  const help = () => {
    const box = el('keys');
    box.hidden = !box.hidden;
    el('help').setAttribute('aria-expanded', String(!box.hidden));
    draw();
  };
  el('help').onclick = help;
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target.tagName;
    if (target === 'SELECT' || target === 'INPUT' && event.target.type !== 'checkbox') return;
    const act = {
      ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => pan(0.8), PageUp: () => pan(-0.8),
      '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), Home: () => setView(run.from, run.until),
      n: () => toStory(nextStory), '?': help, Escape: () => choose(-1, false),
      g: () => { gossip = !gossip; el('gossip').checked = gossip; draw(); },
      k: () => { el('key').selectedIndex = (el('key').selectedIndex + 1) % el('key').length; el('key').onchange(); },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // ---- The heading ----
  const begin = () => {
    document.title = `Orrery run: ${run.name}`;
    el('title').textContent = `${run.name}: ${run.nodes} nodes, ${run.allEvents.toLocaleString('en')} events, ` +
      `${(run.until / 1e6).toFixed(3)} s, digest ${run.digest}, build ${run.build}`;
    el('scenario').textContent = run.scenario;
    const verdict = el('verdict');
    if (!run.violations.length) {
      verdict.className = 'good';
      verdict.textContent = 'Every property held.';
    } else {
      const first = run.violations[0];
      verdict.className = 'bad';
      verdict.append(`${first.oracle} ${first.property}: ${first.sentence} `);
      for (const id of [first.other, first.op]) {
        const op = id ? run.ops.find((o) => o.id === id) : null;
        if (!op) continue;
        story.push({ op: id, at: op.until, from: op.from, until: op.until, node: op.node, key: op.key });
        const index = story.length - 1, link = document.createElement('button');
        link.className = 'link';
        link.textContent = `${op.verb} ${op.id} at ${seconds(op.until)}`;
        link.onclick = () => toStory(index);
        verdict.append(link, '  ');
      }
      if (run.violations.length > 1) verdict.append(`and ${run.violations.length - 1} more.`);
    }
    const keys = new Set(run.ops.map((op) => op.key));
    for (const k of [...keys].sort((a, b) => a - b)) {
      const option = document.createElement('option');
      option.value = String(k); option.textContent = 'k' + k;
      el('key').append(option);
    }
    readColours();
    showHeld();
    drawNow();
  };
  new ResizeObserver(draw).observe(el('stage'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { readColours(); draw(); });
  begin();
})();
