// Airflow shows these pages in a frame that may not move the page around it. A link to Airflow's own
// pages is therefore clicked in the document around the frame, which is of the same origin.
"use strict";
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (!link || window.parent === window) return;
  try {
    const copy = window.parent.document.createElement("a");
    copy.href = link.href;
    window.parent.document.body.append(copy);
    copy.click();
    copy.remove();
    event.preventDefault();
  } catch { /* another origin: the link works inside the frame */ }
});

const desk = document.querySelector("[data-desk]");
if (desk) {
  const questions = [...desk.querySelectorAll(".question")];
  const state = document.querySelector("#state");
  const words = desk.dataset;
  const done = []; // of this visit: question and act, the last one first to be taken back
  let at = 0;
  let sending = Promise.resolve();

  const show = (index) => {
    at = Math.max(0, Math.min(index, questions.length));
    questions.forEach((each, n) => each.classList.toggle("current", n === at));
    document.querySelector("#end").hidden = at < questions.length;
    document.querySelector("#place").textContent = `${Math.min(at + 1, questions.length)} / ${questions.length}`;
  };
  const post = async (action, fields) => {
    const body = new FormData();
    Object.entries({ csrf: words.csrf, ...fields }).forEach(([name, value]) => body.append(name, value));
    const answer = await fetch(`./${words.library}/${action}`, { method: "POST", body, headers: { accept: "application/json" } });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.problem || said.detail || answer.statusText);
    return said;
  };
  // One after the other: each answer is judged against those before it.
  const inTurn = (work) => { sending = sending.then(work).catch((error) => { state.textContent = error.message; state.className = "bad"; }); };

  const decide = (verdict) => {
    const question = questions[at];
    if (!question || question.dataset.act !== undefined) return;
    const reason = question.querySelector("textarea").value;
    question.dataset.act = "";
    show(at + 1);
    inTurn(async () => {
      try {
        const said = await post("decide", { question: question.dataset.question, verdict, reason });
        question.dataset.act = said.act;
        done.push(question);
        state.textContent = `${words.saved} ${done.length}`;
        state.className = "good";
      } catch (error) {
        delete question.dataset.act;
        throw new Error(`${question.dataset.question}: ${error.message}`);
      }
    });
  };
  const undo = () => inTurn(async () => {
    const question = done.pop();
    if (!question) return;
    await post("undo", { act: question.dataset.act });
    delete question.dataset.act;
    state.textContent = words.undone;
    state.className = "warn";
    show(questions.indexOf(question));
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea, input")) return;
    const acts = { s: () => decide("same"), 1: () => decide("same"), d: () => decide("different"), 2: () => decide("different"),
      u: () => decide("cannot_tell"), 3: () => decide("cannot_tell"), z: undo, ArrowRight: () => show(at + 1), ArrowLeft: () => show(at - 1) };
    if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  });
  desk.addEventListener("click", (event) => {
    const button = event.target.closest("[data-verdict]");
    if (button) decide(button.dataset.verdict);
  });
  document.querySelector("#undo").addEventListener("click", undo);
  show(0);
}
