// What a reply drew on: ribbons between its pieces and the message's, and the maps of all pairs.

const root = element.querySelector('.inf');
const find = (name) => root.querySelector(name);
const picture = find('.inf-picture');
const rows = { message: find('[data-side=message]'), reply: find('[data-side=reply]') };
const maps = [...root.querySelectorAll('.inf-map')];
const state = { data: null, mode: 'drop', step: 0, looked: null, scale: 1 };
const KINDS = {
  end: 'the end piece', turn: 'end of an earlier turn', unknown: 'not in the vocabulary',
  personality: 'control piece: the personality that is asked for',
};
const TONES = ['inf-for', 'inf-against', 'inf-look'];
const quoted = (piece) => `“${piece}”`;
const sum = (values) => values.reduce((total, value) => total + value, 0);

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
const piece = (s) => state.data.source[s][0];
const kind = (s) => state.data.source[s][1];
const weight = (mode, s, t) => (mode === 'drop' ? state.data.drop[s][t]
  : state.data.attention[t][s]);
const overall = (mode, s) => (mode === 'drop' ? state.data.totals[s]
  : sum(state.data.attention.map((row) => row[s])) / state.data.reply.length);
const scaled = (mode, value) => Math.min(1, Math.abs(value) / (mode === 'drop' ? state.scale : 1));

function figure(mode, value) {
  if (mode !== 'drop') return decimal(value, 2);
  const size = Math.abs(value);
  if (size < 0.05) return '0';
  return `${value > 0 ? '+' : '−'}${size.toFixed(size < 9.95 ? 1 : 0)}`;
}

function tone(node, mode, value) {
  node.classList.remove(...TONES);
  if (figure(mode, value) === '0') return;
  const spoke = value > 0 ? 'inf-for' : 'inf-against';
  node.classList.add(mode === 'drop' ? spoke : 'inf-look');
  node.style.setProperty('--w', `${Math.round(scaled(mode, value) * 100)}%`);
}

function drawWords() {
  const { words, agreement, attention } = state.data;
  find('.inf-found').replaceChildren(...words.found.map((text) => make('li', '', text)));
  find('.inf-model').textContent = words.model;
  find('.inf-care').replaceChildren(...words.care.map((text) => make('p', '', text)));
  find('.inf-alike').textContent = agreement ? agreement.words : '';
  find('.inf-switch').hidden = !attention;
  maps[1].hidden = !attention;
  find('.inf-maps').classList.toggle('inf-both', Boolean(attention));
  const ends = find('.inf-scale').querySelectorAll('span');
  ends[0].textContent = `spoke against −${state.scale.toFixed(1)}`;
  ends[1].textContent = `+${state.scale.toFixed(1)} spoke for`;
}

function chip(side, index, text) {
  const node = make('button', 'tv-cell inf-chip');
  node.type = 'button';
  node.dataset.index = index;
  node.tabIndex = -1;
  node.append(make('b', 'tv-piece', text), make('small', ''));
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

function drawMaps() {
  for (const map of maps) if (!map.hidden) drawMap(map.querySelector('table'), map.dataset.kind);
}

function drawMap(table, mode) {
  const { source, reply } = state.data;
  const head = make('tr');
  const names = ['', mode === 'drop' ? 'in all' : 'mean', ...reply.map(([text]) => text)];
  head.append(...names.map((text, c) => {
    const th = make('th', '', text);
    th.scope = 'col';
    if (c > 1) Object.assign(th, { title: `${text} · step ${c - 1}` }).dataset.step = c - 2;
    return th;
  }));
  const body = source.map(([text], s) => {
    const tr = make('tr');
    tr.dataset.kind = kind(s);
    const th = make('th', '', text);
    th.scope = 'row';
    th.title = kind(s) ? `${text} · ${KINDS[kind(s)]}` : text;
    tr.append(th, cell(mode, s, -1), ...reply.map((_, t) => cell(mode, s, t)));
    return tr;
  });
  const [thead, tbody] = [make('thead'), make('tbody')];
  thead.append(head);
  tbody.append(...body);
  table.replaceChildren(thead, tbody);
  reach(body[0].cells[2], false);
}

// Column -1 is the whole reply.
function cell(mode, s, t) {
  const value = t < 0 ? overall(mode, s) : weight(mode, s, t);
  const text = figure(mode, value);
  const td = make('td', text === '0' ? 'inf-none' : '', text);
  if (t >= 0 && mode !== 'drop') paint(td, value);
  else if (t >= 0) tone(td, mode, value);
  return td;
}

const at = (td) => [td.parentNode.sectionRowIndex, td.cellIndex - 2];

// The one cell of a map that the tab key reaches; its name is made when it is needed.
function reach(td, focus) {
  const table = td.closest('table');
  for (const other of table.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
  td.tabIndex = 0;
  const [s, t] = at(td);
  td.setAttribute('aria-label', t < 0 ? aboutPiece(s) : aboutPair(s, t));
  if (focus) td.focus();
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
  for (const map of maps.filter((one) => !one.hidden)) {
    const column = [...map.querySelectorAll('tr')].map((row) => row.cells[state.step + 2]);
    for (const node of column) node.classList.add('inf-here');
    if (scroll) bring(map.querySelector('.inf-scroll'), column[0]);
  }
  look(state.looked);
}

function bring(inside, th) {
  const [box, head] = [inside.getBoundingClientRect(), th.getBoundingClientRect()];
  if (head.left < box.left + 96) inside.scrollLeft += head.left - box.left - 160;
  else if (head.right > box.right) inside.scrollLeft += head.right - box.right + 60;
}

// What the reader points at: {side, index} with, in a map, the other side's piece as `other`.
function look(looked) {
  state.looked = looked;
  const { side, index, other } = looked || { side: 'reply', index: state.step };
  const far = side === 'reply' ? 'message' : 'reply';
  for (const node of rows[side].children) {
    node.classList.toggle('inf-here', Number(node.dataset.index) === index);
    node.classList.remove(...TONES);
    node.lastChild.textContent = rest(side, Number(node.dataset.index));
  }
  const values = [...rows[far].children].map((node, k) => {
    const value = side === 'reply' ? weight(state.mode, k, index) : weight(state.mode, index, k);
    node.classList.toggle('inf-here', k === other);
    tone(node, state.mode, value);
    node.lastChild.textContent = figure(state.mode, value);
    return value;
  });
  drawRibbons(rows[side].children[index], [...rows[far].children], values, other);
  find('.inf-said').textContent = other === undefined
    ? (side === 'reply' ? aboutStep(index) : aboutPiece(index))
    : aboutPair(...(side === 'reply' ? [other, index] : [index, other]));
}

// The figure under a piece whose own weights are not the ones looked at.
const rest = (side, index) => (side === 'reply' ? `p ${decimal(state.data.reply[index][1], 2)}`
  : `${state.mode === 'drop' ? 'all' : 'mean'} ${figure(state.mode, overall(state.mode, index))}`);

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

function aboutPair(s, t) {
  const { reply, without, drop, instead, pieces, attention } = state.data;
  const [word, p] = reply[t];
  const first = pieces[instead[s][t]];
  const change = Math.abs(drop[s][t]);
  const bits = change < 0.05 ? 'about the same'
    : `${change.toFixed(1)} bits ${drop[s][t] > 0 ? 'less' : 'more'}`;
  const then = first === word ? 'It would still come first there.'
    : `The likeliest piece there would be ${quoted(first)}.`;
  const looked = attention ? ` Attention: ${decimal(attention[t][s], 2)}.` : '';
  return `Without ${quoted(piece(s))}, ${quoted(word)} (step ${t + 1}) has probability `
    + `${decimal(without[s][t])} instead of ${decimal(p)}: ${bits}. ${then}${looked}`;
}

function aboutStep(t) {
  const { drop, reply, attention } = state.data;
  const top = (values) => values.indexOf(Math.max(...values));
  const losses = drop.map((row) => row[t]);
  const s = top(losses);
  const most = losses[s] < 0.05 ? 'It loses nothing without any one piece of the message.'
    : `It needs ${quoted(piece(s))} most: ${losses[s].toFixed(1)} bits less without it.`;
  const looked = attention
    ? ` The model looked most at ${quoted(piece(top(attention[t])))}: `
      + `${decimal(Math.max(...attention[t]), 2)} of its attention.` : '';
  return `Step ${t + 1}, ${quoted(reply[t][0])}, probability ${decimal(reply[t][1])}. ${most}`
    + looked;
}

function aboutPiece(s) {
  const { totals, attention } = state.data;
  const what = kind(s) ? `, ${KINDS[kind(s)]}` : '';
  const looked = attention ? ` On average ${decimal(overall('attention', s), 2)} of the attention.`
    : '';
  return `${quoted(piece(s))}${what}: without it the whole reply is `
    + `${Math.abs(totals[s]).toFixed(1)} bits ${totals[s] < 0 ? 'more' : 'less'} likely.${looked}`;
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
watch('value', () => receive(props.value));
receive(props.value);
