// The field: a dot for each player. Places are per mille of its width and
// height, so that windows of any shape show the same game. A dot glides to
// where the server last saw it; our own glides to the pointer, and what it
// passes is sent.

import { Wakes } from "./wakes.js";

const sendEvery = 40; // ms between two places sent
const glide = 90; // ms in which a dot comes within a third of its goal
const keySpeed = 0.45; // per mille a ms
const bubbleFor = 5_000; // ms what was said stands over its dot

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Field {
  me; // our own id
  #field = document.getElementById("field");
  #layer = document.getElementById("dots");
  #alone = document.getElementById("alone");
  #wakes = new Wakes(document.getElementById("wakes"));
  #dots = new Map(); // id → { el, bubble, hue, x, y, goal, timer }
  #keys = new Set();
  #send;
  #sent = { at: 0, x: -1, y: -1 };
  #frame = 0; // the frame asked for, 0: everything rests
  #last = 0; // time of the last frame
  #width = 1;
  #height = 1;

  /** send is told our own place, a few times a second at most. */
  constructor(send) {
    this.#send = send;
    new ResizeObserver(() => this.#resize()).observe(this.#field);
    this.#field.addEventListener("pointermove", (event) => this.#point(event));
    this.#field.addEventListener("pointerdown", (event) => this.#point(event));
    this.#field.addEventListener("keydown", (event) => this.#key(event, true));
    this.#field.addEventListener("keyup", (event) => this.#key(event, false));
    this.#field.addEventListener("blur", () => this.#keys.clear());
  }

  /** start chooses where a new dot begins: where ours is, or else not at the edge. */
  start() {
    const own = this.#dots.get(this.me);
    if (own) return { x: Math.round(own.goal.x), y: Math.round(own.goal.y) };
    const somewhere = () => 250 + Math.round(Math.random() * 500);
    return { x: somewhere(), y: somewhere() };
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  add({ id, name, hue, x, y }) {
    this.remove(id);
    const el = document.createElement("div");
    el.className = id === this.me ? "dot me" : "dot";
    el.style.setProperty("--hue", hue);
    el.dataset.name = name;
    const bubble = child(el, "bubble");
    child(el, "disc");
    child(el, "label").textContent = name;
    this.#layer.append(el);
    this.#dots.set(id, { el, bubble, hue, x, y, goal: { x, y } });
    this.#place(this.#dots.get(id));
    this.#counted();
  }

  remove(id) {
    const dot = this.#dots.get(id);
    if (!dot) return;
    clearTimeout(dot.timer);
    dot.el.remove();
    this.#dots.delete(id);
    this.#wakes.forget(id);
    this.#counted();
  }

  clear() {
    for (const id of [...this.#dots.keys()]) this.remove(id);
    this.#keys.clear();
    this.me = undefined;
    this.#alone.hidden = true;
  }

  /** move is where the server says another player is. */
  move(id, x, y) {
    if (id !== this.me) this.#aim(this.#dots.get(id), x, y);
  }

  say(id, content) {
    const dot = this.#dots.get(id);
    if (!dot) return;
    dot.bubble.textContent = content.length > 80 ? `${content.slice(0, 79)}…` : content;
    dot.el.classList.add("says");
    clearTimeout(dot.timer);
    dot.timer = setTimeout(() => dot.el.classList.remove("says"), bubbleFor);
  }

  #point(event) {
    const box = this.#field.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 1000;
    const y = ((event.clientY - box.top) / box.height) * 1000;
    this.#aim(this.#dots.get(this.me), x, y);
  }

  #key(event, down) {
    if (!(event.key in arrows) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (down) this.#keys.add(event.key);
    else this.#keys.delete(event.key);
    this.#wake();
  }

  #aim(dot, x, y) {
    if (!dot) return;
    dot.goal = { x: clamp(x), y: clamp(y) };
    this.#wake();
  }

  /** wake asks for a frame; frames follow each other while something moves. */
  #wake() {
    if (this.#frame) return;
    this.#last = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  #tick(now) {
    const dt = Math.min(100, Math.max(1, now - this.#last));
    this.#last = now;
    this.#frame = 0;
    let busy = this.#steer(dt);
    for (const dot of this.#dots.values()) busy = this.#step(dot, dt) || busy;
    if (!still.matches) {
      for (const [id, dot] of this.#dots) this.#wakes.pass(id, dot, now);
      busy = this.#wakes.draw(now) || busy;
    }
    busy = this.#report(now) || busy;
    if (busy) this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  /** steer moves our goal while arrow keys are down. */
  #steer(dt) {
    const dot = this.#dots.get(this.me);
    if (!dot || this.#keys.size === 0) return false;
    let { x, y } = dot.goal;
    for (const key of this.#keys) {
      x += arrows[key][0] * keySpeed * dt;
      y += arrows[key][1] * keySpeed * dt * (this.#width / this.#height);
    }
    dot.goal = { x: clamp(x), y: clamp(y) };
    return true;
  }

  #step(dot, dt) {
    const dx = dot.goal.x - dot.x;
    const dy = dot.goal.y - dot.y;
    if (dx === 0 && dy === 0) return false;
    const near = still.matches || Math.abs(dx) + Math.abs(dy) < 0.3;
    const part = near ? 1 : 1 - Math.exp(-dt / glide);
    dot.x += dx * part;
    dot.y += dy * part;
    this.#place(dot);
    return !near;
  }

  /** report sends our place when it has changed, the last one always. */
  #report(now) {
    const dot = this.#dots.get(this.me);
    if (!dot) return false;
    const x = Math.round(dot.x);
    const y = Math.round(dot.y);
    if (x === this.#sent.x && y === this.#sent.y) return false;
    if (now - this.#sent.at < sendEvery) return true;
    this.#sent = { at: now, x, y };
    this.#send(x, y);
    return false;
  }

  #place({ el, x, y }) {
    el.style.transform = `translate(${(x / 1000) * this.#width}px, ${(y / 1000) * this.#height}px)`;
    el.classList.toggle("low", y < 160); // no room for a bubble above
    el.classList.toggle("far", x > 620); // nor to the right
  }

  #resize() {
    this.#width = this.#field.clientWidth;
    this.#height = this.#field.clientHeight;
    this.#wakes.resize(this.#width, this.#height);
    for (const dot of this.#dots.values()) this.#place(dot);
  }

  #counted() {
    this.#alone.hidden = this.#dots.size !== 1;
  }
}

function child(parent, className) {
  const el = document.createElement("span");
  el.className = className;
  parent.append(el);
  return el;
}

const clamp = (n) => Math.min(1000, Math.max(0, n));
