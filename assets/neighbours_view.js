// The nearest training messages as a table, and whether the reply is one of training's.

const root = element.querySelector('.nb');
const find = (name) => root.querySelector(name);
const count = (n) => n.toLocaleString('en');

function draw() {
  const data = typeof props.value === 'string' && props.value ? JSON.parse(props.value) : null;
  const ready = Boolean(data) && !data.command;
  find('.nb-none').hidden = ready;
  find('.nb-body').hidden = !ready;
  if (!data) find('.nb-none').textContent = 'Send a message to fill this in.';
  else if (data.command) drawMissing(data.command);
  else drawFound(data);
}

function drawMissing(command) {
  find('.nb-none').replaceChildren(
    'This checkpoint has no index of its training messages; this command makes one: ',
    make('code', '', command),
  );
}

function drawFound(data) {
  drawSaid(data);
  find('.nb-notes').replaceChildren(...data.notes.map((note) => make('li', '', note)));
  const any = data.found.length > 0;
  find('.nb-table').hidden = !any;
  find('.nb-key').hidden = !any;
  find('.nb-foot').hidden = !any;
  if (!any) return;
  find('caption').textContent = `The ${data.found.length} nearest to “${data.message}”.`;
  find('tbody').replaceChildren(...data.found.map(row));
  const [layers, hidden] = data.context;
  const share = data.rows === data.pairs
    ? `Searched all ${count(data.pairs)} distinct training pairs.`
    : `Searched ${count(data.rows)} of ${count(data.pairs)} distinct training pairs: small talk `
      + '(of one personality) first, then open talk drawn by lot. One that is nearer still may be '
      + 'missing.';
  find('.nb-foot').textContent = 'Similarity is the cosine of the angle between two context '
    + `vectors (${layers} × ${hidden} numbers), seen from the mean of all: 1 is the same `
    + `direction, 0 has nothing in common. ${share} A neighbour is no proof: the model stores no `
    + 'messages, only weights that all of them have shaped.';
}

function drawSaid({ said, replies }) {
  const line = find('.nb-said');
  line.hidden = said === null;
  line.dataset.said = said ? 'yes' : 'no';
  const among = `${count(replies)} distinct training replies`;
  const words = said
    ? ['Found word for word', ` among the ${among}: the model may know it by heart.`]
    : ['New:', ` none of the ${among} is the same.`];
  line.replaceChildren('The reply: ', make('b', '', words[0]), words[1]);
}

function row([similarity, message, reply, corpus, same], index) {
  const line = make('tr', same ? 'nb-row nb-this' : 'nb-row');
  // Shown as cards, a table would lose its meaning for screen readers without these roles.
  line.setAttribute('role', 'row');
  const near = cell('td', 'nb-near');
  near.append(meter(similarity));
  const asked = cell('td', 'nb-said-to', 'training message');
  message.forEach((part, i) => { if (part) asked.append(i % 2 ? make('mark', '', part) : part); });
  const answer = cell('td', 'nb-answer', 'reply it was trained with');
  answer.append(reply);
  if (same) answer.append(' ', make('span', 'nb-same', '✓ this reply'));
  const from = cell('td', 'nb-corpus');
  from.append(corpus);
  line.append(cell('td', 'nb-rank', '', String(index + 1)), near, asked, answer, from);
  return line;
}

function cell(tag, className, label, text) {
  const node = make(tag, className, text);
  node.setAttribute('role', 'cell');
  if (label) {
    const small = make('span', 'nb-label', label);
    small.setAttribute('aria-hidden', 'true');
    node.append(small);
  }
  return node;
}

function meter(similarity) {
  const box = make('div', 'nb-meter');
  const track = make('span', 'nb-track');
  track.setAttribute('aria-hidden', 'true');
  const bar = make('i');
  bar.style.width = `${100 * Math.max(0, Math.min(1, similarity))}%`;
  track.append(bar);
  const shown = similarity > 0.99995 ? '1.000' : decimal(similarity).replace('-', '−');
  box.append(track, make('span', '', shown));
  return box;
}

watch('value', draw);
draw();
