// The view of one reply: keeps what was received, draws what is new, and moves between steps.

const root = element.querySelector('.tv');
const find = (name) => root.querySelector(name);
const strip = find('.tv-reply');
const state = { text: '', replies: [], reply: null, steps: [], end: null, chosen: 0, follow: true };

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

// What is listed of the reply that is open; where it left another version.
function listed(number = state.reply && state.reply.number) {
  return state.replies.find((one) => one.number === number);
}

function leftAt() {
  const here = listed();
  return here && here.left ? here.left[1] : -1;
}

function versions() {
  const here = listed();
  return here ? state.replies.filter((one) => one.answers === here.answers) : [];
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

function drawReply() {
  const { number, source, unread, context, normalized, message } = state.reply;
  const { answers } = listed();
  const messages = new Map(state.replies.map((one) => [one.answers, one]));
  const options = [...messages.values()].map((one, k) => {
    const option = make('option', '', `reply ${k + 1}: ${one.message}`);
    option.selected = one.answers === answers;
    option.value = option.selected ? number : one.number;
    return option;
  });
  find('.tv-pick select').replaceChildren(...options);
  const earlier = source.some(([,,, kind]) => kind === 'turn');
  const read = normalized === message ? '' : `, read as “${normalized}”`;
  const cut = earlier ? `${read && ','} and the turns before it, cut` : `${read ? ' and' : ','} cut`;
  const left = unread.length
    ? ` It is too long: the last ${unread.length} pieces were not read.`
    : '';
  find('.tv-read .tv-say').textContent =
    `Your message${read}${cut} into the pieces that the model knows, with their ids.${left}`;
  const cells = source.map((piece) => sourcePiece(piece, false));
  if (unread.length) {
    const stop = make('span', 'tv-stop', 'the encoder stopped reading here');
    stop.setAttribute('role', 'listitem');
    cells.push(stop, ...unread.map((piece) => sourcePiece(piece, true)));
  }
  const pieces = find('.tv-source');
  pieces.replaceChildren(...cells);
  pieces.scrollTo(0, 0);
  if (unread.length) reveal(pieces, pieces.querySelector('.tv-stop'));
  const [layers, hidden] = context;
  find('.tv-read .tv-context').textContent =
    `→ one context vector (${layers} × ${hidden} numbers): all that the decoder gets to know.`;
}

function drawWays() {
  const all = versions();
  const at = all.findIndex((one) => one.number === state.reply.number);
  find('.tv-versions').hidden = all.length < 2;
  find('.tv-ways').hidden = all.length < 2;
  find('.tv-versions span').textContent = `version ${at + 1} of ${all.length}`;
  find('.tv-older').setAttribute('aria-disabled', String(at < 1));
  find('.tv-newer').setAttribute('aria-disabled', String(at === all.length - 1));
  const place = (number) => all.findIndex((one) => one.number === number);
  const depth = (one) => (one && one.left ? 1 + depth(all[place(one.left[0])]) : 0);
  find('.tv-ways ol').replaceChildren(...all.map((one, k) => way(one, k === at, depth(one), place)));
}

function way(one, open, depth, place) {
  const item = make('li');
  item.style.marginInlineStart = `${Math.min(depth, 6) * 18}px`;
  const button = make('button', 'tv-way', one.reply === null ? 'being written …' : one.reply || '(nothing)');
  button.type = 'button';
  button.dataset.open = one.number;
  if (open) button.setAttribute('aria-current', 'true');
  const parent = one.left ? place(one.left[0]) : -1;
  const left = one.left
    ? `left ${parent < 0 ? 'an earlier one' : `version ${parent + 1}`} at step ${one.left[1] + 1}`
    : 'from the start';
  const nats = one.logprob === null ? '' : ` · ${signed(one.logprob, 2)} nats`;
  item.append(button, make('small', '', `${open ? 'open · ' : ''}${left}${nats}`));
  return item;
}

function drawBest() {
  const best = (state.end && state.end.best) || [];
  find('.tv-best').hidden = !best.length;
  find('.tv-best ol').replaceChildren(...best.map(([reply, logprob, score]) => {
    const item = make('li', '', `${reply || '(nothing)'} `);
    const figures = `${signed(score, 3)}, in all ${signed(logprob, 2)}`;
    item.append(make('small', '', figures));
    return item;
  }));
}

function drawFoot() {
  const { checkpoint, sha256, method, seed } = state.reply;
  const words = state.end
    ? [state.end.words, state.end.timing]
    : ['Writing …'];
  words.push(method, seed === null ? '' : `seed ${seed}`, `model ${checkpoint} ${sha256}`);
  find('.tv-foot').replaceChildren(...words.filter(Boolean).map((text) => make('span', '', text)));
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

function open(number) {
  trigger('input', { reply: number });
}

function walk(by) {
  const all = versions();
  const to = all[all.findIndex((one) => one.number === state.reply.number) + by];
  if (to) open(to.number);
}

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
watch('value', () => receive(props.value));
receive(props.value);
