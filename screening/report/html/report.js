"use strict";
(() => {
  const pictures = [...document.querySelectorAll(".picture")];
  const groups = [...document.querySelectorAll(".group")];
  const form = document.querySelector(".filters");
  const told = form.querySelector("output");
  const nothing = document.querySelector(".nothing");
  const summaryOf = (picture) => picture.querySelector("summary");
  const shown = () => pictures.filter((one) => !one.hidden);

  // filters
  const filter = () => {
    const asked = new FormData(form);
    const is = (name, value) => !asked.get(name) || asked.get(name) === value;
    let count = 0;
    for (const one of pictures) {
      const { verdict, role, coverage, records } = one.dataset;
      const record = asked.get("record");
      const fits = is("verdict", verdict) && is("role", role) && is("coverage", coverage)
        && (!record || records.split(" ").includes(record));
      one.hidden = !fits;
      count += fits;
    }
    for (const group of groups) group.hidden = !group.querySelector(".picture:not([hidden])");
    nothing.hidden = count > 0 || pictures.length === 0;
    told.textContent = count === pictures.length ? "" : `${count} of ${pictures.length} shown`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  nothing.querySelector("button").addEventListener("click", () => {
    form.reset();
    filter();
    form.querySelector("input").focus();
  });
  form.hidden = false;
  filter();

  // one picture laid over the other: the reference goes where its region lies on the picture
  const contained = (image) => {
    const width = Number(image.getAttribute("width"));
    const height = Number(image.getAttribute("height"));
    const scale = Math.min(image.clientWidth / width, image.clientHeight / height);
    const [w, h] = [width * scale, height * scale];
    return { w, h, x: image.offsetLeft, y: image.offsetTop };
  };
  const blend = (pair) => {
    const slider = pair.querySelector(".blend input");
    const [picture, reference] = pair.querySelectorAll(".panel");
    const over = document.createElement("img");
    over.src = reference.querySelector("img").src;
    over.alt = "";
    over.className = "over";
    const style = over.style;
    Object.assign(style, { position: "absolute", transformOrigin: "0 0", objectFit: "fill", opacity: 0 });
    const [a, b, c, d, e, f, g, h, i] = pair.dataset.projection.split(" ").map(Number);
    const region = pair.dataset.region.trim().split(" ").map(Number);
    const corners = [0, 2, 4, 6].map((at) => `${100 * region[at]}% ${100 * region[at + 1]}%`);
    style.clipPath = `polygon(${corners.join(",")})`;
    const place = () => {
      const on = contained(picture.querySelector("img:not(.over)"));
      if (!on.w) return;
      Object.assign(style, {
        left: `${on.x}px`, top: `${on.y}px`, width: `${on.w}px`, height: `${on.h}px`,
        transform: `matrix3d(${[
          a, d * on.h / on.w, 0, g / on.w,
          b * on.w / on.h, e, 0, h / on.h,
          0, 0, 1, 0,
          c * on.w, f * on.h, 0, i,
        ].join(",")})`,
      });
    };
    const lay = () => {
      style.opacity = slider.value / 100;
      slider.setAttribute("aria-valuetext", `${slider.value} % of the reference`);
    };
    slider.addEventListener("input", lay);
    lay();
    picture.insertBefore(over, picture.querySelector("svg"));
    new ResizeObserver(place).observe(picture);
    place();
    pair.querySelector(".blend").hidden = false;
  };

  // opening, closing
  for (const picture of pictures) {
    const details = picture.querySelector("details");
    details.addEventListener("toggle", () => {
      if (!details.open) return;
      for (const pair of picture.querySelectorAll("[data-projection]")) {
        if (!pair.querySelector(".over")) blend(pair);
      }
      for (const button of picture.querySelectorAll(".copy")) button.hidden = !navigator.clipboard;
      picture.scrollIntoView({ block: "start" });
    });
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.firstChild.data = "Copied";
  });

  // keys: arrows go over the wall, Escape closes
  const beside = (from, key) => {
    const all = shown();
    const at = all.indexOf(from);
    if (key === "Home") return all[0];
    if (key === "End") return all.at(-1);
    if (key === "ArrowRight") return all[at + 1];
    if (key === "ArrowLeft") return all[at - 1];
    const here = from.getBoundingClientRect();
    const down = key === "ArrowDown";
    const rest = down ? all.slice(at + 1) : all.slice(0, at).reverse();
    let row = null;
    let best = null;
    for (const one of rest) {
      const there = one.getBoundingClientRect();
      if (down ? there.top <= here.top + 1 : there.top >= here.top - 1) continue;
      if (row !== null && Math.abs(there.top - row) > 1) break;
      row = there.top;
      const away = Math.abs(there.left - here.left);
      if (!best || away < best.away) best = { one, away };
    }
    return best?.one;
  };
  const MOVES = new Set(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"]);
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const on = event.target.closest(".picture");
    if (event.key === "Escape") {
      const open = document.querySelector(".picture > [open]");
      if (!open) return;
      open.open = false;
      summaryOf(open.parentElement).focus();
    } else if (on && MOVES.has(event.key) && event.target === summaryOf(on)) {
      const next = beside(on, event.key);
      event.preventDefault();
      if (!next) return;
      const follow = on.querySelector("details").open && event.key.match(/Left|Right/);
      summaryOf(next).focus({ preventScroll: follow });
      if (follow) next.querySelector("details").open = true;
      else next.scrollIntoView({ block: "nearest" });
    }
  });
})();
