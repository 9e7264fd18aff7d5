// While a run goes on, shows every two seconds the sections of the page that have changed.
const INTERVAL = 2000; // milliseconds
const main = document.querySelector("main");
const sections = (root) => [...root.querySelectorAll("section[id]")];
let shown = new Map(sections(main).map((section) => [section.id, section.outerHTML]));

function replace(section, fresh) {
  const chosen = new Set([...section.querySelectorAll("input:checked")].map((box) => box.value));
  section.replaceWith(fresh);
  fresh.querySelectorAll("input").forEach((box) => { box.checked = chosen.has(box.value); });
}

async function refresh() {
  try {
    const response = await fetch(location.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.querySelector("main");
    const fresh = sections(next);
    const latest = new Map(fresh.map((section) => [section.id, section.outerHTML]));
    if (String([...latest.keys()]) !== String([...shown.keys()])) {
      main.replaceChildren(...next.childNodes);
    } else {
      fresh
        .filter((section) => latest.get(section.id) !== shown.get(section.id))
        .forEach((section) => replace(document.getElementById(section.id), document.adoptNode(section)));
    }
    shown = latest;
    if (!("live" in next.dataset)) return;
  } catch (error) {
    console.warn(`the server does not answer: ${error}`);
  }
  setTimeout(refresh, INTERVAL);
}

if ("live" in main.dataset) setTimeout(refresh, INTERVAL);
