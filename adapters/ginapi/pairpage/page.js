'use strict';
// The page shows what the gateway tells, step by step, and hands over what the person answers. It keeps nothing.
(() => {
  const words = JSON.parse(document.body.dataset.words), lang = document.documentElement.lang;
  const by = id => document.getElementById(id);
  const here = location.pathname, sections = ['start', 'qr', 'code', 'passkey', 'confirm', 'other'];
  let source, now = {state: ''}, over = 0, patience, before = '', begun = false;

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const say = (text, remedy, english) => {
    if (by('state').textContent !== text) by('state').textContent = text;
    by('remedy').textContent = remedy || '';
    by('english').textContent = english || '';
    by('english').hidden = !english;
  };
  const show = (...names) => {
    for (const name of sections) by(name).hidden = !names.includes(name);
  };
  const busy = yes => { for (const b of document.querySelectorAll('#start button, #other button, #confirm button, #hand')) b.disabled = yes; };
  // A step that wants something of the person takes the focus once, for those who do not see it come.
  const turn = (name, id) => {
    const mark = name + id;
    if (before === mark) return;
    before = mark;
    const title = by(name + '-title');
    if (title && document.body.dataset.state !== 'loading') title.focus();
  };

  const draw = step => {
    const ns = 'http://www.w3.org/2000/svg', svg = by('modules');
    const light = document.createElementNS(ns, 'rect'), dark = document.createElementNS(ns, 'path');
    light.setAttribute('width', step.size); light.setAttribute('height', step.size); light.setAttribute('fill', '#fff');
    dark.setAttribute('d', step.path); dark.setAttribute('fill', '#000');
    svg.setAttribute('viewBox', '0 0 ' + step.size + ' ' + step.size);
    svg.replaceChildren(light, dark);
  };

  const count = () => {
    const left = Math.max(0, Math.ceil((over - Date.now()) / 1000));
    const word = now.state === 'qr' ? 'left_qr' : 'left';
    const text = left >= 120 ? fill(words.left_minutes, {n: Math.floor(left / 60)}) : fill(words[word], {n: left});
    for (const p of document.querySelectorAll('.left')) if (!p.closest('[hidden]') && p.textContent !== text) p.textContent = over ? text : '';
  };
  setInterval(count, 500);

  const failed = step => {
    const known = words['failed_' + step.cause];
    if (lang === 'en' && step.reason) say(step.reason, step.remedy);
    else if (known) say(known, words['remedy_' + step.cause], [step.reason, step.remedy].filter(Boolean).join(' '));
    else say(words.failed, words.remedy, [step.reason, step.remedy].filter(Boolean).join(' '));
  };

  const steps = {
    '': () => { show('start', 'other'); say(''); },
    waiting: () => { show(); say(words.waiting); },
    preparing: () => { show(); say(words.preparing); },
    qr: step => { draw(step); show('qr', 'other'); say(words.qr); turn('qr', step.id); },
    code: step => { by('typed').value = step.code; show('code'); say(words.code); turn('code', step.id); },
    passkey: step => {
      by('origin').href = by('origin').textContent = step.origin;
      by('line').value = 'navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(' + JSON.stringify(step.request) +
        ')}).then(c => console.log(JSON.stringify(c.toJSON())))';
      show('passkey'); say(words.passkey); turn('passkey', step.id);
    },
    confirm: step => { by('shown').value = step.code; show('confirm'); say(words.confirm); turn('confirm', step.id); },
    finishing: () => { show(); say(words.finishing); },
    done: step => { show(...(begun ? [] : ['start', 'other'])); say(fill(words.done, {number: '\u2068' + [step.number, step.name].filter(Boolean).join(', ') + '\u2069'}), words.done_next); },
    failed: step => { show('start', 'other'); if (begun) { failed(step); turn('start', step.id); } else say(''); },
  };

  const step = s => {
    const same = s.id === now.id && s.state === now.state;
    now = s;
    over = s.left ? Date.now() + s.left * 1000 : 0;
    clearTimeout(patience);
    if (s.state === 'waiting') patience = setTimeout(() => say(words.waiting, words.slow), 20000);
    busy(false);
    if (!same) by('pasted').value = by('pasted-wrong').textContent = '';
    if (s.state && s.state !== 'done' && s.state !== 'failed') begun = true; // else it is how an earlier one ended
    (steps[s.state] || steps.finishing)(s);
    document.body.dataset.state = s.state || 'start';
    count();
    if (s.state === 'done' || s.state === 'failed') source.close();
  };

  const follow = () => {
    if (source) source.close();
    const mine = source = new EventSource(here + '/events');
    mine.addEventListener('pairing', e => { if (mine === source) step(JSON.parse(e.data)); });
    mine.onerror = () => {
      if (mine !== source) return;
      say(words.offline, words.offline_next);
      if (mine.readyState === EventSource.CLOSED) refused();
    };
  };
  // The stream was refused: the link's time is over, or the gateway cannot serve now.
  const refused = async () => {
    const answer = await fetch(here).catch(() => null);
    if (answer && (answer.status === 404 || answer.status === 410)) return ended();
    setTimeout(follow, 3000);
  };
  const ended = () => {
    source.close();
    show();
    say(words.link);
    document.body.dataset.state = 'link';
  };

  const post = async (what, body) => {
    busy(true);
    let answer;
    try {
      answer = await fetch(here + '/' + what, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
    } catch {
      busy(false);
      say(words.offline, words.offline_next);
      return;
    }
    if (answer.ok) {
      if (what === 'begin') { now = {state: ''}; before = ''; begun = true; follow(); }
      return;
    }
    busy(false);
    if (answer.status === 404 || answer.status === 410) return ended();
    const p = await answer.json().catch(() => ({}));
    failed({reason: p.detail, remedy: p.remedy});
  };

  by('scan').addEventListener('click', () => post('begin', {}));
  const type = () => {
    const phone = by('phone').value.trim();
    if (!phone) return by('phone').focus();
    post('begin', {phone});
  };
  by('type').addEventListener('click', type);
  by('phone').addEventListener('keydown', e => { if (e.key === 'Enter') type(); });
  by('copy').addEventListener('click', async () => {
    by('line').select();
    try { await navigator.clipboard.writeText(by('line').value); } catch { if (!document.execCommand('copy')) return; }
    by('copy').textContent = words.copied;
  });
  by('hand').addEventListener('click', () => {
    const text = by('pasted').value.trim().replace(/^['`]+|['`]+$/g, '');
    let credential;
    try { credential = JSON.parse(text); } catch { credential = null; }
    if (!credential || typeof credential !== 'object' || !credential.response) {
      by('pasted-wrong').textContent = words.passkey_wrong;
      by('pasted').focus();
      return;
    }
    by('pasted-wrong').textContent = '';
    post('answer', {id: now.id, credential});
  });
  by('same').addEventListener('click', () => post('answer', {id: now.id, same: true}));
  by('another').addEventListener('click', () => post('answer', {id: now.id, same: false}));
  follow();
})();
