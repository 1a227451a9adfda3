// The line at the top: are we connected, and how far away is the server.

export class Status {
  #line = document.getElementById("status");
  #text = document.getElementById("status-text");
  #latency = document.getElementById("latency");
  #ms = document.getElementById("latency-ms");

  connecting() {
    this.#show("connecting", "Connecting…");
  }

  connected() {
    this.#show("connected", "Connected");
  }

  lost(reason) {
    this.#show("lost", `Disconnected: ${reason}`);
  }

  kicked(reason) {
    this.#show("kicked", `Kicked: ${reason}`);
  }

  latency(ms) {
    this.#latency.hidden = false;
    this.#ms.textContent = ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
  }

  #show(state, text) {
    this.#line.dataset.state = state;
    this.#text.textContent = text;
    if (state !== "connected") this.#latency.hidden = true;
  }
}
