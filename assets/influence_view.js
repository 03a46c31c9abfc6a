// What a reply drew on: ribbons between its pieces and the message's, and what is looked at.

const root = element.querySelector('.inf');
const find = (name) => root.querySelector(name);
const picture = find('.inf-picture');
const rows = { message: find('[data-side=message]'), reply: find('[data-side=reply]') };
const maps = [...root.querySelectorAll('.inf-map')];

function receive(value) {
  const before = state.data;
  state.data = value ? JSON.parse(value) : null;
  find('.inf-empty').hidden = Boolean(state.data);
  find('.inf-body').hidden = !state.data;
  if (!state.data) return;
  const main = document.querySelector('#view .tv');
  const same = before && before.number === state.data.number;
  const shared = main && main.dataset.step !== undefined ? Number(main.dataset.step) : 0;
  state.step = clampStep(same ? state.step : shared);
  state.looked = null;
  // The end piece is often far above the rest: it may run off the scale, the rest may not.
  const own = state.data.drop.filter((row, s) => kind(s) !== 'end');
  const size = (table) => Math.max(0, ...table.flat().map(Math.abs));
  state.scale = Math.max(1, size(own.length ? own : state.data.drop));
  if (!state.data.attention) state.mode = 'drop';
  drawWords();
  drawChips();
  drawMaps();
  setMode(state.mode);
}

const clampStep = (step) => Math.max(0, Math.min(step || 0, state.data.reply.length - 1));

function drawWords() {
  const { words, agreement } = state.data;
  const lines = (tag, sentences) => sentences.map((told) => {
    const node = make(tag);
    quoting(node, say(told));
    return node;
  });
  find('.inf-found').replaceChildren(...lines('li', words.found));
  find('.inf-model').textContent = say(words.model);
  find('.inf-care').replaceChildren(...lines('p', words.care));
  find('.inf-alike').textContent = (agreement ? agreement.words : [])
    .map((told) => say(told)).join(' ');
  const ends = find('.inf-scale').querySelectorAll('span');
  const bits = state.scale.toFixed(1);
  ends[0].textContent = say('spoke against −{bits}', { bits });
  ends[1].textContent = say('+{bits} spoke for', { bits });
}

function chip(side, index, text) {
  const node = make('button', 'tv-cell inf-chip');
  node.type = 'button';
  node.dataset.index = index;
  node.tabIndex = -1;
  node.append(make('b', 'tv-piece', text), make('small', ''));
  node.translate = false;
  node.lastChild.translate = true;
  node.title = text;
  if (side === 'message' && kind(index)) node.classList.add(`inf-${kind(index)}`);
  return node;
}

function drawChips() {
  const { source, reply } = state.data;
  rows.message.replaceChildren(...source.map(([text], s) => chip('message', s, text)));
  rows.reply.replaceChildren(...reply.map(([text], t) => chip('reply', t, text)));
  rows.message.firstChild.tabIndex = 0;
}

const shown = () => maps.filter((map) => !map.hidden);

function drawMaps() {
  const { attention } = state.data;
  find('.inf-switch').hidden = !attention;
  maps[1].hidden = !attention;
  find('.inf-maps').classList.toggle('inf-both', Boolean(attention));
  for (const map of shown()) drawMap(map.querySelector('table'), map.dataset.kind);
}

// Says all anew in the page's language; the pieces and the figures stay as they are drawn.
function redraw() {
  if (!state.data) return;
  drawWords();
  for (const map of shown()) sayMap(map.querySelector('table'), map.dataset.kind);
  look(state.looked);
}

function setMode(mode) {
  state.mode = mode;
  root.dataset.mode = mode;
  for (const button of find('.inf-switch').children) {
    button.setAttribute('aria-pressed', String(button.dataset.mode === mode));
  }
  for (const map of maps) map.classList.toggle('inf-shown', map.dataset.kind === mode);
  mark(true);
}

// Marks the chosen step everywhere.
function mark(scroll) {
  [...rows.reply.children].forEach((node, t) => {
    const here = t === state.step;
    if (here) node.setAttribute('aria-current', 'step'); else node.removeAttribute('aria-current');
    node.tabIndex = here ? 0 : -1;
  });
  for (const node of root.querySelectorAll('table .inf-here')) node.classList.remove('inf-here');
  for (const map of shown()) {
    const column = [...map.querySelectorAll('tr')].map((row) => row.cells[state.step + 2]);
    for (const node of column) node.classList.add('inf-here');
    if (scroll) bring(map.querySelector('.inf-scroll'), column[0]);
  }
  look(state.looked);
}

// What the reader points at: {side, index} with, in a map, the other side's piece as `other`.
function look(looked) {
  state.looked = looked;
  const { side, index, other } = looked || { side: 'reply', index: state.step };
  const far = side === 'reply' ? 'message' : 'reply';
  for (const node of rows[side].children) {
    node.classList.toggle('inf-here', Number(node.dataset.index) === index);
    node.classList.remove(...TONES);
    node.lastChild.textContent = under(side, Number(node.dataset.index));
  }
  const values = [...rows[far].children].map((node, k) => {
    const value = side === 'reply' ? weight(state.mode, k, index) : weight(state.mode, index, k);
    node.classList.toggle('inf-here', k === other);
    tone(node, state.mode, value);
    node.lastChild.textContent = figure(state.mode, value);
    return value;
  });
  drawRibbons(rows[side].children[index], [...rows[far].children], values, other);
  const one = () => (side === 'reply' ? aboutStep(index) : aboutPiece(index));
  quoting(find('.inf-said'), other === undefined ? one()
    : aboutPair(...(side === 'reply' ? [other, index] : [index, other])));
}

function drawRibbons(from, to, values, other) {
  const down = from.parentNode === rows.message;
  const end = (node, below) => [node.offsetLeft + node.offsetWidth / 2,
    node.offsetTop + (below ? node.offsetHeight : 0)];
  const [x, y] = end(from, down);
  const paths = to.flatMap((node, k) => {
    const size = scaled(state.mode, values[k]);
    if (size < 0.02 || figure(state.mode, values[k]) === '0') return [];
    const [far, level] = end(node, !down);
    const middle = (y + level) / 2;
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', `M${x} ${y}C${x} ${middle} ${far} ${middle} ${far} ${level}`);
    path.setAttribute('stroke-width', (1 + 13 * size).toFixed(1));
    if (values[k] < 0) path.setAttribute('stroke-dasharray', '6 4');
    if (state.mode !== 'drop') path.classList.add('inf-look');
    else if (values[k] < 0) path.classList.add('inf-against');
    if (other !== undefined && other !== k) path.classList.add('inf-faint');
    return [path];
  });
  find('svg').replaceChildren(...paths);
}

// What a node of the view stands for, as `look` takes it; null for anything else.
function pointed(node) {
  const chipped = node.closest('.inf-chip');
  if (chipped) {
    return { side: chipped.parentNode.dataset.side, index: Number(chipped.dataset.index) };
  }
  const td = node.closest('td');
  if (td) {
    const [s, t] = at(td);
    return t < 0 ? { side: 'message', index: s } : { side: 'reply', index: t, other: s };
  }
  const th = node.closest('th[data-step]');
  return th ? { side: 'reply', index: Number(th.dataset.step) } : null;
}

// The main view answers with the step that it then shows; without it this view moves alone.
function choose(step) {
  state.step = step;
  mark(false);
  document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step } }));
}

function press(node) {
  const found = pointed(node);
  if (!found) return;
  if (node.closest('td')) reach(node.closest('td'), true);
  if (found.side === 'reply') choose(found.index);
  look(found);
}

element.addEventListener('click', (event) => {
  const button = event.target.closest('.inf-switch button');
  if (button) setMode(button.dataset.mode);
  else if (state.data) press(event.target);
});
// A map that scrolls under a resting pointer must not take the reader's place from the keyboard.
let pointer = '';
element.addEventListener('pointerover', (event) => {
  const [place, found] = [`${event.clientX} ${event.clientY}`, state.data && pointed(event.target)];
  if (found && place !== pointer) look(found);
  pointer = place;
});
element.addEventListener('focusin', (event) => {
  const found = state.data && pointed(event.target);
  if (found) look(found);
});
const leave = () => { if (state.data) look(pointed(document.activeElement || root)); };
for (const part of [picture, find('.inf-maps')]) part.addEventListener('pointerleave', leave);
element.addEventListener('focusout', (event) => {
  if (state.data && !element.contains(event.relatedTarget)) look(null);
});

// Arrow keys: along a row of pieces, or over the cells of a map.
element.addEventListener('keydown', (event) => {
  const held = event.target.closest('.inf-chip, td');
  if (!held || event.altKey || event.metaKey) return;
  const line = held.parentNode;
  const cells = held.matches('td') ? [...line.cells].slice(1) : [...line.children];
  const here = cells.indexOf(held);
  const beside = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: cells.length - 1 };
  let goal = cells[beside[event.key]];
  if (held.matches('td')) {
    const lines = { ArrowUp: line.previousElementSibling, ArrowDown: line.nextElementSibling };
    if (event.key in lines) goal = lines[event.key] && lines[event.key].cells[held.cellIndex];
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); press(held); }
  }
  if (!(event.key in beside) && !goal) return;
  event.preventDefault();
  if (!goal) return;
  if (goal.matches('td')) { reach(goal, true); return; }
  for (const other of line.children) other.tabIndex = other === goal ? 0 : -1;
  goal.focus();
});

document.addEventListener('seq2seq:step', (event) => {
  if (!state.data || clampStep(event.detail.step) === state.step) return;
  state.step = clampStep(event.detail.step);
  mark(true);
});
new ResizeObserver(() => { if (state.data) look(state.looked); }).observe(picture);
maps[1].querySelector('.tv-legend i').style.background =
  `linear-gradient(90deg, ${SCALE.map((rgb) => `rgb(${rgb.join(',')})`).join(',')})`;
speak(root, redraw);
watch('value', () => receive(props.value));
receive(props.value);
