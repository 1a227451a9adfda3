// The card over the field whenever this window is not playing: it says why, and
// has one button that changes it.

export class Curtain {
  #curtain = document.getElementById("curtain");
  #card = document.getElementById("card");
  #title = document.getElementById("card-title");
  #text = document.getElementById("card-text");
  #reason = document.getElementById("card-reason");
  #label = document.getElementById("card-name");
  #name = document.getElementById("name");
  #go = document.getElementById("card-go");
  #act; // what the button does

  constructor() {
    this.#card.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#label.hidden) return this.#act();
      const name = this.#name.value.trim();
      if (name) this.#act(name);
      else this.#name.focus();
    });
  }

  /** welcome asks for a name; play gets it. */
  welcome(name, play, problem = "") {
    this.#draw("welcome", "Come aboard", "Your dot, your socket, your actor. What shall the others call you?", "Play", play);
    this.#ask(name);
    this.#because(problem);
    this.#name.select();
  }

  /** kicked says why; the way back is as the player chooses. */
  kicked(reason, name, play) {
    this.#draw("kicked", "You were kicked", "The server sent one last package before it hung up:", "Come back", play);
    this.#ask(name);
    this.#because(reason);
    this.#title.focus();
  }

  /** lost says that we try again by ourselves; again does so now. */
  lost(reason, again) {
    this.#draw("lost", "Connection lost", "Trying again by itself in a moment.", "Reconnect now", again);
    this.#because(reason);
  }

  open() {
    this.#curtain.hidden = true;
  }

  #draw(kind, title, text, go, act) {
    this.#curtain.dataset.kind = kind;
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#go.textContent = go;
    this.#act = act;
    this.#label.hidden = true;
    this.#curtain.hidden = false;
  }

  #ask(name) {
    this.#label.hidden = false;
    this.#name.value = name;
  }

  #because(reason) {
    this.#reason.hidden = !reason;
    this.#reason.textContent = reason;
  }
}
