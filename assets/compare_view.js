// Two replies side by side: aligned in bands of columns, and the chosen step in words.

const root = element.querySelector('.cm');
const find = (name) => root.querySelector(name);
const bands = find('.cm-bands');
const WHO = ['first', 'second'];
const NAME = 104;
const COLUMN = 71;
const NARROW = 560;
const state = { data: null, side: 0, step: 0, wide: 0 };
const quoted = (piece) => `“${piece}”`;
const reply = (side) => state.data.replies[side];
const bits = (step) => (state.data.measure === 'kl' ? step.kl : step.js);

const steps = (rows) => rows.map(([piece, p, forced, top, others, own, other, kl, js]) => (
  { piece, p, forced, top, others, own, other, kl: kl === null ? Infinity : kl, js }));

function receive(value) {
  state.data = value ? JSON.parse(value) : null;
  find('.cm-empty').hidden = Boolean(state.data);
  find('.cm-body').hidden = !state.data;
  if (!state.data) return;
  state.data.replies = state.data.replies.map(steps);
  const { words, columns, part } = state.data;
  find('.cm-found').replaceChildren(...words.found.map((text) => make('li', '', text)));
  for (const how of root.querySelectorAll('.cm-how')) {
    const { measure, between } = how.dataset;
    how.hidden = (measure || between) !== state.data[measure ? 'measure' : 'between'];
  }
  find('.cm-differ').textContent = words.differ.length
    ? `What differs: ${words.differ.join('; ')}.` : 'Model, message and settings are the same.';
  drawTotals();
  // The step at which they part is what one has come to see.
  const [left, right] = columns[part === null ? 0 : part];
  state.side = left < 0 ? 1 : 0;
  state.step = left < 0 ? right : left;
  drawBands();
}

// As many columns a band as there is room for; on a phone one band, which scrolls.
function room() {
  const width = root.clientWidth - 32;
  return width < NARROW ? state.data.columns.length : Math.floor((width - NAME + 3) / COLUMN);
}

function drawBands() {
  const { columns } = state.data;
  state.wide = Math.max(1, room());
  const parts = [];
  for (let start = 0; start < columns.length; start += state.wide) parts.push(band(start));
  bands.replaceChildren(...parts);
  select(state.side, state.step);
  reveal(cellOf(state.side, state.step));
}

function band(start) {
  const { columns, names, measure, part } = state.data;
  const shown = columns.slice(start, start + state.wide);
  const node = make('div', 'cm-band');
  node.style.setProperty('--cm-count', shown.length);
  const place = (cell, row, column) => {
    cell.style.gridArea = `${row} / ${column}`;
    node.append(cell);
  };
  for (const side of [0, 1]) {
    place(rowName(names[side], `the ${WHO[side]}`), side * 2 + 1, 1);
    if (measure) place(rowName('', `bits apart, along the ${WHO[side]}`), side * 2 + 2, 1);
    shown.forEach((column, k) => {
      const step = column[side];
      place(step < 0 ? gap() : pieceOf(side, step, start + k), side * 2 + 1, k + 2);
      if (measure && step >= 0) place(bar(side, step), side * 2 + 2, k + 2);
    });
  }
  if (part !== null && part >= start && part < start + shown.length) {
    const line = make('span', 'cm-part');
    line.style.gridColumn = part - start + 2;
    line.title = 'Here the two replies part';
    node.append(line);
  }
  return node;
}

function rowName(name, under) {
  const node = make('div', 'cm-name');
  node.title = name;
  if (name) node.append(make('span', '', name));
  node.append(make('small', '', under));
  return node;
}

function gap() {
  const node = make('span', 'cm-gap', '–');
  node.setAttribute('aria-hidden', 'true');
  return node;
}

function pieceOf(side, index, column) {
  const step = reply(side)[index];
  const node = make('button', 'tv-cell cm-piece');
  Object.assign(node, { type: 'button', tabIndex: -1 });
  Object.assign(node.dataset, { side, step: index, column });
  paint(node, step.p);
  node.append(make('b', 'tv-piece', step.piece));
  node.append(make('small', '', `${step.forced ? '⚑ ' : ''}${decimal(step.p, 2)}`));
  const apart = state.data.measure ? `, ${figure(bits(step))} bits apart` : '';
  const here = column === state.data.part ? ', here the two part' : '';
  const forced = step.forced ? ', forced' : '';
  const name = `probability ${decimal(step.p)}${forced}${apart}${here}`;
  node.title = `${step.piece} · ${name}`;
  node.setAttribute('aria-label', `the ${WHO[side]}, step ${index + 1}, ${step.piece}, ${name}`);
  return node;
}

function bar(side, index) {
  const value = bits(reply(side)[index]);
  const node = make('span', 'cm-bar');
  node.setAttribute('aria-hidden', 'true');
  const filled = make('i');
  filled.style.height = `${Math.min(1, value / state.data.scale) * 100}%`;
  node.append(filled, make('span', '', figure(value)));
  return node;
}

function figure(value) {
  if (value === Infinity) return '∞';
  if (value < 0.0005) return '0';
  if (value < 0.005) return '<0.01';
  return value.toFixed(value < 9.995 ? 2 : 1);
}

function select(side, index) {
  Object.assign(state, { side, step: index });
  for (const node of bands.querySelectorAll('.cm-piece')) {
    const here = Number(node.dataset.side) === side && Number(node.dataset.step) === index;
    if (here) node.setAttribute('aria-current', 'step'); else node.removeAttribute('aria-current');
    node.tabIndex = here ? 0 : -1;
  }
  drawStep(cellOf(side, index));
}

const cellOf = (side, index) => find(`.cm-piece[data-side="${side}"][data-step="${index}"]`);

function drawStep(cell) {
  const { columns, names, between } = state.data;
  const { side } = state;
  const step = reply(side)[state.step];
  find('.cm-step h3').textContent = `Step ${state.step + 1} of the ${WHO[side]} reply`;
  find('.cm-step .tv-word').textContent = step.piece;
  paint(find('.cm-step .tv-word'), step.p);
  const beside = columns[Number(cell.dataset.column)][1 - side];
  const other = beside < 0 ? undefined : reply(1 - side)[beside];
  find('.cm-said').textContent = between === 'tokenizers'
    ? aboutWords(step, other, beside) : aboutStep(step);
  const tops = [step.top, step.others || (other && other.top)];
  const chosen = [step.piece, step.others ? step.piece : other && other.piece];
  const tables = [side, 1 - side].map((who, k) => [
    who, topTable(`the ${WHO[who]}: ${names[who]}`, tops[k], chosen[k])]);
  tables.sort(([one], [two]) => one - two);
  find('.cm-tops').replaceChildren(...tables.map(([, table]) => table));
}

function aboutStep(step) {
  const { between } = state.data;
  const { side } = state;
  const after = between === 'settings' ? 'After temperature and filters' : 'After the same pieces';
  const [own, other] = [step.own, step.other].map((p) => (p > 0 ? decimal(p) : '0 (forbidden)'));
  const forced = step.forced ? 'It was forced. ' : '';
  const kl = step.kl === Infinity
    ? `is infinite, as the ${WHO[1 - side]} forbids pieces that the ${WHO[side]} allows`
    : `is ${figure(step.kl)} bits`;
  return `${forced}${after}, ${quoted(step.piece)} has probability ${own} in the ${WHO[side]} and `
    + `${other} in the ${WHO[1 - side]}. Over all pieces, the Kullback–Leibler divergence ${kl}, `
    + `the Jensen–Shannon divergence ${figure(step.js)} bits.`;
}

function aboutWords(step, other, index) {
  const own = `${quoted(step.piece)} has probability ${decimal(step.p)} in its own model.`;
  return other
    ? `${own} Beside it stands ${quoted(other.piece)} (step ${index + 1}), ${decimal(other.p)} in `
      + 'the model that wrote it.'
    : `${own} Nothing of the other reply stands beside it.`;
}

function topTable(name, rows, chosen) {
  const table = make('table');
  table.append(make('caption', '', rows ? name : `${name} (nothing beside it)`));
  const body = make('tbody');
  for (const [piece, p] of rows || []) {
    const row = make('tr', piece === chosen ? 'cm-chosen' : '');
    const head = make('th', '', `${piece}${piece === chosen ? ' ←' : ''}`);
    head.scope = 'row';
    head.title = piece;
    row.append(head, make('td', 'cm-num', decimal(p)));
    body.append(row);
  }
  if (rows && rows.length < 5 && state.data.between === 'settings') {
    const [row, cell] = [make('tr'), make('td', '', 'nothing else is allowed')];
    cell.colSpan = 2;
    row.append(cell);
    body.append(row);
  }
  table.append(body);
  return table;
}

// A row a figure: it is the two replies that are compared, and so they stand side by side.
function drawTotals() {
  const { names, totals, measure, between } = state.data;
  const nats = (score) => score[0].toFixed(2).replace('-', '−');
  const bytes = (score) => score[1].toFixed(3);
  const others = between === 'messages' ? 'after the other’s message' : 'under the other model';
  const rows = [
    ['', ...names.map((name, side) => `the ${WHO[side]}: ${name}`)],
    ['log-probability, in nats', ...totals.map(([,, own]) => nats(own))],
    ['bits a byte', ...totals.map(([,, own]) => bytes(own))],
  ];
  if (totals[0][3]) {
    rows.push([`log-probability ${others}`, ...totals.map(([,,, other]) => nats(other))]);
    rows.push([`bits a byte ${others}`, ...totals.map(([,,, other]) => bytes(other))]);
  }
  if (measure) rows.push(['bits apart, mean of the steps', ...totals.map((all) => figure(all[4]))]);
  rows.push(['steps', ...totals.map(([steps]) => String(steps))]);
  rows.push(['end', ...totals.map(([, end]) => end || 'still being written')]);
  const [head, body] = [make('thead'), make('tbody')];
  rows.forEach((texts, r) => {
    const row = make('tr');
    row.append(...texts.map((text, k) => {
      const cell = make(r && k ? 'td' : 'th', '', text);
      if (cell.tagName === 'TH') cell.scope = r ? 'row' : 'col';
      return cell;
    }));
    (r ? body : head).append(row);
  });
  find('.cm-totals').replaceChildren(head, body);
}

// The first reply is the one of the main view, whose step moves along.
function choose(side, index) {
  select(side, index);
  if (side) return;
  document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step: index } }));
}

function reveal(cell) {
  const [box, at] = [bands.getBoundingClientRect(), cell.getBoundingClientRect()];
  if (at.left < box.left + NAME) bands.scrollLeft += at.left - box.left - NAME - 40;
  else if (at.right > box.right) bands.scrollLeft += at.right - box.right + 40;
}

element.addEventListener('click', (event) => {
  const cell = event.target.closest('.cm-piece');
  if (cell) choose(Number(cell.dataset.side), Number(cell.dataset.step));
});

// Up and down go to the other reply's piece in the same column, or the nearest one before it.
function goal(key) {
  const { columns } = state.data;
  const last = reply(state.side).length - 1;
  const along = { ArrowLeft: state.step - 1, ArrowRight: state.step + 1, Home: 0, End: last }[key];
  if (along !== undefined) return [state.side, Math.max(0, Math.min(along, last))];
  const to = { ArrowUp: 0, ArrowDown: 1 }[key];
  if (to === undefined || to === state.side) return null;
  const column = Number(cellOf(state.side, state.step).dataset.column);
  const before = columns.slice(0, column + 1).map((one) => one[to]).filter((step) => step >= 0);
  return [to, before.length ? before[before.length - 1] : 0];
}

bands.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !event.target.closest('.cm-piece')) return;
  const found = goal(event.key);
  if (!found) return;
  event.preventDefault();
  choose(...found);
  cellOf(...found).focus({ preventScroll: true });
  reveal(cellOf(...found));
});

document.addEventListener('seq2seq:step', (event) => {
  const { step } = event.detail;
  if (!state.data || !reply(0)[step] || (state.side === 0 && state.step === step)) return;
  select(0, step);
  reveal(cellOf(0, step));
});

new ResizeObserver(() => {
  if (state.data && root.clientWidth && Math.max(1, room()) !== state.wide) drawBands();
}).observe(root);
find('.tv-legend i').style.background =
  `linear-gradient(90deg, ${SCALE.map((rgb) => `rgb(${rgb.join(',')})`).join(',')})`;
watch('value', () => receive(props.value));
receive(props.value);
