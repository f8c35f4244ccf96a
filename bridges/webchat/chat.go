package webchat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/core"
)

// line is an entry as a browser gets it.
type line struct {
	entry
	Log string `json:"l"`
}

// place is how far a browser has read both logs. It is also the id of a server-sent event.
type place struct {
	Out int64 `json:"out"`
	In  int64 `json:"in"`
}

func (p place) String() string { return fmt.Sprintf("%d.%d", p.Out, p.In) }

// pass moves a place on to behind a line.
func (p *place) pass(l line) {
	if l.Log == logOut {
		p.Out = l.N
		return
	}
	p.In = l.N
}

// placeOf reads a place; what is none is the beginning.
func placeOf(text string) place {
	var p place
	if n, err := fmt.Sscanf(text, "%d.%d", &p.Out, &p.In); err != nil || n != 2 || p.Out < 0 || p.In < 0 {
		return place{}
	}
	return p
}

// opening is what a page sends to start or, with the token of an earlier session, to go on.
type opening struct {
	token    string
	Locale   string  `json:"locale"`
	Page     string  `json:"page"`
	Referrer string  `json:"referrer"`
	Fields   answers `json:"fields"`
	Asked    bool    `json:"asked"` // they have seen the form, whatever they wrote there
	Identity *proof  `json:"identity"`
	Work     string  `json:"work"` // the task done, see mustWork
}

// answers are what a visitor wrote into the form before the chat.
type answers struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Phone string `json:"phone"`
	Trap  string `json:"website"` // a field that people do not see: who fills it is a program
}

// startSession tells a page who its visitor is: the one they were, the user whom the site proves, or somebody new.
func (l *link) startSession(w http.ResponseWriter, c call) error {
	o := opening{token: bearing(c.Request)}
	if err := decode(w, c.Request, &o); err != nil {
		return err
	}
	if o.Fields.Trap != "" {
		return errInvalid
	}
	if l.mustWork(w, c, o) {
		return nil
	}
	v, err := l.who(o)
	if err != nil {
		return err
	}
	v.fill(o)
	lines, at, err := l.since(c.Context(), v.ID, place{})
	if err != nil {
		return err
	}
	seen, err := l.marks(c.Context(), v.ID)
	if err != nil {
		return err
	}
	stands, err := l.stands(c.Context(), v)
	if err != nil {
		return err
	}
	now := l.host.Now()
	answer(w, http.StatusOK, map[string]any{"token": l.conf.seal(v, now), "conversation": shelf("who", v.ID)[len("chat/who/"):], "history": lines, "open": l.conf.opens(now).IsZero(),
		"at": at, "read": seen.Read, "proven": v.Proven, "ask": len(l.missing(v)) > 0, "offer": l.offers(v, at.In == 0),
		"closed": stands.State == core.ConversationClosed, "agent": stands.Agent})
	return nil
}

// who decides between what a page gives: a proof counts most, and one that is wrong is never overlooked.
func (l *link) who(o opening) (visitor, error) {
	now := l.host.Now()
	if o.Identity != nil {
		v, err := l.conf.prove(*o.Identity, now)
		if err != nil {
			return v, errProof
		}
		return v, nil
	}
	v, err := l.conf.open(o.token, now)
	switch {
	case l.conf.require && (err != nil || !v.Proven):
		return v, errIdentity
	case err != nil || v.Proven && l.conf.identity.Empty(): // a user whom nobody proves any more
		return newVisitor(), nil
	}
	return v, nil
}

// fill takes where a visitor is, and what they typed into the form. It does not change what the site has proven.
func (v *visitor) fill(o opening) {
	if v.Name == "" {
		v.Name = clean(o.Fields.Name)
	}
	if mail := clean(o.Fields.Email); v.Email == "" && aMail.MatchString(mail) {
		v.Email = mail
	}
	if v.Phone == "" {
		v.Phone = clean(o.Fields.Phone)
	}
	v.Page, v.From = webAddress(o.Page), webAddress(o.Referrer)
	v.Asked = v.Asked || o.Asked
	if aLocale.MatchString(o.Locale) {
		v.Language = strings.ReplaceAll(o.Locale, "_", "-")
	}
}

// answers are what a visitor has told, by the names of the questions.
func (v visitor) answers() map[string]string {
	return map[string]string{"name": v.Name, "email": v.Email, "phone": v.Phone}
}

// questions are those of the form. While nobody answers, it asks for an address too: the answer finds the visitor gone.
func (c conf) questions(now time.Time) []field {
	reached := slices.ContainsFunc(c.ask, func(f field) bool { return f.Name != "name" })
	if c.opens(now).IsZero() || reached {
		return c.ask
	}
	return append(slices.Clone(c.ask), field{Name: "email"})
}

// offers reports whether the visitor is shown the form though they need not fill it in: once, before their first words or while nobody answers.
func (l *link) offers(v visitor, silent bool) bool {
	now := l.host.Now()
	if v.Asked || v.Proven || !silent && l.conf.opens(now).IsZero() {
		return false
	}
	return slices.ContainsFunc(l.conf.questions(now), func(f field) bool { return v.answers()[f.Name] == "" })
}

// missing lists what the visitor must tell before they may write.
func (l *link) missing(v visitor) []string {
	var all []string
	for _, f := range l.conf.ask {
		if f.Required && !v.Proven && v.answers()[f.Name] == "" {
			all = append(all, f.Name)
		}
	}
	return all
}

// said is a message of a visitor.
type said struct {
	id     string       // the browser's own: the same id is the same message, however often it comes
	Text   string       `json:"text"`
	Choice *core.Choice `json:"choice"`
	Page   string       `json:"page"` // where they are by now, if that is another one than when the chat began
	Title  string       `json:"title"`
	// Attributes are what the page says of the visitor. They prove nothing.
	Attributes map[string]any `json:"attributes"`
	file       *file
}

var anID = regexp.MustCompile(`^[!-~]{1,255}$`)

// id is the browser's name of the message that a call brings: its Idempotency-Key, which some write in quotation marks. A name that is long or strange
// is kept as its hash.
func (c call) id() (string, error) {
	key := strings.Trim(c.Header.Get("Idempotency-Key"), `"`)
	if !anID.MatchString(key) {
		return "", errKey
	}
	if !aName.MatchString(key) {
		sum := sha256.Sum256([]byte(key))
		key = hex.EncodeToString(sum[:16])
	}
	return key, nil
}

var aName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (l *link) takeMessage(w http.ResponseWriter, c call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	s := said{id: id}
	if err := decode(w, c.Request, &s); err != nil {
		return err
	}
	s.Text = strings.TrimSpace(strings.ReplaceAll(s.Text, "\x00", "")) // no database takes that
	if s.Text == "" || !utf8.ValidString(s.Text) || utf8.RuneCountInString(s.Text) > textLimit {
		return errInvalid
	}
	return l.take(w, c, s)
}

// take stores a message and acknowledges it.
func (l *link) take(w http.ResponseWriter, c call, s said) error {
	if len(l.missing(c.visitor)) > 0 {
		return errForm
	}
	log, err := l.load(c.Context(), logIn, c.visitor.ID)
	if err != nil {
		return err
	}
	if old := log.find(s.id); old != nil {
		answer(w, http.StatusOK, l.show(logIn, *old))
		return nil
	}
	e := entry{Say: sayMessage, ID: s.id, At: l.host.Now().UnixMilli(), Text: s.Text, File: s.file}
	var before briefing
	if err := l.recall(c.Context(), "told", c.visitor.ID, &before); err != nil {
		return err
	}
	events, now := l.events(c.visitor, s, before)
	if err := l.host.Emit(c.Context(), events...); err != nil {
		return fmt.Errorf("store visitor's message: %w", err)
	}
	// It is stored: whether the visitor's own list of it can be kept too does not depend on whether the browser is still there.
	ctx := context.WithoutCancel(c.Context())
	if e, err = l.enter(ctx, logIn, c.visitor.ID, e); err != nil {
		return err
	}
	if now.Page != before.Page || now.Form != before.Form {
		if err := l.note(ctx, c.visitor.ID, now); err != nil {
			return err
		}
	}
	answer(w, http.StatusCreated, l.show(logIn, e))
	return nil
}

// events are what a visitor's message is to the gateway, and what has then been told. What they filled in, and what their page says of them, comes
// before it; the page on which they are is told when it is another one.
func (l *link) events(v visitor, s said, before briefing) ([]core.Event, briefing) {
	id := shelf("msg", v.ID)[len("chat/msg/"):] + "." + s.id
	e := core.Event{Kind: core.EventMessage, ID: id, Account: l.conf.site, At: l.host.Now(), Origin: core.OriginCustomer, Peer: l.peer(v),
		Message: &core.MessageBody{Provider: id, Content: content(s)}}
	now := before
	if s.Attributes != nil {
		now.Attributes = s.Attributes
	}
	if page := cmp.Or(webAddress(s.Page), v.Page); page != "" && page != before.Page {
		e.Message.Content.Referral = &core.Referral{Source: "page", URL: page, Headline: clean(s.Title), Ref: v.From}
		now.Page = page
	}
	form, hash := l.form(e, fields(v, now.Attributes), before.Form)
	if form == nil {
		return []core.Event{e}, now
	}
	now.Form = hash
	form.Message.Content.Album, e.Message.Content.Album = id, id // one mail
	return []core.Event{*form, e}, now
}

func (l *link) peer(v visitor) core.Peer {
	p := core.Peer{Name: v.Name, Language: v.Language, Identities: []core.IdentityKey{v.key(l.conf.site)}}
	if v.Proven && v.Mailed {
		p.Identities = append(p.Identities, core.IdentityKey{Scheme: core.SchemeEmail, Value: strings.ToLower(v.Email)})
	}
	return p
}

func content(s said) core.Content {
	switch {
	case s.file != nil:
		f := s.file
		return core.Content{Kind: core.FileKind(f.MIME), Text: s.Text, Media: &core.Media{Provider: f.ID[len("v-"):], MIME: f.MIME, Name: f.Name, Size: f.Size}}
	case s.Choice != nil && len(s.Choice.ID) <= 256:
		return core.Content{Kind: core.KindChoice, Text: s.Text, Choice: &core.Choice{ID: s.Choice.ID, Title: s.Text}}
	}
	return core.Content{Kind: core.KindText, Text: s.Text}
}

// webAddress returns a page's address without what may be private in it, "" for what is none.
func webAddress(s string) string {
	s, _, _ = strings.Cut(s, "#")
	s, _, _ = strings.Cut(s, "?")
	if len(s) > 1000 || !utf8.ValidString(s) || !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		return ""
	}
	return s
}

// takeFile takes a file as a browser sends a form with one. Fields before it say on which page that is.
func (l *link) takeFile(w http.ResponseWriter, c call) error {
	id, err := c.id()
	switch {
	case err != nil:
		return err
	case l.conf.upload == 0 || c.ContentLength > l.conf.upload+bodyLimit:
		return errTooLarge
	case len(l.missing(c.visitor)) > 0:
		return errForm
	}
	s := said{id: id}
	raw, declared, err := l.readForm(w, c.Request, &s)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(c.visitor.ID + "\n" + s.id))
	name := hex.EncodeToString(sum[:16])
	s.file.ID, s.file.MIME, s.file.Size = "v-"+name, sniff(raw, declared), int64(len(raw))
	if err := l.host.SaveUntil(c.Context(), fileKey(name), raw, l.host.Now().Add(keepFiles)); err != nil {
		return fmt.Errorf("keep visitor's file: %w", err)
	}
	return l.take(w, c, s)
}

// readForm reads the form with a file, into s all that is said of it, and returns the file and what the browser takes it for.
func (l *link) readForm(w http.ResponseWriter, r *http.Request, s *said) (raw []byte, declared string, err error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWait))
	r.Body = http.MaxBytesReader(w, r.Body, l.conf.upload+bodyLimit)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, "", errInvalid
	}
	for {
		p, err := parts.NextPart()
		if err != nil {
			return nil, "", unread(err)
		}
		most := int64(bodyLimit)
		if p.FileName() != "" {
			most = l.conf.upload
		}
		text, err := io.ReadAll(io.LimitReader(p, most+1))
		switch {
		case err != nil:
			return nil, "", unread(err)
		case int64(len(text)) > most:
			return nil, "", errTooLarge
		case p.FileName() != "" && len(text) > 0:
			s.file = &file{Name: fileName(p.FileName())}
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
			return text, p.Header.Get("Content-Type"), nil
		case p.FormName() == "page":
			s.Page = string(text)
		case p.FormName() == "title":
			s.Title = string(text)
		}
	}
}

// fileName is the last part of what a browser calls a file.
func fileName(s string) string {
	s = clean(path.Base(strings.ReplaceAll(s, `\`, "/")))
	if strings.Trim(s, "./") == "" {
		return "file"
	}
	return s
}

// sniff says what a file is: what its bytes show, or the browser's word where they leave that open.
func sniff(raw []byte, declared string) string {
	seen, _, _ := mime.ParseMediaType(http.DetectContentType(raw))
	said, _, err := mime.ParseMediaType(declared)
	if err == nil && mayBe(seen, said) {
		return said
	}
	return seen
}

// mayBe reports whether what looks like one kind of file may be of another: a container holds sound or film, an archive or bytes without a known
// beginning hold what only programs open. What a browser itself would open is what it looks like.
func mayBe(seen, said string) bool {
	sort, _, _ := strings.Cut(said, "/")
	heard := sort == "audio" || sort == "video"
	switch seen {
	case "video/mp4", "video/webm", "application/ogg":
		return heard
	case "application/octet-stream":
		return heard || sort == "application" || sort == "image"
	case "application/zip", "text/plain":
		return heard || sort == "application" || said == "text/csv"
	}
	return false
}

// marking is how far a visitor has got with what was sent to them: numbers of "out".
type marking struct {
	Delivered int64 `json:"delivered"`
	Read      int64 `json:"read"`
}

func (l *link) marks(ctx context.Context, id string) (marking, error) {
	var m marking
	err := l.recall(ctx, "mark", id, &m)
	return m, err
}

// takeTyping notes that a visitor is writing. More often than every three seconds it notes nothing, and with very many visitors not each one's.
func (l *link) takeTyping(w http.ResponseWriter, c call) error {
	now := l.host.Now()
	if l.typed.allow(c.visitor.ID, now) && l.noted.allow("", now) {
		if err := l.host.Typing(c.Context(), c.visitor.key(l.conf.site)); err != nil {
			return fmt.Errorf("note visitor as typing: %w", err)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// takeMarks reports what was shown and what was read: everything, where a browser does not say how far.
func (l *link) takeMarks(w http.ResponseWriter, c call) error {
	now := marking{Delivered: math.MaxInt64, Read: math.MaxInt64}
	if err := decode(w, c.Request, &now); err != nil {
		return err
	}
	ctx, id := c.Context(), c.visitor.ID
	before, err := l.marks(ctx, id)
	if err != nil {
		return err
	}
	log, err := l.load(ctx, logOut, id)
	if err != nil {
		return err
	}
	now.Read = max(before.Read, min(now.Read, log.Last))
	now.Delivered = max(before.Delivered, now.Read, min(now.Delivered, log.Last))
	events := append(l.receipts(c.visitor, log, before.Delivered, now.Delivered, core.StatusDelivered), l.receipts(c.visitor, log, before.Read, now.Read, core.StatusRead)...)
	if len(events) > 0 {
		if err := l.host.Emit(ctx, events...); err != nil {
			return fmt.Errorf("store read marks: %w", err)
		}
	}
	if err := l.mark(ctx, id, now); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mark notes how far a visitor has got. Another tab may have got further.
func (l *link) mark(ctx context.Context, id string, to marking) error {
	err := l.host.Update(ctx, shelf("mark", id), func(raw []byte) ([]byte, error) {
		var at marking
		if err := unpack(raw, "mark", &at); err != nil {
			return nil, err
		}
		if to.Delivered <= at.Delivered && to.Read <= at.Read {
			return nil, nil
		}
		return json.Marshal(marking{Delivered: max(at.Delivered, to.Delivered), Read: max(at.Read, to.Read)})
	})
	if err != nil {
		return fmt.Errorf("note how far the visitor has got: %w", err)
	}
	return nil
}

// receipts are what is new from one mark to the next.
func (l *link) receipts(v visitor, log journal, from, to int64, status core.Status) []core.Event {
	var all []core.Event
	for _, e := range log.after(from) {
		if e.N <= to && e.Say == sayMessage {
			all = append(all, core.Event{Kind: core.EventReceipt, ID: string(status) + "." + e.ID, Key: e.ID, Account: l.conf.site, At: l.host.Now(), Origin: core.OriginCustomer,
				Peer: core.Peer{Identities: []core.IdentityKey{v.key(l.conf.site)}}, Receipt: &core.ReceiptBody{Provider: e.ID, Status: status}})
		}
	}
	return all
}
