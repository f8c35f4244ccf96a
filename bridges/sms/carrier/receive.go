package carrier

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	urlpath "path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"causeway/bridges/sms"
	"causeway/core"
)

// Receive implements core.WebhookLink.
func (l *link) Receive(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	if !l.doorKey().Empty() {
		if answer, ours, err := l.door.Serve(ctx, r); ours {
			return answer, nil, err
		}
	}
	if !methods[r.Method] || !l.authentic(r) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	h, s, err := l.hook(r)
	if err != nil {
		return core.WebhookAnswer{}, nil, malformed(l.def.Title, err)
	}
	if err := l.door.Learn(ctx, r.URL); err != nil {
		return core.WebhookAnswer{}, nil, err
	}
	events := l.joiner.stale()
	for _, item := range h.pieces(s.root) {
		s.item = item
		more, err := l.piece(ctx, h, s)
		if err != nil {
			return core.WebhookAnswer{}, nil, err
		}
		events = append(events, more...)
	}
	return core.WebhookAnswer{Status: h.Answer.Status, Type: h.Answer.Type, Body: []byte(h.Answer.Body)}, events, nil
}

// hook finds how a call is to be read. A call for which there is none is read as well as may be, and kept. The error is that of a body which the
// first fitting way of reading cannot read.
func (l *link) hook(r core.WebhookRequest) (*hook, scope, error) {
	query := maps.Clone(r.Query)
	if name, ok := strings.CutPrefix(l.def.Sign.At, "query."); ok {
		delete(query, name) // not to be kept with what comes in
	}
	read := map[string]scope{}
	var firstErr error
	for i := range l.def.Hooks {
		h := &l.def.Hooks[i]
		how := cmp.Or(h.Read, readAuto)
		s, done := read[how]
		if !done {
			root, err := document(how, r.Body, query)
			if err != nil && firstErr == nil {
				firstErr = err
			}
			s = scope{item: root, root: root, query: query, header: r.Header}
			read[how] = s
		}
		if s.root != nil && h.On.holds(s) {
			return h, s, nil
		}
	}
	root, err := document(readAuto, r.Body, query)
	if err != nil {
		return nil, scope{}, err
	}
	if firstErr != nil && len(r.Body) > 0 {
		return nil, scope{}, firstErr
	}
	return &hook{}, scope{item: root, root: root, query: query, header: r.Header}, nil
}

// pieces are what a body consists of: at least one.
func (h *hook) pieces(root any) []any {
	if h.Each == nil {
		return []any{root}
	}
	var all []any
	for _, v := range walk(root, h.each) {
		if list, ok := v.([]any); ok {
			all = append(all, list...)
		} else {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return []any{root} // nothing of what was expected: kept whole
	}
	return all
}

// piece turns one piece into what happened.
func (l *link) piece(ctx context.Context, h *hook, s scope) ([]core.Event, error) {
	for i := range h.Rules {
		r := &h.Rules[i]
		if !r.When.holds(s) {
			continue
		}
		switch r.Kind {
		case "message":
			return l.incoming(ctx, r, s)
		case "receipt":
			return l.report(r, s), nil
		case "stop":
			return l.stopped(r, s), nil
		}
		break
	}
	return []core.Event{l.other(s)}, nil
}

// other is what does not concern us, or fits no rule.
func (l *link) other(s scope) core.Event {
	return core.Event{Kind: core.EventOther, ID: "call:" + l.hash(s), Account: l.conf.sender, At: l.host.Now(), Origin: core.OriginProvider, Raw: raw(s)}
}

// raw is a piece as it is kept. A call that says all in its query is kept by that.
func raw(s scope) json.RawMessage {
	v := s.item
	if m, ok := v.(map[string]any); ok && len(m) == 0 && len(s.query) > 0 {
		v = fromForm("", s.query)
	}
	out, err := json.Marshal(storable(v))
	if err != nil {
		return nil // it came out of JSON, or is made of texts
	}
	return out
}

// storable takes out of the texts what no database takes.
func storable(v any) any {
	switch v := v.(type) {
	case string:
		return clean(v)
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			out[clean(name)] = storable(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = storable(inner)
		}
		return out
	}
	return v
}

// again is how long the same piece, if it has no id, counts as repeated rather than as another one that says the same.
const again = 2 * time.Minute

// hash makes an id for a piece that has none.
func (l *link) hash(s scope) string {
	h := sha256.New()
	_, _ = h.Write(raw(s)) // a hash never fails
	_, _ = h.Write([]byte(url.Values(s.query).Encode()))
	_, _ = h.Write([]byte(strconv.FormatInt(l.host.Now().Truncate(again).Unix(), 10)))
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// clean makes a value one that can be stored.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// incoming turns a piece into a message: one event for each of its files, or one for its text, and one more if it asks to stop or resume.
func (l *link) incoming(ctx context.Context, r *rule, s scope) ([]core.Event, error) {
	first := core.Event{Kind: core.EventMessage, ID: sms.ShortID(s.get(r.ID)), Account: l.account(s.get(r.To)), At: l.when(s.get(r.At)), Origin: core.OriginCustomer, Peer: l.peer(r, s)}
	if first.ID == "" {
		first.ID = l.hash(s)
	}
	if len(first.Peer.Identities) == 0 {
		first.Fault, first.Raw = "It does not say who sent it.", raw(s)
	}
	said := r.text(s)
	if p, ok := r.Join.of(s); ok && first.Fault == "" {
		joined, whole, err := l.joiner.join(ctx, p, first, said)
		if err != nil || !whole {
			return nil, err
		}
		return l.finished(joined), nil
	}
	var events []core.Event
	for i, c := range core.Together(first.ID, r.contents(s, said)) {
		e := first
		if i > 0 {
			e.ID += "/" + strconv.Itoa(i)
		}
		e.Message = &core.MessageBody{Provider: e.ID, Content: c}
		if c.Kind == core.KindUnsupported || c.Kind == core.KindText && c.Text == "" {
			e.Raw = raw(s)
		}
		if c.Text != "" && first.Fault == "" {
			events = append(events, l.finished(e)...)
		} else {
			events = append(events, e)
		}
	}
	return events, nil
}

// finished adds to a message what its words ask for.
func (l *link) finished(e core.Event) []core.Event {
	if wish, ok := l.conf.words.Preference(e, l.conf.answered); ok {
		return []core.Event{e, wish}
	}
	return []core.Event{e}
}

func (l *link) peer(r *rule, s scope) core.Peer {
	n := sms.Numbering{Region: l.conf.country, International: l.def.Numbers.Receive == "international", Scope: l.conf.sender}
	k, ok := n.Sender(clean(s.get(r.From)))
	if !ok {
		return core.Peer{}
	}
	return core.Peer{Name: strings.TrimSpace(clean(s.get(r.Name))), Identities: []core.IdentityKey{k}}
}

// account returns the sender that a call is for: ours if it names it in any way of writing, or if it names none.
func (l *link) account(to string) string {
	n := sms.Numbering{Region: l.conf.country, International: l.def.Numbers.Receive == "international"}
	named, ok := n.Sender(clean(to))
	own, _ := n.Sender(l.conf.sender)
	if !ok || named == own || strings.EqualFold(named.Value, own.Value) {
		return l.conf.sender
	}
	return strings.TrimSpace(clean(to))
}

// contents are what a message says, at least one: each file by itself, the text with the first of them or alone, a place alone.
func (r *rule) contents(s scope, said string) []core.Content {
	var files []core.Media
	for _, p := range r.Media {
		for _, at := range s.list(paths{p}) {
			if !layout(at) {
				files = append(files, core.Media{URL: clean(at)})
			}
		}
	}
	for _, data := range s.list(r.MediaData) {
		switch m, ok := inline(data); {
		case ok:
			files = append(files, m)
		case webAddress(data):
			files = append(files, core.Media{URL: strings.TrimSpace(data)})
		case said == "" && legible(data):
			said = clean(data) // words in the place of a file
		}
	}
	var all []core.Content
	for _, m := range files {
		all = append(all, core.Content{Kind: kindOf(m), Media: &m})
	}
	if len(all) > 0 {
		all[0].Text, said = said, ""
	}
	if at, there := sms.Place(s.get(r.Latitude), s.get(r.Longitude)); there {
		all = append(all, core.Content{Kind: core.KindLocation, Location: &at})
	}
	if said == "" && len(all) == 0 {
		return []core.Content{nothing(clean(s.get(r.Type)))}
	}
	if said != "" {
		all = append([]core.Content{{Kind: core.KindText, Text: said}}, all...)
	}
	return all
}

// nothing is the content of a message of which nothing can be shown: an empty text, or what stands for a kind that the provider names.
func nothing(kind string) core.Content {
	switch {
	case kind == "" || strings.EqualFold(kind, "text"):
		return core.Content{Kind: core.KindText}
	case len(kind) > longestType:
		kind = "unknown"
	}
	return core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: kind, Detail: "Causeway cannot show what the provider hands on in this form."}}
}

const longestType = 64 // of what a provider calls a kind of message

func kindOf(m core.Media) core.ContentKind {
	if m.MIME != "" {
		return core.FileKind(m.MIME)
	}
	return core.FileKind(mimeByName(m.URL))
}

// layout reports whether a part of an MMS only says how the others stand on the screen.
func layout(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	name := strings.ToLower(urlpath.Base(u.Path))
	return urlpath.Ext(name) == ".smil" || name == "smil.xml"
}

func webAddress(s string) bool {
	u, err := url.Parse(strings.TrimSpace(s))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// legible reports whether what stands in the place of a file is words.
func legible(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) })
}

// Bytes of a file within a call.
const (
	leastInline = 48
	maxInline   = 2 << 20
)

// bare is base64 without the line breaks, and with the signs that a form, or an address, had others put for.
var bare = strings.NewReplacer("\r", "", "\n", "", " ", "+", "-", "+", "_", "/")

// inline keeps a file that came within the call, as an address that holds it. Words can be read as base64, too: what shows nothing of a file's kind must
// be long, and encoded to the letter.
func inline(data string) (core.Media, bool) {
	data = strings.TrimSpace(data)
	raw, err := base64.StdEncoding.DecodeString(data)
	exact := err == nil && len(raw) >= leastInline
	if err != nil {
		raw, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(bare.Replace(data), "="))
	}
	if err != nil || len(raw) == 0 || len(raw) > maxInline {
		return core.Media{}, false
	}
	mime, _, _ := strings.Cut(http.DetectContentType(raw), ";")
	if !exact && (mime == "application/octet-stream" || mime == "text/plain") {
		return core.Media{}, false
	}
	return core.Media{URL: "data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(raw), MIME: mime, Size: int64(len(raw))}, true
}

// stopped turns a piece into the wish of somebody who is on the provider's own list of those that get nothing.
func (l *link) stopped(r *rule, s scope) []core.Event {
	e := core.Event{ID: cmp.Or(sms.ShortID(s.get(r.ID)), l.hash(s)), Account: l.account(s.get(r.To)), At: l.when(s.get(r.At)), Peer: l.peer(r, s)}
	if len(e.Peer.Identities) == 0 {
		return []core.Event{l.other(s)}
	}
	return []core.Event{sms.Prefer(e, true, "", "")}
}

// report turns a piece into a receipt, and into what its error teaches.
func (l *link) report(r *rule, s scope) []core.Event {
	word, id, part := s.get(r.Status), sms.ShortID(s.get(r.ID)), sms.ShortID(s.get(r.Part))
	status := core.Status(r.Statuses[word])
	if direct := core.Status(word); status == "" && r.Statuses == nil {
		status = direct
	}
	known := status == core.StatusSent || status == core.StatusDelivered || status == core.StatusRead || status == core.StatusFailed
	if !known || id == "" && part == "" {
		return []core.Event{l.other(s)}
	}
	e := core.Event{Kind: core.EventReceipt, ID: cmp.Or(id, part) + ":" + string(status), Key: part, Account: l.account(s.get(r.From)), At: l.when(s.get(r.At)), Origin: core.OriginProvider,
		Receipt: &core.ReceiptBody{Provider: cmp.Or(id, part), Status: status}}
	n := sms.Numbering{Region: l.conf.country, International: l.def.Numbers.Receive == "international", Scope: l.conf.sender}
	if k, ok := n.Sender(clean(s.get(r.To))); ok {
		e.Peer.Identities = []core.IdentityKey{k}
	}
	if status != core.StatusFailed {
		return []core.Event{e}
	}
	e.Receipt.Error = l.def.undelivered(r.failure(s))
	if e.Receipt.Error.Effect == core.EffectStop && len(e.Peer.Identities) > 0 {
		return []core.Event{e, sms.Prefer(e, true, e.Receipt.Error.Reason, "")}
	}
	return []core.Event{e}
}

// failure is what a receipt says of why a message did not arrive.
func (r *rule) failure(s scope) (code, words string) {
	code, words = clean(s.get(r.Code)), clean(s.get(r.Words))
	if r.pattern == nil {
		return code, words
	}
	if m := r.pattern.FindStringSubmatch(words); m != nil {
		code = m[r.pattern.SubexpIndex("code")]
	}
	return code, ""
}
