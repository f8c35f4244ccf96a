'use strict';
// The page keeps two things until both are here: the code, which Meta's SDK hands to the callback, and what Meta's window says of the session.
(() => {
  const words = JSON.parse(document.body.dataset.words);
  const go = document.getElementById('go'), state = document.getElementById('state'), detail = document.getElementById('detail');
  // The ticket leaves the address before anybody else's script is loaded.
  let ticket = decodeURIComponent(location.hash.slice(1)) || sessionStorage.getItem('ticket') || '';
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  addEventListener('hashchange', () => location.reload()); // another link, opened where the page was
  if (ticket) sessionStorage.setItem('ticket', ticket);
  let setup, code, session, busy = false;

  const say = (word, more) => {
    state.textContent = words[word] || words.failed;
    detail.textContent = more || '';
    detail.hidden = !more;
    document.body.dataset.state = word;
  };
  const post = async (what, body) => {
    const answer = await fetch('/connect/whatsapp/' + what, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({ticket, ...body})});
    const said = await answer.json().catch(() => null);
    if (!answer.ok) throw Object.assign(new Error(what), said || {word: 'failed'});
    return said;
  };
  const failed = e => {
    busy = false;
    code = session = undefined;
    say(e.word || 'offline', [e.detail, e.remedy].filter(Boolean).join(' '));
    go.disabled = e.word === 'ticket' || !window.FB;
  };

  const finish = async () => {
    if (!code || !session || busy) return;
    busy = true;
    say('working');
    try {
      const done = await post('finish', {code, event: session.event, waba_id: session.waba_id, phone_number_id: session.phone_number_id});
      sessionStorage.removeItem('ticket');
      go.hidden = true;
      say(done.shared ? 'done' : 'doneplain', done.number);
    } catch (e) { failed(e); }
  };

  const metas = host => host === 'facebook.com' || host.endsWith('.facebook.com');
  addEventListener('message', e => {
    let from;
    try { from = new URL(e.origin); } catch { return; }
    if (!setup || e.origin !== new URL(setup.sdk).origin && !(from.protocol === 'https:' && metas(from.hostname))) return;
    let said = e.data;
    try { if (typeof said === 'string') said = JSON.parse(said); } catch { return; }
    if (!said || said.type !== 'WA_EMBEDDED_SIGNUP') return;
    const data = said.data || {};
    if (String(said.event).startsWith('FINISH')) {
      session = {event: String(said.event), waba_id: String(data.waba_id || ''), phone_number_id: data.phone_number_id ? String(data.phone_number_id) : ''};
      finish();
    } else if (said.event === 'CANCEL' || said.event === 'ERROR') {
      failed({word: data.error_message ? 'meta' : 'cancelled', detail: data.error_message || data.current_step || ''});
    }
  });

  go.addEventListener('click', () => {
    say('window');
    code = session = undefined;
    window.FB.login(answer => {
      code = answer && answer.authResponse && answer.authResponse.code;
      if (!code) return failed({word: 'cancelled'});
      finish();
    }, {config_id: setup.config_id, response_type: 'code', override_default_response_type: true,
      extras: {setup: {}, featureType: 'whatsapp_business_app_onboarding', sessionInfoVersion: '3', version: 'v4'}});
  });

  const load = () => new Promise((done, no) => {
    const script = document.createElement('script');
    script.src = setup.sdk;
    script.crossOrigin = 'anonymous';
    script.onload = () => window.FB ? done() : no(Object.assign(new Error('sdk'), {word: 'sdk'}));
    script.onerror = () => no(Object.assign(new Error('sdk'), {word: 'sdk'}));
    document.head.append(script);
  });

  (async () => {
    if (!ticket) return say('ticket');
    try {
      setup = await post('begin', {});
      await load();
      window.FB.init({appId: setup.app_id, autoLogAppEvents: false, cookie: false, xfbml: false, version: setup.version});
      go.disabled = false;
      say('ready', setup.channel);
    } catch (e) { failed(e); }
  })();
})();
