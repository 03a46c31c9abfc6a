// The view inside the GRU: takes a reply, follows its steps, and answers pointer and keys.

function receive(value) {
  const before = state.data;
  state.data = typeof value === 'string' && value ? JSON.parse(value) : null;
  find('.in-none').hidden = Boolean(state.data);
  find('.in-body').hidden = !state.data;
  tellNumber();
  if (!state.data) return;
  if (!before || before.number !== state.data.number) {
    const main = document.querySelector('#view .tv');
    state.step = { encoder: 0, decoder: Number((main && main.dataset.step) || 0) };
  }
  showHalf();
}

function tellNumber() {
  const { number } = state.data || {};
  find('.in-number').textContent = state.data ? say('reply {number}', { number }) : '';
}

// A half is drawn from its first column on.
function showHalf() {
  find('.in-scroll').scrollLeft = 0;
  drawHalf();
}

// In another language all stays where it is, the focus too.
function sayAgain() {
  tellNumber();
  if (!state.data) return;
  const { scrollLeft } = find('.in-scroll');
  const held = ['.in-layers', '.in-pieces'].find((name) => find(`${name} :focus`));
  drawHalf();
  find('.in-scroll').scrollLeft = scrollLeft;
  if (held) find(`${held} :checked, ${held} [tabindex="0"]`).focus({ preventScroll: true });
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
  const [what, draw] = { 'in-half': ['half', showHalf], 'in-layer': ['layer', drawLayer],
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
speak(root, sayAgain);
watch('value', () => receive(props.value));
receive(props.value);
