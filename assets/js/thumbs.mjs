// Makes small pictures away from the page's thread: of a picture as it was scored, or of a file that the browser can decode.
//   in   {id, pix, w, h, sx, sy, sw, sh, stretch, all}  RGBA pixels of w x h, of which the rectangle is shown, made wider by stretch;
//        or {id, blob, asked}
//   out  {id, thumb, whole, asked}  a JPEG of WIDTH x HEIGHT as a Blob, or none when the file cannot be decoded; with all, one of all pixels as they are
const WIDTH = 160, HEIGHT = 120; // app.css and webui/app/thumbs_js.go have the same

const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
const ctx = canvas.getContext("2d", { alpha: false });
ctx.imageSmoothingQuality = "high";

async function make({ id, pix, w, h, sx, sy, sw, sh, stretch = 1, all, blob, asked }) {
  const bmp = blob ? await createImageBitmap(blob) : await createImageBitmap(new ImageData(new Uint8ClampedArray(pix), w, h));
  if (blob) [sx, sy, sw, sh] = [0, 0, bmp.width, bmp.height];
  const s = Math.max(WIDTH / (sw * stretch), HEIGHT / sh); // fills the thumbnail with the middle
  const cw = WIDTH / s / stretch, ch = HEIGHT / s;
  ctx.drawImage(bmp, sx + (sw - cw) / 2, sy + (sh - ch) / 2, cw, ch, 0, 0, WIDTH, HEIGHT);
  const thumb = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
  let whole;
  if (all) {
    const big = new OffscreenCanvas(w, h);
    big.getContext("2d", { alpha: false }).drawImage(bmp, 0, 0);
    whole = await big.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  }
  bmp.close();
  postMessage({ id, asked, thumb, whole });
}

let last = Promise.resolve(); // one after the other: they share the canvas
onmessage = ({ data }) => {
  last = last.then(() => make(data)).catch(() => postMessage({ id: data.id, asked: data.asked }));
};
