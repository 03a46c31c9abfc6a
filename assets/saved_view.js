// The head of a saved page: what it is of, and the switch between English and Korean. <html lang>
// is where every view reads the language; here it begins as the browser's.
const [heading, line, button] = ['h1', 'p', 'button'].map((tag) => element.querySelector(tag));
const { title, about } = JSON.parse(props.value);
const STILL = 'This is a saved page: nothing here can be written anew. To go on from a piece, open '
  + 'the trace, or its link, on the chatbot’s page.';
const NAMES = { en: ['English', 'Read this page in English'], ko: ['한국어', '이 페이지를 한국어로 보기'] };
const other = () => (language() === 'ko' ? 'en' : 'ko');
let told = about;

function draw() {
  const to = other();
  document.title = say(title);
  heading.textContent = say(title);
  line.textContent = say(told);
  [button.textContent, button.title] = NAMES[to];
  button.lang = to;
}

button.addEventListener('click', () => { document.documentElement.lang = other(); });
document.addEventListener('seq2seq:still', () => {
  told = STILL;
  draw();
});
document.documentElement.lang = /^ko\b/i.test(navigator.language) ? 'ko' : 'en';
speak(button, draw);
draw();
