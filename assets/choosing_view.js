// From logits to choice: the chosen step's pieces through every stage, and the bar of what is left.

const root = element.querySelector('.ch');
const find = (name) => root.querySelector(name);
const [head, body] = [find('thead'), find('tbody')];
const shares = find('.ch-shares');
const state = { data: null, step: 0, looked: 0 };
const quoted = (piece) => `“${piece}”`;
const number = (value) => value.toFixed(2).replace('-', '−');

function receive(value) {
  const before = state.data;
  state.data = typeof value === 'string' && value ? JSON.parse(value) : null;
  find('.ch-none').hidden = Boolean(state.data);
  find('.ch-body').hidden = !state.data;
  if (!state.data) return;
  const main = document.querySelector('#view .tv');
  const same = before && before.number === state.data.number;
  const shared = main && main.dataset.step !== undefined ? Number(main.dataset.step) : 0;
  drawHead();
  find('.ch-formula').textContent = state.data.formula;
  show(same ? state.step : shared);
}

const current = () => state.data.steps[state.step];

function show(step) {
  const { steps } = state.data;
  state.step = Math.max(0, Math.min(step || 0, steps.length - 1));
  const { piece, rows, rest, chosen, cuts, words } = current();
  find('.ch-where').textContent = `step ${state.step + 1} of ${steps.length}`;
  find('.ch-prev').setAttribute('aria-disabled', String(state.step === 0));
  find('.ch-next').setAttribute('aria-disabled', String(state.step === steps.length - 1));
  find('.tv-word').textContent = piece;
  paint(find('.tv-word'), rows[chosen][1]);
  const held = body.contains(document.activeElement);
  body.replaceChildren(...rows.map((row, k) => drawRow(row, k)), drawRest(rest));
  body.rows[chosen].tabIndex = 0;
  if (held) body.rows[chosen].focus({ preventScroll: true });
  find('.ch-cuts').replaceChildren(...cuts.map((text) => make('li', '', text)));
  find('.ch-words').textContent = words;
  find('.ch-bar').setAttribute('aria-label', `Bar from 0 to 1. ${words}`);
  drawShares();
  drawPin();
  look(chosen);
}

function drawHead() {
  const { columns } = state.data;
  const line = make('tr');
  const named = (className, text, title) => {
    const th = make('th', className, text);
    th.scope = 'col';
    if (title) th.title = title;
    line.append(th);
    return th;
  };
  named('ch-piece', 'piece');
  named('ch-num', 'logit', 'What the decoder’s output layer gives the piece, any number.');
  for (const [heading, numbers, does] of columns) {
    named(numbers ? 'ch-num' : 'ch-num ch-filter', heading, does);
  }
  const axis = make('div');
  axis.append(...['0', '0.5', '1'].map((text) => make('span', '', text)));
  named('tv-axis ch-scale').append(axis);
  for (const [key, text] of [['tv-key-model', 'model'], ['tv-key-drawn', 'final']]) {
    named('ch-p').append(make('i', key), text);
  }
  head.replaceChildren(line);
  const numbers = columns.filter((column) => column[1]).length;
  root.style.setProperty('--ch-numbers', numbers);
  root.style.setProperty('--ch-filters', columns.length - numbers);
}

function drawRow([piece, p, final, , logit, values, cut], k) {
  const tr = make('tr', k === current().chosen ? 'ch-chosen' : '');
  tr.tabIndex = -1;
  tr.dataset.row = k;
  const name = make('th', 'tv-piece ch-piece');
  name.scope = 'row';
  name.title = piece;
  if (k === current().chosen) {
    name.append(make('span', 'ch-arrow'), make('span', 'tv-hear', 'written here: '));
  }
  name.append(make(cut && !final ? 's' : 'span', '', piece));
  tr.append(name, make('td', 'ch-num', number(logit)));
  const { columns } = state.data;
  let before = logit;
  columns.slice(0, cut ? cut[0] : columns.length).forEach(([, numbers], c) => {
    tr.append(numbers ? passed(values[c], before) : make('td', 'ch-num ch-kept', '✓ kept'));
    if (numbers) before = values[c];
  });
  if (cut) {
    const td = make('td', 'ch-cut');
    td.colSpan = columns.length - cut[0];
    td.append(make('span', '', cut[1]));
    td.title = cut[1];
    tr.append(td);
  }
  tr.append(...ends(p, final));
  return tr;
}

// A number that a stage left as it was is drawn faint.
function passed(value, before) {
  return make('td', value === before ? 'ch-num ch-same' : 'ch-num', number(value));
}

function ends(p, final) {
  const track = make('div', 'tv-track');
  for (const [name, value] of [['tv-model', p], ['tv-drawn', final]]) {
    const bar = make('i', name);
    bar.style.width = `${Math.min(1, value) * 100}%`;
    bar.hidden = !value;
    track.append(bar);
  }
  const scale = make('td', 'ch-scale');
  scale.append(track);
  return [scale, make('td', 'ch-p', decimal(p)), make('td', 'ch-p', final ? decimal(final) : '0')];
}

function drawRest(rest) {
  const tr = make('tr', 'ch-rest');
  const name = make('th', 'ch-piece', 'everything else');
  name.scope = 'row';
  name.colSpan = 2;
  const between = make('td');
  between.colSpan = state.data.columns.length;
  tr.append(name, between, ...ends(...rest));
  return tr;
}

// The shares of the bar in its order; what lies between those of the rows is everything else.
function drawShares() {
  const placed = current().rows.map((row, k) => [row[3], k]).filter(([span]) => span)
    .sort((a, b) => a[0][0] - b[0][0]);
  const nodes = [];
  let end = 0;
  for (const [[low, high], k] of placed) {
    if (low - end > 5e-4) nodes.push(share(end, low, null));
    nodes.push(share(low, high, k));
    end = high;
  }
  if (1 - end > 5e-4) nodes.push(share(end, 1, null));
  shares.replaceChildren(...nodes);
}

function share(low, high, k) {
  const node = make('div', k === null ? 'ch-else' : 'ch-share');
  node.style.left = `${low * 100}%`;
  node.style.width = `${(high - low) * 100}%`;
  const text = k === null ? 'everything else' : current().rows[k][0];
  node.title = `${text} · ${decimal(low)} to ${decimal(high)}`;
  if (k !== null) node.dataset.row = k;
  if (k === current().chosen) node.classList.add('ch-chosen');
  node.append(make('span', '', text));
  return node;
}

function drawPin() {
  const { draw } = current();
  const pin = find('.ch-pin');
  pin.hidden = draw === null;
  if (draw === null) return;
  pin.style.left = `${draw * 100}%`;
  pin.firstChild.textContent = `draw ${draw.toFixed(3)}`;
  pin.firstChild.style.transform = `translateX(${-draw * 100}%)`;
}

// Links a row with its share of the bar, and says its way in words.
function look(k) {
  state.looked = k;
  for (const node of root.querySelectorAll('[data-row]')) {
    node.classList.toggle('ch-look', Number(node.dataset.row) === k);
  }
  find('.ch-said').textContent = said(current().rows[k]);
}

function said([piece, p, final, span, logit, values, cut]) {
  const { columns } = state.data;
  const way = columns.slice(0, cut ? cut[0] : columns.length).map(([heading, numbers], c) =>
    (numbers ? `${heading}: ${number(values[c])}` : `${heading}: kept`));
  const stages = [`logit ${number(logit)}`, ...way, ...(cut ? [cut[1]] : [])].join(' → ');
  const place = span ? `; on the bar from ${decimal(span[0])} to ${decimal(span[1])}` : '';
  const becomes = final ? decimal(final) : 'none';
  return `${quoted(piece)}: ${stages}. Probability ${decimal(p)} by the model, ${becomes} in the `
    + `end${place}.`;
}

// The main view answers with the step that it then shows; without it this view moves alone.
function choose(step) {
  if (!state.data || !state.data.steps[step]) return;
  show(step);
  document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step } }));
}

const rowOf = (node) => {
  const found = node && element.contains(node) && node.closest('[data-row]');
  return found ? Number(found.dataset.row) : null;
};
const back = () => {
  if (state.data) look(rowOf(document.activeElement) ?? current().chosen);
};

function reach(k, scroll) {
  for (const tr of body.querySelectorAll('[data-row]')) {
    tr.tabIndex = Number(tr.dataset.row) === k ? 0 : -1;
  }
  body.rows[k].focus({ preventScroll: !scroll });
}

element.addEventListener('click', (event) => {
  if (event.target.closest('.ch-prev')) choose(state.step - 1);
  else if (event.target.closest('.ch-next')) choose(state.step + 1);
  else if (state.data && rowOf(event.target) !== null) reach(rowOf(event.target), false);
});
element.addEventListener('pointerover', (event) => {
  const k = rowOf(event.target);
  if (k !== null && k !== state.looked) look(k);
});
element.addEventListener('focusin', (event) => {
  const k = rowOf(event.target);
  if (k !== null) look(k);
});
for (const part of [body, shares]) part.addEventListener('pointerleave', back);
body.addEventListener('focusout', (event) => {
  if (!body.contains(event.relatedTarget) && state.data) look(current().chosen);
});
body.addEventListener('keydown', (event) => {
  const k = rowOf(event.target);
  if (k === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const last = current().rows.length - 1;
  const goal = {
    ArrowUp: Math.max(k - 1, 0), ArrowDown: Math.min(k + 1, last), Home: 0, End: last,
  }[event.key];
  if (goal === undefined) return;
  event.preventDefault();
  reach(goal, true);
});
document.addEventListener('seq2seq:step', (event) => {
  if (state.data && event.detail.step !== state.step) show(event.detail.step);
});
watch('value', () => receive(props.value));
receive(props.value);
