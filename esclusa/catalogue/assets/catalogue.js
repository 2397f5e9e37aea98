// What the pages do besides being read: a theme, finding, copying, and telling the truth as time goes on. Every page is
// whole without it: filters and copy buttons then stay hidden, and moments stand there as dates.
"use strict";

const root = document.documentElement;
const kept = {
  get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ } },
};
if (kept.get("theme")) root.dataset.theme = kept.get("theme"); // before anything is drawn

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const passed = (moment) => Date.parse(moment) <= Date.now();
const DAY = 86_400_000;

function toggleTheme() {
  const button = document.querySelector("[data-theme-toggle]");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    kept.set("theme", root.dataset.theme);
    show();
  });
}

// A page is written once and read for days: what was certified may have expired since.
function followTheClock() {
  for (const states of all("[data-by-time]")) {
    const each = [...states.children];
    const now = each.filter((state) => !state.dataset.from || passed(state.dataset.from)).pop();
    for (const state of each) state.hidden = state !== now;
  }
  for (const words of all("[data-until-then]")) words.hidden = passed(words.dataset.untilThen);
  for (const words of all("[data-from-then]")) words.hidden = !passed(words.dataset.fromThen);
  for (const card of all("[data-card][data-until]")) {
    if (passed(card.dataset.until)) card.dataset.state = '["expired"]';
    else if (passed(card.dataset.expiring)) card.dataset.state = '["expiring"]';
  }
  for (const verdict of all("[data-verdict]")) {
    const state = passed(verdict.dataset.until) ? "expired" : passed(verdict.dataset.expiring) ? "expiring" : "certified";
    verdict.className = `verdict verdict-${state}`;
    if (state === "expired") verdict.querySelector(".leaf").setAttribute("transform", "translate(0 66)"); // as lock.html
  }
  for (const picture of all("[data-promise]")) {
    const left = 1 - (Date.now() - Date.parse(picture.dataset.zero)) / 1000 / picture.dataset.promise;
    const level = Math.max(0, Math.min(1, left));
    const water = picture.querySelector(".water");
    const top = Number(water.dataset.top) + water.dataset.depth * (1 - level);
    water.setAttribute("y", top);
    water.setAttribute("height", water.dataset.depth * level);
    const boat = picture.querySelector(".boat");
    if (boat) boat.setAttribute("transform", `translate(${boat.dataset.x} ${Math.min(top, 116)})`);
  }
  const overdue = document.querySelector("[data-overdue]");
  if (overdue) overdue.hidden = !passed(document.body.dataset.aliveUntil);
}

function sayTimes() {
  const relative = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto" });
  const fitting = (length) => (Math.abs(length) >= 3 * DAY ? ["day", DAY] : Math.abs(length) >= DAY / 24 ? ["hour", DAY / 24] : ["minute", DAY / 1440]);
  for (const place of all("[data-relative]")) {
    const length = Date.parse(place.dataset.relative) - Date.now();
    const [unit, size] = fitting(length);
    place.textContent = relative.format(Math.round(length / size), unit);
  }
  for (const place of all("[data-age]")) {
    const length = Date.now() - Date.parse(place.dataset.age);
    const [unit, size] = fitting(length);
    const age = new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay: "long" }).format(Math.round(length / size));
    place.textContent = place.dataset.words.replace("{age}", age);
  }
}

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function findDatasets(form) {
  const cards = all("[data-card]").map((card) => ({ card, text: folded(card.dataset.text) }));
  const count = document.querySelector("[data-count]");
  const asked = new URLSearchParams(location.search);
  for (const field of form.elements) if (field.name && asked.get(field.name)) field.value = asked.get(field.name);

  const fits = ({ card, text }, wanted) => {
    for (const [name, value] of wanted) {
      if (name === "text") {
        if (!folded(value).split(/\s+/).every((word) => text.includes(word))) return false;
      } else if (name === "age") {
        if (!card.dataset.zero || Date.now() - Date.parse(card.dataset.zero) > value * DAY) return false;
      } else if (!JSON.parse(card.dataset[name]).includes(value)) return false;
    }
    return true;
  };
  const show = () => {
    const wanted = [...new FormData(form)].filter(([, value]) => value.trim());
    let shown = 0;
    for (const each of cards) {
      each.card.hidden = !fits(each, wanted);
      if (!each.card.hidden) shown += 1;
    }
    const number = new Intl.NumberFormat(root.lang);
    count.textContent = count.dataset.some.replace("{shown}", number.format(shown)).replace("{all}", number.format(cards.length));
    document.querySelector("[data-nothing]").hidden = shown > 0 || !cards.length;
    const query = new URLSearchParams(wanted).toString();
    try { history.replaceState(null, "", query ? `?${query}` : location.pathname); } catch { /* a file has no history */ }
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  show();
}

function copyCode(button) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch { // no clipboard in this browser or on this kind of page: mark it, so that two keys copy it
      getSelection().selectAllChildren(code);
      return;
    }
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}

function openWhatIsLinked() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && (target.closest("details") || target.querySelector(":scope > details:only-of-type"));
  if (details) details.open = true;
}

document.addEventListener("DOMContentLoaded", () => {
  toggleTheme();
  followTheClock();
  sayTimes();
  setInterval(() => { followTheClock(); sayTimes(); }, 60_000);
  for (const form of all("[data-filters]")) findDatasets(form);
  for (const button of all("[data-copy]")) copyCode(button);
  openWhatIsLinked();
  addEventListener("hashchange", openWhatIsLinked);
});
