// The figures between the pieces of a message and of its reply, and what they say in words.

const state = { data: null, mode: 'drop', step: 0, looked: null, scale: 1 };
const KINDS = {
  end: 'the end piece', turn: 'end of an earlier turn', unknown: 'not in the vocabulary',
  personality: 'control piece: the personality that is asked for',
};
const quoted = (text) => `“${text}”`;
const sum = (values) => values.reduce((total, value) => total + value, 0);

const piece = (s) => state.data.source[s][0];
const kind = (s) => state.data.source[s][1];
const weight = (mode, s, t) => (mode === 'drop' ? state.data.drop[s][t]
  : state.data.attention[t][s]);
const overall = (mode, s) => (mode === 'drop' ? state.data.totals[s]
  : sum(state.data.attention.map((row) => row[s])) / state.data.reply.length);
const scaled = (mode, value) => Math.min(1, Math.abs(value) / (mode === 'drop' ? state.scale : 1));

function figure(mode, value) {
  if (mode !== 'drop') return decimal(value, 2);
  const size = Math.abs(value);
  if (size < 0.05) return '0';
  return `${value > 0 ? '+' : '−'}${size.toFixed(size < 9.95 ? 1 : 0)}`;
}

// The name of a piece of the message, with what it is beside the message's own.
const named = (s) => (kind(s) ? say('{piece}, {kind}', {
  piece: quoted(piece(s)), kind: say(KINDS[kind(s)]),
}) : quoted(piece(s)));

// The figure under a piece whose own weights are not the ones looked at.
function under(side, index) {
  if (side === 'reply') return `p ${decimal(state.data.reply[index][1], 2)}`;
  const value = figure(state.mode, overall(state.mode, index));
  return state.mode === 'drop' ? say('all {figure}', { figure: value })
    : say('mean {figure}', { figure: value });
}

function changed(drop) {
  const bits = Math.abs(drop).toFixed(1);
  if (Math.abs(drop) < 0.05) return say('about the same');
  return drop > 0 ? say('{bits} bits less', { bits }) : say('{bits} bits more', { bits });
}

function loss(s, t) {
  const { reply, without, drop } = state.data;
  const [word, p] = reply[t];
  return say('Without {piece}, {word} (step {n}) has probability {now} instead of {p}: {bits}.', {
    piece: quoted(piece(s)),
    word: quoted(word),
    n: t + 1,
    now: decimal(without[s][t]),
    p: decimal(p),
    bits: changed(drop[s][t]),
  });
}

function aboutPair(s, t) {
  const { reply, instead, pieces, attention } = state.data;
  const first = pieces[instead[s][t]];
  const told = [loss(s, t), first === reply[t][0] ? say('It would still come first there.')
    : say('The likeliest piece there would be {piece}.', { piece: quoted(first) })];
  if (attention) told.push(say('Attention: {share}.', { share: decimal(attention[t][s], 2) }));
  return told.join(' ');
}

function aboutStep(t) {
  const { drop, reply, attention } = state.data;
  const top = (values) => values.indexOf(Math.max(...values));
  const losses = drop.map((row) => row[t]);
  const s = top(losses);
  const [word, p] = reply[t];
  const told = [say('Step {n}, {word}, probability {p}.', {
    n: t + 1, word: quoted(word), p: decimal(p),
  })];
  told.push(losses[s] < 0.05 ? say('It loses nothing without any one piece of the message.')
    : say('It needs {piece} most: {bits} bits less without it.', {
      piece: quoted(piece(s)), bits: losses[s].toFixed(1),
    }));
  if (attention) {
    told.push(say('The model looked most at {piece}: {share} of its attention.', {
      piece: quoted(piece(top(attention[t]))), share: decimal(Math.max(...attention[t]), 2),
    }));
  }
  return told.join(' ');
}

function aboutPiece(s) {
  const { totals, attention } = state.data;
  const values = { piece: named(s), bits: Math.abs(totals[s]).toFixed(1) };
  const told = [totals[s] < 0
    ? say('{piece}: without it the whole reply is {bits} bits more likely.', values)
    : say('{piece}: without it the whole reply is {bits} bits less likely.', values)];
  if (attention) {
    const share = decimal(overall('attention', s), 2);
    told.push(say('On average {share} of the attention.', { share }));
  }
  return told.join(' ');
}
