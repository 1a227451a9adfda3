// The wake that a dot leaves behind, for the eye only: broad where it was just
// now, thinning out behind.

const lasts = 900; // ms

export class Wakes {
  #canvas;
  #pen;
  #paths = new Map(); // id → { hue, points: [{ x, y, at }] }
  #width = 1;
  #height = 1;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
  }

  resize(width, height) {
    const scale = devicePixelRatio || 1;
    this.#width = width;
    this.#height = height;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#pen.setTransform(scale, 0, 0, scale, 0, 0);
  }

  /** pass notes where a dot is now. */
  pass(id, { hue, x, y }, at) {
    if (!this.#paths.has(id)) this.#paths.set(id, { hue, points: [] });
    const { points } = this.#paths.get(id);
    const last = points.at(-1);
    if (!last || Math.abs(last.x - x) + Math.abs(last.y - y) > 0.5) points.push({ x, y, at });
  }

  forget(id) {
    this.#paths.delete(id);
  }

  /** draw paints what is left of each wake, and tells whether anything is. */
  draw(now) {
    this.#pen.clearRect(0, 0, this.#width, this.#height);
    let left = false;
    for (const path of this.#paths.values()) {
      while (path.points.length && now - path.points[0].at > lasts) path.points.shift();
      left = this.#paint(path, now) || left;
    }
    return left;
  }

  #paint({ hue, points }, now) {
    if (points.length < 2) return false;
    const wide = (at) => 8 * Math.max(0, 1 - (now - at) / lasts) ** 2;
    const way = points.map(({ x, y, at }) => ({ x: (x / 1000) * this.#width, y: (y / 1000) * this.#height, half: wide(at) }));
    const left = way.map((p, i) => beside(way, i, p.half));
    const right = way.map((p, i) => beside(way, i, -p.half)).reverse();
    const head = way.at(-1);
    this.#pen.fillStyle = `oklch(0.7 0.14 ${hue})`; // the style sheet thins it
    this.#pen.beginPath();
    for (const [x, y] of [...left, ...right]) this.#pen.lineTo(x, y);
    this.#pen.arc(head.x, head.y, head.half, 0, 2 * Math.PI);
    this.#pen.fill();
    return true;
  }
}

/** beside is the point at a distance to one side of a way. */
function beside(way, i, distance) {
  const from = way[Math.max(0, i - 1)];
  const to = way[Math.min(way.length - 1, i + 1)];
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy) || 1;
  return [way[i].x - (dy / length) * distance, way[i].y + (dx / length) * distance];
}
