// What is known of the model in figures: tables of a name and a value.
const root = element.querySelector('.facts');

function table([names, values, rows]) {
  const [whole, head, body] = ['table', 'thead', 'tbody'].map((tag) => make(tag));
  const line = (tag, texts) => {
    const tr = make('tr');
    texts.forEach((text, k) => {
      const cell = make(k ? tag : 'th', '', say(text));
      if (!k || tag === 'th') cell.scope = tag === 'th' ? 'col' : 'row';
      tr.append(cell);
    });
    return tr;
  };
  head.append(line('th', [names, values]));
  body.append(...rows.map((row) => line('td', row)));
  whole.append(head, body);
  return whole;
}

function draw() {
  root.replaceChildren(...(props.value ? JSON.parse(props.value) : []).map(table));
}
speak(root, draw);
watch('value', draw);
draw();
