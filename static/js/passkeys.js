// Passkeys: forms with `data-passkey` ask the device, then post what it answers.
// `create` and `get` find their options in the page, `login` fetches fresh ones.

const isPossible = Boolean(window.PublicKeyCredential && navigator.credentials) && !isAddressOfNumbers();

// A passkey is made for a name; browsers refuse it at 127.0.0.1 or [::1].
function isAddressOfNumbers() {
  return /^[\d.]+$|^\[/.test(location.hostname);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !isPossible;
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    run(form);
  });
}
for (const note of document.querySelectorAll("[data-passkey-missing]")) note.hidden = isPossible;

async function run(form) {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  try {
    const kind = form.dataset.passkey;
    const answer = kind === "create" ? await create(form) : await get(await optionsOf(form));
    form.elements.credential.value = JSON.stringify(answer);
    form.submit();
  } catch (error) {
    // Cancelled, timed out, or no passkey of this site: browsers do not say which.
    problem.textContent =
      error.name === "InvalidStateError" ? "This device has a passkey for your account already." : "Your device gave no passkey. Try again, or go another way.";
    problem.hidden = false;
  }
}

async function optionsOf(form) {
  const inPage = form.querySelector("script[type='application/json']");
  if (inPage) return JSON.parse(inPage.textContent).request_options;
  const response = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error("no options");
  return (await response.json()).request_options;
}

async function create(form) {
  const options = JSON.parse(form.querySelector("script[type='application/json']").textContent).creation_options;
  const publicKey = { ...options.publicKey };
  const isAlone = form.elements.passwordless.checked;
  publicKey.authenticatorSelection = {
    ...publicKey.authenticatorSelection,
    residentKey: isAlone ? "required" : "discouraged",
    requireResidentKey: isAlone,
    ...(isAlone ? { userVerification: "required" } : {}),
  };
  publicKey.challenge = toBytes(publicKey.challenge);
  publicKey.user = { ...publicKey.user, id: toBytes(publicKey.user.id) };
  publicKey.excludeCredentials = (publicKey.excludeCredentials ?? []).map(withBytes);
  const credential = await navigator.credentials.create({ publicKey });
  return {
    ...common(credential),
    response: {
      clientDataJSON: toText(credential.response.clientDataJSON),
      attestationObject: toText(credential.response.attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    },
  };
}

async function get(options) {
  const publicKey = { ...options.publicKey, challenge: toBytes(options.publicKey.challenge) };
  publicKey.allowCredentials = (publicKey.allowCredentials ?? []).map(withBytes);
  const credential = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return {
    ...common(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: userHandle ? toText(userHandle) : null,
    },
  };
}

function common(credential) {
  return {
    type: credential.type,
    id: credential.id,
    rawId: toText(credential.rawId),
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function withBytes(descriptor) {
  return { ...descriptor, id: toBytes(descriptor.id) };
}

// Bytes travel as base64 with the letters of URLs and no padding.
function toBytes(text) {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const letters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
