// Regions: drag one over the picture, or say where it is; name it; take it away again.

import { find } from "/find.js";

const SMALLEST = 0.01; // share of the picture; a smaller region is a tap that slipped
const UNPLACED = [0.1, 0.1, 0.8, 0.8]; // what is proposed where nothing was dragged

// What draws the regions of a view. They are told to the server as shares of the frame.
export class Regions {
  constructor(view) {
    this.view = view;
    this.drawing = false;
    this.from = null;
    this.listed = "";
    this.button = view.part(".region");
    this.draft = view.part(".draft");
    this.button.onclick = ({ detail }) => (detail === 0 ? this.ask(UNPLACED) : this.draw(!this.drawing));
    const svg = view.svg;
    svg.addEventListener("pointerdown", (event) => this.begin(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    svg.addEventListener("pointerup", (event) => this.end(event));
  }

  draw(on) {
    this.drawing = on;
    this.button.setAttribute("aria-pressed", on);
    this.view.part(".stage").classList.toggle("drawing", on);
    this.view.part(".said").textContent = on ? "Drag over what is to be read" : "";
  }

  begin(event) {
    if (!this.drawing) return;
    this.from = this.at(event);
    this.view.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.from) return;
    const place = this.place(event);
    ["left", "top", "width", "height"].forEach((name, i) => this.draft.style.setProperty(name, `${100 * place[i]}%`));
    this.draft.hidden = false;
  }

  end(event) {
    if (!this.from) return;
    const place = this.place(event);
    this.from = null;
    this.draft.hidden = true;
    if (Math.min(place[2], place[3]) >= SMALLEST) this.ask(place);
  }

  at(event) {
    const box = this.view.svg.getBoundingClientRect();
    const within = (share) => Math.min(Math.max(share, 0), 1);
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  place(event) {
    const to = this.at(event), low = to.map((share, i) => Math.min(share, this.from[i]));
    return [...low, ...to.map((share, i) => Math.abs(share - this.from[i]))];
  }

  // Ask for its name, and say where it is; the frame is held meanwhile.
  async ask(place) {
    this.draw(false);
    const dialog = find("#name"), form = find("form", dialog);
    ["x", "y", "w", "h"].forEach((name, i) => {
      form.elements[name].value = (100 * place[i]).toFixed(1);
    });
    form.elements.name.value = `region${this.view.regions.length + 1}`;
    dialog.returnValue = "";
    dialog.showModal();
    form.elements.name.select();
    this.view.asking = true;
    const said = await new Promise((resolve) => {
      dialog.onclose = () => resolve(dialog.returnValue);
    });
    this.view.asking = false;
    if (said) {
      const shares = ["x", "y", "w", "h"].map((name) => form.elements[name].valueAsNumber / 100);
      this.view.send({ region: form.elements.name.value, place: shares });
    }
    this.button.focus();
    this.view.goOn();
  }

  // List the regions that are read, each with a button that takes it away.
  list(names) {
    if (names.join() === this.listed) return;
    this.listed = names.join();
    this.view.part(".regions").replaceChildren(...names.filter(Boolean).map((name) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.textContent = `${name} ✕`;
      button.setAttribute("aria-label", `Read ${name} no longer`);
      button.onclick = () => this.view.send({ forget: name });
      item.append(button);
      return item;
    }));
  }
}
