// The learning curve: an SVG drawn by the server, put into the page as a parsed picture.
const figure = element.querySelector('figure');
function draw() {
  figure.hidden = !props.value;
  const picture = props.value && new DOMParser().parseFromString(props.value, 'image/svg+xml');
  figure.querySelector('div').replaceChildren(...(picture ? [picture.documentElement] : []));
  for (const text of figure.querySelectorAll('svg text')) text.textContent = say(text.textContent);
}
speak(figure, draw);
watch('value', draw);
draw();
