// One line of plain text that a screen reader says aloud.
const line = element.querySelector('p');
function tell() {
  line.textContent = props.value || '';
  line.hidden = !props.value;
}
watch('value', tell);
tell();
