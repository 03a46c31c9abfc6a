// The versions of the open reply, the ways between them, and what a search found besides.

// What is listed of a reply: of the open one, if no other is named.
function listed(number = state.reply && state.reply.number) {
  return state.replies.find((one) => one.number === number);
}

// The step where the open reply left another version; -1 where it left none.
function leftAt() {
  const here = listed();
  return here && here.left ? here.left[1] : -1;
}

function versions() {
  const here = listed();
  return here ? state.replies.filter((one) => one.answers === here.answers) : [];
}

function drawWays() {
  const all = versions();
  const at = all.findIndex((one) => one.number === state.reply.number);
  find('.tv-versions').hidden = all.length < 2;
  find('.tv-ways').hidden = all.length < 2;
  find('.tv-versions span').textContent =
    say('version {n} of {all}', { n: at + 1, all: all.length });
  find('.tv-older').setAttribute('aria-disabled', String(at < 1));
  find('.tv-newer').setAttribute('aria-disabled', String(at === all.length - 1));
  const place = (number) => all.findIndex((one) => one.number === number);
  const depth = (one) => (one && one.left ? 1 + depth(all[place(one.left[0])]) : 0);
  find('.tv-ways ol').replaceChildren(
    ...all.map((one, k) => way(one, k === at, depth(one), place)));
}

// A version: its text, and in words where it comes from.
function way(one, open, depth, place) {
  const item = make('li');
  item.style.marginInlineStart = `${Math.min(depth, 6) * 18}px`;
  const unwritten = one.reply === null ? say('being written …') : say('(nothing)');
  const button = make('button', 'tv-way', one.reply || unwritten);
  button.type = 'button';
  button.translate = !one.reply;
  button.dataset.open = one.number;
  if (open) button.setAttribute('aria-current', 'true');
  const known = [open ? say('open') : '', leaving(one, place)];
  if (one.logprob !== null) known.push(say('{n} nats', { n: signed(one.logprob, 2) }));
  item.append(button, make('small', '', known.filter(Boolean).join(' · ')));
  return item;
}

function leaving(one, place) {
  if (!one.left) return say('from the start');
  const [parent, n] = [place(one.left[0]), one.left[1] + 1];
  return parent < 0
    ? say('left an earlier one at step {n}', { n })
    : say('left version {version} at step {n}', { version: parent + 1, n });
}

// The whole replies that a search ended with.
function drawBest() {
  const best = (state.end && state.end.best) || [];
  find('.tv-best').hidden = !best.length;
  find('.tv-best ol').replaceChildren(...best.map(([reply, logprob, score]) => {
    const item = make('li');
    const figures = { score: signed(score, 3), sum: signed(logprob, 2) };
    item.append(reply ? verbatim('span', reply) : say('(nothing)'), ' ');
    item.append(make('small', '', say('{score}, in all {sum}', figures)));
    return item;
  }));
}

function open(number) {
  trigger('input', { reply: number });
}

// To the version before or after the open one.
function walk(by) {
  const all = versions();
  const to = all[all.findIndex((one) => one.number === state.reply.number) + by];
  if (to) open(to.number);
}
