// Taking a reply away: files are made in the browser, so that none is left on the server.
const box = element.querySelector('.ta');
const part = (name) => box.querySelector(name);
let offered = null;

function tell(text) {
  part('.ta-told').textContent = text;
}

function save(text, type, name) {
  const link = make('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
  tell(`Saved as ${name}.`);
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
  tell('');
}

part('.ta-json').addEventListener('click', () => {
  save(offered.trace, 'application/json', `trace-${offered.number}.json`);
});
part('.ta-html').addEventListener('click', () => {
  tell('The page is being made …');
  trigger('select', { page: offered.number });
});
part('.ta-link').addEventListener('click', () => {
  const address = part('.ta-address');
  address.select();
  const copied = navigator.clipboard
    ? navigator.clipboard.writeText(address.value) : Promise.reject(new Error('none'));
  copied.then(() => tell('Copied.'), () => tell('The link is selected: copy it from here.'));
});
part('input[type=file]').addEventListener('change', async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  tell('');
  trigger('input', { text: file.size < 1e6 ? await file.text() : '' });
  event.target.value = '';
});

watch('value', draw);
draw();
