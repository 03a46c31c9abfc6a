// What the view inside the GRU draws: the values of a reply, unpacked, and their colours.

const root = element.querySelector('.tv');
const find = (name) => root.querySelector(name);
const NAMES = { hidden: 'hidden state', update: 'update gate', reset: 'reset gate' };
// Blue is negative, orange positive; zero is next to the page's own colour in either theme.
const DIVERGING = {
  light: [[2, 56, 128], [84, 148, 204], [246, 246, 246], [238, 154, 72], [140, 60, 0]],
  dark: [[166, 208, 255], [58, 118, 190], [24, 24, 28], [178, 96, 22], [255, 198, 128]],
};
// `place` is the chosen unit's among those drawn, `rows` the places from top to bottom.
const state = { data: null, half: 'decoder', layer: 0, quantity: 'hidden', order: 'value',
  step: { encoder: 0, decoder: 0 }, place: 0, places: 0, rows: [], height: 1, codes: {} };

const half = () => state.data[state.half];
const here = () => state.step[state.half];
const clamp = (value, last) => Math.max(0, Math.min(last, value));
const unit = (place = state.place) => place * state.data.every + 1; // its number, from 1

function shade(p) {
  if (state.quantity !== 'hidden') return colour(p);
  const stops = DIVERGING[root.closest('.dark') ? 'dark' : 'light'];
  const at = clamp(p, 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((from, k) => Math.round(from + (stops[low + 1][k] - from) * (at - low)));
}

// Codes of one value a step and unit, steps first; 4-bit codes come two in a byte.
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  if (state.data.bits === 8) return bytes;
  const codes = new Uint8Array(bytes.length * 2);
  bytes.forEach((byte, k) => { codes[2 * k] = byte >> 4; codes[2 * k + 1] = byte & 15; });
  return codes;
}

function unpack(layer) {
  state.places = Math.ceil(layer.units / state.data.every);
  state.place = clamp(state.place, state.places - 1);
  state.height = Math.max(1, Math.floor(384 / state.places));
  for (const quantity of Object.keys(NAMES)) state.codes[quantity] = unpacked(layer[quantity]);
}

// The places of the units from top to bottom, as the chosen order and step have them.
function ordered() {
  const rows = Array.from({ length: state.places }, (_, place) => place);
  const at = (place) => state.codes[state.quantity][here() * state.places + place];
  return state.order === 'value' ? rows.sort((a, b) => at(b) - at(a)) : rows;
}

// A value as colours want it, from 0 to 1, and in words.
const level = (quantity, step, place) =>
  state.codes[quantity][step * state.places + place] / state.data.top[quantity];

function told(quantity, step, place) {
  const p = level(quantity, step, place);
  return signed(quantity === 'hidden' ? 2 * p - 1 : p, state.data.bits === 8 ? 2 : 1);
}

// The values of one unit at a step, and what the step read or chose, as one line.
function unitInWords(step, place) {
  const { pieces, layers } = half();
  const { units, backward } = layers[state.layer];
  const [n, piece, fed] = [step + 1, pieces[step], step ? pieces[step - 1] : state.data.start];
  const where = state.half === 'encoder' ? say('piece {n}, “{piece}”', { n, piece })
    : say('step {n}, fed “{fed}”, chose “{piece}”', { n, fed, piece });
  const earlier = backward ? step + 1 : step - 1;
  const now = told('hidden', step, place);
  const values = {
    hidden: earlier in pieces
      ? say('{now} (before: {before})', { now, before: told('hidden', earlier, place) }) : now,
    update: told('update', step, place),
    reset: told('reset', step, place),
  };
  return say('Unit {unit} of {units} · {where}: {values}', { unit: unit(place), units, where,
    values: say('hidden state {hidden}, update gate {update}, reset gate {reset}', values) });
}
