// What was said, and the line to say something.

const kept = 200; // lines; older ones go

export class Chat {
  #lines = document.getElementById("lines");
  #empty = document.getElementById("lines-empty");
  #form = document.getElementById("say");
  #text = document.getElementById("say-text");
  #button = document.getElementById("say-send");

  /** say sends a line to everybody and resolves once the server has answered. */
  constructor(say) {
    this.#form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const content = this.#text.value.trim();
      if (!content) return;
      this.#text.value = "";
      try {
        await say(content);
      } catch (err) {
        this.note(`Not sent: ${err.message}`);
        this.#text.value ||= content;
      }
    });
  }

  enable(on) {
    this.#text.disabled = this.#button.disabled = !on;
  }

  /** line shows what somebody said. */
  line(name, content, hue) {
    const line = this.#add("line");
    if (hue !== undefined) line.style.setProperty("--hue", hue);
    const time = new Date();
    line.append(
      part("b", "who", name),
      part("time", "when", time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })),
      part("span", "what", content),
    );
    line.querySelector("time").dateTime = time.toISOString();
    this.#scroll();
  }

  /** note shows what happened. */
  note(text) {
    this.#add("line note").append(part("span", "what", text));
    this.#scroll();
  }

  #add(className) {
    this.#empty.hidden = true;
    const line = document.createElement("li");
    line.className = className;
    this.#lines.append(line);
    while (this.#lines.childElementCount > kept) this.#lines.firstElementChild.remove();
    return line;
  }

  #scroll() {
    this.#lines.scrollTop = this.#lines.scrollHeight;
  }
}

function part(tag, className, text) {
  const el = document.createElement(tag);
  el.className = className;
  el.textContent = text;
  return el;
}
