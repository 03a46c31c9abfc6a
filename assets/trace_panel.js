// The chosen step: its figures and its candidates.

function fact(name, value, meaning) {
  const box = make('div');
  box.append(make('dt', '', name), make('dd', '', value), make('dd', 'tv-say', meaning));
  return box;
}

function facts(step) {
  const equal = 2 ** step.bits;
  const n = equal < 10 ? equal.toFixed(1) : Math.round(equal).toLocaleString('en');
  return [
    fact(say('probability'), decimal(step.p), say('of this piece, by the model')),
    fact(say('rank'), ordinal(step.rank),
      step.rank ? say('likeliest of all') : say('the likeliest of all')),
    fact(say('entropy'), say('{n} bits', { n: step.bits.toFixed(2) }),
      say('like {n} equal choices', { n })),
    fact(say('log-probability'), signed(step.logprob, 2), say('of the reply up to here')),
  ];
}

function bars(p, drawn) {
  const track = make('div', 'tv-track');
  for (const [name, value] of [['tv-model', p], ['tv-drawn', drawn]]) {
    const bar = make('i', name);
    bar.style.width = `${Math.max(0, Math.min(1, value)) * 100}%`;
    track.append(bar);
  }
  return track;
}

// A piece that could have been chosen is a button: pressed, the reply goes on from it.
function candidate(name, id, p, index) {
  const button = make('button', 'tv-if', name);
  button.type = 'button';
  button.dataset.instead = id;
  button.setAttribute('aria-label', say('What if step {n} were {piece}, probability {p}?',
    { n: index + 1, piece: name, p: decimal(p) }));
  return button;
}

function row(name, id, p, drawn, chosen, allowed, index) {
  const tr = make('tr', chosen ? 'tv-chosen' : '');
  tr.dataset.p = p;
  tr.dataset.drawn = drawn;
  tr.dataset.piece = name;
  const head = make('th', 'tv-piece', allowed && !chosen ? undefined : name);
  head.scope = 'row';
  head.translate = id === null;
  if (allowed && !chosen) head.append(candidate(name, id, p, index));
  if (id === null) tr.className = 'tv-rest';
  else head.title = `${name} · id ${id}`;
  const scale = make('td');
  scale.append(bars(p, drawn));
  tr.append(head, scale, make('td', 'tv-num', decimal(p)), make('td', 'tv-num', decimal(drawn)));
  const mark = chosen ? say('← chosen') : '';
  tr.append(make('td', 'tv-mark', id === null || allowed ? mark : say('never written')));
  return tr;
}

function drawPanel(panel, step, index, count, running) {
  const part = (name) => panel.querySelector(name);
  const where = { n: index + 1, all: count };
  part('.tv-where').textContent = running
    ? say('step {n} of {all} so far', where) : say('step {n} of {all}', where);
  part('.tv-where').setAttribute('aria-live', running ? 'off' : 'polite');
  part('.tv-prev').setAttribute('aria-disabled', String(index === 0));
  part('.tv-next').setAttribute('aria-disabled', String(index === count - 1));
  part('.tv-word').textContent = step.piece;
  paint(part('.tv-word'), step.p);
  part('.tv-forced').hidden = !step.forced;
  part('.tv-facts').replaceChildren(...facts(step));
  const rows = step.rows.map((values) => row(...values, index));
  part('tbody').replaceChildren(...rows, row(say('everything else'), null, ...step.rest, false));
}
