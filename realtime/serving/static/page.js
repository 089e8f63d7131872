// The page: a view for each source that the server reads, one for the camera of this device, one for a picture.

import { digitAt, drawMarks } from "/marks.js";

const RETRY = [500, 1000, 2000, 4000]; // ms between tries to reach the server again; the last one repeats
const KEPT = 50; // numbers that settled, shown in a list
const LONGEST = 1280; // pixels of the longer side of a camera's frame as it is sent
const find = (selector, within = document) => within.querySelector(selector);

// Split what the server sends into its words and its picture.
const unpack = (data) => {
  const length = new DataView(data).getUint32(0);
  const words = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  return [words, data.byteLength > 4 + length ? new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }) : null];
};

// What every view has: the picture with its marks, the numbers as they stand on the page, those that settled.
class View {
  constructor(name) {
    this.element = find("#view").content.cloneNode(true).firstElementChild;
    this.canvas = this.part("canvas");
    this.svg = this.part("svg");
    this.shown = null;
    this.corrected = {};
    this.paused = false;
    this.asking = false;
    this.drawn = "";
    this.part(".name").textContent = name;
    this.canvas.setAttribute("aria-label", `Picture of ${name}`);
    this.part(".pause").onclick = () => this.pause();
    this.part(".snapshot").onclick = () => this.press("s");
    this.part(".undo").onclick = () => this.press("u");
    this.part(".reset").onclick = () => this.press("r");
    this.svg.onclick = (event) => this.tap(event);
    find("#views").append(this.element);
  }

  part(selector) {
    return find(selector, this.element);
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
      if (!lines.has(number.row)) lines.set(number.row, document.createElement("li"));
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
    text.textContent = event.was ? `${event.was} → ${event.text}` : event.text;
    time.textContent = `${event.time.toFixed(1)} s`;
    item.append(text, time);
    const history = this.part(".history");
    history.prepend(item);
    while (history.children.length > KEPT) history.lastElementChild.remove();
    this.part(".hidden").textContent = event.text;
  }

  tap(event) {
    if (!this.shown) return;
    const box = this.svg.getBoundingClientRect(), scale = this.shown.frame.size[0] / box.width;
    const hit = digitAt(this.shown, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale, 14 * scale);
    if (hit) this.correct(hit.number, hit.digit);
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

// A view that talks to the server, and comes back when that was away.
class Talking extends View {
  constructor(name, path) {
    super(name);
    this.path = path;
    this.tries = 0;
    this.closed = false;
    this.connect();
  }

  connect() {
    const address = new URL(this.path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.tries = 0;
      this.waiting = false;
      this.begin();
    };
    this.socket.onmessage = ({ data }) => this.receive(...unpack(data));
    this.socket.onclose = () => {
      if (this.closed) return;
      this.state("The server is away: trying again", true);
      if (this.tries === 2) checkToken();
      setTimeout(() => this.connect(), RETRY[Math.min(this.tries++, RETRY.length - 1)]);
    };
  }

  send(words) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(words));
  }

  begin() {
    this.goOn();
  }
}

// A source that the server reads.
class Watched extends Talking {
  goOn() {
    if (this.held || this.waiting) return;
    this.waiting = true;
    this.send({ next: true });
  }

  async receive(words, picture) {
    if (picture) {
      const image = await createImageBitmap(picture);
      [this.canvas.width, this.canvas.height] = [image.width, image.height];
      this.canvas.getContext("2d").drawImage(image, 0, 0);
      image.close();
    }
    this.show(words);
    if (words.said !== undefined) return;
    this.waiting = false;
    const status = this.shown?.status;
    if (words.trouble) this.state(words.trouble, true);
    else if (status) this.state(describe(status));
    this.goOn();
  }
}

const describe = ({ fps, delay_ms: delay, dropped }) =>
  [`${Math.round(fps)} frames a second`, delay === null ? "" : `${Math.round(delay)} ms behind`,
    dropped ? `${dropped} dropped` : ""].filter(Boolean).join(", ");

// The camera of this device: its frames are read by the server, one at a time.
class Camera extends Talking {
  static async open(facing = "environment") {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: facing }, width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    return new Camera(stream, facing);
  }

  constructor(stream, facing) {
    super("Your camera", "/camera");
    this.facing = facing;
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, playsInline: true, autoplay: true });
    this.canvas.after(this.video);
    find("#views").prepend(this.element);
    this.element.scrollIntoView({ block: "nearest" });
    this.use(stream);
    for (const name of [".turn", ".stop"]) this.part(name).hidden = false;
    this.part(".turn").onclick = () => this.turn();
    this.part(".stop").onclick = () => this.stop();
  }

  use(stream) {
    this.stream = stream;
    this.video.srcObject = stream;
    stream.getVideoTracks()[0].onended = () => this.state("The camera was taken away", true);
  }

  async turn() {
    this.facing = this.facing === "user" ? "environment" : "user";
    for (const track of this.stream.getTracks()) track.stop();
    try {
      this.use(await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: this.facing } } }));
    } catch (error) {
      this.state(why(error), true);
    }
  }

  stop() {
    this.closed = true;
    this.socket.close();
    for (const track of this.stream.getTracks()) track.stop();
    this.element.remove();
    find("#camera").hidden = false;
    find("#camera").focus();
  }

  pause() {
    super.pause();
    if (this.paused) this.video.pause();
    else this.video.play();
  }

  // Send the frame that the camera shows, unless one is being read.
  async goOn() {
    if (this.held || this.waiting || this.closed) return;
    const { videoWidth: width, videoHeight: height } = this.video ?? {};
    if (!width || this.socket.readyState !== WebSocket.OPEN) {
      setTimeout(() => this.goOn(), 100);
      return;
    }
    this.waiting = true;
    this.taken = performance.now();
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    [this.canvas.width, this.canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const jpeg = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", 0.85));
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(jpeg);
  }

  receive(words) {
    this.show(words);
    if (words.said !== undefined) return;
    this.waiting = false;
    const delay = Math.round(performance.now() - this.taken);
    this.part(".stage").dataset.delay = delay;
    this.state(`${delay} ms behind`);
    requestAnimationFrame(() => this.goOn());
  }
}

// A picture that was read: nothing moves, and nothing is corrected.
class Picture extends View {
  constructor(name, image, page) {
    super(name);
    for (const name of [".pause", ".snapshot", ".undo", ".reset", ".hint", ".lists > section + section"]) this.part(name).hidden = true;
    this.part(".stop").hidden = false;
    this.part(".stop").textContent = "Close";
    this.part(".stop").onclick = () => this.element.remove();
    find("#views").prepend(this.element);
    if (image) {
      [this.canvas.width, this.canvas.height] = page.size;
      this.canvas.getContext("2d").drawImage(image, 0, 0, ...page.size);
    }
    this.show({ frame: page });
    this.state(`${page.numbers.length} numbers`);
  }

  get correctable() {
    return false;
  }
}

const why = (error) => ({
  NotAllowedError: "This page may not use the camera: allow it beside the address, then try again",
  NotFoundError: "This device has no camera",
  NotReadableError: "Another program uses the camera",
})[error.name] ?? `The camera cannot be opened: ${error.message}`;

// Where the server no longer takes the token, its page asks for it.
const checkToken = async () => {
  const answer = await fetch("/sources").catch(() => null);
  if (answer?.status === 401) location.reload();
};

const readPicture = async (file) => {
  const said = find("#own-said");
  said.textContent = `Reading ${file.name}`;
  const answer = await fetch("/read", { method: "POST", body: file }).catch(() => null);
  const read = answer ? await answer.json() : { error: "the server is away" };
  if (!Array.isArray(read)) {
    said.textContent = `${file.name} was not read: ${read.error}`;
    return;
  }
  said.textContent = "";
  const image = read.length === 1 ? await createImageBitmap(file).catch(() => null) : null;
  read.forEach((page, i) => new Picture(read.length > 1 ? `${file.name}, page ${i + 1}` : file.name, image, page));
};

const start = async () => {
  find(".keys").append(...[..."1234567890"].map((digit) => {
    const button = document.createElement("button");
    [button.value, button.textContent] = [digit, digit];
    return button;
  }));
  find("#camera").onclick = async ({ currentTarget }) => {
    if (!navigator.mediaDevices) {
      find("#own-said").textContent = "Browsers give a camera to HTTPS or to this machine alone: start with --public";
      return;
    }
    try {
      await Camera.open();
      currentTarget.hidden = true;
      find("#own-said").textContent = "";
    } catch (error) {
      find("#own-said").textContent = why(error);
    }
  };
  find("#picture").onchange = async ({ target }) => {
    if (target.files[0]) await readPicture(target.files[0]);
    target.value = "";
  };
  const { device, model, sources } = await (await fetch("/sources")).json();
  find("#engine").textContent = `${model} on ${device}`;
  sources.forEach(({ name }, i) => new Watched(name, `/watch/${i}`));
};

start();
