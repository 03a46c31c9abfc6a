// One line of plain text that a screen reader says aloud. The server's sentences come as they are;
// one that holds values is known by its pattern.
const line = element.querySelector('p');
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const patterns = Object.keys(KOREAN).filter((key) => key.includes('{')).map((key) => {
  const parts = key.split(/\{(\w+)\}/);
  const names = parts.filter((part, k) => k % 2);
  const pattern = parts.map((part, k) => (k % 2 ? '(.+?)' : escaped(part))).join('');
  return { key, names, pattern: new RegExp(`^${pattern}$`, 's') };
});

function understood(text) {
  if (Object.hasOwn(KOREAN, text)) return say(text);
  for (const { key, names, pattern } of patterns) {
    const found = text.match(pattern);
    if (found) return say(key, Object.fromEntries(names.map((name, k) => [name, found[k + 1]])));
  }
  return text;
}

function tell() {
  line.textContent = understood(props.value || '');
  line.hidden = !props.value;
}
speak(line, tell);
watch('value', tell);
tell();
