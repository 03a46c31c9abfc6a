// The elements of the beam search view: made once, and told anew in whatever language the page has.

// A node of the tree as a button; `order` counts from 1 among its siblings.
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
  const names = { role: 'treeitem', 'aria-level': node.step + 1, 'aria-posinset': order,
    'aria-setsize': siblings };
  for (const name in names) cell.setAttribute(name, names[name]);
  cell.translate = false;
  return cell;
}

function sayCell(cell, node, search, tree) {
  const [piece, p] = [node.piece, decimal(Math.exp(node.own))];
  const values = { n: node.step + 1, piece, p, fate: fate(node, search, tree) };
  cell.setAttribute('aria-label', say('step {n}: {piece}, probability {p}, {fate}', values));
  cell.title = say('{piece} · probability {p}', { piece, p });
}

// The head of a column: a button for a step of the reply, a bare number behind its end.
function stepHead(step, inReply) {
  const head = make(inReply ? 'button' : 'span', '', String(step + 1));
  head.style.left = `${START + step * PITCH}px`;
  if (inReply) Object.assign(head, { type: 'button', tabIndex: -1 }).dataset.step = step;
  return head;
}

function sayHead(head) {
  const { step } = head.dataset;
  if (step !== undefined) head.textContent = say('step {n}', { n: Number(step) + 1 });
}

// A whole reply as a button that leads to its end in the tree, and a place for its figures.
function wholeReply(index, text) {
  const button = make('button', text ? '' : 'bt-nothing', text);
  button.type = 'button';
  button.translate = !text;
  button.dataset.goal = index;
  return [button, make('small')];
}

function sayWhole(button, end) {
  if (button.matches('.bt-nothing')) button.textContent = say('(nothing)');
  button.nextElementSibling.textContent = figures(end);
}

// How likely a piece is, alone and with all before it. The piece has an element of its own, which
// no browser translates, wherever the sentence of either language names it.
function saidFigures(node) {
  const values = { n: node.step + 1, piece: '\0', p: decimal(Math.exp(node.own)),
    own: signed(node.own, 2), nats: signed(node.logprob, 2), score: signed(node.score, 3) };
  const whole = say('{here}; in all {nats} nats, score {score}', {
    here: say('step {n}, {piece}: probability {p}, log-probability {own}', values), ...values,
  });
  const [before, after] = whole.split('\0');
  const piece = make('span', '', node.piece);
  piece.translate = false;
  return [before, piece, after];
}
