// A friendly name for who has not chosen one.

const tempers = ["Amber", "Brave", "Calm", "Clever", "Gentle", "Jolly", "Lucky", "Merry", "Nimble", "Quiet", "Swift", "Sunny"];
const animals = ["Auk", "Cod", "Dolphin", "Gull", "Heron", "Otter", "Petrel", "Puffin", "Ray", "Seal", "Tern", "Whale"];

const any = (list) => list[Math.floor(Math.random() * list.length)];

/** rememberedName is the name this window used before, the ?name= of its address, or a new one. */
export function rememberedName() {
  const asked = new URLSearchParams(location.search).get("name");
  return { name: asked || sessionStorage.getItem("name") || `${any(tempers)} ${any(animals)}`, asked: Boolean(asked) };
}

export function rememberName(name) {
  sessionStorage.setItem("name", name);
}
