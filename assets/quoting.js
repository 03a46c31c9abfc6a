// Text that is data, in no language: a browser's translation leaves it alone.

function verbatim(tag, text) {
  const node = make(tag, '', text);
  node.translate = false;
  return node;
}

// A sentence that quotes what a model read or wrote: what stands in “ ” is data.
function quoting(node, text) {
  const parts = text.split(/(“.*?”)/s);
  node.replaceChildren(...parts.map((part, k) => (k % 2 ? verbatim('span', part) : part)));
}
