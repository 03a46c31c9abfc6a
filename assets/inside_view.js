// The view inside the GRU: heat maps of states and gates, and what each step did to the state.

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
const box = (node) => node.getBoundingClientRect();
const clamp = (value, last) => Math.max(0, Math.min(last, value));
const unit = (place = state.place) => place * state.data.every + 1; // its number, from 1

function shade(p) {
  if (state.quantity !== 'hidden') return colour(p);
  const stops = DIVERGING[root.closest('.dark') ? 'dark' : 'light'];
  const at = clamp(p, 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((from, k) => Math.round(from + (stops[low + 1][k] - from) * (at - low)));
}

function receive(value) {
  const before = state.data;
  state.data = typeof value === 'string' && value ? JSON.parse(value) : null;
  find('.in-none').hidden = Boolean(state.data);
  find('.in-body').hidden = !state.data;
  find('.in-number').textContent = state.data ? `reply ${state.data.number}` : '';
  if (!state.data) return;
  if (!before || before.number !== state.data.number) {
    const main = document.querySelector('#view .tv');
    state.step = { encoder: 0, decoder: Number((main && main.dataset.step) || 0) };
  }
  drawHalf();
}

// Codes of one value a step and unit, steps first; 4-bit codes come two in a byte.
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  if (state.data.bits === 8) return bytes;
  const codes = new Uint8Array(bytes.length * 2);
  bytes.forEach((byte, k) => { codes[2 * k] = byte >> 4; codes[2 * k + 1] = byte & 15; });
  return codes;
}

// A value as colours want it, from 0 to 1, and in words.
const level = (quantity, step, place) =>
  state.codes[quantity][step * state.places + place] / state.data.top[quantity];

function told(quantity, step, place) {
  const p = level(quantity, step, place);
  const value = (quantity === 'hidden' ? 2 * p - 1 : p).toFixed(state.data.bits === 8 ? 2 : 1);
  return (Number(value) === 0 ? value.replace('-', '') : value).replace('-', '−');
}

function drawHalf() {
  const { layers, pieces } = half();
  const noun = state.half === 'encoder' ? 'piece' : 'step';
  state.layer = clamp(state.layer, layers.length - 1);
  find('.in-layers').replaceChildren(...layers.map((one, k) => {
    const label = make('label');
    const input = Object.assign(make('input'), { type: 'radio', name: 'in-layer', value: k });
    input.checked = k === state.layer;
    label.append(input, make('span', '', one.name));
    return label;
  }));
  for (const node of root.querySelectorAll('[data-half]')) {
    node.hidden = node.dataset.half !== state.half;
  }
  find('.in-pieces').setAttribute('aria-label', `What the ${state.half} went through`);
  find('.in-pieces').replaceChildren(...pieces.map((piece, k) => {
    const cell = make('button', 'tv-cell');
    cell.type = 'button';
    cell.dataset.step = k;
    cell.setAttribute('aria-label', `${noun} ${k + 1}, ${piece}`);
    cell.append(make('b', 'tv-piece', piece), make('small', '', String(k + 1)));
    return cell;
  }));
  find('.in-scroll').scrollLeft = 0;
  drawLayer();
}

function drawLayer() {
  const layer = half().layers[state.layer];
  state.places = Math.ceil(layer.units / state.data.every);
  state.place = clamp(state.place, state.places - 1);
  state.height = Math.max(1, Math.floor(384 / state.places));
  for (const quantity of Object.keys(NAMES)) state.codes[quantity] = unpacked(layer[quantity]);
  find('.in-words').textContent = layer.words;
  for (const measure of root.querySelectorAll('.in-measure')) {
    drawMeasure(measure, layer[measure.dataset.of]);
  }
  find('.in-note').textContent = state.data.note;
  find('.in-note').hidden = !state.data.note;
  drawQuantity();
}

function drawMeasure(measure, values) {
  const [full, row] = [Math.max(1, ...values), measure.querySelector('.in-row')];
  measure.querySelector('span').textContent = `, bars from 0 to ${Number(full.toFixed(2))}`;
  row.setAttribute('aria-label', measure.querySelector('b').textContent);
  row.replaceChildren(...values.map((value, k) => {
    const text = measure.dataset.of === 'moved' ? value.toFixed(2) : decimal(value, 2);
    const [cell, track, bar] = [listed(k, text), make('span', 'in-bar'), make('i')];
    bar.style.height = `${(100 * value) / full}%`;
    track.append(bar);
    cell.prepend(track);
    return cell;
  }));
}

function listed(step, text) {
  const cell = make('div', 'in-cell');
  cell.setAttribute('role', 'listitem');
  cell.dataset.step = step;
  cell.append(make('span', 'tv-hear', `${step + 1}, ${half().pieces[step]}: `), text);
  return cell;
}

function drawQuantity() {
  const ends = state.quantity === 'hidden' ? ['−1', '+1'] : ['0', '1'];
  const stops = Array.from({ length: 11 }, (_, k) => `rgb(${shade(k / 10).join(',')})`);
  const [low, bar, high] = find('.in-legend').children;
  find('.in-legend').setAttribute('aria-label', `Colours from ${ends.join(' to ')}`);
  [low.textContent, high.textContent] = ends;
  bar.style.background = `linear-gradient(90deg, ${stops.join(',')})`;
  for (const say of root.querySelectorAll('.in-explain p')) {
    say.hidden = say.dataset.of !== state.quantity;
  }
  drawMap();
}

// One pixel a value; the style stretches it to the columns.
function drawMap() {
  const { places, quantity, height } = state;
  const [canvas, count] = [find('canvas'), half().pieces.length];
  state.step[state.half] = clamp(here(), count - 1);
  state.rows = Array.from({ length: places }, (_, place) => place);
  const at = (place) => state.codes[quantity][here() * places + place];
  if (state.order === 'value') state.rows.sort((a, b) => at(b) - at(a));
  Object.assign(canvas, { width: count, height: places });
  find('.in-map').style.cssText = `--count:${count};--units:${places};--height:${height}px`;
  const top = state.data.top[quantity];
  const palette = Array.from({ length: top + 1 }, (_, code) => [...shade(code / top), 255]);
  const context = canvas.getContext('2d');
  const image = context.createImageData(count, places);
  state.rows.forEach((place, row) => {
    for (let step = 0; step < count; step += 1) {
      const code = state.codes[quantity][step * places + place];
      image.data.set(palette[code], 4 * (row * count + step));
    }
  });
  context.putImageData(image, 0, 0);
  mark();
}

// Shows the chosen step and unit everywhere.
function mark() {
  const [step, { quantity, place }] = [here(), state];
  find('.in-unit').replaceChildren(...half().pieces.map((_, k) => {
    const [cell, rgb] = [listed(k, told(quantity, k, place)), shade(level(quantity, k, place))];
    cell.style.cssText = `background-color:rgb(${rgb.join(',')});color:${ink(rgb)}`;
    return cell;
  }));
  const title = `The ${NAMES[quantity]} of unit ${unit()} alone`;
  find('.in-unit').setAttribute('aria-label', title);
  find('.in-of-unit').textContent = title;
  for (const cell of root.querySelectorAll('[data-step]')) {
    const chosen = Number(cell.dataset.step) === step;
    if (chosen) cell.setAttribute('aria-current', 'step');
    else cell.removeAttribute('aria-current');
    if (cell.matches('button')) cell.tabIndex = chosen ? 0 : -1;
  }
  find('.in-map').style.setProperty('--at', step);
  find('.in-map').style.setProperty('--row', state.rows.indexOf(place));
  reveal(find('.in-pieces').children[step]);
  read(step, place);
}

// Scrolls the columns alone: the page stays where the reader has it.
function reveal(cell) {
  const [inside, at] = [box(find('.in-scroll')), box(cell)];
  if (at.left >= inside.left && at.right <= inside.right) return;
  find('.in-scroll').scrollLeft += at.left - inside.left - 40;
}

function read(step, place) {
  const { pieces, layers } = half();
  const { units, backward } = layers[state.layer];
  const fed = step ? pieces[step - 1] : state.data.start;
  const where = state.half === 'encoder' ? `piece ${step + 1}, “${pieces[step]}”`
    : `step ${step + 1}, fed “${fed}”, chose “${pieces[step]}”`;
  const earlier = backward ? step + 1 : step - 1;
  const before = earlier in pieces ? ` (before: ${told('hidden', earlier, place)})` : '';
  find('.in-read').textContent = `Unit ${unit(place)} of ${units} · ${where}: `
    + `hidden state ${told('hidden', step, place)}${before}, `
    + `update gate ${told('update', step, place)}, reset gate ${told('reset', step, place)}`;
}

function redraw() {
  if (state.order === 'value') drawMap(); else mark();
}

// Chooses a step, here and (of the reply) in every view.
function choose(step, place = state.place) {
  const moved = step !== here();
  state.step[state.half] = step;
  state.place = place;
  redraw();
  if (moved && state.half === 'decoder') {
    document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step } }));
  }
}

function under(event) {
  const [{ left, top, width }, count] = [box(find('canvas')), half().pieces.length];
  const step = clamp(Math.floor(((event.clientX - left) / width) * count), count - 1);
  const row = clamp(Math.floor((event.clientY - top) / state.height), state.places - 1);
  return [step, state.rows[row]];
}

find('.in-map').addEventListener('pointermove', (event) => {
  if (state.data && event.pointerType === 'mouse') read(...under(event));
});
find('.in-map').addEventListener('pointerleave', () => state.data && read(here(), state.place));
find('.in-map').addEventListener('click', (event) => choose(...under(event)));
find('.in-pieces').addEventListener('click', ({ target }) => {
  if (target.closest('button')) choose(Number(target.closest('button').dataset.step));
});
find('.in-scroll').addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const map = event.target.matches('.in-map');
  const [last, row] = [half().pieces.length - 1, state.rows.indexOf(state.place)];
  const step = { ArrowLeft: here() - 1, ArrowRight: here() + 1, Home: 0, End: last }[event.key];
  const down = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
  if (step === undefined && !(map && down)) return;
  event.preventDefault();
  choose(clamp(step ?? here(), last), state.rows[clamp(row + (down || 0), state.places - 1)]);
  if (!map) find('.in-pieces').children[here()].focus({ preventScroll: true });
});

element.addEventListener('change', ({ target }) => {
  const [what, draw] = { 'in-half': ['half', drawHalf], 'in-layer': ['layer', drawLayer],
    'in-quantity': ['quantity', drawQuantity], 'in-order': ['order', drawMap] }[target.name] || [];
  if (!what) return;
  state[what] = what === 'layer' ? Number(target.value) : target.value;
  draw();
});

// The page's own step; a view that the page has taken away stops listening.
function follow({ detail: { step } }) {
  if (!element.isConnected) { document.removeEventListener('seq2seq:step', follow); return; }
  if (!state.data || !(step in state.data.decoder.pieces) || step === state.step.decoder) return;
  state.step.decoder = step;
  if (state.half === 'decoder') redraw();
}

document.addEventListener('seq2seq:step', follow);
new MutationObserver(() => state.data && drawQuantity())
  .observe(document.body, { attributes: true, attributeFilter: ['class'] });
watch('value', () => receive(props.value));
receive(props.value);
