package stage

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
)

//go:embed page.html app.js app.css
var files embed.FS

// Options joins the parts of the world.
type Options struct {
	Simulator *simulator.Simulator
	Mailroom  *mailroom.Room
	Agents    []mailroom.Address // whose mailboxes are shown; default two

	// Now is the simulated time and Jump moves it for the whole demo; zero goes back to real time.
	// Without Jump the time control is not shown.
	Now  func() time.Time
	Jump func(d time.Duration)

	// Recorded lists what the gateway has stored of the chat with a customer, oldest first. Without it that is not shown.
	Recorded func(ctx context.Context, c *simulator.Customer) ([]Record, error)

	Log *slog.Logger
}

// Record is a message as the gateway has stored it: one, however often and by however many ways it was reported.
type Record struct {
	Number  int64  // of its conversation
	By      string // who wrote it
	Text    string
	Status  string
	Told    string // what the platform calls it
	Edited  bool
	Deleted bool
}

// Person is a customer that the phone page offers.
type Person struct{ Phone, Name, Username, Lang string }

// Cast are the three prepared customers.
func Cast() []Person {
	return []Person{
		{"447700900123", "Grace Miller", "grace.m", "en"},
		{"966501234567", "منى حداد", "mona_h", "ar"},
		{"79161234567", "Ирина Волкова", "irina_v", "ru"},
	}
}

// Agents are the two mailboxes of the demo.
func Agents() []mailroom.Address {
	return []mailroom.Address{{Name: "Lena Brandt", Address: "lena@example.com"}, {Name: "Omar Farouk", Address: "omar@example.com"}}
}

// Stage is the handler of all pages.
type Stage struct {
	opts  Options
	pages *template.Template
	mux   http.Handler

	mu     sync.Mutex
	shift  time.Duration
	tokens map[*simulator.Business]string // kept while a token is expired
}

// New builds the pages and makes the cast and the agents known.
func New(o Options) *Stage {
	if o.Now == nil {
		o.Now = o.Simulator.Now
	}
	if len(o.Agents) == 0 {
		o.Agents = Agents()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, p := range Cast() {
		o.Simulator.Customer(p.Phone, p.Name).SetUsername(p.Username)
	}
	if o.Mailroom != nil {
		for _, a := range o.Agents {
			o.Mailroom.Mailbox(a.Address).SetName(a.Name)
		}
	}
	s := &Stage{opts: o, tokens: map[*simulator.Business]string{}}
	s.pages = template.Must(template.ParseFS(files, "page.html"))
	s.mux = s.routes()
	return s
}

// ServeHTTP answers with a strict policy: no script, style or picture but our own.
func (s *Stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"media-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	s.mux.ServeHTTP(w, r)
}

func (s *Stage) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page("home"))
	mux.HandleFunc("GET /phone", s.page("phone"))
	mux.HandleFunc("GET /mailbox", s.page("mailbox"))
	mux.HandleFunc("GET /app.js", asset("app.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /app.css", asset("app.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /api/customers", s.listCustomers)
	mux.HandleFunc("POST /api/customers", s.addCustomer)
	mux.HandleFunc("GET /api/customers/{phone}", s.getCustomer)
	mux.HandleFunc("PATCH /api/customers/{phone}", s.patchCustomer)
	mux.HandleFunc("POST /api/customers/{phone}/messages", s.say)
	mux.HandleFunc("POST /api/customers/{phone}/read", s.read)
	mux.HandleFunc("GET /api/customers/{phone}/messages/{id}/file", s.chatFile)
	mux.HandleFunc("POST /api/owner/{phone}/messages", s.ownerTypes)
	mux.HandleFunc("POST /api/owner", s.ownerMoves)
	mux.HandleFunc("GET /api/records/{phone}", s.records)
	mux.HandleFunc("GET /api/mailboxes", s.listMailboxes)
	mux.HandleFunc("GET /api/mailboxes/{address}", s.getMailbox)
	mux.HandleFunc("GET /api/mailboxes/{address}/mails/{id}/html", s.mailHTML)
	mux.HandleFunc("GET /api/mailboxes/{address}/mails/{id}/raw", s.mailRaw)
	mux.HandleFunc("GET /api/mailboxes/{address}/mails/{id}/files/{n}", s.mailFile)
	mux.HandleFunc("POST /api/mailboxes/{address}/mails/{id}/seen", s.mailSeen)
	mux.HandleFunc("POST /api/mailboxes/{address}/mails/{id}/reply", s.mailReply)
	mux.HandleFunc("GET /api/time", s.getTime)
	mux.HandleFunc("POST /api/time", s.setTime)
	mux.HandleFunc("GET /api/faults", s.listFaults)
	mux.HandleFunc("POST /api/faults", s.addFault)
	mux.HandleFunc("DELETE /api/faults", s.clearFaults)
	mux.HandleFunc("POST /api/refusals", s.refuseMail)
	mux.HandleFunc("GET /api/ledger", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.opts.Simulator.Ledger()) })
	mux.HandleFunc("GET /api/webhooks", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.opts.Simulator.Webhooks()) })
	mux.HandleFunc("GET /api/events", s.events)
	// Other sites open in the same browser cannot act here.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Stage) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		data := struct {
			Page     string
			Business string
			Cast     []Person
			Agents   []mailroom.Address
			Clock    bool
			Records  bool
		}{name, s.opts.Simulator.Business().Account().VerifiedName, Cast(), s.opts.Agents, s.opts.Jump != nil, s.opts.Recorded != nil}
		if err := s.pages.ExecuteTemplate(w, "page.html", data); err != nil {
			s.opts.Log.Error("show page", "page", name, "err", err)
		}
	}
}

func asset(name, mime string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		data, err := files.ReadFile(name)
		if err != nil {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", mime)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(data)
	}
}

// events tells the pages that something changed, by server-sent events; what, they ask for themselves.
func (s *Stage) events(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	for {
		chats, mails := s.opts.Simulator.Changed(), (<-chan struct{})(nil)
		if s.opts.Mailroom != nil {
			mails = s.opts.Mailroom.Changed()
		}
		if _, err := w.Write([]byte("data: changed\n\n")); err != nil || rc.Flush() != nil {
			return
		}
		select {
		case <-chats:
		case <-mails:
		case <-beat.C:
		case <-r.Context().Done():
			return
		case <-s.opts.Simulator.Closed(): // else a server's Shutdown waits for the browsers
			return
		}
	}
}

func answer(w http.ResponseWriter, v any) { answerAs(w, http.StatusOK, v) }

func answerAs(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func refuse(w http.ResponseWriter, status int, why string) {
	answerAs(w, status, map[string]string{"error": why})
}

// decode reads a small JSON body; unknown fields are errors.
func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 140<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not what is expected here: "+err.Error())
		return false
	}
	return true
}
