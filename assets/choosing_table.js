// The table of a step: a row a piece, from its logit through every stage to its probabilities.

const number = (value) => value.toFixed(2).replace('-', '−');

function headRow(columns) {
  const line = make('tr');
  const named = (className, text, title) => {
    const th = make('th', className, text);
    th.scope = 'col';
    if (title) th.title = title;
    line.append(th);
    return th;
  };
  named('ch-piece', say('piece'));
  const logit = say('What the decoder’s output layer gives the piece, any number.');
  named('ch-num', say('logit'), logit);
  for (const [heading, numbers, does] of columns) {
    named(numbers ? 'ch-num' : 'ch-num ch-filter', say(heading), say(does));
  }
  const axis = make('div');
  axis.append(...['0', '0.5', '1'].map((text) => make('span', '', text)));
  named('tv-axis ch-scale').append(axis);
  for (const [key, text] of [['tv-key-model', say('model')], ['tv-key-drawn', say('final')]]) {
    named('ch-p').append(make('i', key), text);
  }
  return line;
}

function pieceRow([piece, p, final, , logit, values, cut], k, columns, chosen) {
  const tr = make('tr', chosen ? 'ch-chosen' : '');
  tr.tabIndex = -1;
  tr.dataset.row = k;
  tr.append(pieceName(piece, cut && !final, chosen), make('td', 'ch-num', number(logit)));
  let before = logit;
  columns.slice(0, cut ? cut[0] : columns.length).forEach(([, numbers], c) => {
    tr.append(numbers ? passed(values[c], before)
      : make('td', 'ch-num ch-kept', `✓ ${say('kept')}`));
    if (numbers) before = values[c];
  });
  if (cut) {
    const td = make('td', 'ch-cut');
    td.colSpan = columns.length - cut[0];
    td.title = say(cut[1]);
    td.append(make('span', '', td.title));
    tr.append(td);
  }
  tr.append(...ends(p, final));
  return tr;
}

function pieceName(piece, gone, chosen) {
  const name = make('th', 'tv-piece ch-piece');
  name.scope = 'row';
  name.title = piece;
  name.translate = false;
  if (chosen) {
    const hear = make('span', 'tv-hear', `${say('written here:')} `);
    hear.translate = true;
    name.append(make('span', 'ch-arrow'), hear);
  }
  name.append(make(gone ? 's' : 'span', '', piece));
  return name;
}

// A number that a stage left as it was is drawn faint.
function passed(value, before) {
  return make('td', value === before ? 'ch-num ch-same' : 'ch-num', number(value));
}

function ends(p, final) {
  const track = make('div', 'tv-track');
  for (const [name, value] of [['tv-model', p], ['tv-drawn', final]]) {
    const bar = make('i', name);
    bar.style.width = `${Math.min(1, value) * 100}%`;
    bar.hidden = !value;
    track.append(bar);
  }
  const scale = make('td', 'ch-scale');
  scale.append(track);
  return [scale, make('td', 'ch-p', decimal(p)), make('td', 'ch-p', final ? decimal(final) : '0')];
}

function restRow(rest, columns) {
  const tr = make('tr', 'ch-rest');
  const name = make('th', 'ch-piece', say('everything else'));
  name.scope = 'row';
  name.colSpan = 2;
  const between = make('td');
  between.colSpan = columns.length;
  tr.append(name, between, ...ends(...rest));
  return tr;
}
