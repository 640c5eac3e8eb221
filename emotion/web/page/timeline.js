// Who felt what in the last minute: a lane a person, the probabilities stacked over time.

const SPAN_S = 60;
const BIN_S = 0.25;
const BINS = SPAN_S / BIN_S;
const LANES = 4;
const REDRAW_MS = 250;
const HERE_S = 1; // who was seen within this is here
const GAP_BINS = 4; // up to here a gap is only slowness

export class Timeline {
  #people = new Map(); // id -> { bins: Map(bin -> summed probabilities), face, seenS, lane }
  #labels = [];
  #colours = {};
  #now = 0;
  #drawn = 0;
  #parts;

  /** `parts`: the `list` of the lanes, `more` for how many are not shown, the `axis`, and `nobody` where there is none. */
  constructor(parts) {
    this.#parts = parts;
  }

  setLabels(labels, colours) {
    this.#labels = labels;
    this.#colours = colours;
  }

  /** Takes up the faces seen at `timeS`. */
  add(timeS, faces) {
    this.#now = timeS;
    const bin = Math.floor(timeS / BIN_S);
    for (const face of faces) {
      const person = this.#person(face.id);
      const sums = person.bins.get(bin) ?? new Float32Array(this.#labels.length);
      this.#labels.forEach((label, i) => (sums[i] += face.emotions[label]));
      person.bins.set(bin, sums);
      Object.assign(person, { face, seenS: timeS });
    }
    if (performance.now() - this.#drawn > REDRAW_MS) this.draw();
  }

  clear() {
    this.#people.clear();
    this.draw();
  }

  draw() {
    this.#drawn = performance.now();
    const oldest = Math.floor(this.#now / BIN_S) - BINS;
    for (const [id, { bins, seenS }] of this.#people) {
      for (const bin of bins.keys()) if (bin < oldest) bins.delete(bin);
      if (seenS < this.#now - SPAN_S) this.#people.delete(id);
    }
    // Who is here stays in order of arrival; who has left makes room.
    const people = [...this.#people.entries()];
    const shown = people.sort((a, b) => this.#isHere(b[1]) - this.#isHere(a[1]) || a[0] - b[0]).slice(0, LANES);
    this.#parts.list.replaceChildren(...shown.map(([, person]) => person.lane.element));
    for (const [, person] of shown) this.#drawLane(person, oldest);
    const { more, axis, nobody } = this.#parts;
    more.hidden = people.length <= LANES;
    more.textContent = `and ${people.length - LANES} more`;
    axis.hidden = people.length === 0;
    nobody.hidden = people.length > 0;
  }

  #isHere(person) {
    return this.#now - person.seenS < HERE_S;
  }

  #person(id) {
    if (!this.#people.has(id)) this.#people.set(id, { bins: new Map(), lane: makeLane(id) });
    return this.#people.get(id);
  }

  #drawLane(person, oldest) {
    const { element, canvas, feels, share, swatch } = person.lane;
    const here = this.#isHere(person);
    element.classList.toggle("gone", !here);
    feels.textContent = here ? person.face.label : `${person.face.label}, left`;
    share.textContent = here ? `${Math.round(person.face.confidence * 100)} %` : "";
    swatch.style.background = this.#colours[person.face.label];
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const bins = [...person.bins.entries()];
    bins.forEach(([bin, sums], i) => {
      const next = bins[i + 1]?.[0] ?? bin + 1;
      const end = next - bin <= GAP_BINS ? next : bin + 1;
      const left = Math.round(((bin - oldest - 1) / BINS) * width);
      const right = Math.round(((end - oldest - 1) / BINS) * width);
      const total = sums.reduce((sum, value) => sum + value, 0);
      let bottom = height;
      this.#labels.forEach((label, i) => {
        const top = bottom - (sums[i] / total) * height;
        context.fillStyle = this.#colours[label];
        context.fillRect(left, Math.round(top), right - left, Math.round(bottom) - Math.round(top));
        bottom = top;
      });
    });
  }
}

function makeLane(id) {
  const element = document.createElement("li");
  const who = add(element, "span", "who");
  who.textContent = id === null ? "Face" : `Face ${id}`;
  const swatch = add(element, "i", "swatch");
  const feels = add(element, "span", "feels");
  const share = add(element, "span", "share");
  const canvas = add(element, "canvas", "lane");
  return { element, swatch, feels, share, canvas };
}

function add(parent, name, className) {
  const element = document.createElement(name);
  element.className = className;
  return parent.appendChild(element);
}
