"use strict";
// The theme: as the system, light, dark. A page from disk may have no storage.
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const names = { system: "as the system", light: "light", dark: "dark" };
  const button = document.getElementById("theme");
  let theme = "system";
  const apply = (next) => {
    theme = next;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = theme === "system" ? "Theme" : theme === "light" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Theme: ${names[theme]}`);
  };
  root.classList.add("script");
  try {
    const kept = localStorage.getItem("okta-conformance-theme");
    if (themes.includes(kept)) apply(kept);
  } catch {}
  button.addEventListener("click", () => {
    apply(themes[(themes.indexOf(theme) + 1) % themes.length]);
    try {
      localStorage.setItem("okta-conformance-theme", theme);
    } catch {}
  });
})();
