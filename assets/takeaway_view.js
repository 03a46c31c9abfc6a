// Taking a reply away: files are made in the browser, so that none is left on the server.
const box = element.querySelector('.ta');
const part = (name) => box.querySelector(name);
const chosen = part('input[type=file]');
let offered = null;
let told = [];

// What was done last, which a change of language says again; nothing: an empty line.
function report(...words) {
  told = words;
  part('.ta-told').textContent = words.length ? say(...words) : '';
}

function save(text, type, name) {
  const link = make('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
  report('Saved as {name}.', { name });
}

function draw() {
  const value = props.value ? JSON.parse(props.value) : null;
  if (value && value.page !== undefined) {
    save(value.page, 'text/html', `reply-${value.number}.html`);
    return;
  }
  offered = value;
  part('.ta-none').hidden = Boolean(offered);
  part('.ta-body').hidden = !offered;
  if (!offered) return;
  part('.ta-address').value = location.origin + location.pathname + offered.link;
  report();
}

part('.ta-json').addEventListener('click', () => {
  save(offered.trace, 'application/json', `trace-${offered.number}.json`);
});
part('.ta-html').addEventListener('click', () => {
  report('The page is being made …');
  trigger('select', { page: offered.number });
});
part('.ta-link').addEventListener('click', () => {
  const address = part('.ta-address');
  address.select();
  const copied = navigator.clipboard
    ? navigator.clipboard.writeText(address.value) : Promise.reject(new Error('none'));
  copied.then(() => report('Copied.'), () => report('The link is selected: copy it from here.'));
});
// The browser's own control for a file speaks the browser's language, not the page's.
part('.ta-open button').addEventListener('click', () => chosen.click());
chosen.addEventListener('change', async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  report();
  trigger('input', { text: file.size < 1e6 ? await file.text() : '' });
  event.target.value = '';
});

speak(box, () => report(...told));
watch('value', draw);
draw();
