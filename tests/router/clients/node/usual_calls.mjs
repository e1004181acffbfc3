// The official npm SDK of OpenAI, with only its base URL and key changed. Prints what it
// got as one JSON object; the test that runs it compares.
import OpenAI, {
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "Hi" }];
const tools = [
  { type: "function", function: { name: "weather", parameters: { type: "object" } } },
];
const got = {};

const whole = await client.chat.completions.create({ model: "hello", messages });
got.text = whole.choices[0].message.content;
got.cost = whole.usage.cost;

got.streamed = "";
const stream = await client.chat.completions.create({
  model: "hello",
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  got.streamed += chunk.choices[0]?.delta?.content ?? "";
  got.streamedUsage = chunk.usage ?? got.streamedUsage;
}

const runner = client.chat.completions.stream({ model: "tools", messages, tools });
got.calls = (await runner.finalMessage()).tool_calls.map((call) => call.function);

const schema = {
  type: "json_schema",
  json_schema: { name: "city", schema: { type: "object" }, strict: true },
};
const shaped = await client.chat.completions.create({
  model: "shaped",
  messages,
  response_format: schema,
});
got.shaped = JSON.parse(shaped.choices[0].message.content);

const picture = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw==" } };
const seen = await client.chat.completions.create({
  model: "hello",
  messages: [{ role: "user", content: [{ type: "text", text: "What?" }, picture] }],
});
got.seen = seen.choices[0].message.content;

const vectors = await client.embeddings.create({ model: "small", input: ["Hi", "Ho"] });
got.vectors = vectors.data.map((row) => row.embedding.length);

got.models = [];
for await (const model of client.models.list()) got.models.push(model.id);

const classOf = async (call) => {
  try {
    await call();
    return "none";
  } catch (problem) {
    for (const kind of [
      AuthenticationError,
      BadRequestError,
      NotFoundError,
      RateLimitError,
      InternalServerError,
    ]) {
      if (problem instanceof kind) return kind.name;
    }
    return String(problem);
  }
};
const chat = (body) => () => client.chat.completions.create({ messages, ...body });
got.errors = {
  unknown: await classOf(chat({ model: "nope" })),
  empty: await classOf(chat({ model: "hello", messages: [] })),
  limited: await classOf(chat({ model: "limited" })),
  broken: await classOf(chat({ model: "broken" })),
  stranger: await classOf(() =>
    new OpenAI({ baseURL, apiKey: "mx_live_wrong", maxRetries: 0 }).models.list(),
  ),
};

const long = await client.chat.completions.create({
  model: "endless",
  messages,
  stream: true,
});
for await (const chunk of long) {
  if (chunk.choices[0]?.delta?.content) break; // leaves, which aborts the request
}
console.log(JSON.stringify(got));
