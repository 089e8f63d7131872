// The page: a view for each source that the server reads, one for the camera of this device, one for a picture.

import { find } from "/find.js";
import { Camera, Watched, why } from "/sources.js";
import { View } from "/view.js";

// A picture that was read: nothing moves, and nothing is corrected.
class Picture extends View {
  constructor(name, image, page) {
    super(name);
    for (const name of [".pause", ".snapshot", ".undo", ".reset", ".region", ".steps", ".profile", ".hint", ".lists > section + section"]) this.part(name).hidden = true;
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
  find("#camera").disabled = find("#picture").disabled = false; // a tap before this would have done nothing
  const { device, model, sources } = await (await fetch("/sources")).json();
  find("#engine").textContent = `${model} on ${device}`;
  sources.forEach(({ name }, i) => new Watched(name, `/watch/${i}`));
};

start();
