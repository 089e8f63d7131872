// Draw the marks of a frame into an SVG: a line under each number, a thin box around each digit, its text beside it.
// Shapes tell what colours tell: a broken line is a number only seen, corners a digit not sure, a tick one corrected.

const make = (name, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

const corners = (x, y, w, h) => {
  const arm = Math.max(3, Math.min(w, h) / 4);
  return [[x, y, 1, 1], [x + w, y, -1, 1], [x, y + h, 1, -1], [x + w, y + h, -1, -1]]
    .map(([cx, cy, sx, sy]) => `M${cx + sx * arm} ${cy}H${cx}V${cy + sy * arm}`).join("");
};

const markDigit = (digit, hue, corrected) => {
  const [x, y, w, h] = digit.box, off = 3;
  const box = [x - off, y - off, w + 2 * off, h + 2 * off];
  const marks = digit.text === "?"
    ? [make("path", { class: "unsure", d: corners(...box) })]
    : [make("rect", { class: `digit ${hue}`, x: box[0], y: box[1], width: box[2], height: box[3] })];
  if (corrected) {
    const s = Math.max(5, h / 5), d = `M${x + w - s} ${y + h + s}l${s / 2} ${s / 2}l${s} ${-1.4 * s}`;
    marks.push(make("path", { class: "tick under", d }), make("path", { class: "tick", d }));
  }
  return marks;
};

const markLabel = (label, hue) => {
  const [x, y, w, h] = label.box, bar = h / 6;
  return [
    make("rect", { class: "plate", x, y, width: w, height: h }),
    make("rect", { class: `bar ${hue}`, x, y, width: bar, height: h }),
    make("text", { x: x + 2 * bar, y: y + 0.78 * h, "font-size": 0.8 * h, textLength: w - 3 * bar,
      lengthAdjust: "spacingAndGlyphs" }, label.text),
  ];
};

// shown: what the server says of a frame. corrected: what a visitor said digits are, by "number-digit".
export const drawMarks = (svg, shown, corrected) => {
  const [width, height] = shown.frame.size;
  const hue = (id) => `hue${id % (shown.hues ?? 3)}`;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const states = new Map(shown.frame.numbers.map((number) => [number.id, number.state]));
  const marks = (shown.lines ?? []).map(({ id, points }) =>
    make("polyline", { class: `line ${hue(id)} ${states.get(id)}`, points: points.join(" ") }));
  for (const number of shown.frame.numbers) {
    number.digits.forEach((digit, i) => marks.push(...markDigit(digit, hue(number.id), `${number.id}-${i}` in corrected)));
  }
  for (const { box: [x, y, width, height] } of shown.refused ?? []) {
    marks.push(make("rect", { class: "refused", x, y, width, height }));
  }
  for (const { name, points } of shown.regions ?? []) {
    const around = points.map((point) => point.join()).join(" "), [x, y] = points[0], size = height / 40;
    marks.push(make("polygon", { class: "around under", points: around }), make("polygon", { class: "around", points: around }),
      make("text", { class: "region-name", x: x + size / 3, y: y + size, "font-size": size }, name));
  }
  for (const label of shown.labels ?? []) marks.push(...markLabel(label, hue(label.id)));
  svg.replaceChildren(...marks);
};

const distance = ([left, top, w, h], x, y) =>
  Math.hypot(Math.max(left - x, 0, x - left - w), Math.max(top - y, 0, y - top - h));

// Return what was refused at a place in frame pixels, or the nearest within `reach` of it: why, and how far away.
export const refusedAt = (shown, x, y, reach) => (shown.refused ?? [])
  .map(({ box, why }) => ({ why, away: distance(box, x, y) }))
  .filter(({ away }) => away <= reach)
  .sort((a, b) => a.away - b.away)[0] ?? null;

// Return the digit at a place in frame pixels, or the nearest within `reach` of it, as its number, place in that, and how far away.
export const digitAt = (shown, x, y, reach) => {
  let best = null, least = reach;
  for (const number of shown.frame.numbers) {
    number.digits.forEach((digit, i) => {
      const away = distance(digit.box, x, y);
      if (away <= least) [best, least] = [{ number, digit: i, away }, away];
    });
  }
  return best;
};
