import { load, overlay } from "./anomnet/assets/js/inspector.mjs";

const pictures = document.querySelector("#pictures"), said = document.querySelector("#part"), list = document.querySelector("#verdicts");

const model = new URLSearchParams(location.search).get("model") ?? undefined; // without one, the part that comes with the site
try {
  const inspector = await load({ model });
  said.textContent = `${inspector.part.part}: choose pictures.`;
  pictures.disabled = false;
  pictures.onchange = () => Promise.all([...pictures.files].map((file) => show(inspector, file)));
} catch (error) {
  said.textContent = `The part cannot be inspected: ${error.message}`;
}

async function show(inspector, file) {
  const line = document.createElement("li");
  line.textContent = `${file.name}: …`;
  list.append(line);
  try {
    const r = await inspector.inspect(file);
    line.textContent = `${file.name}: ${r.verdict}, ${r.ratio.toFixed(2)} × limit`;
    line.dataset.bits = r.rawBits;
    line.append(await drawn(file, r));
  } catch (error) {
    line.textContent = `${file.name}: ${error.code ?? error.name}. ${error.hint ?? error.message}`;
  }
}

// drawn is the picture with what is unusual over it.
async function drawn(file, r) {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  canvas.width = 320;
  canvas.height = Math.round(320 * r.height / r.width);
  const picture = await createImageBitmap(file), heat = await createImageBitmap(overlay(r)), k = 320 / r.width, { x, y, width, height } = r.mapBox;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  context.drawImage(heat, k * x, k * y, k * width, k * height);
  return canvas;
}
