// A view: a picture with its marks, the numbers as they stand on the page, and those that settled.

import { find } from "/find.js";
import { digitAt, drawMarks, refusedAt } from "/marks.js";
import { Regions } from "/regions.js";

const KEPT = 50; // numbers that settled, shown in a list

// What all views have in common; those that have a server to tell what was tapped say how, in `send`.
export class View {
  constructor(name) {
    this.element = find("#view").content.cloneNode(true).firstElementChild;
    this.canvas = this.part("canvas");
    this.svg = this.part("svg");
    this.shown = null;
    this.corrected = {};
    this.paused = false;
    this.asking = false;
    this.steps = false;
    this.drawn = "";
    this.part(".name").textContent = name;
    this.canvas.setAttribute("aria-label", `Picture of ${name}`);
    this.part(".pause").onclick = () => this.pause();
    this.part(".snapshot").onclick = () => this.press("s");
    this.part(".undo").onclick = () => this.press("u");
    this.part(".reset").onclick = () => this.press("r");
    this.part(".steps").onclick = () => this.showSteps(!this.steps);
    this.part(".profile").onclick = () => this.press("p");
    this.svg.onclick = (event) => this.tap(event);
    this.drawer = new Regions(this);
    find("#views").append(this.element);
  }

  part(selector) {
    return find(selector, this.element);
  }

  get regions() {
    return (this.shown?.regions ?? []).map(({ name }) => name);
  }

  get held() {
    return this.paused || this.asking;
  }

  state(text, trouble = false) {
    const state = this.part(".state");
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("trouble", trouble);
  }

  pause() {
    this.paused = !this.paused;
    this.part(".pause").setAttribute("aria-pressed", this.paused);
    this.part(".pause").textContent = this.paused ? "Go on" : "Pause";
    if (!this.paused) this.goOn();
  }

  goOn() {}

  showSteps(on) {
    this.steps = on;
    this.part(".steps").setAttribute("aria-pressed", on);
    this.part(".stage").classList.toggle("steps", on);
    this.part(".said").textContent = on ? "Blue: ink of digits. Orange: their cores. Violet: other ink. Tap what was refused." : "";
  }

  press(key, place = {}) {
    this.send({ key, ...place });
  }

  send() {}

  // Show what the server says of a frame.
  show(words) {
    this.corrected = words.corrected ?? this.corrected;
    if (words.said) this.part(".said").textContent = words.said;
    if (words.frame) this.shown = words;
    if (!this.shown) return;
    const [width, height] = this.shown.frame.size;
    this.part(".stage").style.setProperty("--wide", width);
    this.part(".stage").style.setProperty("--tall", height);
    drawMarks(this.svg, this.shown, this.corrected);
    this.list();
    this.drawer.list(this.regions);
    for (const event of words.events ?? []) this.settle(event);
  }

  // List the numbers row by row; only where they changed, so that the focus stays.
  list() {
    const numbers = this.shown.frame.numbers;
    const looks = JSON.stringify([numbers.map((n) => [n.id, n.text, n.state, n.row]), this.corrected]);
    if (looks === this.drawn) return;
    this.drawn = looks;
    const rows = this.part(".rows"), focused = document.activeElement?.dataset.place;
    const had = rows.contains(document.activeElement);
    const lines = new Map();
    for (const number of [...numbers].sort((a, b) => a.row - b.row || a.box[0] - b.box[0])) {
      if (!lines.has(number.row)) {
        lines.set(number.row, document.createElement("li"));
        if (number.region) lines.get(number.row).append(sign(`${number.region}:`));
      }
      lines.get(number.row).append(this.number(number));
    }
    rows.replaceChildren(...lines.values());
    if (had) find(`[data-place="${focused}"]`, rows)?.focus();
  }

  number(number) {
    const element = document.createElement("span");
    element.className = `number hue${number.id % 3} ${number.state}`;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", number.state === "seen" ? `${number.text}, still being read` : number.text);
    let rest = number.text;
    number.digits.forEach((digit, i) => {
      const at = rest.indexOf(digit.text);
      if (at > 0) element.append(sign(rest.slice(0, at)));
      rest = rest.slice(at + digit.text.length);
      element.append(this.digit(number, digit, i));
    });
    if (number.state === "seen") element.append(sign("…"));
    return element;
  }

  digit(number, digit, i) {
    const button = document.createElement("button");
    const said = this.corrected[`${number.id}-${i}`];
    button.className = `digit ${digit.text === "?" ? "unsure" : ""} ${said ? "corrected" : ""}`;
    button.dataset.place = `${number.id}-${i}`;
    button.textContent = said === "x" ? "✗" : said ?? digit.text;
    const sure = `${Math.round(100 * digit.confidence)} % sure`;
    const reads = digit.text === "?" ? "not sure" : digit.text;
    button.setAttribute("aria-label", said ? `${said === "x" ? "not a digit" : said}, corrected` : `${reads}, ${sure}`);
    button.onclick = () => this.correct(number, i);
    return button;
  }

  settle(event) {
    const item = document.createElement("li"), text = document.createElement("b"), time = document.createElement("time");
    if (event.crop) {
      const crop = document.createElement("img");
      [crop.src, crop.alt] = [event.crop, ""];
      item.append(crop);
    }
    const number = event.was && event.event !== "held" ? `${event.was} → ${event.text}` : event.text;
    text.textContent = `${event.region ? `${event.region}: ` : ""}${number}${event.error ? `, held: ${event.error}` : ""}`;
    time.textContent = `${event.time.toFixed(1)} s`;
    item.append(text, time);
    const history = this.part(".history");
    history.prepend(item);
    while (history.children.length > KEPT) history.lastElementChild.remove();
    this.part(".hidden").textContent = event.text;
  }

  tap(event) {
    if (!this.shown || this.drawer.drawing || this.asking) return;
    const box = this.svg.getBoundingClientRect(), scale = this.shown.frame.size[0] / box.width;
    const place = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale, 14 * scale];
    const refused = this.steps ? refusedAt(this.shown, ...place) : null, hit = digitAt(this.shown, ...place);
    if (hit && !(refused?.away < hit.away)) this.correct(hit.number, hit.digit);
    else if (refused) this.part(".said").textContent = `Refused: ${refused.why}`;
  }

  // Ask what a digit is, the frame held meanwhile, and tell the server.
  async correct(number, digit) {
    if (!this.correctable) return;
    this.asking = true;
    const key = await ask(number, digit);
    this.asking = false;
    if (key) this.press(key, { number: number.id, digit });
    find(`[data-place="${number.id}-${digit}"]`, this.element)?.focus();
    this.goOn();
  }

  get correctable() {
    return true;
  }
}

const sign = (text) => {
  const element = document.createElement("span");
  [element.className, element.textContent] = ["sign", text];
  return element;
};

// Ask in the dialog what a digit is; give "" where nothing is said.
const ask = (number, digit) => {
  const dialog = find("#correct");
  const reads = number.digits[digit].text === "?" ? "is not sure" : `reads ${number.digits[digit].text}`;
  find("#correct-title").textContent = `Digit ${digit + 1} of ${number.text} ${reads}`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onkeydown = (event) => {
      if (/^[0-9x]$/.test(event.key)) dialog.close(event.key);
    };
    dialog.onclose = () => resolve(dialog.returnValue);
  });
};
