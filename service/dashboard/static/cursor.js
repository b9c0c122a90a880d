// A cursor in the chart: the arrow keys and the pointer move it from month to month. What it stands on is read out from
// the table of the same figures, whose row it marks.
document.addEventListener("drawn", () => {
  const chart = document.querySelector("#chart");
  const table = document.querySelector("#numbers");
  if (!chart || !table) return;
  const readout = chart.querySelector("#readout");
  const plot = chart.querySelector(".plot");
  const span = Number(chart.dataset.span) || 1;
  const rows = [...table.tBodies[0].rows].sort((one, other) => one.dataset.at - other.dataset.at);
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const line = document.createElement("div");
  line.className = "cursor";
  line.hidden = true;
  plot.append(line);
  chart.querySelector("#chart-how").hidden = false;
  let at = -1;

  const words = (cell) => cell.innerText.replace(/\s*\n\s*/g, ", ").trim();
  const say = (row) => {
    const [month, ...cells] = [...row.cells].map(words);
    const unit = chart.dataset.unit;
    if (heads.at(-1) !== "Lead") return `${month}: ` + cells.map((cell, place) => `${heads[place + 1]} ${cell || "no figure"}`).join("; ") + ".";
    const [observed, median, half, most, nearly] = cells;
    if (!median) return `${month}: ${observed} ${unit}, observed.`;
    const came = observed ? ` ${observed} came.` : "";
    return `${month}: half the time ${half} ${unit}, 8 times in 10 from ${most}, 19 times in 20 from ${nearly}; middle ${median}.${came}`;
  };
  const show = (to) => {
    rows[at]?.classList.remove("here");
    at = Math.min(Math.max(to, 0), rows.length - 1);
    const row = rows[at];
    row.classList.add("here");
    line.hidden = false;
    line.style.left = `${100 * row.dataset.at / span}%`;
    readout.textContent = say(row);
    const box = table.closest(".tall");
    box.scrollTop = row.offsetTop - box.clientHeight / 2;
  };
  const leave = () => {
    rows[at]?.classList.remove("here");
    at = -1;
    line.hidden = true;
    readout.textContent = "";
  };
  const nearest = (place) => rows.reduce((best, row, here) => Math.abs(row.dataset.at - place) < Math.abs(rows[best].dataset.at - place) ? here : best, 0);
  const start = nearest(Number(chart.dataset.start));

  chart.addEventListener("keydown", (event) => {
    if (event.target !== chart || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12 };
    if (event.key in steps) show(at < 0 ? start : at + steps[event.key]);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(rows.length - 1);
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });
  const point = (event) => {
    const box = plot.getBoundingClientRect();
    const to = nearest(span * (event.clientX - box.left) / box.width);
    if (to !== at) show(to);
  };
  plot.addEventListener("pointermove", point);
  plot.addEventListener("pointerdown", point);
});
