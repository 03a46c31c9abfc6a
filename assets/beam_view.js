// The beam search tree: columns of pieces with edges between them, walked by pointer and keys.

const root = element.querySelector('.tv');
const find = (name) => root.querySelector(name);
const [tree, scroll, fold] = [find('.bt-tree'), find('.bt-scroll'), find('.bt-fold input')];
const nothing = find('.bt-none').firstChild;
const state = { search: null, nodes: [], cells: [], columns: [], current: 0, shown: [], length: 0 };

function receive() {
  const search = props.value ? JSON.parse(props.value) : null;
  state.none = search && search.none;
  state.search = search && search.nodes ? search : null;
  find('.bt-body').hidden = !state.search;
  find('.bt-none').hidden = Boolean(state.search);
  if (!state.search) { drawNothing(); return; }
  Object.assign(state, nodesOf(search));
  const best = path(search.best[0]);
  for (const node of best) node.best = true;
  Object.assign(state, { length: best.length, current: best[0].index });
  const occurs = new Set([...search.nodes.status, 'best', 'greedy']);
  for (const item of root.querySelectorAll('.bt-legend li')) {
    item.hidden = !occurs.has(item.dataset.status);
  }
  draw();
  drawFound();
  sayFound();
  scroll.scrollTo(0, 0);
}

function drawNothing() {
  const why = state.none && state.none.map((sentence) => say(sentence)).join(' ');
  find('.bt-none').replaceChildren(why || nothing);
}

const path = (index) => pathTo(state.nodes, index);

const isShown = (node) => fold.checked || node.zone !== 'dropped';
const following = (node) => node.children.filter(isShown).sort(zoneOrder);

function drawCanvas() {
  const { shown, floor } = place(state.nodes, state.columns, isShown);
  const alone = state.nodes.some((node) => node.zone === 'alone');
  state.shown = shown;
  find('.bt-lane').hidden = !alone;
  find('.bt-lane').style.top = `${floor}px`;
  const width = START + state.columns.length * PITCH - (PITCH - NODE) + 14;
  find('.bt-canvas').style.cssText = `width:${width}px;height:${floor + (alone ? 56 : 4)}px`;
}

function draw() {
  drawCanvas();
  state.cells = [];
  const cells = document.createDocumentFragment();
  // Depth first, so that level and order tell a screen reader the tree's shape.
  const hang = (nodes) => nodes.forEach((node, k) => {
    const cell = nodeCell(node, k + 1, nodes.length);
    sayCell(cell, node, state.search, state);
    state.cells[node.index] = cell;
    cells.append(cell);
    hang(following(node));
  });
  hang(state.columns[0].filter(isShown).sort(zoneOrder));
  tree.replaceChildren(cells);
  const of = (test) => state.shown.flat().filter(test);
  edges('dropped', of((node) => node.zone === 'dropped' || node.status === 'd'));
  edges('kept', of((node) => node.zone === 'top'));
  edges('greedy', of((node) => node.greedy && !node.best));
  edges('best', of((node) => node.best));
  drawSteps();
  let at = state.nodes[state.current];
  while (!isShown(at)) at = state.nodes[at.parent];
  choose(at.index);
}

function edges(name, nodes) {
  find(`.bt-edge-${name}`).setAttribute('d', curves(nodes, state.nodes));
}

function drawSteps() {
  find('.bt-steps').replaceChildren(...state.columns.map((_, step) => {
    const head = stepHead(step, step < state.length);
    sayHead(head);
    return head;
  }));
  const main = document.querySelector('#view .tv');
  mark(main && main.dataset.step !== undefined ? Number(main.dataset.step) : -1);
}

// The step that all views of the page share.
function mark(step) {
  const heads = [...find('.bt-steps').children];
  const inReply = step >= 0 && step < state.length;
  heads.forEach((head, k) => {
    if (head.dataset.step) head.tabIndex = k === (inReply ? step : 0) ? 0 : -1;
    if (inReply && k === step) head.setAttribute('aria-current', 'step');
    else head.removeAttribute('aria-current');
  });
  find('.bt-column').hidden = !inReply;
  find('.bt-column').style.left = `${START + step * PITCH - 6}px`;
}

function share(step) {
  if (step < state.length) {
    document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step } }));
  }
}

// The whole replies, whose words `sayFound` fills in: each leads to its end in the tree.
function drawFound() {
  const { best, replies, greedy, greedy_reply: plain } = state.search;
  find('.bt-list').replaceChildren(...best.map((index, k) => {
    const item = make('li');
    item.append(...wholeReply(index, replies[k] ?? textOf(path(index))));
    return item;
  }));
  find('.bt-alone span').replaceChildren(...wholeReply(greedy.at(-1), plain));
}

function sayFound() {
  for (const button of root.querySelectorAll('[data-goal]')) {
    sayWhole(button, state.nodes[button.dataset.goal]);
  }
  find('.bt-count').textContent = extent(state.search, state.nodes);
  find('.bt-rule').textContent = rule(state.search);
  find('.bt-verdict').textContent = say(state.search.verdict);
}

// Says it all in the page's language, leaving every element, and so the focus, where it is.
function redraw() {
  if (!state.search) { drawNothing(); return; }
  state.cells.forEach((cell, index) => sayCell(cell, state.nodes[index], state.search, state));
  [...find('.bt-steps').children].forEach(sayHead);
  sayFound();
  tell(state.current);
}

// Lights up a node's path and tells about it below; `current` is what the keyboard stands on.
function tell(index) {
  const nodes = path(index);
  const node = nodes.at(-1);
  for (const cell of tree.querySelectorAll('.bt-on')) cell.classList.remove('bt-on');
  for (const { index: on } of nodes) if (state.cells[on]) state.cells[on].classList.add('bt-on');
  edges('on', nodes);
  const [before, whole] = [textOf(nodes.slice(0, -1)), textOf(nodes)];
  const same = whole.startsWith(before);
  const last = make('b', '', node.end ? ` ${node.piece}` : whole.slice(same ? before.length : 0));
  find('.bt-text').replaceChildren(same ? before : '', last);
  find('.bt-figures').replaceChildren(...saidFigures(node));
  find('.bt-fate').textContent = `${fate(node, state.search, state)}.`
    .replace(/^./, (first) => first.toUpperCase());
}

function choose(index, { focus = false, show = false } = {}) {
  const before = state.cells[state.current];
  if (before) { before.tabIndex = -1; before.classList.remove('bt-at'); }
  state.current = index;
  const cell = state.cells[index];
  cell.tabIndex = 0;
  cell.classList.add('bt-at');
  for (const old of tree.querySelectorAll('[aria-selected]')) old.removeAttribute('aria-selected');
  cell.setAttribute('aria-selected', 'true');
  if (focus) cell.focus({ preventScroll: true });
  if (focus || show) reveal(left(state.nodes[index]), state.nodes[index].y);
  tell(index);
}

// Scrolls the tree alone: the page stays where the reader has it.
function reveal(x, y) {
  const { scrollLeft, scrollTop, clientWidth, clientHeight } = scroll;
  const beside = x < scrollLeft + 8 || x + NODE > scrollLeft + clientWidth - 8;
  if (beside) scroll.scrollLeft = x - clientWidth / 3;
  const outside = y < scrollTop + HEAD + 14 || y > scrollTop + clientHeight - 20;
  if (y && outside) scroll.scrollTop = y - clientHeight / 2;
}

function goal(node, key) {
  const column = state.shown[node.step];
  const at = column.indexOf(node);
  return {
    ArrowLeft: () => state.nodes[node.parent],
    ArrowRight: () => following(node)[0],
    ArrowUp: () => column[at - 1],
    ArrowDown: () => column[at + 1],
    Home: () => path(node.index)[0],
    End: () => state.nodes[state.search.best[0]],
  }[key];
}

tree.addEventListener('keydown', (event) => {
  const seek = goal(state.nodes[state.current], event.key);
  if (!seek || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const next = seek();
  if (next) choose(next.index, { focus: true });
});
tree.addEventListener('pointerover', (event) => {
  const cell = event.target.closest('.bt-node');
  if (cell) tell(Number(cell.dataset.node));
});
tree.addEventListener('pointerleave', () => { if (state.search) tell(state.current); });
tree.addEventListener('focusin', (event) => {
  const index = Number(event.target.dataset.node);
  if (index !== state.current) choose(index);
});
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button || !state.search) return;
  const { node, step, goal: end } = button.dataset;
  if (node !== undefined) { choose(Number(node), { focus: true }); share(state.nodes[node].step); }
  if (step !== undefined) { mark(Number(step)); share(Number(step)); }
  if (end !== undefined) choose(Number(end), { show: true });
});
find('.bt-steps').addEventListener('keydown', (event) => {
  const at = Number(event.target.dataset.step);
  const last = state.length - 1;
  const step = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
  if (!(step >= 0 && step <= last) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  mark(step);
  share(step);
  reveal(START + step * PITCH);
  find('.bt-steps').children[step].focus({ preventScroll: true });
});
fold.addEventListener('change', draw);
document.addEventListener('seq2seq:step', ({ detail }) => {
  if (!state.search || !element.isConnected) return;
  mark(detail.step);
  reveal(START + detail.step * PITCH);
});
fold.checked = matchMedia('(min-width: 641px)').matches;
root.querySelector('.tv-legend i').style.background =
  `linear-gradient(90deg, ${SCALE.map((rgb) => `rgb(${rgb.join(',')})`).join(',')})`;
for (const sample of root.querySelectorAll('.bt-legend .bt-node')) {
  if (!sample.matches('.bt-d')) paint(sample, sample.matches('.bt-g') ? 0.3 : 0.6);
}
speak(root, redraw);
watch('value', receive);
receive();
