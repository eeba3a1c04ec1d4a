/* Reads a QR code with the camera or from a photo into a text box, and sends its form. The box works without this file.
   The browser's own BarcodeDetector is used where there is one; else jsQR, which is fetched when it is needed first. */
(() => {
  "use strict";
  const EVERY = 200;
  // Beyond this a frame only costs time: a dense code needs about four points a module.
  const WIDEST = 1280;

  let own;
  const detector = async () => {
    if (own === undefined) {
      own = null;
      try {
        if ("BarcodeDetector" in window && (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
          own = new window.BarcodeDetector({ formats: ["qr_code"] });
        }
      } catch { own = null; }
    }
    return own;
  };
  const load = (address) => new Promise((done, failed) => {
    if (window.jsQR) { done(); return; }
    const script = document.createElement("script");
    script.src = address;
    script.onload = done;
    script.onerror = failed;
    document.head.append(script);
  });
  const canvas = document.createElement("canvas");
  const pixels = (source, width, height, widest) => {
    const scale = Math.min(1, widest / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  };
  const read = async (source, width, height, address, widest = WIDEST) => {
    const mine = await detector();
    if (mine) {
      const found = await mine.detect(source);
      return found.length ? found[0].rawValue : "";
    }
    await load(address);
    const image = pixels(source, width, height, widest);
    const found = window.jsQR(image.data, image.width, image.height);
    return found ? found.data : "";
  };

  document.querySelectorAll("[data-mv-scan]").forEach((place) => {
    const box = document.querySelector(place.dataset.mvScan);
    const said = place.querySelector("[data-mv-said]");
    const video = place.querySelector("video");
    const start = place.querySelector("[data-mv-camera]");
    const stop = place.querySelector("[data-mv-stop]");
    const photo = place.querySelector("[data-mv-photo]");
    if (!box) return;
    place.hidden = false;
    start.hidden = !navigator.mediaDevices?.getUserMedia;
    let stream = null;
    let timer = 0;

    const say = (text) => { said.textContent = text; };
    const end = () => {
      clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
      stream = null;
      video.srcObject = null;
      video.hidden = true;
      stop.hidden = true;
      start.hidden = !navigator.mediaDevices?.getUserMedia;
    };
    const take = (text) => {
      end();
      say(place.dataset.mvFound);
      box.closest("details")?.setAttribute("open", "");
      box.value = text;
      box.form.requestSubmit();
    };
    const look = async () => {
      if (!stream) return;
      let text = "";
      try {
        if (video.videoWidth) text = await read(video, video.videoWidth, video.videoHeight, place.dataset.mvDecoder);
      } catch { end(); say(place.dataset.mvFailed); return; }
      if (!stream) return;
      if (text) { take(text); return; }
      timer = setTimeout(look, EVERY);
    };

    start.addEventListener("click", async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({
          audio: false,
          video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } },
        });
      } catch { say(place.dataset.mvDenied); return; }
      video.srcObject = stream;
      video.hidden = false;
      stop.hidden = false;
      start.hidden = true;
      say(place.dataset.mvLooking);
      await video.play().catch(() => {});
      stop.focus();
      look();
    });
    stop.addEventListener("click", () => { end(); say(""); start.focus(); });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && stream) { end(); say(""); start.focus(); } });
    window.addEventListener("pagehide", end);

    photo.addEventListener("change", async () => {
      const file = photo.files[0];
      if (!file) return;
      say(place.dataset.mvLooking);
      let text = "";
      try {
        const image = await createImageBitmap(file);
        // A photo is large and may be sharp or not: it is tried small, then as it is.
        for (const widest of [WIDEST, 3 * WIDEST]) {
          text = text || await read(image, image.width, image.height, place.dataset.mvDecoder, widest);
        }
      } catch { text = ""; }
      photo.value = "";
      if (text) take(text); else say(place.dataset.mvNone);
    });
  });
})();
