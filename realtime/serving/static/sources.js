// Views of what the server reads: a source of its own, or the camera of this device.

import { find } from "/find.js";
import { View } from "/view.js";

const RETRY = [500, 1000, 2000, 4000]; // ms between tries to reach the server again; the last one repeats
const LONGEST = 1280; // pixels of the longer side of a camera's frame as it is sent

// Split what the server sends into its words and its picture.
const unpack = (data) => {
  const length = new DataView(data).getUint32(0);
  const words = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  return [words, data.byteLength > 4 + length ? new Blob([new Uint8Array(data, 4 + length)], { type: "image/jpeg" }) : null];
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
    this.socket.onclose = async () => {
      if (this.closed) return;
      this.state(await whyAway(this.path), true);
      setTimeout(() => this.connect(), RETRY[Math.min(this.tries++, RETRY.length - 1)]);
    };
  }

  send(words) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(words));
  }

  begin() {
    this.goOn();
  }

  async draw(picture) {
    const image = await createImageBitmap(picture);
    [this.canvas.width, this.canvas.height] = [image.width, image.height];
    this.canvas.getContext("2d").drawImage(image, 0, 0);
    image.close();
  }
}

// A source that the server reads.
export class Watched extends Talking {
  goOn() {
    if (this.held || this.waiting) return;
    this.waiting = true;
    this.send({ next: true, steps: this.steps });
  }

  async receive(words, picture) {
    if (picture) await this.draw(picture);
    this.show(words);
    if (words.said !== undefined) return;
    this.waiting = false;
    const status = this.shown?.status;
    if (words.trouble || this.shown?.missing) this.state(words.trouble || this.shown.missing, true);
    else if (status) this.state(describe(status));
    this.goOn();
  }
}

const describe = ({ fps, delay_ms: delay, dropped }) =>
  [`${Math.round(fps)} frames a second`, delay === null ? "" : `${Math.round(delay)} ms behind`,
    dropped ? `${dropped} dropped` : ""].filter(Boolean).join(", ");

// The camera of this device: its frames are read by the server, one at a time.
export class Camera extends Talking {
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
    this.shot = document.createElement("canvas"); // the frame that is sent
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
    const { shot } = this;
    [shot.width, shot.height] = [Math.round(width * scale), Math.round(height * scale)];
    shot.getContext("2d").drawImage(this.video, 0, 0, shot.width, shot.height);
    const jpeg = await new Promise((resolve) => shot.toBlob(resolve, "image/jpeg", 0.85));
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(jpeg);
  }

  begin() {
    this.send({ steps: this.steps });
    super.begin();
  }

  showSteps(on) {
    super.showSteps(on);
    this.send({ steps: on });
  }

  async receive(words, picture) {
    if (picture) await this.draw(picture);
    this.show(words);
    if (words.said !== undefined) return;
    this.waiting = false;
    const delay = Math.round(performance.now() - this.taken);
    this.part(".stage").dataset.delay = delay;
    this.state(words.missing || `${delay} ms behind`, Boolean(words.missing));
    requestAnimationFrame(() => this.goOn());
  }
}

export const why = (error) => ({
  NotAllowedError: "This page may not use the camera: allow it beside the address, then try again",
  NotFoundError: "This device has no camera",
  NotReadableError: "Another program uses the camera",
})[error.name] ?? `The camera cannot be opened: ${error.message}`;

// Say why no connection stands; where the server no longer takes the token, its page asks for it.
const whyAway = async (path) => {
  const answer = await fetch(path).catch(() => null);
  if (answer?.status === 401) location.reload();
  if (answer?.status === 503) return (await answer.json()).error;
  return answer ? "The connection was lost: trying again" : "The server is away: trying again";
};
