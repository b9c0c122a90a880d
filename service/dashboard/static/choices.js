// A choice shows at once: the same page is asked for with it, its main part takes the place of this one, and the address
// follows, so that it can be shared. Without this script the form's button does the same.
{
  const swap = async (address, push) => {
    let html;
    try {
      const answer = await fetch(address);
      if (!answer.ok || !answer.headers.get("content-type").startsWith("text/html")) throw new Error(answer.status);
      html = await answer.text();
    } catch {
      location.assign(address);
      return;
    }
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = document.querySelector("#main");
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    const open = [...document.querySelectorAll("details[open][id]")].map((one) => one.id);
    main.replaceWith(document.adoptNode(page.querySelector("#main")));
    document.title = page.title;
    document.body.dataset.releases = page.body.dataset.releases;
    if (push) history.pushState(null, "", address);
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    if (focused) (document.getElementById(focused.id) ?? document.querySelector("#chart"))?.focus({ preventScroll: true });
    document.dispatchEvent(new Event("drawn"));
    announce(`Drawn again: ${document.querySelector("#chart-name")?.textContent ?? document.title}`);
  };

  const addressOf = (form) => {
    const said = new URLSearchParams();
    const plain = { scale: "linear", unit: "month", years: "2" };
    for (const [name, value] of new FormData(form)) if (value && plain[name] !== value) said.append(name, value);
    // What has no meaning without a figure beside it is left out, so that a link stays short.
    if (!said.get("times") && !said.get("like")) said.delete("since");
    if (!said.get("moved")) ["moved_into", "moved_since"].forEach((name) => said.delete(name));
    if (!said.get("opened")) said.delete("opened_since");
    if (!said.get("people")) ["arrive", "arrive_to"].forEach((name) => said.delete(name));
    const [path, place] = form.getAttribute("action").split("#");
    const query = said.toString();
    return path + (query ? `?${query}` : "") + (place ? `#${place}` : "");
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".choices")) return;
    event.preventDefault();
    swap(addressOf(event.target), true);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".choices input[type=radio], .choices select")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    swap(link.getAttribute("href"), true);
  });
  window.addEventListener("popstate", () => swap(location.href, false));
}
