// Who is aboard, over which wire, and the button that kicks them.

export class Players {
  me; // our own id
  #list = document.getElementById("players");
  #empty = document.getElementById("players-empty");
  #count = document.getElementById("count");
  #dialog = document.getElementById("kick");
  #target = document.getElementById("kick-name");
  #reason = document.getElementById("kick-reason");
  #rows = new Map(); // id → { player, row }
  #asked; // whose kick the dialog is about

  /** kick sends the kick of a player, with a reason. */
  constructor(kick) {
    this.#dialog.addEventListener("close", () => {
      if (this.#dialog.returnValue === "kick" && this.#rows.has(this.#asked)) {
        kick(this.#asked, this.#reason.value.trim()).catch(() => {}); // they left meanwhile
      }
    });
  }

  add(player) {
    this.remove(player.id);
    const row = this.#row(player);
    this.#rows.set(player.id, { player, row });
    if (player.id === this.me) this.#list.prepend(row);
    else this.#list.append(row);
    this.#counted();
  }

  remove(id) {
    this.#rows.get(id)?.row.remove();
    this.#rows.delete(id);
    this.#counted();
  }

  clear() {
    for (const id of [...this.#rows.keys()]) this.remove(id);
    this.me = undefined;
    this.#dialog.close("cancel");
  }

  named(name) {
    for (const { player } of this.#rows.values()) if (player.name === name) return player;
  }

  #row(player) {
    const row = document.createElement("li");
    row.className = "player";
    row.style.setProperty("--hue", player.hue);
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = player.name;
    const wire = document.createElement("span");
    wire.className = "wire";
    wire.textContent = player.id === this.me ? "you" : player.wire;
    row.append(name, wire);
    if (player.id !== this.me) row.append(this.#button(player));
    return row;
  }

  #button(player) {
    const button = document.createElement("button");
    button.className = "kick";
    button.type = "button";
    button.textContent = "Kick";
    button.setAttribute("aria-label", `Kick ${player.name}`);
    button.addEventListener("click", () => this.#ask(player));
    return button;
  }

  #ask(player) {
    this.#asked = player.id;
    this.#target.textContent = player.name;
    this.#reason.value = "";
    this.#dialog.returnValue = "cancel";
    this.#dialog.showModal();
  }

  #counted() {
    this.#count.textContent = this.#rows.size;
    this.#empty.hidden = this.#rows.size > 0;
  }
}
