// The playground: sends the form to one or two models, shows the streams as they come.
import { readEvents } from "./events.js";
import { asCurl, asPython, bodyOf } from "./playground_code.js";
import { toast } from "./toasts.js";

const byId = (id) => document.getElementById(id);
const form = byId("play");
let running = null;

class Column {
  constructor(section) {
    this.section = section;
    this.field = section.dataset.column;
    this.answer = this.part("answer");
    this.state = this.part("state");
  }

  part(name) {
    return this.section.querySelector(`[data-part="${name}"]`);
  }

  // Which model the form names for this column; the second one may name none.
  get model() {
    return form.elements[this.field].value.trim();
  }

  async run(signal) {
    const started = performance.now();
    this.begin();
    const clock = setInterval(() => (this.state.textContent = `Answering, ${seconds(started)}`), 100);
    try {
      await this.converse(signal);
    } catch (problem) {
      const isCancelled = problem.name === "AbortError";
      this.tell(isCancelled ? "Cancelled. What was used so far is in the log." : "The server cannot be reached.", !isCancelled);
    } finally {
      clearInterval(clock);
      this.answer.setAttribute("aria-busy", "false");
      this.state.textContent = this.isDone ? `Answered in ${seconds(started)}` : "No answer";
    }
  }

  begin() {
    this.isDone = false;
    this.answer.replaceChildren();
    this.answer.setAttribute("aria-busy", "true");
    this.part("outcome").hidden = this.part("why").hidden = true;
  }

  async converse(signal) {
    const data = new FormData(form);
    data.set("model", this.model);
    const headers = { "X-CSRFToken": data.get("csrfmiddlewaretoken") };
    const response = await fetch(form.action, { method: "POST", body: data, signal, headers });
    if (response.status === 422) return refuse((await response.json()).errors, this.field);
    if (!response.ok) return this.tell(`The server refused this (${response.status}). Load the page again.`, true);
    for await (const { name, data: body } of readEvents(response.body)) this.take(name, body);
  }

  take(name, body) {
    if (name === "decision") {
      // Our own server's rendering: every value in it is escaped there.
      this.part("decision").innerHTML = body.html;
      this.part("why").hidden = false;
    } else if (name === "token") {
      this.answer.append(body.text);
    } else if (name === "done") {
      this.isDone = true;
      if (!this.answer.textContent) this.answer.textContent = body.output || "";
      this.showOutcome(body);
    } else if (name === "error") {
      this.tell(`${body.error.message} (${body.error.code}, request ${body.request_id})`, true);
    }
  }

  tell(text, isError) {
    const note = Object.assign(document.createElement("p"), { className: `notice ${isError ? "notice-bad" : ""}`, textContent: text });
    if (isError) note.setAttribute("role", "alert");
    this.answer.append(note);
  }

  showOutcome(body) {
    const copy = byId("outcome-template").content.cloneNode(true);
    const fact = (name) => copy.querySelector(`[data-fact="${name}"]`);
    const facts = {
      model: `${body.model_used} at ${body.provider}`,
      cost: dollars(body.cost),
      savings: body.savings_estimate > 0 ? `+${dollars(body.savings_estimate)}` : dollars(body.savings_estimate),
      time: `${body.latency_ms.toLocaleString("en")} ms`,
      tokens: `${body.tokens.input.toLocaleString("en")} in, ${body.tokens.output.toLocaleString("en")} out${body.tokens.estimated ? " (estimated)" : ""}`,
      attempts: String(body.attempts),
    };
    for (const [name, text] of Object.entries(facts)) fact(name).textContent = text;
    fact("savings").classList.add(body.savings_estimate < 0 ? "loss" : "gain");
    fact("link").href += `${body.request_id}/`;
    this.part("outcome").replaceChildren(copy);
    this.part("outcome").hidden = false;
    if (body.finish_reason === "length") toast("The answer was cut at its longest length.");
  }
}

const columns = [...document.querySelectorAll("[data-column]")].map((section) => new Column(section));
const [, second] = columns;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running) send();
});
form.addEventListener("input", showColumns);
byId("cancel").addEventListener("click", () => running?.abort());
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  if (event.key === "Escape") running?.abort();
});
form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy-as]");
  if (button) copyCode(button.dataset.copyAs);
});
showColumns();

// The second column is there as soon as a second model is named.
function showColumns() {
  if (running) return;
  second.section.hidden = !second.model;
  byId("columns").classList.toggle("is-pair", Boolean(second.model));
}

async function send() {
  running = new AbortController();
  clearErrors();
  byId("send").disabled = true;
  byId("cancel").hidden = false;
  const asked = columns.filter((column) => !column.section.hidden);
  await Promise.all(asked.map((column) => column.run(running.signal)));
  running = null;
  byId("send").disabled = false;
  byId("cancel").hidden = true;
  showColumns();
}

async function copyCode(kind) {
  const write = kind === "curl" ? asCurl : asPython;
  const text = write(bodyOf(new FormData(form)), form.dataset.site);
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.", "success");
  } catch {
    // Plain http on another host has no clipboard: show the text to copy by hand.
    const shown = byId("code");
    shown.hidden = false;
    shown.textContent = text;
    getSelection().selectAllChildren(shown);
    toast("Press Ctrl C to copy the selected text.");
  }
}

function clearErrors() {
  for (const old of form.querySelectorAll("[data-script-error]")) old.remove();
  for (const input of form.elements) input.removeAttribute("aria-invalid");
}

// The server knows one model a request: an error of it belongs to the column's field.
function refuse(errors, field) {
  const named = Object.entries(errors).map(([name, messages]) => [name === "model" ? field : name, messages]);
  for (const [name, messages] of named) {
    const input = form.elements[name];
    if (input.getAttribute?.("aria-invalid")) continue;
    const text = Object.assign(document.createElement("p"), { className: "field-error", textContent: messages.join(" ") });
    text.dataset.scriptError = "";
    input.closest?.("details")?.setAttribute("open", "");
    input.closest?.(".field").append(text);
    input.setAttribute?.("aria-invalid", "true");
  }
  form.elements[named[0][0]]?.focus?.();
}

function dollars(value) {
  if (value === null) return "not assessed";
  const size = Math.abs(value);
  const digits = size >= 1 || size === 0 ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 3 };
  return `${value < 0 ? "−" : ""}$${size.toLocaleString("en", { minimumFractionDigits: size >= 1 || size === 0 ? 2 : undefined, ...digits })}`;
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
