// The list of trials, search and filters, links to trials, printing. Texts reach the page through textContent alone.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const [ID, TITLE, OUTCOME, PROFILE, PRINCIPAL, FILE, LINE, MS, REQUESTS, CHECKS, LEVELS, OPERATIONS, REQUIREMENTS, REASON, DETAILED] =
    Array(15).keys();
  const FIRST = 50;
  const MORE = 250;
  const by = (id) => document.getElementById(id);
  const form = by("filters");
  const list = by("list");
  const more = by("more");
  const pressed = new Set();
  const numbers = new Map(data.trials.map((trial, number) => [trial[ID], number]));
  const entries = [...document.querySelectorAll("#causes li[data-trial]")].map((item) => [item, numbers.get(item.dataset.trial)]);
  const causes = [...document.querySelectorAll(".cause")];
  let haystacks;
  let found = [];
  let shown = 0;

  const make = (name, className, ...content) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...content);
    return element;
  };
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const duration = (ms) => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);
  const tag = (outcome) => {
    const [name, mark, className] = data.outcomes[outcome];
    const sign = make("span", "", mark);
    sign.setAttribute("aria-hidden", "true");
    return make("span", `tag ${className}`, sign, name);
  };
  const link = (id, text) => {
    const anchor = make("a", "mono foreign", text);
    anchor.href = `#${id}`;
    return anchor;
  };

  // Filters

  const haystack = (trial) =>
    [trial[ID], data.titles[trial[TITLE]], ...trial[REQUIREMENTS].map((n) => data.requirements[n]),
      ...trial[OPERATIONS].map((n) => data.operations[n]), trial[REASON] ? data.reasons[trial[REASON] - 1] : ""].join("\n").toLowerCase();

  const wanted = () => {
    const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) haystacks ??= data.trials.map(haystack);
    const chosen = (id, names) => names.indexOf(by(id).value);
    const operation = chosen("operation", data.operations);
    const profile = chosen("profile", data.profiles);
    const principal = chosen("principal", data.principals);
    const level = Number(by("level").value);
    return (trial, number) =>
      (pressed.size === 0 || pressed.has(trial[OUTCOME])) &&
      (operation < 0 || trial[OPERATIONS].includes(operation)) &&
      (profile < 0 || trial[PROFILE] === profile) &&
      (principal < 0 || trial[PRINCIPAL] === principal) &&
      (level === 0 || (trial[LEVELS] & level) !== 0) &&
      words.every((word) => haystacks[number].includes(word));
  };

  const filter = () => {
    const matches = wanted();
    const kept = data.trials.map(matches);
    found = [...kept.keys()].filter((number) => kept[number]);
    for (const [item, number] of entries) item.hidden = !kept[number];
    let left = 0;
    for (const cause of causes) {
      const items = [...cause.querySelectorAll("li[data-trial]")];
      const visible = items.filter((item) => !item.hidden).length;
      cause.hidden = visible === 0;
      if (visible) left += 1;
      const all = counted(items.length, "trial");
      cause.querySelector(".size").textContent = visible === items.length ? all : `${visible} of ${all}`;
    }
    const whole = found.length === data.trials.length;
    by("matching").value = whole
      ? `All ${counted(data.trials.length, "trial")}`
      : `${found.length} of ${counted(data.trials.length, "trial")}, in ${counted(left, "cause")}`;
    by("everything").hidden = whole;
    list.replaceChildren();
    shown = 0;
    show(FIRST);
  };

  // The list

  const facts = (trial) => {
    const terms = make("dl", "facts");
    const add = (name, ...content) => terms.append(make("div", "", make("dt", "", name), make("dd", "", ...content)));
    const names = (numbers, all) => make("span", "mono", numbers.map((number) => all[number]).join(", ") || "none");
    if (trial[REASON]) add("Reason", make("span", "foreign", data.reasons[trial[REASON] - 1]));
    add("Case", make("span", "mono", `${data.files[trial[FILE]]}:${trial[LINE]}`));
    add("Profile", data.profiles[trial[PROFILE]]);
    add("Principal", data.principals[trial[PRINCIPAL]]);
    add("Sent", `${counted(trial[REQUESTS], "request")}, ${counted(trial[CHECKS], "check")}`);
    add("Operations", names(trial[OPERATIONS], data.operations));
    const requirements = make("span", "");
    for (const number of trial[REQUIREMENTS]) {
      requirements.append(link(`requirement:${data.requirements[number]}`, data.requirements[number]), " ");
    }
    add("Requirements", requirements);
    add("Link", link(trial[ID], `#${trial[ID]}`));
    return terms;
  };

  const row = (number) => {
    const trial = data.trials[number];
    const title = make("span", "muted title", data.titles[trial[TITLE]]);
    const took = make("span", "took", trial[REQUESTS] ? duration(trial[MS]) : "");
    if (trial[DETAILED]) {
      return make("div", "line", tag(trial[OUTCOME]), link(trial[ID], trial[ID]), title, took);
    }
    const details = make("details", "line", make("summary", "", tag(trial[OUTCOME]), make("span", "mono foreign", trial[ID]), title, took));
    details.id = trial[ID];
    details.addEventListener("toggle", () => details.open && details.childElementCount === 1 && details.append(facts(trial)));
    return details;
  };

  const show = (count) => {
    const next = found.slice(shown, shown + count);
    list.append(...next.map(row));
    shown += next.length;
    more.hidden = shown === found.length;
    more.textContent = `Show ${Math.min(MORE, found.length - shown)} more of ${found.length - shown}`;
  };

  // Links

  const reset = () => {
    form.reset();
    pressed.clear();
    buttons();
  };

  const arrive = () => {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {}
    if (!id) return;
    const number = numbers.get(id);
    if (number !== undefined && !found.includes(number)) {
      reset();
      filter();
    }
    if (number !== undefined && !data.trials[number][DETAILED]) {
      const place = found.indexOf(number);
      if (place >= shown) show(place - shown + MORE);
    }
    const element = by(id);
    if (!element) return;
    for (let at = element; at; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true;
    document.querySelectorAll(".arrived").forEach((old) => old.classList.remove("arrived"));
    const whole = number === undefined ? element : (element.closest("details") ?? element);
    if (number !== undefined) {
      whole.classList.add("arrived");
      whole.querySelector("summary")?.focus({ preventScroll: true });
    }
    whole.scrollIntoView();
  };

  // What the reader does

  const buttons = () => {
    for (const button of by("outcomes").children) button.setAttribute("aria-pressed", String(pressed.has(Number(button.value))));
  };

  const counts = new Map();
  for (const trial of data.trials) counts.set(trial[OUTCOME], (counts.get(trial[OUTCOME]) ?? 0) + 1);
  for (const [outcome, count] of [...counts].sort(([a], [b]) => a - b)) {
    const button = make("button", "outcome", tag(outcome), String(count));
    button.type = "button";
    button.value = outcome;
    button.addEventListener("click", () => {
      if (!pressed.delete(outcome)) pressed.add(outcome);
      buttons();
      filter();
    });
    by("outcomes").append(button);
  }
  buttons();
  for (const [id, names] of [["operation", data.operations], ["profile", data.profiles], ["principal", data.principals]]) {
    for (const name of [...names].sort()) {
      const option = make("option", "", name);
      option.value = name;
      by(id).append(option);
    }
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => {
    pressed.clear();
    buttons();
    setTimeout(filter);
  });
  more.addEventListener("click", () => show(MORE));
  addEventListener("hashchange", arrive);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      by("search").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("a[data-outcome], a[data-operation], a[data-search]");
    if (chosen) {
      const { outcome, operation, search } = chosen.dataset;
      reset();
      if (outcome) pressed.add(data.outcomes.findIndex(([name]) => name === outcome));
      if (operation) by("operation").value = operation;
      if (search) by("search").value = search;
      buttons();
      filter();
    }
    const copy = event.target.closest(".copy");
    if (copy) {
      const text = copy.previousElementSibling;
      navigator.clipboard?.writeText(text.textContent).then(
        () => (copy.textContent = "Copied"),
        () => getSelection().selectAllChildren(text),
      );
    }
  });

  // Where the reader is.
  const parts = new Map([...document.querySelectorAll("nav a")].map((anchor) => [by(anchor.hash.slice(1)), anchor]));
  const watch = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        if (isIntersecting) parts.get(target).setAttribute("aria-current", "true");
        else parts.get(target).removeAttribute("aria-current");
      }
    },
    { rootMargin: "-30% 0px -60%" },
  );
  for (const part of parts.keys()) if (part) watch.observe(part);

  // On paper: every cause, and the first trial of each that is no warning.
  let opened = [];
  addEventListener("beforeprint", () => {
    const wanted = ".fold, .cause:not(.warn) li:first-child > .trial, .more";
    opened = [...document.querySelectorAll(wanted)].filter((details) => !details.open);
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });

  filter();
  arrive();
})();
