// Small parts of the view: elements, numbers in words, and the one colour scale.

// Viridis at ten even stops: dark is unlikely, bright is likely, in grey and to the colour-blind
// too.
const SCALE = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
];

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function colour(p) {
  const at = Math.max(0, Math.min(1, p)) * (SCALE.length - 1);
  const low = Math.min(Math.floor(at), SCALE.length - 2);
  return SCALE[low].map((from, k) => Math.round(from + (SCALE[low + 1][k] - from) * (at - low)));
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => {
    const c = value / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Black or white, whichever contrasts more: at least 4.58 to 1 on any colour.
function ink(rgb) {
  const light = luminance(rgb);
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? '#fff' : '#000';
}

function paint(node, p) {
  const rgb = colour(p);
  node.style.backgroundColor = `rgb(${rgb.join(',')})`;
  node.style.color = ink(rgb);
}

function decimal(p, digits = 3) {
  const least = 10 ** -digits;
  if (p > 0 && p < least / 2) return `<${least.toFixed(digits)}`;
  if (p < 1 && p > 1 - least / 2) return `>${(1 - least).toFixed(digits)}`;
  return p.toFixed(digits);
}

// A number with a true minus sign, and no sign where it rounds to nothing.
function signed(value, digits) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace('-', '−');
}

// A place counted from 0, as its language counts: "3rd", "3번째".
function ordinal(rank) {
  const n = rank + 1;
  const teen = n % 100 >= 11 && n % 100 <= 13;
  const english = teen ? 'th' : ['th', 'st', 'nd', 'rd'][n % 10] || 'th';
  return `${n.toLocaleString('en')}${language() === 'ko' ? '번째' : english}`;
}

// Control pieces: one after each earlier turn, and one that says who is to answer.
const CONTROLS = {
  turn: ['earlier turn', 'end of an earlier turn'],
  personality: ['personality', 'control piece: the personality that is asked for'],
};
const UNKNOWN = ['unknown', 'not in the vocabulary'];

// A cell of a strip: a piece, which is data as the cell's name is, over a word or a number.
function cellOf(tag, piece, under) {
  const cell = make(tag, 'tv-cell');
  cell.translate = false;
  cell.append(make('b', 'tv-piece', piece));
  const small = make('small', '', under);
  small.translate = true;
  cell.append(small);
  return cell;
}

function sourcePiece([piece, id, unknown, kind], unread) {
  const [under, odd] = CONTROLS[kind] || (unknown ? UNKNOWN : []);
  const cell = cellOf('span', piece, under ? say(under) : String(id));
  cell.setAttribute('role', 'listitem');
  cell.classList.toggle('tv-unknown', unknown);
  cell.classList.toggle('tv-unread', unread);
  cell.classList.toggle('tv-turn', kind === 'turn');
  cell.classList.toggle('tv-personality', kind === 'personality');
  cell.dataset.id = id;
  cell.title = [piece, `id ${id}`, ...(odd ? [say(odd)] : [])].join(' · ');
  return cell;
}

// `left` marks where a version of the reply went another way.
function replyPiece(step, index, left) {
  const cell = cellOf('button', step.piece, `${step.forced ? '⚑ ' : ''}${decimal(step.p, 2)}`);
  cell.type = 'button';
  cell.dataset.step = index;
  cell.dataset.piece = step.piece;
  cell.tabIndex = -1;
  paint(cell, step.p);
  cell.classList.toggle('tv-left', left);
  const likely = [say('probability {p}', { p: decimal(step.p) })];
  if (step.forced) likely.push(say('forced'));
  if (left) likely.push(say('here it went another way'));
  cell.title = `${step.piece} · ${likely.join(', ')}`;
  cell.setAttribute('aria-label',
    [say('step {n}', { n: index + 1 }), step.piece, ...likely].join(', '));
  return cell;
}
