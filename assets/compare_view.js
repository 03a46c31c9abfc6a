// Two replies side by side: aligned in bands of columns, and the choice of a step in them.

const root = element.querySelector('.cm');
const find = (name) => root.querySelector(name);
const bands = find('.cm-bands');
const ALONG = ['bits apart, along the first', 'bits apart, along the second'];
const NAME = 104;
const COLUMN = 71;
const NARROW = 560;
// `heard` is the step that the main view told of last.
const state = { data: null, side: 0, step: 0, wide: 0, heard: null };
const reply = (side) => state.data.replies[side];
const bits = (step) => (state.data.measure === 'kl' ? step.kl : step.js);

const steps = (rows) => rows.map(([piece, p, forced, top, others, own, other, kl, js]) => (
  { piece, p, forced, top, others, own, other, kl: kl === null ? Infinity : kl, js }));

function receive(value) {
  state.data = value ? JSON.parse(value) : null;
  find('.cm-empty').hidden = Boolean(state.data);
  find('.cm-body').hidden = !state.data;
  if (!state.data) return;
  const main = document.querySelector('#view .tv');
  if (main) state.heard = Number(main.dataset.step);
  state.data.replies = state.data.replies.map(steps);
  const { columns, part } = state.data;
  for (const how of root.querySelectorAll('.cm-how')) {
    const { measure, between } = how.dataset;
    how.hidden = (measure || between) !== state.data[measure ? 'measure' : 'between'];
  }
  drawWords();
  // The step at which they part is what one has come to see.
  const [left, right] = columns[part === null ? 0 : part];
  state.side = left < 0 ? 1 : 0;
  state.step = left < 0 ? right : left;
  drawBands();
}

function drawWords() {
  const { found, differ } = state.data.words;
  const line = (text) => { const li = make('li'); li.append(sentence(text)); return li; };
  find('.cm-found').replaceChildren(...found.map(line));
  find('.cm-differ').replaceChildren(differ.length
    ? sentence('What differs: {what}.', { what: joined(differ, '; ') })
    : say('Model, message and settings are the same.'));
  drawTotals(find('.cm-totals'), state.data);
}

// In another language all is written anew; what the reader looks at stays where it is.
function redraw() {
  if (!state.data) return;
  const { scrollLeft } = bands;
  drawWords();
  drawBands();
  bands.scrollLeft = scrollLeft;
}

// As many columns a band as there is room for; on a phone one band, which scrolls.
function room() {
  const width = root.clientWidth - 32;
  return width < NARROW ? state.data.columns.length : Math.floor((width - NAME + 3) / COLUMN);
}

function drawBands() {
  const { columns } = state.data;
  const held = bands.contains(document.activeElement);
  state.wide = Math.max(1, room());
  const parts = [];
  for (let start = 0; start < columns.length; start += state.wide) parts.push(band(start));
  bands.replaceChildren(...parts);
  select(state.side, state.step);
  const cell = cellAt(state.side, state.step);
  if (held) cell.focus({ preventScroll: true });
  reveal(cell);
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
    place(rowName(names[side], say(SIDES[side])), side * 2 + 1, 1);
    if (measure) place(rowName('', say(ALONG[side])), side * 2 + 2, 1);
    shown.forEach((column, k) => {
      const step = column[side];
      place(step < 0 ? gap() : pieceOf(side, step, start + k), side * 2 + 1, k + 2);
      if (measure && step >= 0) place(bar(side, step), side * 2 + 2, k + 2);
    });
  }
  if (part !== null && part >= start && part < start + shown.length) {
    const line = make('span', 'cm-part');
    line.style.gridColumn = part - start + 2;
    line.title = say('Here the two replies part');
    node.append(line);
  }
  return node;
}

function rowName(name, under) {
  const node = make('div', 'cm-name');
  const words = Array.isArray(name);
  node.title = words ? say(name) : name;
  if (name) node.append(words ? make('span', '', say(name)) : datum(name));
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
  const piece = make('b', 'tv-piece', step.piece);
  piece.translate = false;
  node.append(piece, make('small', '', `${step.forced ? '⚑ ' : ''}${decimal(step.p, 2)}`));
  const facts = [say('probability {p}', { p: decimal(step.p) })];
  if (step.forced) facts.push(say('forced'));
  if (state.data.measure) facts.push(say('{n} bits apart', { n: figure(bits(step)) }));
  if (column === state.data.part) facts.push(say('here the two part'));
  node.title = `${step.piece} · ${facts.join(', ')}`;
  const place = [say(SIDES[side]), say('step {n}', { n: index + 1 }), step.piece];
  node.setAttribute('aria-label', [...place, ...facts].join(', '));
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

function select(side, index) {
  Object.assign(state, { side, step: index });
  for (const node of bands.querySelectorAll('.cm-piece')) {
    const here = Number(node.dataset.side) === side && Number(node.dataset.step) === index;
    if (here) node.setAttribute('aria-current', 'step'); else node.removeAttribute('aria-current');
    node.tabIndex = here ? 0 : -1;
  }
  drawStep(cellAt(side, index));
}

const cellAt = (side, index) => find(`.cm-piece[data-side="${side}"][data-step="${index}"]`);

function drawStep(cell) {
  const { columns, names, between } = state.data;
  const { side } = state;
  const step = reply(side)[state.step];
  find('.cm-step h3').textContent = say(STEPS[side], { n: state.step + 1 });
  find('.cm-step .tv-word').textContent = step.piece;
  paint(find('.cm-step .tv-word'), step.p);
  const beside = columns[Number(cell.dataset.column)][1 - side];
  const other = beside < 0 ? undefined : reply(1 - side)[beside];
  find('.cm-said').replaceChildren(between === 'tokenizers'
    ? aboutWords(step, other, beside) : aboutStep(step, side, between));
  const tops = [step.top, step.others || (other && other.top)];
  const chosen = [step.piece, step.others ? step.piece : other && other.piece];
  const tables = [0, 1].map((who) => {
    const k = who === side ? 0 : 1;
    return topTable(who, names[who], tops[k], chosen[k], between === 'settings');
  });
  find('.cm-tops').replaceChildren(...tables);
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
  const column = Number(cellAt(state.side, state.step).dataset.column);
  const before = columns.slice(0, column + 1).map((one) => one[to]).filter((step) => step >= 0);
  return [to, before.length ? before[before.length - 1] : 0];
}

bands.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !event.target.closest('.cm-piece')) return;
  const found = goal(event.key);
  if (!found) return;
  event.preventDefault();
  choose(...found);
  cellAt(...found).focus({ preventScroll: true });
  reveal(cellAt(...found));
});

document.addEventListener('seq2seq:step', (event) => {
  const { step } = event.detail;
  const again = step === state.heard; // drawn anew in another language: nobody moved
  state.heard = step;
  if (again || !state.data || !reply(0)[step]) return;
  if (state.side === 0 && state.step === step) return;
  select(0, step);
  reveal(cellAt(0, step));
});

new ResizeObserver(() => {
  if (state.data && root.clientWidth && Math.max(1, room()) !== state.wide) drawBands();
}).observe(root);
find('.tv-legend i').style.background =
  `linear-gradient(90deg, ${SCALE.map((rgb) => `rgb(${rgb.join(',')})`).join(',')})`;
speak(root, redraw);
watch('value', () => receive(props.value));
receive(props.value);
