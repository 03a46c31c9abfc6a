// The nearest training messages as a table, and whether the reply is one of training's.

const root = element.querySelector('.nb');
const find = (name) => root.querySelector(name);

function draw() {
  const data = typeof props.value === 'string' && props.value ? JSON.parse(props.value) : null;
  const ready = Boolean(data) && !data.command;
  find('.nb-none').hidden = ready;
  find('.nb-body').hidden = !ready;
  if (!data) find('.nb-none').textContent = say('Send a message to fill this in.');
  else if (data.command) drawMissing(data.command);
  else drawFound(data);
}

function drawMissing(command) {
  find('.nb-none').replaceChildren(
    say('This checkpoint has no index of its training messages; this command makes one:'),
    ' ',
    verbatim('code', command),
  );
}

function drawFound(data) {
  const { found, message } = data;
  const n = found.length;
  drawSaid(data);
  find('.nb-notes').replaceChildren(...data.notes.map((note) => make('li', '', say(note))));
  const any = n > 0;
  for (const name of ['.nb-table', '.nb-key', '.nb-foot']) find(name).hidden = !any;
  if (!any) return;
  quoting(find('caption'), say('The {n} nearest to “{message}”.', { n, message }));
  find('tbody').replaceChildren(...found.map(row));
  find('.nb-foot').textContent = data.about.map((sentence) => say(sentence)).join(' ');
}

function drawSaid({ said, replies }) {
  const line = find('.nb-said');
  line.hidden = said === null;
  line.dataset.said = said ? 'yes' : 'no';
  const n = replies.toLocaleString('en');
  const [verdict, among] = said
    ? [say('Found word for word'),
      say('among the {n} distinct training replies: the model may know it by heart.', { n })]
    : [say('New:'), say('none of the {n} distinct training replies is the same.', { n })];
  line.replaceChildren(say('The reply:'), ' ', make('b', '', verdict), ' ', among);
}

function row([similarity, message, reply, corpus, same], index) {
  const line = make('tr', same ? 'nb-row nb-this' : 'nb-row');
  // Shown as cards, a table would lose its meaning for screen readers without these roles.
  line.setAttribute('role', 'row');
  const near = cell('td', 'nb-near');
  near.append(meter(similarity));
  const asked = cell('td', 'nb-said-to', say('training message'));
  const text = verbatim('span');
  message.forEach((part, i) => { if (part) text.append(i % 2 ? make('mark', '', part) : part); });
  asked.append(text);
  const answer = cell('td', 'nb-answer', say('reply it was trained with'));
  answer.append(verbatim('span', reply));
  if (same) answer.append(' ', make('span', 'nb-same', say('✓ this reply')));
  const from = cell('td', 'nb-corpus');
  from.append(verbatim('span', corpus));
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

speak(root, draw);
watch('value', draw);
draw();
