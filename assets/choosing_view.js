// From logits to choice: the chosen step's pieces through every stage, and the bar of what is left.

const root = element.querySelector('.ch');
const find = (name) => root.querySelector(name);
const [head, body] = [find('thead'), find('tbody')];
const shares = find('.ch-shares');
const state = { data: null, step: 0, looked: 0 };
const quoted = (piece) => `“${piece}”`;

function receive(value) {
  const before = state.data;
  state.data = typeof value === 'string' && value ? JSON.parse(value) : null;
  find('.ch-none').hidden = Boolean(state.data);
  find('.ch-body').hidden = !state.data;
  if (!state.data) return;
  const main = document.querySelector('#view .tv');
  const same = before && before.number === state.data.number;
  const shared = main && main.dataset.step !== undefined ? Number(main.dataset.step) : 0;
  drawStages();
  show(same ? state.step : shared);
}

const current = () => state.data.steps[state.step];

function show(step) {
  const { steps, columns } = state.data;
  state.step = Math.max(0, Math.min(step || 0, steps.length - 1));
  const { piece, rows, rest, chosen, cuts } = current();
  const place = { n: state.step + 1, all: steps.length };
  find('.ch-where').textContent = say('step {n} of {all}', place);
  find('.ch-prev').setAttribute('aria-disabled', String(state.step === 0));
  find('.ch-next').setAttribute('aria-disabled', String(state.step === steps.length - 1));
  find('.tv-word').textContent = piece;
  paint(find('.tv-word'), rows[chosen][1]);
  const held = body.contains(document.activeElement);
  body.replaceChildren(...rows.map((row, k) => pieceRow(row, k, columns, k === chosen)),
    restRow(rest, columns));
  body.rows[chosen].tabIndex = 0;
  if (held) body.rows[chosen].focus({ preventScroll: true });
  find('.ch-cuts').replaceChildren(...cuts.map((told) => make('li', '', say(told))));
  const words = current().words.map((told) => say(told)).join(' ');
  quoting(find('.ch-words'), words);
  find('.ch-bar').setAttribute('aria-label', say('Bar from 0 to 1. {words}', { words }));
  drawShares();
  drawPin();
  look(chosen);
}

// What all steps share: the stages that are on, and the formula.
function drawStages() {
  const { columns, formula } = state.data;
  head.replaceChildren(headRow(columns));
  find('.ch-formula').textContent = say(formula);
  const numbers = columns.filter((column) => column[1]).length;
  root.style.setProperty('--ch-numbers', numbers);
  root.style.setProperty('--ch-filters', columns.length - numbers);
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
  const piece = k === null ? say('everything else') : current().rows[k][0];
  const span = { low: decimal(low), high: decimal(high) };
  node.title = say('{piece} · {low} to {high}', { piece, ...span });
  node.translate = k === null;
  if (k !== null) node.dataset.row = k;
  if (k === current().chosen) node.classList.add('ch-chosen');
  node.append(make('span', '', piece));
  return node;
}

function drawPin() {
  const { draw } = current();
  const pin = find('.ch-pin');
  pin.hidden = draw === null;
  if (draw === null) return;
  pin.style.left = `${draw * 100}%`;
  pin.firstChild.textContent = say('draw {draw}', { draw: draw.toFixed(3) });
  pin.firstChild.style.transform = `translateX(${-draw * 100}%)`;
}

// Links a row with its share of the bar, and says its way in words.
function look(k) {
  state.looked = k;
  for (const node of root.querySelectorAll('[data-row]')) {
    node.classList.toggle('ch-look', Number(node.dataset.row) === k);
  }
  quoting(find('.ch-said'), said(current().rows[k]));
}

function said([piece, p, final, span, logit, values, cut]) {
  const { columns } = state.data;
  const way = columns.slice(0, cut ? cut[0] : columns.length).map(([heading, numbers], c) =>
    `${say(heading)}: ${numbers ? number(values[c]) : say('kept')}`);
  const stages = [say('logit {logit}', { logit: number(logit) }), ...way];
  if (cut) stages.push(say(cut[1]));
  const sentences = [say('{piece}: {way}. Probability {p} by the model, {final} in the end.', {
    piece: quoted(piece),
    way: stages.join(' → '),
    p: decimal(p),
    final: final ? decimal(final) : ['none'],
  })];
  const [low, high] = (span || []).map((end) => decimal(end));
  if (span) sentences.push(say('On the bar it spans {low} to {high}.', { low, high }));
  return sentences.join(' ');
}

// Says all anew in the page's language, where the reader was.
function redraw() {
  if (!state.data) return;
  const { looked } = state;
  const focused = body.contains(document.activeElement) ? rowOf(document.activeElement) : null;
  drawStages();
  show(state.step);
  if (focused !== null) reach(focused, false);
  look(looked);
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
speak(root, redraw);
watch('value', () => receive(props.value));
receive(props.value);
