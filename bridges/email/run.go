package email

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

const (
	idleFor     = 5 * time.Minute // some networks forget a silent connection after that
	longestWait = time.Minute
	loginWait   = 10 * time.Minute // servers lock out who tries in vain too often
	patience    = 3                // failures in a row before the channel's health tells of them
)

// Codes of the health that a session tells.
const (
	codeIMAP   = "imap"
	codeLogin  = "login"
	codeFolder = "folder"
)

// session is one run of the channel: a watch for each folder, and what they say of the channel's health.
type session struct {
	*link
	mu   sync.Mutex
	ails map[string]core.Health // by folder, of those that fail
	told core.Health            // what was reported last
}

// Run implements core.SessionLink. It goes on until ctx is done: a refused login is told, and tried again, since only a server knows whether it will
// last.
func (l *link) Run(ctx context.Context) error {
	s := &session{link: l, ails: map[string]core.Health{}}
	if ill := l.channel.Health; ill.Code == codeIMAP || ill.Code == codeLogin || ill.Code == codeFolder {
		s.told = ill // by a session before this one: it must be taken back, too
	}
	var all sync.WaitGroup
	for _, folder := range l.conf.folders {
		all.Go(func() { (&watch{session: s, folder: folder}).run(ctx) })
	}
	all.Wait()
	return ctx.Err()
}

// watch reads one folder.
type watch struct {
	*session
	folder  string
	at      cursor
	careful int // how many mails to read one by one
	failed  int // in a row
}

func (w *watch) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.guarded(ctx)
		if ctx.Err() != nil {
			return
		}
		w.failed++
		_ = core.Wait(ctx, w.judge(ctx, err))
	}
}

// guarded is connected, and outlives a panic.
func (w *watch) guarded(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			w.host.Log().ErrorContext(ctx, "reading the mailbox panicked", "folder", w.folder, "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return w.connected(ctx)
}

// connected works on one connection for as long as it lasts.
func (w *watch) connected(ctx context.Context) error {
	box, err := w.open(ctx)
	if err != nil {
		return err
	}
	defer box.Close()
	f, err := box.Examine(ctx, w.folder)
	if err != nil {
		return err
	}
	if err := w.begin(ctx, box, f); err != nil {
		return err
	}
	most := min(w.conf.poll, idleFor) // looking by ourselves, too: news that comes as waiting begins is lost on some servers
	for {
		if err := w.catchUp(ctx, box); err != nil {
			return err
		}
		w.well(ctx)
		if err := box.Wait(ctx, most); err != nil {
			return err
		}
	}
}

// open logs in. A token that is refused is asked for anew, once.
func (l *link) open(ctx context.Context) (*mailbox.Box, error) {
	for again := true; ; again = false {
		c, err := l.credential(ctx)
		if err != nil {
			return nil, &mailbox.StageError{Stage: mailbox.StageLogin, Err: err}
		}
		box, err := mailbox.Open(ctx, mailbox.Account{Host: l.conf.imap.host, Port: l.conf.imap.port, Mode: l.conf.imap.mode, TLS: l.conf.tls(l.conf.imap.host),
			Credential: c, Timeout: l.timeout, Dial: l.host.Dial})
		if again && l.conf.oauth.url != "" && refusedLogin(err) {
			l.forgetToken()
			continue
		}
		return box, err
	}
}

// refusedLogin reports whether the server knows the login and does not want it.
func refusedLogin(err error) bool {
	var s *mailbox.StageError
	var no *mailbox.Refusal
	return errors.As(err, &s) && s.Stage == mailbox.StageLogin && errors.As(err, &no) && no.Code != "UNAVAILABLE" && no.Code != "INUSE" && no.Code != "LIMIT" && no.Code != "SERVERBUG"
}

// judge says how long to wait after a failure, and tells of it when it lasts.
func (w *watch) judge(ctx context.Context, err error) time.Duration {
	w.host.Log().WarnContext(ctx, "mailbox not read", "folder", w.folder, "err", err, "failures", w.failed)
	h, known := trouble(err, w.folder)
	if w.failed >= patience && known {
		w.ail(ctx, h)
	}
	most := longestWait
	wait := w.step << min(w.failed-1, 6)
	var token *tokenError
	if refusedLogin(err) || errors.As(err, &token) && token.gone {
		most, wait = loginWait, wait*5
	}
	return time.Duration(float64(min(wait, most)) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // so that channels do not all come at once: no secret
}

// ail tells what is wrong, unless it was told.
func (s *session) ail(ctx context.Context, folder string, h core.Health) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ails[folder] = h
	s.tell(ctx)
}

func (w *watch) ail(ctx context.Context, h core.Health) { w.session.ail(ctx, w.folder, h) }

// well takes back what ail told.
func (w *watch) well(ctx context.Context) {
	w.failed = 0
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ails, w.folder)
	w.tell(ctx)
}

// tell reports the worst of what the folders say, if it is news.
func (s *session) tell(ctx context.Context) {
	worst := core.Health{}
	for _, h := range s.ails {
		if worst.Level == core.HealthUnknown || h.Level == core.HealthBad && worst.Level != core.HealthBad {
			worst = h
		}
	}
	if worst.Level == core.HealthUnknown {
		if s.told.Level == core.HealthUnknown || s.told.Level == core.HealthGood {
			return // never was otherwise, or is known
		}
		worst = core.Health{Level: core.HealthGood, Code: codeIMAP, Reason: "The mailbox is read again."}
	}
	if worst.Same(s.told) {
		return
	}
	s.told = worst
	worst.Since = s.host.Now()
	s.host.Health(ctx, worst)
}
