// The playground's form as code: the same call, from a program of one's own.

const KEY = "MODELOPTIX_API_KEY";

// The body of `/v1/chat` that the form stands for; what is left empty is left out.
export function bodyOf(data) {
  const messages = [{ role: "user", content: data.get("prompt") }];
  if (data.get("system")) messages.unshift({ role: "system", content: data.get("system") });
  const body = { model: data.get("model") || "auto", messages };
  if (data.get("priority") !== "balanced") body.priority = data.get("priority");
  if (data.get("latency_pref") !== "normal") body.latency_pref = data.get("latency_pref");
  for (const name of ["max_cost", "temperature", "max_tokens"]) {
    if (data.get(name)) body[name] = Number(data.get(name));
  }
  return body;
}

export function asCurl(body, site) {
  // A quote inside single quotes: close, escape, open again.
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  return [
    `curl ${site}/v1/chat \\`,
    `  -H "Authorization: Bearer $${KEY}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${json}'`,
    "",
  ].join("\n");
}

export function asPython(body, site) {
  const { messages, model, ...rest } = body;
  const own = ["priority", "latency_pref", "max_cost"].filter((name) => name in rest);
  const extra = Object.fromEntries(own.map((name) => [name, rest[name]]));
  const plain = Object.entries(rest).filter(([name]) => !own.includes(name));
  return [
    "import os",
    "",
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${site}/v1", api_key=os.environ["${KEY}"])`,
    "answer = client.chat.completions.create(",
    `    model=${JSON.stringify(model)},`,
    `    messages=${JSON.stringify(messages)},`,
    ...plain.map(([name, value]) => `    ${name}=${JSON.stringify(value)},`),
    ...(own.length ? [`    extra_body=${JSON.stringify(extra)},`] : []),
    ")",
    "print(answer.choices[0].message.content)",
    "",
  ].join("\n");
}
