// The maps of all pairs: a row a piece of the message, a column a piece of the reply.

const TONES = ['inf-for', 'inf-against', 'inf-look'];

function tone(node, mode, value) {
  node.classList.remove(...TONES);
  if (figure(mode, value) === '0') return;
  const spoke = value > 0 ? 'inf-for' : 'inf-against';
  node.classList.add(mode === 'drop' ? spoke : 'inf-look');
  node.style.setProperty('--w', `${Math.round(scaled(mode, value) * 100)}%`);
}

function drawMap(table, mode) {
  const { source, reply } = state.data;
  const head = make('tr');
  head.append(heading('col', ''), heading('col', ''), ...reply.map(([text], t) => {
    const th = heading('col', text);
    th.dataset.step = t;
    return th;
  }));
  const body = source.map(([text], s) => {
    const tr = make('tr');
    tr.dataset.kind = kind(s);
    tr.append(heading('row', text), cell(mode, s, -1), ...reply.map((_, t) => cell(mode, s, t)));
    return tr;
  });
  const [thead, tbody] = [make('thead'), make('tbody')];
  thead.append(head);
  tbody.append(...body);
  table.replaceChildren(thead, tbody);
  sayMap(table, mode);
  reach(body[0].cells[2], false);
}

function heading(scope, text) {
  const th = make('th', '', text);
  th.scope = scope;
  if (text) th.translate = false;
  return th;
}

// Puts the words of a map that is drawn into the page's language.
function sayMap(table, mode) {
  const [head, ...lines] = table.rows;
  head.cells[0].replaceChildren(make('span', 'tv-hear', say('The message')));
  head.cells[1].textContent = mode === 'drop' ? say('in all') : say('mean');
  [...head.cells].slice(2).forEach((th, t) => {
    th.title = say('{piece} · step {n}', { piece: th.textContent, n: t + 1 });
  });
  lines.forEach(({ cells: [th] }, s) => {
    th.title = kind(s) ? `${piece(s)} · ${say(KINDS[kind(s)])}` : piece(s);
  });
  for (const td of table.querySelectorAll('td[aria-label]')) label(td);
}

// Column -1 is the whole reply.
function cell(mode, s, t) {
  const value = t < 0 ? overall(mode, s) : weight(mode, s, t);
  const text = figure(mode, value);
  const td = make('td', text === '0' ? 'inf-none' : '', text);
  if (t >= 0 && mode !== 'drop') paint(td, value);
  else if (t >= 0) tone(td, mode, value);
  return td;
}

const at = (td) => [td.parentNode.sectionRowIndex, td.cellIndex - 2];

function label(td) {
  const [s, t] = at(td);
  td.setAttribute('aria-label', t < 0 ? aboutPiece(s) : aboutPair(s, t));
}

// The one cell of a map that the tab key reaches; its name is made when it is needed.
function reach(td, focus) {
  const table = td.closest('table');
  for (const other of table.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
  td.tabIndex = 0;
  label(td);
  if (focus) td.focus();
}

function bring(inside, th) {
  const [box, head] = [inside.getBoundingClientRect(), th.getBoundingClientRect()];
  if (head.left < box.left + 96) inside.scrollLeft += head.left - box.left - 160;
  else if (head.right > box.right) inside.scrollLeft += head.right - box.right + 60;
}
