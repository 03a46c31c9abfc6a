// The view of one reply: keeps what was received, draws what is new, and moves between steps.

const root = element.querySelector('.tv');
const find = (name) => root.querySelector(name);
const strip = find('.tv-reply');
const state = { text: '', replies: [], reply: null, steps: [], end: null, chosen: 0, follow: true };

// What the encoder read, by whether the message was put into another form and whether it read
// earlier turns too.
const READ = {
  whole: 'Your message, cut into the pieces that the model knows, with their ids.',
  'another form': 'Your message, read as “{text}” and cut into the pieces that the model knows, '
    + 'with their ids.',
  'earlier turns': 'Your message and the turns before it, cut into the pieces that the model '
    + 'knows, with their ids.',
  both: 'Your message, read as “{text}”, and the turns before it, cut into the pieces that the '
    + 'model knows, with their ids.',
};

// A value is one JSON line after another; a growing reply only ever adds lines to the last value.
function receive(value) {
  const text = typeof value === 'string' ? value : '';
  const grown = state.text !== '' && text.startsWith(state.text);
  const before = state.reply;
  if (!grown) Object.assign(state, { reply: null, steps: [], end: null });
  const known = state.steps.length;
  for (const line of text.slice(grown ? state.text.length : 0).split('\n')) {
    if (line) take(JSON.parse(line));
  }
  state.text = text;
  if (!grown) begin(before);
  show(grown ? known : 0);
}

function take(line) {
  if (line.line === 'replies') state.replies = line.replies;
  else if (line.line === 'reply') state.reply = line;
  else if (line.line === 'step') state.steps.push(line);
  else state.end = line;
}

// Another reply: one that still grows is followed, a finished one is read from its first step. A
// version that left another one is held at the step where it did.
function begin(before) {
  const same = before && state.reply && before.number === state.reply.number;
  if (same && before.message === state.reply.message) return;
  state.follow = !state.end && leftAt() < 0;
  state.chosen = Math.max(leftAt(), 0);
}

function show(known) {
  find('.tv-empty').hidden = Boolean(state.reply);
  find('.tv-body').hidden = !state.reply;
  find('.tv-pick').hidden = !state.reply;
  if (!state.reply) return;
  if (known === 0) { drawReply(); drawWays(); strip.replaceChildren(); }
  const left = leftAt();
  strip.append(...state.steps.slice(known)
    .map((step, k) => replyPiece(step, known + k, known + k === left)));
  if (state.follow) state.chosen = state.steps.length - 1;
  select(Math.min(Math.max(state.chosen, 0), state.steps.length - 1));
  root.dataset.running = String(!state.end);
  markTurn();
  drawBest();
  drawFoot();
}

// In another language: every text anew, and the reader's place kept.
function redraw() {
  if (!state.reply) return;
  const held = strip.contains(document.activeElement);
  const places = [strip, find('.tv-source')].map((box) => [box, box.scrollLeft, box.scrollTop]);
  show(0);
  for (const [box, left, top] of places) box.scrollTo(left, top);
  if (held) strip.children[state.chosen].focus({ preventScroll: true });
}

function drawReply() {
  drawPick();
  drawSource();
  const [layers, hidden] = state.reply.context;
  const at = { layers, hidden };
  find('.tv-read .tv-context').textContent = state.reply.attends
    ? say('→ one context vector ({layers} × {hidden} numbers), and every piece to look back at.', at)
    : say('→ one context vector ({layers} × {hidden} numbers): all that the decoder gets to know.', at);
}

// The messages that can be looked into; the open one stands for the version of it that is open.
function drawPick() {
  const { answers } = listed();
  const messages = new Map(state.replies.map((one) => [one.answers, one]));
  const options = [...messages.values()].map((one, k) => {
    const { message } = one;
    const option = make('option', '', say('reply {n}: {message}', { n: k + 1, message }));
    option.selected = one.answers === answers;
    option.value = option.selected ? state.reply.number : one.number;
    return option;
  });
  find('.tv-pick select').replaceChildren(...options);
}

function drawSource() {
  const { source, unread } = state.reply;
  quoting(find('.tv-read .tv-say'), readAs(state.reply));
  const cells = source.map((piece) => sourcePiece(piece, false));
  if (unread.length) {
    const stop = make('span', 'tv-stop', say('the encoder stopped reading here'));
    stop.setAttribute('role', 'listitem');
    cells.push(stop, ...unread.map((piece) => sourcePiece(piece, true)));
  }
  const pieces = find('.tv-source');
  pieces.replaceChildren(...cells);
  pieces.scrollTo(0, 0);
  if (unread.length) reveal(pieces, pieces.querySelector('.tv-stop'));
}

// What became of the message before it was read, and whether all of it was.
function readAs({ source, unread, normalized, message }) {
  const earlier = source.some(([,,, kind]) => kind === 'turn');
  const [same, other] = earlier ? ['earlier turns', 'both'] : ['whole', 'another form'];
  const read = say(READ[normalized === message ? same : other], { text: normalized });
  if (!unread.length) return read;
  return `${read} ${unread.length === 1
    ? say('It is too long: the last piece was not read.')
    : say('It is too long: the last {n} pieces were not read.', { n: unread.length })}`;
}

function drawFoot() {
  const { checkpoint, sha256, method, seed } = state.reply;
  const listing = (texts) => texts.map((text) => say(text)).join(', ');
  const told = state.end
    ? [say(state.end.words), listing(state.end.timing)]
    : [say('Writing …')];
  told.push(listing(method), seed === null ? '' : say('seed {n}', { n: seed }));
  find('.tv-foot').replaceChildren(
    ...told.filter(Boolean).map((text) => make('span', '', text)),
    verbatim('span', say('model {name} {hash}', { name: checkpoint, hash: sha256 })),
  );
}

function select(index) {
  if (!state.steps[index]) return;
  state.chosen = index;
  for (const cell of strip.children) {
    const here = Number(cell.dataset.step) === index;
    cell.tabIndex = here ? 0 : -1;
    if (here) cell.setAttribute('aria-current', 'step'); else cell.removeAttribute('aria-current');
  }
  find('.tv-follow').setAttribute('aria-pressed', String(state.follow));
  drawPanel(find('.tv-step'), state.steps[index], index, state.steps.length, !state.end);
  root.dataset.step = index;
  document.dispatchEvent(new CustomEvent('seq2seq:step', { detail: { step: index } }));
  reveal(strip, strip.children[index]);
}

// Scrolls a strip alone: the page stays where the reader has it.
function reveal(inside, cell) {
  const [box, at] = [inside.getBoundingClientRect(), cell.getBoundingClientRect()];
  if (at.left < box.left || at.right > box.right) inside.scrollLeft += at.left - box.left - 40;
  if (at.top < box.top || at.bottom > box.bottom) inside.scrollTop += at.top - box.top - 70;
}

function hold(index) {
  if (!state.steps[index]) return;
  state.follow = false;
  select(index);
}

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button || !state.steps.length) return;
  if (button.dataset.step) hold(Number(button.dataset.step));
  else if (button.dataset.instead) branch(Number(button.dataset.instead));
  else if (button.dataset.open) open(Number(button.dataset.open));
  else if (button.matches('.tv-older')) walk(-1);
  else if (button.matches('.tv-newer')) walk(1);
  else if (button.matches('.tv-prev')) hold(state.chosen - 1);
  else if (button.matches('.tv-next')) hold(state.chosen + 1);
  else if (button.matches('.tv-follow')) {
    state.follow = !state.follow;
    select(state.follow ? state.steps.length - 1 : state.chosen);
  }
});

function branch(id) {
  trigger('select', { reply: state.reply.number, step: state.chosen, id });
}

// Where the settings as they are now would turn the reply.
function markTurn() {
  const turn = root.dataset.turn === undefined ? -1 : Number(root.dataset.turn);
  for (const cell of strip.children) {
    cell.classList.toggle('tv-turns', Number(cell.dataset.step) === turn);
  }
}

document.addEventListener('seq2seq:turn', markTurn);
document.addEventListener('seq2seq:choose', (event) => hold(event.detail.step));

strip.addEventListener('keydown', (event) => {
  const last = state.steps.length - 1;
  const goal = {
    ArrowLeft: Math.max(state.chosen - 1, 0),
    ArrowRight: Math.min(state.chosen + 1, last),
    Home: 0,
    End: last,
  }[event.key];
  if (goal === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  hold(goal);
  strip.children[goal].focus({ preventScroll: true });
});

find('.tv-pick select').addEventListener('change', (event) => {
  open(Number(event.target.value));
});

for (const ghost of root.querySelectorAll('.tv-ghost i[data-p]')) {
  paint(ghost, Number(ghost.dataset.p));
}
find('.tv-legend i').style.background =
  `linear-gradient(90deg, ${SCALE.map((rgb) => `rgb(${rgb.join(',')})`).join(',')})`;
speak(root, redraw);
watch('value', () => receive(props.value));
receive(props.value);
