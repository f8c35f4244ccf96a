// The panel: conversation, form, stream. Plain DOM; no HTML is ever made of text, no style of an attribute.
type Line = { l: 'in' | 'out', n: number, k: string, id: string, to?: string, at: number, text?: string, rich?: string, by?: string, file?: any, options?: any[] }
type Waiting = { id: string, text: string, choice?: any, file?: File, at: number, page?: string, title?: string }
type Host = { base: string, host: HTMLElement, root: ShadowRoot, button: HTMLButtonElement, badge: HTMLElement, options: any }

const css = `
.p{position:absolute;inset-block-end:72px;inset-inline-end:0;inline-size:min(380px,calc(100vw - 40px));block-size:min(600px,calc(100dvh - 120px));display:flex;flex-direction:column;overflow:hidden;border-radius:var(--bridge-radius,14px);box-shadow:0 8px 40px #0006;color-scheme:light dark;
--bg:#fff;--fg:#16181d;--mute:#565d69;--line:#d5d9e0;--soft:#eef0f4;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,"Noto Sans","Noto Sans Arabic",sans-serif;text-align:start}
.p.start{inset-inline:0 auto}
@media(prefers-color-scheme:dark){.p:not(.light){--bg:#17191e;--fg:#f0f2f5;--mute:#a9b0bc;--line:#3a3f49;--soft:#262a32}}
.p.dark{color-scheme:dark;--bg:#17191e;--fg:#f0f2f5;--mute:#a9b0bc;--line:#3a3f49;--soft:#262a32}.p.light{color-scheme:light}
@media(max-width:480px){.p{position:fixed;inset:0;inline-size:100vw;block-size:100dvh;border-radius:0}}
.p.frame{position:fixed;inset:0;inline-size:100vw;block-size:100dvh;border-radius:0}
header{display:flex;gap:8px;align-items:center;padding:12px 16px;background:var(--bridge-color);color:var(--bridge-ink)}
header div{flex:1;min-inline-size:0}h2{margin:0;font-size:17px}header p{margin:0;font-size:13px}
button{font:inherit;cursor:pointer;border:0;border-radius:8px;background:none;color:inherit;min-block-size:36px;min-inline-size:36px;padding:4px 8px}
:focus-visible{outline:2px solid currentColor;outline-offset:-3px}
.m{flex:1;overflow-y:auto;overscroll-behavior:contain}
ol{margin:0;padding:12px;list-style:none;display:flex;flex-direction:column;gap:6px}
li{max-inline-size:82%;align-self:flex-start;overflow-wrap:anywhere}
li.in{align-self:flex-end}
li>div{padding:8px 12px;border-radius:14px;background:var(--soft);white-space:pre-wrap}
li.in>div{background:var(--bridge-color);color:var(--bridge-ink)}
li a{color:inherit}li.gone>div{font-style:italic}
small{display:block;color:var(--mute);font-size:12px;padding-inline:6px}li.in small{text-align:end}
img{display:block;max-inline-size:100%;max-block-size:220px;border-radius:8px}
.q{padding:0 16px 8px;font-size:13px;display:grid;gap:6px;justify-items:start}.q svg{background:#fff;color:#000;inline-size:132px;block-size:132px}
.o{display:flex;flex-wrap:wrap;gap:6px;padding-block-start:6px}.o button,.o a,.k button{border:1px solid var(--mute);border-radius:18px;padding:5px 12px;text-decoration:none;color:inherit}
.s{padding:4px 16px;font-size:13px;color:var(--mute);min-block-size:20px}
.k{display:flex;gap:6px;flex-wrap:wrap;padding:0 12px 8px;font-size:13px}
form{display:flex;gap:4px;align-items:flex-end;padding:8px;border-block-start:1px solid var(--line)}
textarea,input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--mute);border-radius:10px;padding:8px 10px;box-sizing:border-box}
textarea{flex:1;resize:none;min-inline-size:0;max-block-size:120px}
form.f{flex-direction:column;align-items:stretch;gap:10px;padding:16px;border:0}label{display:grid;gap:4px}
.go{background:var(--bridge-color);color:var(--bridge-ink)}
form.t .go:dir(rtl) svg{transform:scaleX(-1)}
.x{position:absolute;inset-inline-start:-999em}
@media(prefers-reduced-motion:no-preference){.p{animation:u .15s}@keyframes u{from{opacity:0;transform:translateY(8px)}}}`

const svg = (d: string) => {
  const ns = 'http://www.w3.org/2000/svg', s = document.createElementNS(ns, 'svg'), p = document.createElementNS(ns, 'path')
  for (const [k, v] of [['viewBox', '0 0 24 24'], ['width', '22'], ['height', '22'], ['aria-hidden', 'true']]) s.setAttribute(k, v)
  for (const [k, v] of [['d', d], ['fill', 'none'], ['stroke', 'currentColor'], ['stroke-width', '2'], ['stroke-linecap', 'round']]) p.setAttribute(k, v)
  s.append(p)
  return s
}
const el = (tag: string, set: any = {}, ...kids: any[]): any => {
  const e: any = document.createElement(tag)
  for (const k in set) k in e && k !== 'role' ? e[k] = set[k] : e.setAttribute(k, set[k])
  e.append(...kids)
  return e
}
const events = ['ready', 'identified', 'open', 'close', 'message', 'unread', 'agent', 'closed', 'error']
const rest = (ms: number) => new Promise<void>(r => setTimeout(r, ms))
const fresh = () => [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')

export default ({ base, host, root, button, badge, options }: Host) => {
  const key = 'bridge:' + base + options.key, face = base + 'v1/'
  let memory = '{}'
  const kept = (): { token?: string, queue?: Waiting[] } => { try { return JSON.parse(localStorage.getItem(key) || memory) } catch { return JSON.parse(memory) } }
  const keep = (change: any) => { memory = JSON.stringify({ ...kept(), ...change }); try { localStorage.setItem(key, memory) } catch { /* this page only */ } }

  let conf: any, look: CSSStyleSheet | undefined, agent = '', closed = false, attributes: any, place: string[] = [], token = '', who = '', identity: any, form: any = {}, begun: Promise<boolean> | undefined
  let at = { out: 0, in: 0 }, read = 0, marked = '', shown = false, dead = false, asking = false, run = 0
  let wakeUp = () => {}
  const files: Waiting[] = []
  const items = new Map<string, { li: HTMLElement, line: Line, note: HTMLElement, say: () => string }>()
  const heard: Record<string, Function[]> = {}
  const tell = (name: string, v?: any) => heard[name]?.forEach(f => f(v))
  const t = (w: string): string => conf.words[w]

  const to = (path: string, query: any = {}) => face + path + '?' + new URLSearchParams({ key: options.key, ...query })
  const call = async (path: string, body?: any, headers: any = {}, cache?: RequestCache, query?: any) => {
    const form = body instanceof FormData
    const r = await fetch(to(path, query), {
      method: body === undefined ? 'GET' : 'POST', body: form ? body : body && JSON.stringify(body), credentials: 'omit', cache,
      headers: { ...(token && { Authorization: 'Bearer ' + token }), ...(body && !form && { 'Content-Type': 'application/json' }), ...headers },
    })
    if (!r.ok) { const no = await r.json().catch(() => ({})); throw Object.assign(new Error(path), { status: r.status, why: no.error, no }) }
    return r
  }

  // ---- what is seen
  const panel = el('section', { className: 'p', role: 'dialog', hidden: true })
  const list = el('ol')
  const pane = el('div', { className: 'm', tabIndex: 0, role: 'log' }, list)
  const status = el('p', { className: 's', role: 'status' })
  const text = el('textarea', { rows: 1, dir: 'auto' })
  const picker = el('input', { type: 'file', hidden: true })
  const talk = el('form', { className: 't' })
  const entry = el('form', { className: 'f', hidden: true })

  const title = el('bdi'), sub = el('div'), others = el('div', { className: 'k' }), card = el('div', { className: 'q', hidden: true })
  const shut = el('button', { type: 'button', onclick: () => hide() }, svg('M6 6l12 12M18 6L6 18'))
  const attach = el('button', { type: 'button', onclick: () => picker.click() }, svg('M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.5 3.5 0 0 1 5 5l-8.5 8.5a2 2 0 0 1-3-3L14 7'))
  const send = el('button', { className: 'go' }, svg('M4 12h15M13 6l6 6-6 6'))
  const hello = el('li')
  const head = el('header', {}, el('div', {}, el('h2', {}, title), sub), shut)
  talk.append(text, picker, attach, send)

  // dress shows what the gateway has configured, in the language asked for. It is done again whenever one of the two changes.
  const dress = () => {
    const sheet = new CSSStyleSheet(), focused = root.activeElement as HTMLElement | null
    sheet.replaceSync(`:host{--bridge-color:${conf.color};--bridge-ink:${conf.ink}}` + css) // a colour that the page's own rules give counts more
    root.adoptedStyleSheets = [...root.adoptedStyleSheets.filter(s => s !== look), look = sheet]
    host.lang = conf.lang
    host.dir = panel.dir = conf.dir
    panel.className = ['p', options.theme || 'auto', options.position || 'end', options.frame && 'frame'].filter(Boolean).join(' ')
    panel.setAttribute('aria-label', title.textContent = conf.title)
    pane.setAttribute('aria-label', t('messages'))
    text.setAttribute('aria-label', text.placeholder = t('write'))
    picker.setAttribute('aria-label', t('attach'))
    attach.setAttribute('aria-label', t('attach'))
    send.setAttribute('aria-label', t('send'))
    shut.setAttribute('aria-label', t('close'))
    attach.hidden = !conf.upload
    shut.hidden = !!options.frame
    const was = Object.fromEntries(new FormData(entry) as any)
    entry.replaceChildren(...conf.opens && conf.ask?.some((f: any) => f.name === 'email') ? [el('p', { dir: 'auto' }, t('leave'))] : [], ...(conf.ask || []).map((f: any) => el('label', {}, t(f.name) + (f.required ? ' (' + t('needed') + ')' : ''),
      el('input', { name: f.name, required: !!f.required, value: was[f.name] || '', type: f.name === 'email' ? 'email' : f.name === 'phone' ? 'tel' : 'text', autocomplete: f.name === 'phone' ? 'tel' : f.name, dir: f.name === 'name' ? 'auto' : 'ltr' }))),
    el('label', { className: 'x', 'aria-hidden': 'true' }, 'Website', el('input', { name: 'website', tabIndex: -1, autocomplete: 'off' })), begins)
    begins.textContent = t('start')
    others.replaceChildren(...conf.links.map((k: any) => el('button', { type: 'button', onclick: () => leave(k) }, t(k.word))))
    others.hidden = !conf.links.length
    card.hidden = true
    panel.replaceChildren(head, ...conf.opens ? [others, card, pane, status] : [pane, status, others, card], entry, talk) // while nobody answers, the other ways come first
    hello.replaceChildren(el('div', { dir: 'auto' }, conf.greeting || ''))
    conf.greeting ? list.prepend(hello) : hello.remove()
    if (panel.parentNode !== root) root.append(panel)
    items.forEach(i => note(draw(i.line), i.say))
    stand()
    badges()
    down()
    if (focused !== root.activeElement) focused?.focus()
  }
  const begins = el('button', { className: 'go' })
  // stand says who deals with the visitor, when somebody answers, and that a conversation is over.
  const stand = () => {
    sub.replaceChildren(...[agent && t('with') + ' ' + agent + '.', conf.opens && `${t('opens')} ${when(conf.opens)}.`, conf.answer].filter(Boolean).map(s => el('p', {}, el('bdi', {}, s))))
    if (closed) status.textContent = t('closed')
    else if (status.textContent === t('closed')) status.textContent = ''
  }
  // leave shows the link by which the visitor goes on elsewhere, and is known there.
  const leave = async (k: any) => {
    let way: any = { url: k.url }
    try { if (await begin()) way = await (await call('continue', { channel: k.word, locale: conf.lang })).json() } catch { /* the link without a code will do */ }
    const link = el('a', { href: way.url, target: '_blank', rel: 'noopener noreferrer' }, t(k.word))
    if (!/^https:/.test(way.url)) link.removeAttribute('target')
    card.replaceChildren(...way.qr && !matchMedia('(pointer:coarse)').matches ? [el('span', {}, t('scan')), link, code(way.qr, way.size)] : [link])
    card.hidden = false
    link.focus()
  }
  const code = (d: string, n: number) => {
    const s = svg(d), p = s.firstElementChild!
    for (const [k, v] of [['viewBox', `-2 -2 ${n + 4} ${n + 4}`], ['shape-rendering', 'crispEdges']]) s.setAttribute(k, v)
    p.setAttribute('fill', 'currentColor')
    p.removeAttribute('stroke')
    return s
  }
  const words = (s: string) => s.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'])/).map((p, i) => i % 2 ? el('a', { href: p, target: '_blank', rel: 'noopener noreferrer nofollow', dir: 'ltr' }, p) : p)
  // rich takes the gateway's signs of where bold, italic and struck words and code begin (1 to 4) and end (0).
  const rich = (s: string) => {
    const all = el('span')
    let e = all
    for (const p of s.split(/([\ue000-\ue004])/)) {
      const n = p.charCodeAt(0) - 0xe000
      if (n > 0 && n < 5) e.append(e = el(['b', 'i', 's', 'code'][n - 1]))
      else if (n === 0) e = e.parentNode
      else e.append(...words(p))
    }
    return all
  }
  const note = (i: any, s: () => string) => { i.note.textContent = (i.say = s)() }
  // ring is heard when something comes that the visitor does not see; browsers let it be heard only on a page where they have done something.
  const ring = () => {
    if (options.sound === 'off' || shown && document.visibilityState === 'visible' || !(navigator as any).userActivation?.hasBeenActive) return
    try {
      const c = new AudioContext(), o = c.createOscillator(), g = c.createGain(), now = c.currentTime
      o.connect(g).connect(c.destination)
      g.gain.setValueAtTime(.08, now)
      g.gain.exponentialRampToValueAtTime(.001, now + .4)
      o.frequency.value = 660
      o.onended = () => c.close()
      o.start()
      o.stop(now + .4)
    } catch { /* a page without sound */ }
  }
  const when = (ms: number) => new Intl.DateTimeFormat(conf.lang, { weekday: 'long', hour: 'numeric', minute: '2-digit' }).format(ms)
  const clock = (ms: number) => { try { return new Intl.DateTimeFormat(conf.lang, { hour: 'numeric', minute: '2-digit' }).format(ms) } catch { return '' } }

  const draw = (line: Line) => {
    const id = line.l + line.id
    let i = items.get(id)
    if (!i) {
      i = { li: el('li', { className: line.l }), line, note: el('small'), say: () => '' }
      items.set(id, i)
      list.append(i.li)
    }
    i.line = line
    const body = el('div', { dir: 'auto' }, el('span', { className: 'x' }, (line.by || t(line.l === 'in' ? 'you' : 'us')) + ': '))
    const f = line.file
    if (f) {
      const url = f.url.startsWith('blob:') ? '' : face + f.url
      body.append(url && /^image\/(jpeg|png|gif|webp)$/.test(f.mime) ? el('a', { href: url, target: '_blank', rel: 'noopener' }, el('img', { src: url, alt: f.name || t('attach'), onload: down })) : url ? el('a', { href: url, target: '_blank', rel: 'noopener', dir: 'auto' }, f.name) : f.name)
    }
    if (line.text) body.append(...(f ? ['\n'] : []), ...line.rich ? [rich(line.rich)] : words(line.text))
    const kids: any[] = [body]
    if (line.options) kids.push(el('div', { className: 'o' }, ...line.options.map(o => o.url ? el('a', { href: o.url, target: '_blank', rel: 'noopener' }, o.title) : el('button', { type: 'button', onclick: () => say(o.title, { id: o.id, title: o.title }) }, o.title))))
    i.li.replaceChildren(...kids, i.note)
    return i
  }
  // order puts what is out of place where it belongs: by the gateway's time, then what the gateway has not placed yet.
  const order = () => {
    const rank = (l: Line) => l.n ? l.at : Infinity
    let place: Element | null = null
    ;[...items.values()].sort((a, b) => rank(a.line) - rank(b.line) || (a.line.n && b.line.n ? a.line.l.localeCompare(b.line.l) || a.line.n - b.line.n : a.line.at - b.line.at)).reverse().forEach(({ li }) => {
      if (li.nextElementSibling !== place) list.insertBefore(li, place)
      place = li
    })
  }
  const down = () => { pane.scrollTop = pane.scrollHeight }
  const badges = () => {
    let n = 0
    items.forEach(i => { if (i.line.l === 'out' && i.line.n > read) n++ })
    badge.hidden = !n
    badge.textContent = n > 99 ? '99+' : '' + n
    button.setAttribute('aria-label', t(shown ? 'close' : 'open') + (n ? ` (${n} ${t('unread')})` : ''))
    tell('unread', n)
  }

  // ---- what comes
  const apply = (lines: Line[], live?: boolean) => {
    for (const line of lines) {
      if (line.n <= at[line.l]) continue
      at[line.l] = line.n
      const target = items.get((line.l === 'out' ? 'out' : 'in') + line.to)
      if (line.k === 'msg') {
        note(draw(line), () => line.l === 'in' ? t('sent') : (line.by ? line.by + ' · ' : '') + clock(line.at))
        drop(line.id)
        if (line.l === 'out') { status.textContent = ''; if (live) tell('message', { text: line.text, at: line.at }) }
      } else if (line.k === 'edit' && target) { note(draw({ ...target.line, text: line.text, rich: line.rich, options: undefined }), () => t('edited')) }
      else if (line.k === 'revoke' && target) { draw({ ...target.line, text: t('gone'), rich: '', file: undefined, options: undefined }).li.classList.add('gone') }
      else if (line.k === 'read') items.forEach(i => { if (i.line.l === 'in' && i.line.at <= line.at && i.line.n) note(i, () => t('read')) })
    }
    order()
    down()
    seen()
  }
  const seen = async () => {
    if (shown && document.visibilityState === 'visible') read = Math.max(read, at.out)
    badges()
    const mark = at.out + '.' + read
    if (mark === marked || !token) return
    marked = mark
    try { await call('read', { delivered: at.out, read }) } catch { marked = '' }
  }

  // ---- what goes
  const waiting = (): Waiting[] => [...kept().queue || [], ...files]
  const drop = (id: string) => {
    const queue = kept().queue || [], left = queue.filter(m => m.id !== id)
    if (left.length !== queue.length) keep({ queue: left })
    const i = files.findIndex(m => m.id === id)
    if (i >= 0) files.splice(i, 1)
  }
  const pend = (m: Waiting) => {
    if (!items.has('in' + m.id)) note(draw({ l: 'in', n: 0, k: 'msg', id: m.id, at: m.at, text: m.text, file: m.file && { url: 'blob:', name: m.file.name } }), () => t('sending'))
    down()
  }
  const say = (s: string, choice?: any, file?: File) => {
    s = s.trim()
    if (!s && !file) return
    const m: Waiting = { id: fresh(), text: s, choice, at: Date.now(), ...where() }
    if (file) { m.file = file; files.push(m) } else keep({ queue: [...kept().queue || [], m] })
    pend(m)
    flush()
  }
  const where = () => options.pageTracking === 'off' ? {} : { page: place[0] || location.href, title: place[1] ?? document.title }
  const sheet = (m: Waiting) => {
    const all = new FormData()
    all.append('page', m.page || '')
    all.append('title', m.title || '')
    all.append('file', m.file!)
    return all
  }
  let busy = false, spoke = false
  const flush = async () => {
    if (busy || dead) return
    busy = true
    for (let wait = 500, m: Waiting | undefined; (m = waiting()[0]) && !dead && !asking;) {
      try {
        if (!await begin()) break
        pend(m)
        const r = await call(m.file ? 'files' : 'messages', m.file ? sheet(m) : { text: m.text, choice: m.choice, page: m.page, title: m.title, attributes }, { 'Idempotency-Key': m.id })
        const line = await r.json(), i = items.get('in' + m.id)
        if (!i?.line.n) note(draw({ ...line, n: 0 }), () => t('sent')) // its place among the others comes with the stream
        drop(m.id)
        spoke = true
        wait = 500
        online()
      } catch (e: any) {
        if (e.status === 401) { begun = undefined; token = ''; keep({ token: '' }); await rest(wait); wait = Math.min(wait * 2, 30000); continue }
        if (e.why === 'form') { ask(); break }
        if (e.status >= 400 && e.status < 500 && e.status !== 429) {
          note(draw({ ...items.get('in' + m.id)!.line }), () => e.status === 413 ? t('large') : t('failed'))
          drop(m.id)
          continue
        }
        status.textContent = t('offline')
        await Promise.race([rest(wait * (.7 + Math.random() * .6)), new Promise<void>(r => { wakeFlush = r })])
        wait = Math.min(wait * 2, 30000)
      }
    }
    busy = false
  }
  let wakeFlush = () => {}
  // ask shows the form: before the visitor may write, or beside what they write, which takes it along.
  const ask = (must = true) => {
    asking = must
    entry.hidden = false
    begins.hidden = !must
    talk.hidden = must
    if (!must) return
    if (shown) entry.querySelector('input')?.focus()
  }

  // ---- who, and the stream
  const learn = async () => {
    const got = await (await call('config', undefined, {}, 'no-cache', { locale: tongue() })).json()
    if (dead) return
    conf = got
    dress()
  }
  const tongue = () => options.locale || navigator.language
  const meet = async (work?: string): Promise<any> => {
    token = kept().token || ''
    try { return await (await call('session', { locale: tongue(), page: where().page, referrer: where().page && document.referrer, ...form, identity, work })).json() } catch (e: any) {
      if (e.why !== 'work' || work) throw e
      return meet(await dig(e.no.stamp, e.no.bits))
    }
  }
  // dig does the task that the gateway gives to who is new: see work.go.
  const dig = async (stamp: string, bits: number) => {
    for (let n = 0; ; n += 256) {
      const all = await Promise.all([...Array(256).keys()].map(async i => {
        const s = `${stamp}:${n + i}`
        return Math.clz32(new DataView(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(s))).getUint32(0)) >= bits && s
      }))
      const s = all.find(Boolean)
      if (s) return s
    }
  }
  const begin = (): Promise<boolean> => begun ||= (async () => {
    try {
      if (!conf) await learn()
      const s = await meet()
      if (who && who !== s.conversation) forget()
      token = s.token
      keep({ token })
      read = Math.max(read, s.read)
      if (status.textContent === t('identity')) status.textContent = ''
      if (s.ask || s.offer) ask(s.ask)
      else { entry.hidden = true; talk.hidden = asking = false }
      news(s.agent, s.closed)
      if (who !== s.conversation) { who = s.conversation; follow() }
      waiting().forEach(pend)
      apply(s.history)
      if (!ready) { ready = true; tell('ready') }
      if (s.proven) tell('identified')
      return true
    } catch (e: any) {
      begun = undefined
      if (e.status >= 400 && e.status < 500 && e.status !== 429) { if (conf) { status.textContent = t('identity'); talk.hidden = true }; tell('error', e.why); return false }
      throw e
    }
  })()
  let ready = false
  const news = (name: string, over: boolean) => {
    if (name !== agent) tell('agent', name)
    if (over && !closed) tell('closed')
    agent = name
    closed = over
    stand()
  }
  // affair takes what a stream tells beside lines.
  const affair = (kind: string, data: any) => {
    if (kind === 'typing') typing()
    else if (kind === 'agent') news(data.name, false)
    else if (kind === 'closed') news('', true)
    else if (kind === 'config' && data.tag !== conf.tag) learn().catch(() => {})
  }
  const forget = () => { items.forEach(i => i.li.remove()); items.clear(); at = { out: 0, in: 0 }; read = 0; marked = '' }
  const history = async () => {
    const from = { ...at }, { messages: lines } = await (await call('messages', undefined, {}, undefined, { after: at.out + '.' + at.in })).json()
    apply(lines, true)
    online()
    return { from, lines }
  }
  const follow = () => {
    const mine = ++run, name = key + who, live = () => mine === run && !dead
    const tabs = 'BroadcastChannel' in self ? new BroadcastChannel(name) : undefined
    if (tabs) tabs.onmessage = ({ data }) => {
      if (!live()) return tabs.close()
      if (data.kind) affair(data.kind, data.data)
      else if (data.from.out > at.out || data.from.in > at.in) history().catch(() => {})
      else apply(data.lines, true)
    }
    const lead = async () => {
      for (let wait = 500; live();) {
        const began = Date.now()
        try {
          await stream((kind, data) => {
            if (!live()) return
            wait = 500
            if (kind) { affair(kind, data); tabs?.postMessage({ kind, data }); return }
            const from = { ...at }
            apply(data, true)
            if (data.some((l: Line) => l.l === 'out' && l.k === 'msg')) ring()
            tabs?.postMessage({ from, lines: data })
          }, live)
          if (Date.now() - began > 5000) wait = 500
        } catch (e: any) {
          if (e.status === 401) { begun = undefined; token = ''; await begin().catch(() => {}) }
          else try {
            // A proxy that holds streams back lets this through: we ask each 5 s, then each 15 s, and after five minutes try a stream again.
            for (let n = 0; live(); n++) {
              const got = await history()
              if (got.lines.length) tabs?.postMessage(got)
              if (!e.mute || n > 26) break
              await pause(n < 12 ? 5000 : 15000)
            }
          } catch { status.textContent = t('offline') }
        }
        if (!live()) break
        await pause(wait * (.7 + Math.random() * .6))
        wait = Math.min(wait * 2, 30000)
      }
    }
    const pause = (ms: number) => Promise.race([rest(ms), new Promise<void>(r => { wakeUp = r })])
    navigator.locks ? navigator.locks.request(name, lead) : lead()
  }
  const stream = async (got: (kind: string, data: any) => void, live: () => boolean) => {
    const stop = new AbortController()
    let mute = false // nothing at all came
    let timer = setTimeout(() => { mute = true; stop.abort() }, 10000)
    const drops = () => stop.abort()
    addEventListener('offline', drops)
    try {
      const r = await fetch(to('events', { tag: conf.tag }), { headers: { Authorization: 'Bearer ' + token, 'Last-Event-ID': at.out + '.' + at.in }, signal: stop.signal, credentials: 'omit', cache: 'no-store' })
      if (!r.ok) throw Object.assign(new Error('events'), { status: r.status })
      const reader = r.body!.pipeThrough(new TextDecoderStream()).getReader()
      for (let rest = ''; live();) {
        const { value, done } = await reader.read()
        if (done) break
        clearTimeout(timer)
        timer = setTimeout(() => stop.abort(), 40000)
        online()
        const parts = (rest + value).split('\n\n')
        rest = parts.pop()!
        const lines: Line[] = []
        for (const p of parts) {
          const f: any = {}
          p.split('\n').forEach(l => { const i = l.indexOf(': '); if (i > 0) f[l.slice(0, i)] = l.slice(i + 2) })
          if (f.id) lines.push(JSON.parse(f.data)) // what has a place among the others
          else if (f.event) got(f.event, JSON.parse(f.data))
        }
        if (lines.length) got('', lines)
      }
    } catch (e: any) {
      throw mute ? { mute } : e
    } finally {
      clearTimeout(timer)
      removeEventListener('offline', drops)
      stop.abort()
    }
  }
  const online = () => { if (status.textContent === t('offline')) status.textContent = '' }
  let typed = 0
  const typing = () => {
    status.textContent = t('typing')
    clearTimeout(typed)
    typed = setTimeout(() => { if (status.textContent === t('typing')) status.textContent = '' }, 6000) as any
  }

  // writing tells the business, every three seconds at most, that the visitor writes. Who never wrote has nobody who would see it.
  let told = 0
  const writing = () => {
    if (!text.value.trim() || !token || !at.in && !spoke || Date.now() - told < 3000) return
    told = Date.now()
    call('typing', {}).catch(() => {})
  }

  // ---- what the visitor does
  const show = async () => {
    try { await begin() } catch { /* shown below as soon as there are words for it */ }
    if (!conf) { await rest(2000); return dead ? undefined : show() }
    if (shown || dead) return
    shown = true
    panel.hidden = false
    button.setAttribute('aria-expanded', 'true')
    ;(asking ? entry.querySelector('input') : talk.hidden ? pane : text).focus()
    down()
    seen()
    tell('open')
  }
  const hide = () => {
    if (!shown || options.frame) return
    shown = false
    panel.hidden = true
    button.setAttribute('aria-expanded', 'false')
    button.focus()
    badges()
    tell('close')
  }
  const sendForm = (e?: Event) => {
    e?.preventDefault()
    if (!text.value.trim() || !asking && !entry.hidden && !entry.reportValidity()) return
    const s = text.value.slice(0, conf.text)
    text.value = ''
    text.style.height = ''
    if (!asking && !entry.hidden) fill()
    say(s)
  }
  talk.onsubmit = sendForm
  text.onkeydown = (e: KeyboardEvent) => { if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) sendForm(e) }
  text.oninput = () => { text.style.height = ''; text.style.height = text.scrollHeight + 2 + 'px'; text.dir = text.value ? 'auto' : conf.dir; writing() }
  const give = (all?: FileList | null) => { for (const f of all || []) f.size > conf.upload ? status.textContent = t('large') : say('', undefined, f) }
  picker.onchange = () => { give(picker.files); picker.value = '' }
  panel.onpaste = (e: ClipboardEvent) => { if (e.clipboardData?.files.length) { e.preventDefault(); give(e.clipboardData.files) } }
  panel.ondragover = (e: DragEvent) => e.preventDefault()
  panel.ondrop = (e: DragEvent) => { e.preventDefault(); give(e.dataTransfer?.files) }
  panel.onkeydown = (e: KeyboardEvent) => { if (e.key === 'Escape') hide() }
  // fill takes what is in the form along with the next session.
  const fill = () => {
    form = { fields: Object.fromEntries(new FormData(entry) as any), asked: true }
    entry.hidden = true
    talk.hidden = asking = false
    begun = undefined
  }
  entry.onsubmit = async (e: Event) => {
    e.preventDefault()
    if (!asking) return sendForm()
    fill()
    try { await begin() } catch { ask() }
    if (!asking) text.focus()
    flush()
  }
  const awake = () => { wakeUp(); wakeFlush(); flush() }
  const visible = () => { if (conf) seen() }
  addEventListener('online', awake)
  document.addEventListener('visibilitychange', visible)

  const again = async (proof: any) => {
    identity = proof
    if (!proof) { keep({ token: '', queue: [] }); token = '' }
    begun = undefined
    talk.hidden = false
    await begin().catch(() => {})
    flush()
  }
  const api: Record<string, Function> = {
    open: show, close: hide, toggle: () => shown ? hide() : show(),
    message: async (s: string) => { await show(); text.value = s; text.oninput() },
    ask: async (s: string) => { await show(); say(s) },
    identify: again, logout: () => again(undefined),
    attributes: (of: any) => { attributes = { ...attributes, ...of } },
    page: (url?: string, title?: string) => { place = url ? [new URL(url, location.href).href, title || ''] : [] },
    config: () => { button.hidden = options.launcher === 'off'; return conf && learn() },
    locale: (s: string) => { options.locale = s; return conf && learn() },
    theme: (s: string) => { options.theme = s; if (conf) dress() },
    on: (name: string, f: Function) => { if (!events.includes(name)) console.warn(`Bridge: there is no event "${name}"`); (heard[name] ||= []).push(f) },
    off: (name: string, f: Function) => { heard[name] = (heard[name] || []).filter(g => g !== f) },
    destroy: () => { dead = true; run++; removeEventListener('online', awake); document.removeEventListener('visibilitychange', visible); host.remove() },
  }
  if (kept().token || kept().queue?.length) begin().then(flush, () => setTimeout(() => { begin().then(flush, () => {}) }, 5000))
  return (name: string, ...args: any[]) => {
    const f = Object.hasOwn(api, name) && api[name]
    if (!f) return console.warn(`Bridge: there is no call "${name}"`)
    try { Promise.resolve(f(...args)).catch(() => {}) } catch (e) { console.warn(`Bridge: "${name}" failed`, e) }
  }
}
