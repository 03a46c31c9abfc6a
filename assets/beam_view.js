// The beam search tree: columns of pieces, edges between them, and what became of each in words.

const [PITCH, NODE, START, HEAD, ROW, SMALL_ROW] = [112, 80, 56, 28, 30, 20]; // pixels
const root = element.querySelector('.tv');
const find = (name) => root.querySelector(name);
const [tree, scroll, fold] = [find('.bt-tree'), find('.bt-scroll'), find('.bt-fold input')];
const state = { search: null, nodes: [], cells: [], columns: [], current: 0, shown: [], length: 0 };
const minus = (value, digits = 2) => value.toFixed(digits).replace('-', '−');

function receive() {
  const search = props.value ? JSON.parse(props.value) : null;
  const ready = Boolean(search && search.nodes);
  find('.bt-body').hidden = !ready;
  find('.bt-none').hidden = ready;
  if (search && search.none) find('.bt-none').textContent = search.none;
  state.search = ready ? search : null;
  if (!ready) return;
  read(search);
  draw();
  drawFound(search);
  scroll.scrollTo(0, 0);
}

// The columns of the payload as nodes; steps, places and children follow from the parents.
function read(search) {
  const { parent, piece, own, logprob, status } = search.nodes;
  const greedy = new Set(search.greedy);
  const nodes = parent.map((before, index) => ({
    index, parent: before, piece: search.pieces[piece[index]], end: piece[index] === search.end,
    own: own[index], logprob: logprob[index], status: status[index], children: [], step: 0,
    place: -1, greedy: greedy.has(index), nth: search.best.indexOf(index),
  }));
  state.columns = [];
  for (const node of nodes) {
    if (node.parent >= 0) {
      node.step = nodes[node.parent].step + 1;
      nodes[node.parent].children.push(node);
    }
    const column = (state.columns[node.step] ||= []);
    node.place = node.status === 'g' ? -1 : column.length;
    column.push(node);
    node.score = node.logprob / (node.step + 1) ** search.penalty;
    node.zone = 'top';
    if ('dg'.includes(node.status)) node.zone = node.greedy ? 'alone' : 'dropped';
  }
  state.nodes = nodes;
  const best = path(search.best[0]);
  for (const node of best) node.best = true;
  Object.assign(state, { length: best.length, current: best[0].index });
  const dropped = nodes.filter((node) => node.status === 'd').length;
  const considered = nodes.filter((node) => node.status !== 'g');
  const steps = Math.max(...considered.map((node) => node.step)) + 1;
  find('.bt-count').textContent = `${considered.length.toLocaleString('en')} pieces considered in `
    + `${steps} steps, ${dropped.toLocaleString('en')} dropped; the beam keeps ${search.width}`;
  const occurs = new Set([...search.nodes.status, 'best', 'greedy']);
  for (const item of root.querySelectorAll('.bt-legend li')) {
    item.hidden = !occurs.has(item.dataset.status);
  }
}

function path(index) {
  const found = [];
  for (let at = index; at >= 0; at = state.nodes[at].parent) found.unshift(state.nodes[at]);
  return found;
}

// A run of byte pieces is one or more characters; the end token has no text.
function textOf(nodes) {
  const parts = [];
  let bytes = [];
  const flush = () => {
    if (bytes.length) parts.push(new TextDecoder().decode(new Uint8Array(bytes)));
    bytes = [];
  };
  for (const { piece, end } of nodes) {
    const byte = /^<0x([0-9A-F]{2})>$/.exec(piece);
    if (byte) { bytes.push(parseInt(byte[1], 16)); continue; }
    flush();
    if (!end) parts.push(piece.replaceAll('▁', ' '));
  }
  flush();
  return parts.join('').replace(/^ +/, '');
}

// Where each node stands: what was kept, below it what was dropped, at the foot greedy alone.
function place() {
  let floor = 0;
  let alone = false;
  state.shown = state.columns.map((column) => {
    const [top, dropped] = ['top', 'dropped'].map((zone) => column.filter(
      (node) => node.zone === zone && isShown(node)));
    top.forEach((node, k) => { node.y = HEAD + 20 + k * ROW; });
    const under = HEAD + 13 + top.length * ROW;
    dropped.forEach((node, k) => { node.y = under + k * SMALL_ROW; });
    floor = Math.max(floor, under + dropped.length * SMALL_ROW);
    const greedy = column.filter((node) => node.zone === 'alone');
    alone ||= greedy.length > 0;
    return [...top, ...dropped, ...greedy];
  });
  for (const node of state.nodes) if (node.zone === 'alone') node.y = floor + 34;
  find('.bt-lane').hidden = !alone;
  find('.bt-lane').style.top = `${floor}px`;
  const width = START + state.columns.length * PITCH - (PITCH - NODE) + 14;
  find('.bt-canvas').style.cssText = `width:${width}px;height:${floor + (alone ? 56 : 4)}px`;
}

const isShown = (node) => fold.checked || node.zone !== 'dropped';
const zoneOrder = (a, b) => (a.zone === b.zone ? a.place - b.place : a.zone === 'top' ? -1 : 1);
const following = (node) => node.children.filter(isShown).sort(zoneOrder);
const left = (node) => START + node.step * PITCH;

function draw() {
  place();
  state.cells = [];
  const cells = document.createDocumentFragment();
  // Depth first, so that level and order tell a screen reader the tree's shape.
  const hang = (nodes) => nodes.forEach((node, k) => {
    cells.append(nodeCell(node, k + 1, nodes.length));
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
  const lines = nodes.map((node) => {
    const before = state.nodes[node.parent];
    const [x, y] = before ? [left(before) + NODE, before.y] : [START - 20, HEAD + 20];
    const [to, middle] = [left(node), (left(node) - x) / 2];
    return `M${x} ${y}C${x + middle} ${y} ${to - middle} ${node.y} ${to} ${node.y}`;
  });
  find(`.bt-edge-${name}`).setAttribute('d', lines.join(''));
}

function nodeCell(node, order, siblings) {
  const cell = make('button', `bt-node bt-${node.status}`);
  const p = Math.exp(node.own);
  cell.type = 'button';
  cell.tabIndex = -1;
  cell.dataset.node = node.index;
  cell.style.left = `${left(node)}px`;
  cell.style.top = `${node.y - (node.status === 'd' ? 8.5 : 11)}px`;
  if (node.best) cell.classList.add('bt-best');
  if (node.greedy) cell.classList.add('bt-greedy');
  if (node.status === 'd') {
    const swatch = make('i');
    swatch.style.backgroundColor = `rgb(${colour(p).join(',')})`;
    cell.append(swatch);
  } else paint(cell, p);
  cell.append(make('b', 'tv-piece', node.piece));
  if (node.nth >= 0) cell.append(make('small', '', `#${node.nth + 1}`));
  const said = `${node.piece}, probability ${decimal(p)}, ${fate(node)}`;
  const names = { role: 'treeitem', 'aria-level': node.step + 1, 'aria-posinset': order,
    'aria-setsize': siblings, 'aria-label': `step ${node.step + 1}: ${said}` };
  for (const name in names) cell.setAttribute(name, names[name]);
  cell.title = `${node.piece} · probability ${decimal(p)}`;
  state.cells[node.index] = cell;
  return cell;
}

// What became of a node, in words.
function fate(node) {
  const { width, max_len: limit, best, forced } = state.search;
  const [step, column] = [node.step + 1, state.columns[node.step]];
  const considered = column.filter((other) => other.place >= 0);
  const among = `${ordinal(node.place)} best of ${considered.length}`;
  const ahead = considered.filter((other) => other.place < node.place && !other.end).length;
  const going = ahead < node.place ? ` (${ordinal(ahead)} without the ends)` : '';
  const kept = node.children.some((child) => child.place >= 0 && child.status !== 'd');
  const alone = node.children.every((child) => child.place < 0);
  const after = alone ? `, but nothing that follows was among the best at step ${step + 1}`
    : kept ? '' : `, but all that follows was dropped at step ${step + 1}`;
  const words = {
    k: () => (node.step < forced ? 'forced: it had to be this piece'
      : `kept at step ${step}: ${among}${going}, the beam keeps ${width}${after}`),
    e: () => `ended here: ${ordinal(node.nth)} of the ${best.length} best replies`,
    o: () => `ended here, but outdone: ${best.length} replies score better`,
    c: () => `cut off at the limit of ${limit} steps: ${ordinal(node.nth)} of the `
      + `${best.length} best replies`,
    x: () => `cut off at the limit of ${limit} steps, and outdone: ${best.length} replies `
      + 'score better',
    l: () => `left behind at step ${step}: kept as ${among}, but however it went on, it could not `
      + `score above the ${best.length} best`,
    d: () => (node.end
      ? `dropped at step ${step}: ${among}; an end counts only among the ${width} best`
      : `dropped at step ${step}: ${among}${going}, the beam keeps ${width}`),
    g: () => `greedy alone: ${lost()}`,
  };
  const greedy = node.greedy && node.status !== 'g' && 'greedy’s choice';
  const also = [node.best && 'on the best reply’s path', greedy];
  return [words[node.status](), ...also.filter(Boolean)].join('; ');
}

// Why greedy's path is not the beam's any more.
function lost() {
  const nodes = state.search.greedy.map((index) => state.nodes[index]);
  const last = nodes.filter((node) => node.status !== 'g').at(-1);
  if (last.status === 'd') return `the beam dropped its path at step ${last.step + 1}`;
  if (last.status === 'l') return `the search had ended at step ${last.step + 1}`;
  return `at step ${last.step + 2} the beam considered only better ones`;
}

function drawSteps() {
  find('.bt-steps').replaceChildren(...state.columns.map((_, step) => {
    const inReply = step < state.length;
    const head = make(inReply ? 'button' : 'span', '', inReply ? `step ${step + 1}` : step + 1);
    head.style.left = `${START + step * PITCH}px`;
    if (inReply) Object.assign(head, { type: 'button', tabIndex: -1 }).dataset.step = step;
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

const figures = (node) => `score ${minus(node.score, 3)}, in all ${minus(node.logprob)} nats, `
  + `${node.step + 1} pieces`;

function drawFound(search) {
  const entry = (index, text) => {
    const button = make('button', '', text || '(nothing)');
    button.type = 'button';
    button.dataset.goal = index;
    return [button, make('small', '', figures(state.nodes[index]))];
  };
  find('.bt-list').replaceChildren(...search.best.map((index, k) => {
    const item = make('li');
    item.append(...entry(index, search.replies[k] ?? textOf(path(index))));
    return item;
  }));
  const power = search.penalty === 1 ? '' : ` to the power of ${search.penalty}`;
  find('.bt-rule').textContent = search.penalty === 0
    ? 'Whole replies, best first; the score is the log-probability.'
    : `Whole replies, best first; the score is the log-probability over the length${power}.`;
  find('.bt-alone span').replaceChildren(...entry(search.greedy.at(-1), search.greedy_reply));
  find('.bt-verdict').textContent = search.verdict;
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
  find('.bt-figures').textContent = `step ${node.step + 1}, ${node.piece}: probability `
    + `${decimal(Math.exp(node.own))}, log-probability ${minus(node.own)}; in all `
    + `${minus(node.logprob)} nats, score ${minus(node.score, 3)}`;
  find('.bt-fate').textContent = `${fate(node)}.`.replace(/^./, (c) => c.toUpperCase());
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
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const step = Number(event.target.dataset.step) + move;
  if (!move || step < 0 || step >= state.length) return;
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
watch('value', receive);
receive();
