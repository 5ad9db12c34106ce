// Follows what the server shows: parts marked data-live are replaced where they differ. All else works without scripts.
"use strict";
(() => {
  const LEAST = 2000, SHARE = 150; // milliseconds; ask again after SHARE times what the last answer took the server
  document.documentElement.classList.add("script");

  for (const form of document.querySelectorAll("form[data-submit]"))
    form.addEventListener("change", () => form.requestSubmit());

  for (const time of document.querySelectorAll("time[data-seconds]")) localize(time);
  document.getElementById("problem")?.scrollIntoView({ block: "center" });

  const KEYS = { a: "/", t: "#trials", v: "#verdict", c: "#curves", x: "#axes" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, audio")) return;
    const to = KEYS[event.key];
    if (!to) return;
    if (to === "/") { location.href = to; return; }
    const section = document.querySelector(to);
    if (!section || section.hidden) return;
    section.scrollIntoView();
    section.tabIndex = -1;
    section.focus({ preventScroll: true });
  });

  if (!document.body.hasAttribute("data-follow")) return;
  let tag = "", wait = LEAST, failures = 0, timer = 0;

  function localize(time) {
    time.textContent = new Date(1000 * Number(time.dataset.seconds)).toLocaleString();
  }

  function busy(part) { // a person is in the middle of something there
    const focused = document.activeElement;
    return part.querySelector("details[open]") || (part.contains(focused) && focused.matches("input, select"));
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const time of page.querySelectorAll("time[data-seconds]")) localize(time);
    for (const fresh of page.querySelectorAll("[data-live]")) {
      const part = document.getElementById(fresh.id);
      if (!part || part.innerHTML === fresh.innerHTML || busy(part)) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement : null;
      const scrolled = part.querySelector(".table, .scroll")?.scrollLeft || 0;
      part.hidden = fresh.hidden;
      part.innerHTML = fresh.innerHTML; // the node stays: a live region speaks when its content changes
      const box = part.querySelector(".table, .scroll");
      if (box) box.scrollLeft = scrolled;
      if (focused) refocus(part, focused);
    }
    document.title = page.title;
    if (!page.body.hasAttribute("data-follow")) return location.reload(); // over: the verdict is there
    return null;
  }

  function refocus(part, focused) {
    const again = focused.id ? document.getElementById(focused.id)
      : [...part.querySelectorAll(focused.tagName)].find((other) =>
        other.getAttribute("href") === focused.getAttribute("href") && other.className === focused.className);
    (again || document.getElementById("main")).focus({ preventScroll: true });
  }

  async function ask() {
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(location.href.split("#")[0], { headers, cache: "no-store", redirect: "error" });
      if (answer.status === 401) return location.reload();
      failures = 0;
      const took = /dur=([\d.]+)/.exec(answer.headers.get("Server-Timing") || "");
      wait = Math.max(LEAST, SHARE * (took ? Number(took[1]) : 0));
      if (answer.ok) {
        tag = answer.headers.get("ETag") || "";
        show(await answer.text());
      }
    } catch {
      failures += 1;
      wait = Math.min(30000, LEAST * 2 ** failures);
      const status = document.getElementById("status");
      const lost = "The pages do not answer: is sweeps.browse still running? What is shown may be old.";
      if (failures === 2 && status) status.textContent = lost;
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, wait); // nobody looks: nothing is asked
  }

  document.addEventListener("visibilitychange", plan);
  plan();
})();
