// The pages of the simulated world. Texts of people go in by textContent only.
"use strict";

const $ = (id) => document.getElementById(id);

function el(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props || {})) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v === true) e.setAttribute(k, "");
    else if (v !== false && v != null) e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c != null));
  return e;
}

function tell(text) { $("live").textContent = text; }

// firstLine is what a list of mails shows of a text: its first line that says something.
function firstLine(text) { return (text.split("\n").find((l) => l.trim() && !l.startsWith("##-")) || "").slice(0, 80); }

async function api(method, path, body) {
  const res = await fetch("/api" + path, {
    method, headers: body ? { "Content-Type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const out = await res.json();
  if (!res.ok) { tell(out.error || "That did not work."); throw new Error(out.error); }
  return out;
}

function base64(file) {
  return new Promise((done, fail) => {
    const r = new FileReader();
    r.onload = () => done(r.result.slice(r.result.indexOf(",") + 1));
    r.onerror = () => fail(r.error);
    r.readAsDataURL(file);
  });
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const size = (n) => n > 999999 ? (n / 1e6).toFixed(1) + " MB" : Math.max(1, Math.round(n / 1000)) + " kB";

// Time and faults.
async function refreshClock() {
  const t = await api("GET", "/time");
  $("now").textContent = day.format(new Date(t.now)) + (t.ahead_hours ? ` (${Math.round(t.ahead_hours)} h ahead)` : "");
  $("now").dateTime = t.now;
}

function setupClock() {
  $("jump")?.addEventListener("click", async () => { await api("POST", "/time", { hours: 25 }); refreshClock(); tell("It is 25 hours later."); });
  $("back")?.addEventListener("click", async () => { await api("POST", "/time", { back: true }); refreshClock(); tell("It is now again."); });
  refreshClock();
  setInterval(() => refreshClock().catch(() => {}), 20000);
}

function showFaults(w) {
  $("token").checked = w.token_expired;
  $("hidden").checked = w.hidden_phones;
  const left = w.faults.map((f) => `${f.kind} ×${f.times}`).join(", ");
  $("faults").textContent = left ? "Still to come: " + left : "";
}

function setupHome() {
  const post = async (f) => showFaults(await api("POST", "/faults", f));
  $("token").addEventListener("change", (e) => post({ token_expired: e.target.checked }));
  $("hidden").addEventListener("change", (e) => post({ hidden_phones: e.target.checked }));
  $("clear").addEventListener("click", async () => showFaults(await api("DELETE", "/faults")));
  for (const b of document.querySelectorAll("[data-fault]")) b.addEventListener("click", () => post(JSON.parse(b.dataset.fault)));
  return async () => showFaults(await api("GET", "/faults"));
}

// The phone.
const ticks = { clock: ["◷", "waiting"], sent: ["✓", "sent"], delivered: ["✓✓", "delivered"], read: ["✓✓", "read"], failed: ["!", "failed"] };

function setupPhone() {
  let phone = location.hash.slice(1) || document.querySelector(".person").dataset.phone;
  let quote = "", last = "";
  const people = document.querySelectorAll(".person");
  const act = (body) => api("POST", `/customers/${phone}/messages`, body);
  const choose = (p) => {
    phone = p; last = ""; setQuote();
    history.replaceState(null, "", "#" + p);
    for (const b of people) b.setAttribute("aria-pressed", b.dataset.phone === p);
    const lang = document.querySelector(`[data-phone="${p}"] bdi`)?.lang;
    $("text").lang = lang || "";
    $("text").dataset.rtl = lang === "ar";
    side();
    return show();
  };
  const side = () => { $("text").dir = $("text").value ? "auto" : $("text").dataset.rtl === "true" ? "rtl" : "ltr"; };
  const setQuote = (m) => {
    quote = m ? m.ID : "";
    $("quoting").hidden = !m;
    $("quotetext").textContent = m ? m.Text || m.Kind : "";
    if (m) $("text").focus();
  };
  for (const b of people) b.addEventListener("click", () => choose(b.dataset.phone));
  $("unquote").addEventListener("click", () => setQuote());
  $("text").addEventListener("input", side);
  $("text").addEventListener("keydown", (e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); $("say").requestSubmit(); }
  });
  $("say").addEventListener("submit", async (e) => {
    e.preventDefault();
    const text = $("text").value.trim();
    if (!text) return;
    $("text").value = ""; side();
    await act({ type: "text", text, quote });
    setQuote();
  });
  $("file").addEventListener("change", async (e) => {
    const f = e.target.files[0];
    if (!f) return;
    await act({ type: "file", name: f.name, mime: f.type || "application/pdf", data: await base64(f), text: $("text").value.trim() });
    e.target.value = ""; $("text").value = ""; side();
  });
  $("place").addEventListener("click", () => act({ type: "location", Latitude: 52.516275, Longitude: 13.377704, name: "Brandenburg Gate", text: "Pariser Platz, Berlin" }));

  const own = setupOwner(() => phone);
  const records = setupRecords(() => phone);

  async function show() {
    const c = await api("GET", "/customers/" + phone);
    own(c.messages || []);
    await records();
    $("state").textContent = (c.typing ? "typing… " : "") + (c.hidden ? "· your number is hidden " : "") + (c.window_open ? "" : "· reply window closed");
    const now = JSON.stringify(c.messages || []);
    if (now === last) return;
    last = now;
    const byID = new Map((c.messages || []).map((m) => [m.ID, m]));
    const end = $("chat").scrollHeight - $("chat").scrollTop - $("chat").clientHeight < 80;
    $("chat").replaceChildren(...(c.messages || []).map((m) => bubble(m, byID, act, setQuote)));
    if (end || !$("chat").scrollTop) $("chat").scrollTop = $("chat").scrollHeight;
    if ((c.messages || []).some((m) => !m.Mine && m.Tick === "delivered") && document.visibilityState === "visible") {
      await api("POST", `/customers/${phone}/read`);
    }
  }
  document.addEventListener("visibilitychange", show);
  choose(phone);
  return show;
}

// The owner's phone shows the same chat from the other side. Only what was typed there can be changed there.
function setupOwner(phone) {
  const act = (body) => api("POST", `/owner/${phone()}/messages`, body);
  let last = "";
  $("type").addEventListener("submit", async (e) => {
    e.preventDefault();
    const text = $("ownertext").value.trim();
    if (!text) return;
    $("ownertext").value = "";
    await act({ text });
  });
  $("ownertext").addEventListener("keydown", (e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); $("type").requestSubmit(); }
  });
  $("away").addEventListener("click", async () => {
    const away = $("away").getAttribute("aria-pressed") !== "true";
    await api("POST", "/owner", { away });
    $("away").setAttribute("aria-pressed", away);
    $("away").textContent = away ? "The new phone is ready" : "Change the phone";
    $("ownerstate").textContent = away ? "the number is off the platform: answers wait" : "";
  });
  return (all) => {
    const now = JSON.stringify([phone(), all]);
    if (now === last) return;
    last = now;
    $("ownerchat").replaceChildren(...all.map((m) => {
      const li = el("li", { class: "bubble " + (m.Mine ? "theirs" : "mine") });
      li.append(el("small", { class: "from" }, m.Mine ? "The customer" : m.Phone ? "You" : "Your team, by the gateway"));
      li.append(m.Deleted ? el("p", { class: "muted" }, "This message was deleted") : el("p", { class: "text", dir: "auto" }, m.Text || m.Kind));
      if (m.Phone && !m.Deleted) {
        const box = el("details", { class: "actions" }, el("summary", {}, "Actions"));
        box.append(el("button", { type: "button", onclick: () => edit(box, m, act) }, "Edit"), el("button", { type: "button", onclick: () => act({ type: "revoke", target: m.ID }) }, "Delete"));
        li.append(box);
      }
      return li;
    }));
    $("ownerchat").scrollTop = $("ownerchat").scrollHeight;
  };
}

// The gateway's own record of the chat is beside it, to see that what is told twice is there once, and that changes arrive.
function setupRecords(phone) {
  const body = document.querySelector("#records tbody");
  let last = "";
  return async () => {
    if (!body) return;
    const all = await api("GET", "/records/" + phone());
    const now = JSON.stringify(all);
    if (now === last) return;
    last = now;
    body.replaceChildren(...all.map((m) => el("tr", {},
      el("td", {}, String(m.Number)), el("td", { dir: "auto" }, m.By),
      el("td", { dir: "auto" }, m.Deleted ? el("em", {}, "deleted") : m.Text, m.Edited ? el("em", {}, " (edited)") : null),
      el("td", { title: m.Told }, m.Status))));
  };
}

function bubble(m, byID, act, setQuote) {
  const li = el("li", { class: "bubble " + (m.Mine ? "mine" : "theirs"), "data-id": m.ID });
  const from = m.Mine ? "You" : m.Phone ? "From the owner's phone" : m.Template ? "Template " + m.Template : "";
  if (from && !m.Mine) li.append(el("small", { class: "from" }, from));
  const quoted = byID.get(m.Quote);
  if (quoted) li.append(el("blockquote", { dir: "auto" }, quoted.Text || quoted.Kind));
  if (m.Deleted) li.append(el("p", { class: "muted" }, "This message was deleted"));
  if (m.Header) li.append(el("p", { class: "head", dir: "auto" }, m.Header));
  if (m.Media) li.append(media(m));
  if (m.Location) li.append(place(m.Location));
  for (const p of m.Contacts || []) li.append(el("p", {}, "Contact: ", el("bdi", {}, p.Name), " ", el("span", { dir: "ltr" }, (p.Phones || []).join(", "))));
  if (m.Text) li.append(el("p", { class: "text", dir: "auto" }, m.Text));
  if (m.Footer) li.append(el("p", { class: "muted", dir: "auto" }, m.Footer));
  for (const b of m.Buttons || []) li.append(button(m, b, act));
  const react = m.CustomerReaction || m.BusinessReaction;
  const [mark, word] = ticks[m.Tick] || ["", ""];
  li.append(el("p", { class: "meta" },
    react ? el("span", { class: "reaction" }, `${m.CustomerReaction} ${m.BusinessReaction}`.trim()) : null,
    m.Edited ? el("span", {}, "edited") : null, m.Forwarded ? el("span", {}, "forwarded") : null,
    el("time", { datetime: m.At }, clock.format(new Date(m.At))),
    el("span", { class: "tick " + m.Tick, role: "img", "aria-label": word, title: word }, mark)));
  if (!m.Deleted) li.append(actions(m, act, setQuote));
  return li;
}

function actions(m, act, setQuote) {
  const box = el("details", { class: "actions" }, el("summary", {}, "Actions"));
  box.append(el("button", { type: "button", onclick: () => setQuote(m) }, "Reply"));
  if (m.Mine) {
    if (m.Kind === "text") box.append(el("button", { type: "button", onclick: () => edit(box, m, act) }, "Edit"));
    box.append(el("button", { type: "button", onclick: () => act({ type: "revoke", target: m.ID }) }, "Delete"));
  } else {
    for (const e of ["👍", "❤️", "😂"]) {
      box.append(el("button", { type: "button", "aria-label": "React with " + e, onclick: () => act({ type: "reaction", target: m.ID, text: m.CustomerReaction === e ? "" : e }) }, e));
    }
  }
  return box;
}

function edit(box, m, act) {
  const field = el("textarea", { dir: "auto", "aria-label": "New text" });
  field.value = m.Text;
  const save = async () => { if (field.value.trim()) await act({ type: "edit", target: m.ID, text: field.value.trim() }); };
  box.replaceChildren(el("summary", {}, "Actions"), field, el("button", { type: "button", onclick: save }, "Save"));
  field.focus();
}

function media(m) {
  const f = m.Media, alt = m.Text || f.Name || "picture from the chat";
  if (f.URL.startsWith("/api/") && f.MIME.startsWith("image/")) return el("img", { src: f.URL, alt, loading: "lazy" });
  if (f.URL.startsWith("/api/") && f.MIME.startsWith("audio/")) return el("audio", { src: f.URL, controls: true, "aria-label": f.Voice ? "Voice note" : "Sound" });
  if (f.URL.startsWith("/api/") && f.MIME.startsWith("video/")) return el("video", { src: f.URL, controls: true, "aria-label": alt });
  return el("p", {}, el("a", { href: f.URL, download: f.Name || true, dir: "auto" }, f.Name || m.Kind), " ", el("span", { class: "muted" }, f.Size ? size(f.Size) : ""));
}

function place(l) {
  const where = `https://www.openstreetmap.org/?mlat=${l.Latitude}&mlon=${l.Longitude}`;
  return el("p", {}, "📍 ", el("a", { href: where, rel: "noreferrer", target: "_blank" }, el("bdi", {}, l.Name || `${l.Latitude}, ${l.Longitude}`)), " ", el("bdi", { class: "muted" }, l.Address));
}

function button(m, b, act) {
  if (b.Kind === "list") return el("p", { class: "muted", dir: "auto" }, b.Title);
  if (b.Kind === "url") return el("a", { class: "button", href: b.Value, rel: "noreferrer", target: "_blank", dir: "auto" }, b.Title);
  if (["phone_number", "copy_code"].includes(b.Kind)) return el("p", {}, el("bdi", {}, b.Title), ": ", el("span", { dir: "ltr" }, b.Value));
  return el("button", { type: "button", class: "press", dir: "auto", onclick: () => act({ type: "press", target: m.ID, button: b.ID }) }, b.Title, b.Description ? " – " + b.Description : "");
}

// The mailbox.
function setupMailbox() {
  let address = location.hash.slice(1) || document.querySelector(".agent").dataset.address;
  let root = "", last = "", box = null, form = null, formFor = "", target = null;
  const agents = document.querySelectorAll(".agent");
  const choose = (a) => {
    address = a; root = ""; last = "";
    history.replaceState(null, "", "#" + a);
    for (const b of agents) b.setAttribute("aria-pressed", b.dataset.address === a);
    return show();
  };
  for (const b of agents) b.addEventListener("click", () => choose(b.dataset.address));

  async function show() {
    const all = await api("GET", "/mailboxes");
    let unseen = 0;
    for (const b of agents) {
      const n = all.find((x) => x.address === b.dataset.address)?.unseen || 0;
      unseen += n;
      b.querySelector(".count").textContent = n ? `${n} new` : "";
    }
    document.title = unseen ? `(${unseen}) Mailbox` : "Mailbox";
    box = await api("GET", "/mailboxes/" + address);
    const threads = box.threads || [];
    if (!threads.some((t) => t.root === root)) root = threads[0]?.root || "";
    listThreads(threads);
    const open = threads.find((t) => t.root === root);
    const now = address + root + (open ? open.mails.map((m) => m.id).join() : "");
    if (now === last) return;
    last = now;
    await readThread(open);
  }

  function listThreads(threads) {
    $("threads").replaceChildren(...threads.map((t) => {
      const m = t.mails[t.mails.length - 1], fresh = t.mails.some((x) => !x.seen);
      return el("li", {}, el("button", { type: "button", "aria-current": t.root === root, class: fresh ? "fresh" : "", onclick: () => { root = t.root; last = ""; show(); } },
        el("strong", { dir: "auto" }, t.subject || "(no subject)"), el("span", { class: "muted", dir: "auto" }, (m.outgoing ? "You: " : "") + firstLine(m.text)),
        el("time", { class: "muted", datetime: m.at }, day.format(new Date(m.at)))));
    }));
  }

  async function readThread(t) {
    const pane = $("reading");
    if (!t) { pane.replaceChildren(el("p", { class: "muted" }, "No mail yet. Write something on the phone.")); return; }
    const to = [...t.mails].reverse().find((m) => !m.outgoing) || t.mails[0];
    const writing = pane.contains(document.activeElement) && document.activeElement.id === "answer";
    if (formFor !== t.root) { form = composer(); formFor = t.root; }
    target = to; // a mail that came meanwhile is the one answered; what was typed stays
    pane.replaceChildren(el("h2", { dir: "auto" }, t.subject || "(no subject)"), ...t.mails.map(letter), form);
    if (writing) form.querySelector("textarea").focus();
    pane.scrollTop = pane.scrollHeight;
    for (const m of t.mails) if (!m.seen) await api("POST", `/mailboxes/${address}/mails/${m.id}/seen`);
  }

  function letter(m) {
    const path = `/api/mailboxes/${address}/mails/${m.id}`;
    const art = el("article", { class: m.outgoing ? "letter own" : "letter" },
      el("header", {}, el("strong", {}, el("bdi", {}, m.from)), " ", el("time", { class: "muted", datetime: m.at }, day.format(new Date(m.at))),
        el("div", { class: "muted" }, "to ", el("bdi", {}, m.to), m.reply_to ? el("span", {}, " · reply to ", el("span", { dir: "ltr", class: "long" }, m.reply_to)) : null)));
    const text = el("div", { class: "body", dir: "auto" });
    for (const line of (m.text || "").trim().split("\n")) text.append(el("p", { dir: "auto" }, line || "\u00a0"));
    if (m.html && !m.outgoing) {
      art.append(el("iframe", { src: path + "/html", sandbox: "allow-popups", title: "The mail as HTML", class: "html" }));
      art.append(el("details", {}, el("summary", {}, "As plain text"), text));
    } else art.append(text);
    if (m.problem) art.append(el("p", { class: "error" }, m.problem));
    for (const f of m.files) art.append(el("p", {}, "📎 ", el("a", { href: f.url, download: f.name || true, dir: "auto" }, f.name || f.mime), " ", el("span", { class: "muted" }, size(f.size))));
    art.append(el("p", { class: "muted" }, el("a", { href: path + "/raw", target: "_blank" }, "Source of this mail")));
    return art;
  }

  function composer() {
    const text = el("textarea", { id: "answer", rows: 4, dir: "auto" }), files = el("input", { type: "file", multiple: true, id: "answerfiles" });
    const client = el("select", { id: "client" }, ...["gmail", "outlook", "apple", "thunderbird", "plain"].map((c) => el("option", { value: c }, c)));
    const kind = el("select", { id: "kind" }, ...[["reply", "Reply"], ["autoreply", "Out-of-office reply"], ["bounce", "Bounce"], ["forged", "Reply in a stranger's name"]].map(([v, s]) => el("option", { value: v }, s)));
    const send = async (e) => {
      e.preventDefault();
      if (!text.value.trim() && kind.value === "reply" && !files.files.length) { text.focus(); return; }
      const list = [];
      for (const f of files.files) list.push({ name: f.name, mime: f.type || "application/octet-stream", data: await base64(f) });
      await api("POST", `/mailboxes/${address}/mails/${target.id}/reply`, { text: text.value, kind: kind.value, client: client.value, files: list });
      text.value = ""; files.value = "";
      tell("Sent to " + (target.reply_to || target.from) + ".");
      show();
    };
    text.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) made.requestSubmit(); });
    const made = el("form", { class: "answer", onsubmit: send },
      el("label", { for: "answer" }, "Your answer"), text,
      el("div", { class: "row" }, el("button", { type: "submit", class: "primary" }, "Send"),
        el("label", { for: "answerfiles" }, "Files"), files,
        el("label", { for: "client" }, "Writes like"), client, el("label", { for: "kind" }, "As"), kind));
    return made;
  }
  choose(address);
  return show;
}

// One refresh at a time; changes meanwhile make one more.
function refresher(show) {
  let busy = false, again = false;
  return async () => {
    if (busy) { again = true; return; }
    busy = true;
    do { again = false; try { await show(); } catch (e) { console.warn(e); } } while (again);
    busy = false;
  };
}

// Changes come by one stream a tab, only while it is seen: browsers allow six connections to a host. Pages
// in a frame hear of them from the page around.
function listen(refresh) {
  if (window.top !== window) {
    addEventListener("message", (e) => { if (e.origin === location.origin && e.data === "changed") refresh(); });
    return;
  }
  let source = null;
  const changed = () => {
    refresh();
    for (const f of document.querySelectorAll(".stages iframe")) f.contentWindow.postMessage("changed", location.origin);
  };
  const tune = () => {
    if (document.visibilityState === "visible" && !source) {
      source = new EventSource("/api/events");
      source.onmessage = changed;
    } else if (document.visibilityState !== "visible" && source) {
      source.close();
      source = null;
    }
  };
  document.addEventListener("visibilitychange", tune);
  addEventListener("pagehide", () => { source?.close(); source = null; });
  addEventListener("pageshow", tune);
  tune();
}

const setup = { home: setupHome, phone: setupPhone, mailbox: setupMailbox }[document.body.dataset.page];
if (window.top !== window) document.body.classList.add("framed");
setupClock();
listen(refresher(setup()));
