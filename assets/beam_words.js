// What the beam search tree says in words: its extent, and what became of each node.

const count = (n) => n.toLocaleString('en');
// English counts in ordinals; Korean has the plain number, and its sentences say 번째.
const nth = (place) => (language() === 'ko' ? count(place + 1) : ordinal(place));

// How much was considered and dropped in all.
function extent(search, nodes) {
  const considered = nodes.filter((node) => node.status !== 'g');
  const steps = Math.max(...considered.map((node) => node.step)) + 1;
  const dropped = count(nodes.filter((node) => node.status === 'd').length);
  const values = { n: count(considered.length), steps, dropped, width: search.width };
  return steps === 1
    ? say('{n} pieces considered in 1 step, {dropped} dropped; the beam keeps {width}', values)
    : say('{n} pieces considered in {steps} steps, {dropped} dropped; the beam keeps {width}',
      values);
}

// By what the whole replies are ranked.
function rule({ penalty }) {
  const told = (score) => say('Whole replies, best first; the score is {score}.', { score });
  if (penalty === 0) return told(say('the log-probability'));
  if (penalty === 1) return told(say('the log-probability over the length'));
  return told(say('the log-probability over the length to the power of {power}',
    { power: penalty }));
}

// The figures of a whole reply, of which the node is the last piece.
function figures(node) {
  const values = { score: signed(node.score, 3), nats: signed(node.logprob, 2), n: node.step + 1 };
  return node.step
    ? say('score {score}, in all {nats} nats, {n} pieces', values)
    : say('score {score}, in all {nats} nats, 1 piece', values);
}

// What became of a node; the letters are those of Status in seq2seq/beam_tree.py.
function fate(node, search, { nodes, columns }) {
  const { width, max_len: limit, best } = search;
  const [step, n, whole] = [node.step + 1, best.length, among(node, columns)];
  const became = {
    k: () => kept(node, search, columns),
    e: () => (n === 1 ? say('ended here: the best reply')
      : say('ended here: {nth} of the {n} best replies', { nth: nth(node.nth), n })),
    o: () => say('ended here, but outdone: {better}', { better: better(n) }),
    c: () => (n === 1 ? say('cut off at the limit of {limit} steps: the best reply', { limit })
      : say('cut off at the limit of {limit} steps: {nth} of the {n} best replies',
        { limit, nth: nth(node.nth), n })),
    x: () => say('cut off at the limit of {limit} steps, and outdone: {better}',
      { limit, better: better(n) }),
    l: () => say('{left}, but however it went on, it could not score above the {n} best',
      { left: say('left behind at step {step}: kept as {among}', { step, among: whole }), n }),
    d: () => (node.end
      ? say('dropped at step {step}: {among}; an end counts only among the {width} best',
        { step, among: whole, width })
      : say('dropped at step {step}: {among}, the beam keeps {width}',
        { step, among: amongGoing(node, columns), width })),
    g: () => alone(search, nodes),
  }[node.status]();
  const told = node.best ? say('{fate}; on the best reply’s path', { fate: became }) : became;
  const greedy = node.greedy && node.status !== 'g';
  return greedy ? say('{fate}; greedy’s choice', { fate: told }) : told;
}

function kept(node, { width, forced }, columns) {
  if (node.step < forced) return say('forced: it had to be this piece');
  const went = say('kept at step {step}: {among}, the beam keeps {width}',
    { step: node.step + 1, among: amongGoing(node, columns), width });
  const values = { kept: went, next: node.step + 2 };
  if (node.children.every((child) => child.place < 0)) {
    return say('{kept}, but nothing that follows was among the best at step {next}', values);
  }
  return node.children.every((child) => child.place < 0 || child.status === 'd')
    ? say('{kept}, but all that follows was dropped at step {next}', values) : went;
}

const better = (n) => (n === 1 ? say('1 reply scores better')
  : say('{n} replies score better', { n }));

// A node's place among what was considered at its step.
function among(node, columns) {
  const all = columns[node.step].filter((other) => other.place >= 0).length;
  return say('{nth} best of {all}', { nth: nth(node.place), all });
}

// The same, and the place among what can go on, where ends stand before it.
function amongGoing(node, columns) {
  const considered = columns[node.step].filter((other) => other.place >= 0);
  const ahead = considered.filter((other) => other.place < node.place && !other.end).length;
  if (ahead === node.place) return among(node, columns);
  return say('{nth} best of {all} ({without} without the ends)',
    { nth: nth(node.place), all: considered.length, without: nth(ahead) });
}

// Why greedy's path is not the beam's any more.
function alone(search, nodes) {
  const path = search.greedy.map((index) => nodes[index]);
  const last = path.filter((node) => node.status !== 'g').at(-1);
  const n = last.step + 1;
  if (last.status === 'd') {
    return say('greedy alone: the beam dropped its path at step {n}', { n });
  }
  if (last.status === 'l') return say('greedy alone: the search had ended at step {n}', { n });
  return say('greedy alone: at step {n} the beam considered only better ones', { n: n + 1 });
}
