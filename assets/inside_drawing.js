// How the view inside the GRU is drawn: pieces, heat map and bars in one grid of columns.

const box = (node) => node.getBoundingClientRect();

function drawHalf() {
  const { layers, pieces } = half();
  state.layer = clamp(state.layer, layers.length - 1);
  find('.in-layers').replaceChildren(...layers.map((one, k) => {
    const label = make('label');
    const input = Object.assign(make('input'), { type: 'radio', name: 'in-layer', value: k });
    input.checked = k === state.layer;
    label.append(input, make('span', '', say(one.name)));
    return label;
  }));
  for (const node of root.querySelectorAll('[data-half]')) {
    node.hidden = node.dataset.half !== state.half;
  }
  find('.in-pieces').setAttribute('aria-label', state.half === 'encoder'
    ? say('What the encoder went through') : say('What the decoder went through'));
  find('.in-pieces').replaceChildren(...pieces.map(pieceButton));
  drawLayer();
}

function pieceButton(piece, k) {
  const cell = make('button', 'tv-cell');
  cell.type = 'button';
  cell.translate = false;
  cell.dataset.step = k;
  cell.setAttribute('aria-label', state.half === 'encoder'
    ? say('piece {n}, {piece}', { n: k + 1, piece })
    : say('step {n}, {piece}', { n: k + 1, piece }));
  cell.append(make('b', 'tv-piece', piece), make('small', '', String(k + 1)));
  return cell;
}

function drawLayer() {
  const layer = half().layers[state.layer];
  unpack(layer);
  quoting(find('.in-words'), layer.words.map((sentence) => say(sentence)).join(' '));
  for (const measure of root.querySelectorAll('.in-measure')) {
    drawMeasure(measure, layer[measure.dataset.of]);
  }
  find('.in-note').textContent = say(state.data.note);
  find('.in-note').hidden = !state.data.note;
  drawQuantity();
}

function drawMeasure(measure, values) {
  const [full, row] = [Math.max(1, ...values), measure.querySelector('.in-row')];
  const most = Number(full.toFixed(2));
  measure.querySelector('span').textContent = say(', bars from 0 to {most}', { most });
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
  cell.translate = false;
  cell.dataset.step = step;
  cell.append(make('span', 'tv-hear', `${step + 1}, ${half().pieces[step]}: `), text);
  return cell;
}

function drawQuantity() {
  const [low, bar, high] = find('.in-legend').children;
  const ends = state.quantity === 'hidden' ? ['−1', '+1'] : ['0', '1'];
  const stops = Array.from({ length: 11 }, (_, k) => `rgb(${shade(k / 10).join(',')})`);
  find('.in-legend').setAttribute('aria-label',
    say('Colours from {low} to {high}', { low: ends[0], high: ends[1] }));
  [low.textContent, high.textContent] = ends;
  bar.style.background = `linear-gradient(90deg, ${stops.join(',')})`;
  for (const text of root.querySelectorAll('.in-explain p')) {
    text.hidden = text.dataset.of !== state.quantity;
  }
  drawMap();
}

// One pixel a value; the style stretches it to the columns.
function drawMap() {
  const { places, quantity, height } = state;
  const [canvas, count] = [find('canvas'), half().pieces.length];
  state.step[state.half] = clamp(here(), count - 1);
  state.rows = ordered();
  Object.assign(canvas, { width: count, height: places });
  find('.in-map').style.cssText = `--count:${count};--units:${places};--height:${height}px`;
  find('.in-map').setAttribute('aria-roledescription', say('heat map'));
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
  const title = say('The {quantity} of unit {unit} alone',
    { quantity: say(NAMES[quantity]), unit: unit() });
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

const read = (step, place) => quoting(find('.in-read'), unitInWords(step, place));
