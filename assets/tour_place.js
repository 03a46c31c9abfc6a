// Where the tour's card and ring stand: beside what is pointed at, and never over it.
const GAP = 16; // between the card, what it points at, and the window's edge
const ROUND = 4; // between the ring and what it is around
const narrow = matchMedia('(max-width: 640px)');
const still = matchMedia('(prefers-reduced-motion: reduce)');

function boxOf(node) {
  const box = node ? node.getBoundingClientRect() : null;
  return box && box.width > 0 && box.height > 0 ? box : null;
}

// Room for what is pointed at: beside the card, or else above or below it.
function roomFor(box, card) {
  const beside = !narrow.matches && box.width + card.offsetWidth + 3 * GAP <= innerWidth;
  return innerHeight - (beside ? 2 * GAP : card.offsetHeight + 3 * GAP);
}

// Of the nodes that the selectors name, in their order, the first that is seen and fits beside the
// card; if all are too high for that, the last that is seen.
function pointedAt(selectors, card) {
  let seen = null;
  for (const selector of selectors) {
    const node = document.querySelector(selector);
    const box = boxOf(node);
    if (!box) continue;
    seen = node;
    if (box.height <= roomFor(box, card)) break;
  }
  return seen;
}

// Brings a node into the room that it has: within strips that scroll, then within the window.
function bring(node, card) {
  for (let up = node.parentElement; up && up !== document.body; up = up.parentElement) {
    const style = getComputedStyle(up);
    if (!/auto|scroll/.test(style.overflowX + style.overflowY)) continue;
    const [box, frame] = [node.getBoundingClientRect(), up.getBoundingClientRect()];
    if (box.right > frame.right) up.scrollLeft += box.right - frame.right + 8;
    if (box.left < frame.left) up.scrollLeft += box.left - frame.left - 8;
    if (box.bottom > frame.bottom) up.scrollTop += box.bottom - frame.bottom + 8;
    if (box.top < frame.top) up.scrollTop += box.top - frame.top - 8;
  }
  const box = node.getBoundingClientRect();
  const room = roomFor(box, card);
  if (box.top >= GAP && box.bottom <= GAP + room) return;
  const top = GAP + Math.max(0, (room - box.height) / 2);
  scrollBy({ top: box.top - top, behavior: still.matches ? 'instant' : 'smooth' });
}

// The side where the card fits into the window without covering the box, and its corner there:
// beside the whole column if there is room, so that what stands around the box is seen too.
function corner(box, column, width, height) {
  const within = (value, size, all) => Math.max(GAP, Math.min(value, all - size - GAP));
  const top = within(box.top + (box.height - height) / 2, height, innerHeight);
  const left = within(box.left + (box.width - width) / 2, width, innerWidth);
  const places = [
    ['right', column.right + GAP, top],
    ['left', column.left - GAP - width, top],
    ['right', box.right + GAP, top],
    ['left', box.left - GAP - width, top],
    ['below', left, box.bottom + GAP],
    ['above', left, box.top - GAP - height],
  ];
  const fits = ([, x, y]) => x >= GAP && x + width <= innerWidth - GAP / 2
    && y >= GAP && y + height <= innerHeight - GAP / 2;
  return places.find(fits)
    || ['corner', innerWidth - width - GAP, innerHeight - height - GAP];
}

function columnOf(node) {
  return (node.closest('#talk, #inside') || node).getBoundingClientRect();
}

function place(card, ring, node) {
  const box = boxOf(node);
  ring.hidden = !box;
  const [side, left, top] = narrow.matches && box
    ? ['foot', (innerWidth - card.offsetWidth) / 2, innerHeight - card.offsetHeight - GAP / 2]
    : box && corner(box, columnOf(node), card.offsetWidth, card.offsetHeight)
      || ['middle', (innerWidth - card.offsetWidth) / 2, (innerHeight - card.offsetHeight) / 2];
  card.dataset.side = side;
  Object.assign(card.style, { left: `${Math.round(left)}px`, top: `${Math.round(top)}px` });
  if (!box) return;
  const from = Math.max(box.left - ROUND, 2);
  const to = Math.min(box.right + ROUND, innerWidth - 2);
  // A padding of its own is distance enough: what follows close by stays clear of the ring.
  const style = getComputedStyle(node);
  const [above, below] = [style.paddingTop, style.paddingBottom]
    .map((padding) => Math.max(0, ROUND - parseFloat(padding)));
  Object.assign(ring.style, {
    left: `${from}px`,
    top: `${box.top - above}px`,
    width: `${to - from}px`,
    height: `${box.height + above + below}px`,
  });
}
