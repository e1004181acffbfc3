// Server-sent events out of a fetch: `EventSource` cannot send a form.

export async function* readEvents(stream) {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) yield parse(block);
  }
}

function parse(block) {
  const event = { name: "message", data: null };
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event.name = line.slice(7);
    if (line.startsWith("data: ") && line !== "data: [DONE]") event.data = JSON.parse(line.slice(6));
  }
  return event;
}
