// The playground: sends the form, shows the stream as it comes, and can break it off.
import { readEvents } from "./events.js";
import { toast } from "./toasts.js";

const byId = (id) => document.getElementById(id);
const form = byId("play");
const answer = byId("answer");
const state = byId("state");
let running = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running) send();
});
byId("cancel").addEventListener("click", () => running?.abort());
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  if (event.key === "Escape") running?.abort();
});

async function send() {
  const started = performance.now();
  begin();
  const clock = setInterval(() => (state.textContent = `Answering, ${seconds(started)}`), 100);
  try {
    await converse(new FormData(form), running.signal);
  } catch (problem) {
    const isCancelled = problem.name === "AbortError";
    tell(isCancelled ? "Cancelled. What was used so far is in the log." : "The server cannot be reached.", !isCancelled);
  } finally {
    clearInterval(clock);
    end(started);
  }
}

async function converse(data, signal) {
  const token = data.get("csrfmiddlewaretoken");
  const response = await fetch(form.action, { method: "POST", body: data, signal, headers: { "X-CSRFToken": token } });
  if (response.status === 422) return refuse((await response.json()).errors);
  if (!response.ok) return tell(`The server refused this (${response.status}). Load the page again.`, true);
  for await (const { name, data: body } of readEvents(response.body)) take[name]?.(body);
}

const take = {
  decision({ html }) {
    // Our own server's rendering: every value in it is escaped there.
    byId("decision").innerHTML = html;
    byId("why").hidden = false;
  },
  token({ text }) {
    answer.append(text);
  },
  done(body) {
    answer.dataset.isDone = "true";
    if (!answer.textContent) answer.textContent = body.output || "";
    showOutcome(body);
  },
  error({ error, request_id: id }) {
    tell(`${error.message} (${error.code}, request ${id})`, true);
  },
};

function begin() {
  running = new AbortController();
  for (const old of form.querySelectorAll("[data-script-error]")) old.remove();
  for (const input of form.elements) input.removeAttribute("aria-invalid");
  answer.replaceChildren();
  delete answer.dataset.isDone;
  answer.setAttribute("aria-busy", "true");
  byId("outcome").hidden = byId("why").hidden = true;
  byId("send").disabled = true;
  byId("cancel").hidden = false;
}

function end(started) {
  running = null;
  answer.setAttribute("aria-busy", "false");
  byId("send").disabled = false;
  byId("cancel").hidden = true;
  state.textContent = answer.dataset.isDone ? `Answered in ${seconds(started)}` : "No answer";
}

function refuse(errors) {
  for (const [name, messages] of Object.entries(errors)) {
    const input = form.elements[name];
    const text = Object.assign(document.createElement("p"), { className: "field-error", textContent: messages.join(" ") });
    text.dataset.scriptError = "";
    input.closest?.(".field").append(text);
    input.setAttribute?.("aria-invalid", "true");
  }
  form.elements[Object.keys(errors)[0]]?.focus?.();
}

function tell(text, isError) {
  const note = Object.assign(document.createElement("p"), { className: `notice ${isError ? "notice-bad" : ""}`, textContent: text });
  if (isError) note.setAttribute("role", "alert");
  answer.append(note);
}

function showOutcome(body) {
  const copy = byId("outcome-template").content.cloneNode(true);
  const facts = {
    model: `${body.model_used} at ${body.provider}`,
    cost: dollars(body.cost),
    savings: body.savings_estimate > 0 ? `+${dollars(body.savings_estimate)}` : dollars(body.savings_estimate),
    time: `${body.latency_ms.toLocaleString("en")} ms`,
    tokens: `${body.tokens.input.toLocaleString("en")} in, ${body.tokens.output.toLocaleString("en")} out${body.tokens.estimated ? " (estimated)" : ""}`,
    attempts: String(body.attempts),
  };
  for (const [name, text] of Object.entries(facts)) copy.querySelector(`[data-fact="${name}"]`).textContent = text;
  copy.querySelector('[data-fact="savings"]').classList.add(body.savings_estimate < 0 ? "loss" : "gain");
  copy.querySelector('[data-fact="link"]').href += `${body.request_id}/`;
  byId("outcome").replaceChildren(copy);
  byId("outcome").hidden = false;
  if (body.finish_reason === "length") toast("The answer was cut at its longest length.");
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
