// Shows the slider's value while it moves; the result itself comes from the server.
document.addEventListener("input", (event) => {
  const shown = document.querySelector(`[data-shows="${event.target.id}"]`);
  if (shown) shown.textContent = Number(event.target.value).toLocaleString("en-US");
});
