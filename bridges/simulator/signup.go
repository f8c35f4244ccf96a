package simulator

import "net/http"

// SignupCode is what Meta's window gives the app for a business that was connected in it. It is good once.
func (b *Business) SignupCode() string {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	code := "AQ" + randomHex(24)
	b.sim.codes[code] = b
	return code
}

// exchange makes a token of a code.
func (s *Simulator) exchange(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.codes[q.Get("code")]
	if b == nil || b.acc.AppID != q.Get("client_id") || b.acc.AppSecret != q.Get("client_secret") {
		write(w, fail(badRequest("Error validating verification code.")))
		return
	}
	delete(s.codes, q.Get("code"))
	write(w, ok(obj{"access_token": b.acc.Token, "token_type": "bearer"}))
}

// SDK serves a stand-in for Meta's script and window: whoever opens the window has connected the business.
func (b *Business) SDK() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sdk.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write([]byte(standInSDK))
	})
	mux.HandleFunc("GET /dialog", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		said := obj{"type": "WA_EMBEDDED_SIGNUP", "event": "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING", "version": 3, "data": obj{"waba_id": b.Account().WABA}}
		_, _ = w.Write([]byte(`<!doctype html><title>Meta</title><script>opener.postMessage(` + "'" + string(encode(said)) + "'" + `,'*');opener.postMessage({code:` + string(encode(b.SignupCode())) +
			`},'*');close()</script>`))
	})
	return mux
}

const standInSDK = `(()=>{const here=new URL(document.currentScript.src).origin;window.FB={init(o){this.given=o},login(done,o){
window.asked={app:this.given.appId,...o};
addEventListener('message',e=>{if(e.origin===here&&e.data&&e.data.code)done({authResponse:{code:e.data.code}})});
open(here+'/dialog')}}})()`
