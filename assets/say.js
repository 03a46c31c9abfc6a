// The page's words in its language: English is the key, KOREAN holds what it is in Korean.

function language() {
  return document.documentElement.lang.toLowerCase().startsWith('ko') ? 'ko' : 'en';
}

// A text, or [template, values] as the server sends one that holds values. A value that is such a
// list itself is said in the same language; any other stands as it is.
function say(text, values) {
  if (Array.isArray(text)) return say(...text);
  const known = language() === 'ko' && Object.hasOwn(KOREAN, text);
  const said = known ? KOREAN[text] : text;
  if (!values) return said;
  return said.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return Array.isArray(value) ? say(value) : String(value);
  });
}

// The constant texts of a view's template, each with where it stands.
function constantTexts(root) {
  const found = [];
  const keep = (text, put) => {
    const key = text.replace(/\s+/g, ' ').trim();
    if (!key) return;
    const [before, after] = [/^\s/.test(text) ? ' ' : '', /\s$/.test(text) ? ' ' : ''];
    found.push(() => put(`${before}${say(key)}${after}`));
  };
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = root; node; node = nodes.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      keep(node.data, (said) => { node.data = said; });
    } else {
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
        const value = node.getAttribute(name);
        if (value) keep(value, (said) => node.setAttribute(name, said.trim()));
      }
    }
  }
  return found;
}

// Says the template's texts now and whenever the page's language changes; then `redraw` says the
// rest. Called once, before anything is drawn into the template.
function speak(root, redraw) {
  const texts = constantTexts(root);
  const all = () => texts.forEach((put) => put());
  all();
  new MutationObserver(() => { all(); redraw(); })
    .observe(document.documentElement, { attributes: true, attributeFilter: ['lang'] });
}
