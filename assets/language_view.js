// The switch between English and Korean: Gradio's own texts, this page's and every view's.
// <html lang> is where all of them read the language; Gradio sets it from the browser's.
const button = element.querySelector('button');
const KEPT = 'seq2seq-language';
const NAMES = { en: ['English', 'Read this page in English'], ko: ['한국어', '이 페이지를 한국어로 보기'] };
const other = () => (language() === 'ko' ? 'en' : 'ko');

// Gradio has no public call for it; its settings page uses this one of a module already loaded.
async function change(to) {
  const modules = performance.getEntriesByType('resource').map((entry) => entry.name);
  const core = modules.find((name) => /\/assets\/core-[^/]*\.js$/.test(name));
  const { changeLocale } = core ? await import(core) : {};
  if (changeLocale) await changeLocale(to);
  document.documentElement.lang = to;
}

function draw() {
  const to = other();
  button.textContent = NAMES[to][0];
  button.lang = to;
  button.title = NAMES[to][1];
}

function kept() {
  try { return localStorage.getItem(KEPT); } catch { return null; }
}

button.addEventListener('click', async () => {
  const to = other();
  try { localStorage.setItem(KEPT, to); } catch { /* a browser that keeps nothing: this page only */ }
  await change(to);
});
speak(button, draw);
draw();
if (Object.hasOwn(NAMES, kept() ?? '') && kept() !== language()) change(kept());
