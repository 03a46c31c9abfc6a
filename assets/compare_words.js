// What is said of two replies side by side: the chosen step, its likeliest pieces, the totals.

// Texts that name a side, the first's and then the second's.
const SIDES = ['the first', 'the second'];
const STEPS = ['Step {n} of the first reply', 'Step {n} of the second reply'];
const CHANCES = [
  'After the same pieces, “{piece}” has probability {own} in the first and {other} in the second.',
  'After the same pieces, “{piece}” has probability {own} in the second and {other} in the first.',
];
const SET_CHANCES = [
  'After temperature and filters, “{piece}” has probability {own} in the first and {other} in the '
    + 'second.',
  'After temperature and filters, “{piece}” has probability {own} in the second and {other} in the '
    + 'first.',
];
const DIVERGENCES = 'Over all pieces, the Kullback–Leibler divergence is {kl} bits, the '
  + 'Jensen–Shannon divergence {js} bits.';
const INFINITE = [
  'Over all pieces, the Kullback–Leibler divergence is infinite, as the second forbids pieces that '
    + 'the first allows, the Jensen–Shannon divergence {js} bits.',
  'Over all pieces, the Kullback–Leibler divergence is infinite, as the first forbids pieces that '
    + 'the second allows, the Jensen–Shannon divergence {js} bits.',
];

function figure(value) {
  if (value === Infinity) return '∞';
  if (value < 0.0005) return '0';
  if (value < 0.005) return '<0.01';
  return value.toFixed(value < 9.995 ? 2 : 1);
}

// A text that is no word of any language: a piece, a figure, the name of a checkpoint.
function datum(text) {
  const node = make('span', '', text);
  node.translate = false;
  return node;
}

// A sentence as nodes, so that the data in it stand apart from its words. A value may be a node.
function sentence(text, values) {
  if (Array.isArray(text)) return sentence(...text);
  const whole = document.createDocumentFragment();
  say(text).split(/\{(\w+)\}/).forEach((part, k) => {
    if (k % 2 === 0) { whole.append(part); return; }
    const value = values[part];
    const words = Array.isArray(value) || value instanceof Node;
    whole.append(words ? (Array.isArray(value) ? sentence(value) : value) : datum(value));
  });
  return whole;
}

// Sentences or phrases, one after the other.
function joined(texts, between) {
  const whole = document.createDocumentFragment();
  texts.forEach((text, k) => whole.append(k ? between : '', sentence(text)));
  return whole;
}

// Which side, and what it is called: words of the page, or a checkpoint's name.
function titled(node, side, name) {
  node.append(`${say(SIDES[side])}: `, Array.isArray(name) ? say(name) : datum(name));
  return node;
}

function aboutStep(step, side, between) {
  const [own, other] = [step.own, step.other].map((p) => (p > 0 ? decimal(p) : ['0 (forbidden)']));
  const chances = between === 'settings' ? SET_CHANCES : CHANCES;
  const js = figure(step.js);
  return joined([
    ...(step.forced ? ['It was forced.'] : []),
    [chances[side], { piece: step.piece, own, other }],
    step.kl === Infinity ? [INFINITE[side], { js }] : [DIVERGENCES, { kl: figure(step.kl), js }],
  ], ' ');
}

// Where the tokenizers differ: a step, and the other reply's step of that index beside it, if any.
function aboutWords(step, other, index) {
  return joined([
    ['“{piece}” has probability {p} in its own model.', { piece: step.piece, p: decimal(step.p) }],
    other ? ['Beside it stands “{piece}” (step {n}), {p} in the model that wrote it.',
      { piece: other.piece, n: index + 1, p: decimal(other.p) }]
      : 'Nothing of the other reply stands beside it.',
  ], ' ');
}

// `few` says that where there are fewer pieces than there is room for, the others are forbidden.
function topTable(side, name, rows, chosen, few) {
  const [table, body, caption] = [make('table'), make('tbody'), make('caption')];
  titled(caption, side, name);
  if (!rows) caption.append(' ', say('(nothing beside it)'));
  for (const [piece, p] of rows || []) {
    const row = make('tr', piece === chosen ? 'cm-chosen' : '');
    const head = make('th', '', `${piece}${piece === chosen ? ' ←' : ''}`);
    Object.assign(head, { scope: 'row', title: piece, translate: false });
    row.append(head, make('td', 'cm-num', decimal(p)));
    body.append(row);
  }
  if (rows && rows.length < 5 && few) {
    const [row, cell] = [make('tr'), make('td', '', say('nothing else is allowed'))];
    cell.colSpan = 2;
    row.append(cell);
    body.append(row);
  }
  table.append(caption, body);
  return table;
}

// The rows of the totals: a name, and a text for each of the two.
function totalRows({ totals, measure, between }) {
  const nats = (score) => score[0].toFixed(2).replace('-', '−');
  const bytes = (score) => score[1].toFixed(3);
  const one = between === 'messages';
  const rows = [
    [say('log-probability, in nats'), ...totals.map(([,, own]) => nats(own))],
    [say('bits a byte'), ...totals.map(([,, own]) => bytes(own))],
  ];
  if (totals[0][3]) {
    rows.push([
      one ? say('log-probability after the other’s message')
        : say('log-probability under the other model'),
      ...totals.map(([,,, other]) => nats(other))]);
    rows.push([
      one ? say('bits a byte after the other’s message') : say('bits a byte under the other model'),
      ...totals.map(([,,, other]) => bytes(other))]);
  }
  if (measure) {
    rows.push([say('bits apart, mean of the steps'), ...totals.map((all) => figure(all[4]))]);
  }
  rows.push([say('steps'), ...totals.map(([steps]) => String(steps))]);
  rows.push([say('end'), ...totals.map(([, end]) => say(end || 'still being written'))]);
  return rows;
}

// A row a figure: it is the two replies that are compared, and so they stand side by side.
function drawTotals(table, data) {
  const [head, body, first] = [make('thead'), make('tbody'), make('tr')];
  first.append(make('th'), ...data.names.map((name, side) => titled(make('th'), side, name)));
  first.querySelectorAll('th').forEach((cell) => { cell.scope = 'col'; });
  head.append(first);
  for (const [name, ...texts] of totalRows(data)) {
    const [row, cell] = [make('tr'), make('th', '', name)];
    cell.scope = 'row';
    row.append(cell, ...texts.map((text) => make('td', '', text)));
    body.append(row);
  }
  table.replaceChildren(head, body);
}
