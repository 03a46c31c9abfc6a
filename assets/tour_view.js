// The tour: pages that speak of the page's real parts, one after another, left at any time.
const find = (name) => element.querySelector(name);
const [start, offer, card, ring] = ['start', 'offer', 'card', 'ring']
  .map((name) => find(`.tour-${name}`));
const room = make('div', 'tour-room');
const pages = [...element.querySelectorAll('.tour-pages section')];
const KNOWN = 'seq2seq-tour';
const state = { page: -1, at: null, size: '', frame: 0 };
const open = () => state.page >= 0;

pages.forEach((page, k) => {
  page.querySelector('h2').id = `tour-title-${k}`;
  page.querySelector('p').id = `tour-words-${k}`;
});

// What a page needs of the real page before it can point there.
const FIRST = {
  step: () => choose(0),
  end: () => choose(document.querySelectorAll('#view .tv-reply > *').length - 1),
  choosing: () => document.querySelector('#deeper [role="tab"][data-tab-id="choosing"]'
    + '[aria-selected="false"]')?.click(),
  controls: () => {
    const closed = !boxOf(document.querySelector('#controls > button + *'));
    if (closed) document.querySelector('#controls > button')?.click();
  },
};

function choose(step) {
  document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step } }));
}

function tell() {
  find('.tour-where').textContent = open()
    ? say('page {n} of {all}', { n: state.page + 1, all: pages.length })
    : '';
  find('.tour-next').textContent = state.page === pages.length - 1 ? say('Finish') : say('Next');
}

function turn(to) {
  if (!pages[to]) return;
  Object.assign(state, { page: to, at: null });
  pages.forEach((page, k) => { page.hidden = k !== to; });
  card.setAttribute('aria-labelledby', `tour-title-${to}`);
  card.setAttribute('aria-describedby', `tour-words-${to}`);
  find('.tour-back').setAttribute('aria-disabled', String(to === 0));
  tell();
  if (!boxOf(document.querySelector('#view .tv-body'))) trigger('select', {});
  FIRST[pages[to].dataset.first]?.();
}

// Each frame, for what is pointed at may be drawn late, move, or be drawn anew.
function follow() {
  const at = pointedAt(pages[state.page].dataset.at.split(', '), card);
  const size = at ? `${at.offsetWidth} ${at.offsetHeight} ${card.offsetHeight}` : '';
  const late = at && !state.at; // it was not there when the page was turned to
  if (at !== state.at || size !== state.size) {
    Object.assign(state, { at, size });
    if (late) FIRST[pages[state.page].dataset.first]?.();
    // Room at the foot of the page, to scroll what stands last clear of a card below it.
    room.style.height = `${card.offsetHeight + 2 * GAP}px`;
    document.querySelector('.gradio-container').append(room);
    if (at) bring(at, card);
  }
  place(card, ring, at);
  state.frame = requestAnimationFrame(follow);
}

function begin() {
  if (open()) { card.focus({ preventScroll: true }); return; }
  card.hidden = false;
  start.setAttribute('aria-expanded', 'true');
  turn(0);
  follow();
  card.focus({ preventScroll: true });
}

function leave() {
  cancelAnimationFrame(state.frame);
  state.page = -1;
  card.hidden = ring.hidden = offer.hidden = true;
  start.setAttribute('aria-expanded', 'false');
  room.remove();
  try { localStorage.setItem(KNOWN, 'known'); } catch { /* it is offered again, no more */ }
  start.focus({ preventScroll: true }); // the page stays where the reader has it
}

function next() {
  if (state.page === pages.length - 1) leave(); else turn(state.page + 1);
}

start.addEventListener('click', begin);
find('.tour-next').addEventListener('click', next);
find('.tour-back').addEventListener('click', () => turn(state.page - 1));
find('.tour-leave').addEventListener('click', leave);
card.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === 'ArrowRight') turn(state.page + 1);
  else if (event.key === 'ArrowLeft') turn(state.page - 1);
  else return;
  event.preventDefault();
});
// Elsewhere Escape belongs to what has the focus.
document.addEventListener('keydown', (event) => {
  const ours = element.contains(event.target) || event.target === document.body;
  if (open() && ours && event.key === 'Escape') leave();
});

function offered() {
  try { return localStorage.getItem(KNOWN) === null; } catch { return false; }
}

speak(element, tell);
offer.hidden = !offered();
