// Where changed settings would turn the reply: one line, its step, and the mark in the main view.

const root = element.querySelector('.tu');
const said = root.querySelector('[role=status]');
const go = root.querySelector('.tu-go');
let marked = null;

// Odds name no turn: drawn anew, the reply could turn at any step.
const turns = (data) => data && data.step !== null && data.kind !== 'odds';

function draw() {
  const data = typeof props.value === 'string' && props.value ? JSON.parse(props.value) : null;
  const step = data ? data.step : null;
  if (data) root.dataset.kind = data.kind; else delete root.dataset.kind;
  root.toggleAttribute('data-turns', Boolean(turns(data)));
  // A screen reader repeats what is written anew, even the same words.
  const sentence = data ? say(data.sentence) : '';
  if (said.textContent !== sentence) quoting(said, sentence);
  go.hidden = step === null;
  go.dataset.step = step ?? '';
  go.textContent = go.hidden ? '' : say('step {n}', { n: step + 1 });
  go.setAttribute('aria-label', go.hidden ? '' : say('Go to step {n}', { n: step + 1 }));
  mark(turns(data) ? step : null);
}

// The mark that the main view draws at the step, or takes away.
function mark(step) {
  const main = document.querySelector('#view .tv');
  if (main && step === null) delete main.dataset.turn;
  else if (main) main.dataset.turn = step;
  if (step === null && marked === null) return;
  marked = step;
  document.dispatchEvent(new CustomEvent('seq2seq:turn', { detail: { step } }));
}

go.addEventListener('click', () => {
  const step = Number(go.dataset.step);
  document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step } }));
});
speak(root, draw);
watch('value', draw);
draw();
