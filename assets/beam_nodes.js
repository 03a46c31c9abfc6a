// The nodes of a beam search tree: what the payload says of them, and where each stands.

const [PITCH, NODE, START, HEAD, ROW, SMALL_ROW] = [112, 80, 56, 28, 30, 20]; // pixels

// The columns of the payload as nodes; steps, places and children follow from the parents.
// `columns` holds the nodes of each step, likeliest first, greedy's own behind them.
function nodesOf(search) {
  const { parent, piece, own, logprob, status } = search.nodes;
  const greedy = new Set(search.greedy);
  const nodes = parent.map((before, index) => ({
    index, parent: before, piece: search.pieces[piece[index]], end: piece[index] === search.end,
    own: own[index], logprob: logprob[index], status: status[index], children: [], step: 0,
    place: -1, greedy: greedy.has(index), nth: search.best.indexOf(index),
  }));
  const columns = [];
  for (const node of nodes) {
    if (node.parent >= 0) {
      node.step = nodes[node.parent].step + 1;
      nodes[node.parent].children.push(node);
    }
    const column = (columns[node.step] ||= []);
    node.place = node.status === 'g' ? -1 : column.length;
    column.push(node);
    node.score = node.logprob / (node.step + 1) ** search.penalty;
    node.zone = 'top';
    if ('dg'.includes(node.status)) node.zone = node.greedy ? 'alone' : 'dropped';
  }
  return { nodes, columns };
}

// The nodes from the first piece to this one.
function pathTo(nodes, index) {
  const found = [];
  for (let at = index; at >= 0; at = nodes[at].parent) found.unshift(nodes[at]);
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
// Gives the nodes of each step from top to bottom, and the floor under which greedy goes alone.
function place(nodes, columns, isShown) {
  let floor = 0;
  const shown = columns.map((column) => {
    const [top, dropped] = ['top', 'dropped'].map((zone) => column.filter(
      (node) => node.zone === zone && isShown(node)));
    top.forEach((node, k) => { node.y = HEAD + 20 + k * ROW; });
    const under = HEAD + 13 + top.length * ROW;
    dropped.forEach((node, k) => { node.y = under + k * SMALL_ROW; });
    floor = Math.max(floor, under + dropped.length * SMALL_ROW);
    return [...top, ...dropped, ...column.filter((node) => node.zone === 'alone')];
  });
  for (const node of nodes) if (node.zone === 'alone') node.y = floor + 34;
  return { shown, floor };
}

const left = (node) => START + node.step * PITCH;
const zoneOrder = (a, b) => (a.zone === b.zone ? a.place - b.place : a.zone === 'top' ? -1 : 1);

// The curves from these nodes' parents to them, as the data of one SVG path.
function curves(nodes, all) {
  return nodes.map((node) => {
    const before = all[node.parent];
    const [x, y] = before ? [left(before) + NODE, before.y] : [START - 20, HEAD + 20];
    const [to, middle] = [left(node), (left(node) - x) / 2];
    return `M${x} ${y}C${x + middle} ${y} ${to - middle} ${node.y} ${to} ${node.y}`;
  }).join('');
}
