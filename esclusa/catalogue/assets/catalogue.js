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
    for (const state of each) state.toggleAttribute("hidden", state !== now); // a part of a picture has no property hidden
  }
  for (const words of all("[data-until-then]")) words.hidden = passed(words.dataset.untilThen);
  for (const words of all("[data-from-then]")) words.hidden = !passed(words.dataset.fromThen);
  for (const card of all("[data-card][data-until]")) {
    if (passed(card.dataset.until)) card.dataset.state = '["expired"]';
    else if (passed(card.dataset.expiring)) card.dataset.state = '["expiring"]';
  }
  for (const total of all("[data-total]")) {
    const count = all("[data-card]").filter((card) => card.dataset.state === `["${total.dataset.total}"]`).length;
    total.hidden = !count;
    total.querySelector("b").textContent = new Intl.NumberFormat(root.lang).format(count);
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
    for (const words of all("[data-left]", picture.parentElement)) words.textContent = words.dataset.left.replace("{left}", `${Math.round(100 * level)} %`);
    const boat = picture.querySelector(".boat");
    if (boat) boat.setAttribute("transform", `translate(${boat.dataset.x} ${Math.min(top, 116)})`);
  }
  const overdue = document.querySelector("[data-overdue]");
  if (overdue) overdue.hidden = !passed(document.body.dataset.aliveUntil);
}

// As `Speech.span` rounds: tenths below ten.
const rounded = (value, unit) => (Math.abs(value) < 10 && unit !== "minute" ? Math.round(10 * value) / 10 : Math.round(value));

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
    const age = new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay: "long" }).format(rounded(length / size, unit));
    place.textContent = place.dataset.words.replace("{age}", age);
  }
}

const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// The same page in another language, with the same filters and at the same place.
function keepPlace(query = location.search) {
  for (const link of all("[data-same-place]")) {
    link.search = query;
    link.hash = location.hash;
  }
}

const LAST = Number.POSITIVE_INFINITY;
const ORDERS = {
  name: (a, b) => a.dataset.title.localeCompare(b.dataset.title, root.lang),
  fresh: by((card) => -Date.parse(card.dataset.zero)),
  ending: by((card) => (passed(card.dataset.until) ? LAST : Date.parse(card.dataset.until))),
};

function by(measure) {
  const place = (card) => measure(card) || LAST; // what has no such moment comes last
  return (a, b) => Number(place(a) > place(b)) - Number(place(a) < place(b));
}

function fits(card, wanted) {
  return wanted.every(([name, value]) => {
    if (name === "text") return folded(value).split(/\s+/).every((word) => folded(card.dataset.text).includes(word));
    if (name === "age") return Boolean(card.dataset.zero) && Date.now() - Date.parse(card.dataset.zero) <= value * DAY;
    return JSON.parse(card.dataset[name]).includes(value);
  });
}

function findDatasets(form) {
  const [count, nothing, chosen] = ["[data-count]", "[data-nothing]", "[data-chosen]"].map((each) => document.querySelector(each));
  const asWritten = all("[data-card]");
  const asked = new URLSearchParams(location.search);
  const fields = [...form.elements].filter((field) => field.name);
  for (const field of fields) if (asked.get(field.name)) field.value = asked.get(field.name);

  const remover = (field) => {
    const [button, item] = [document.createElement("button"), document.createElement("li")];
    const said = field.selectedOptions ? field.selectedOptions[0].textContent : field.value;
    button.type = "button";
    button.textContent = `${field.labels[0].textContent}: ${said}`;
    button.setAttribute("aria-label", chosen.firstElementChild.dataset.words.replace("{filter}", button.textContent));
    button.addEventListener("click", () => {
      field.value = "";
      show();
      (chosen.querySelector("li button") || document.getElementById("list")).focus();
    });
    item.append(button);
    return item;
  };
  const show = () => {
    const wanted = [...new FormData(form)].filter(([, value]) => value.trim());
    const filters = wanted.filter(([name]) => name !== "order");
    const order = ORDERS[form.elements.order.value];
    const cards = order ? [...asWritten].sort(order) : asWritten;
    cards.forEach((card, place) => { if (card.parentNode.children[place] !== card) card.parentNode.append(...cards); });
    for (const card of cards) card.hidden = !fits(card, filters);
    const shown = cards.filter((card) => !card.hidden).length;
    const number = new Intl.NumberFormat(root.lang);
    count.textContent = count.dataset.some.replace("{shown}", number.format(shown)).replace("{all}", number.format(cards.length));
    nothing.hidden = shown > 0 || !cards.length;
    chosen.hidden = !filters.length;
    chosen.firstElementChild.replaceChildren(...filters.map(([name]) => remover(form.elements[name])));
    const query = wanted.length ? `?${new URLSearchParams(wanted)}` : "";
    try { history.replaceState(null, "", query || location.pathname); } catch { /* a file has no history */ }
    keepPlace(query);
  };
  form.hidden = document.querySelector("[data-order]").hidden = false;
  for (const field of fields) field.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  show();
}

// Details that only a small window keeps closed.
function openWhereWide() {
  const wide = matchMedia("(min-width: 62rem)"); // as in catalogue.css
  const open = () => { for (const details of all("[data-open-where-wide]")) details.open = wide.matches; };
  wide.addEventListener("change", open);
  open();
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

// A picture keeps its size, so that it can be read; where it does not fit, what was asked for is seen first.
function showWhatWasAsked(within) {
  for (const picture of all(".picture", within)) {
    const asked = picture.querySelector(".asked, .mark")?.getBoundingClientRect();
    const frame = picture.getBoundingClientRect();
    if (asked && frame.width) picture.scrollLeft += asked.left + asked.width / 2 - frame.left - frame.width / 2;
  }
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
  keepPlace();
  openWhereWide();
  for (const form of all("[data-filters]")) findDatasets(form);
  for (const button of all("[data-copy]")) copyCode(button);
  openWhatIsLinked();
  addEventListener("hashchange", () => { openWhatIsLinked(); keepPlace(); });
});
addEventListener("load", () => showWhatWasAsked(document));
document.addEventListener("toggle", (event) => showWhatWasAsked(event.target), true);
