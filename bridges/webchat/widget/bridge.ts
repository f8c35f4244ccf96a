// The loader: a button, a queue for calls of the page, and nothing else before the visitor does something or is known from before.
(() => {
  const w = window as any
  const me = document.currentScript as HTMLScriptElement
  const base = me.src.replace(/[^/]*$/, '')
  if (w.Bridge?.loaded) return
  const queue: any[][] = w.Bridge?.q || []
  const options: any = { ...me.dataset }
  let panel: ((...a: any[]) => void) | undefined
  let coming: Promise<void> | undefined
  let host: HTMLElement, button: HTMLButtonElement, badge: HTMLElement, root: ShadowRoot

  const flush = () => { while (panel && queue.length) panel(...queue.shift()!) }
  const load = () => coming ||= import(base + 'panel.js').then(m => {
    panel ||= m.default({ base, host, root, button, badge, options })
    flush()
  }).catch(() => { coming = undefined })
  const call = (...a: any[]) => {
    if (a[0] === 'config') { Object.assign(options, a[1]); if (!panel) return }
    if (a[0] === 'destroy' && !panel) return host?.remove()
    queue.push(a)
    if (panel) flush()
    else if (host && a[0] !== 'on') load()
  }
  w.Bridge = Object.assign((...a: any[]) => call(...a), { loaded: 1 })

  const start = () => {
    queue.splice(0).forEach(a => a[0] === 'config' ? call(...a) : queue.push(a))
    host = document.createElement('bridge-chat')
    root = host.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(`:host{all:initial;position:fixed;inset-block-end:var(--bridge-offset-y,20px);inset-inline-${options.position === 'start' ? 'start' : 'end'}:var(--bridge-offset-x,20px);z-index:var(--bridge-z,2147483000);font:16px/1.4 system-ui,sans-serif}
button.l{all:unset;box-sizing:border-box;inline-size:56px;block-size:56px;border-radius:50%;cursor:pointer;display:grid;place-items:center;position:relative;background:var(--bridge-color,#0b5cad);color:var(--bridge-ink,#fff);box-shadow:0 2px 10px #0005}
button.l:focus-visible{outline:3px solid #fff;box-shadow:0 0 0 6px #000}
button.l b{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-inline-size:20px;border-radius:10px;background:#b3001b;color:#fff;font:bold 12px/20px system-ui;text-align:center}
[hidden]{display:none!important}`)
    root.adoptedStyleSheets = [sheet]
    button = document.createElement('button')
    button.className = 'l'
    button.setAttribute('part', 'launcher')
    button.setAttribute('aria-label', options.label || 'Chat')
    button.setAttribute('aria-expanded', 'false')
    button.hidden = options.launcher === 'off' || options.frame
    const ns = 'http://www.w3.org/2000/svg'
    const svg = document.createElementNS(ns, 'svg'), path = document.createElementNS(ns, 'path')
    svg.setAttribute('viewBox', '0 0 24 24')
    svg.setAttribute('width', '28')
    svg.setAttribute('aria-hidden', 'true')
    path.setAttribute('d', 'M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H9l-5 4v-4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z')
    path.setAttribute('fill', 'currentColor')
    svg.append(path)
    badge = document.createElement('b')
    badge.hidden = true
    button.append(svg, badge)
    button.onclick = () => call('toggle')
    button.onpointerenter = load
    root.append(button)
    document.body.append(host)
    let known: any = queue.some(a => a[0] !== 'on')
    try { known ||= localStorage.getItem('bridge:' + base + options.key) } catch { /* storage is barred */ }
    if (options.frame) {
      const proof = /[#&]token=([^&]+)/.exec(location.hash)
      if (proof) { history.replaceState(null, '', ' '); call('identify', { token: proof[1] }) }
      call('open')
    }
    if (known) load()
  }
  if (document.body) start()
  else addEventListener('DOMContentLoaded', start)
})()
