package stage

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/bridges/simulator/mailroom"
)

type mailboxJSON struct {
	Address string       `json:"address"`
	Name    string       `json:"name"`
	Unseen  int          `json:"unseen"`
	Threads []threadJSON `json:"threads,omitempty"`
}

type threadJSON struct {
	Root    string     `json:"root"`
	Subject string     `json:"subject"`
	Mails   []mailJSON `json:"mails"`
}

type mailJSON struct {
	ID       int        `json:"id"`
	At       time.Time  `json:"at"`
	From     string     `json:"from"`
	To       string     `json:"to"`
	ReplyTo  string     `json:"reply_to"`
	Subject  string     `json:"subject"`
	Text     string     `json:"text"`
	HTML     bool       `json:"html"`
	Outgoing bool       `json:"outgoing"`
	Seen     bool       `json:"seen"`
	Problem  string     `json:"problem,omitempty"`
	Files    []fileJSON `json:"files"`
}

type fileJSON struct {
	Name string `json:"name"`
	MIME string `json:"mime"`
	Size int    `json:"size"`
	URL  string `json:"url"`
}

func (s *Stage) listMailboxes(w http.ResponseWriter, _ *http.Request) {
	all := []mailboxJSON{}
	if s.opts.Mailroom != nil {
		for _, b := range s.opts.Mailroom.Mailboxes() {
			all = append(all, describe(b, false))
		}
	}
	answer(w, all)
}

// mailbox finds the one of the path among those that exist.
func (s *Stage) mailbox(w http.ResponseWriter, r *http.Request) *mailroom.Mailbox {
	if s.opts.Mailroom != nil {
		for _, b := range s.opts.Mailroom.Mailboxes() {
			if strings.EqualFold(b.Address(), r.PathValue("address")) {
				return b
			}
		}
	}
	refuse(w, http.StatusNotFound, "there is no such mailbox")
	return nil
}

func (s *Stage) mail(w http.ResponseWriter, r *http.Request) (*mailroom.Mailbox, mailroom.Mail, bool) {
	b := s.mailbox(w, r)
	if b == nil {
		return nil, mailroom.Mail{}, false
	}
	id, _ := strconv.Atoi(r.PathValue("id"))
	m, found := b.Mail(id)
	if !found {
		refuse(w, http.StatusNotFound, "there is no such mail")
	}
	return b, m, found
}

func (s *Stage) getMailbox(w http.ResponseWriter, r *http.Request) {
	if b := s.mailbox(w, r); b != nil {
		answer(w, describe(b, true))
	}
}

func describe(b *mailroom.Mailbox, threads bool) mailboxJSON {
	out := mailboxJSON{Address: b.Address(), Name: b.Name()}
	for _, t := range b.Threads() {
		tj := threadJSON{Root: t.Root, Subject: t.Subject}
		for _, m := range t.Mails {
			if !m.Seen {
				out.Unseen++
			}
			tj.Mails = append(tj.Mails, describeMail(b.Address(), m))
		}
		if threads {
			out.Threads = append(out.Threads, tj)
		}
	}
	return out
}

func describeMail(box string, m mailroom.Mail) mailJSON {
	out := mailJSON{
		ID: m.ID, At: m.At, From: list(m.From), To: list(m.To), ReplyTo: list(m.ReplyTo), Subject: m.Subject,
		Text: m.Text, HTML: m.HTML != "", Outgoing: m.Outgoing, Seen: m.Seen, Problem: m.Problem, Files: []fileJSON{},
	}
	base := "/api/mailboxes/" + box + "/mails/" + strconv.Itoa(m.ID) + "/files/"
	for i, f := range m.Files {
		out.Files = append(out.Files, fileJSON{Name: f.Name, MIME: f.MIME, Size: len(f.Data), URL: base + strconv.Itoa(i)})
	}
	return out
}

func list(all []mailroom.Address) string {
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

// mailHTML serves a mail's HTML for a sandboxed frame: no scripts, nothing from elsewhere but inline styles.
func (s *Stage) mailHTML(w http.ResponseWriter, r *http.Request) {
	_, m, found := s.mail(w, r)
	if !found {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; "+
		"img-src 'self' data:; frame-ancestors 'self'")
	text := m.HTML
	for i, f := range m.Files {
		if f.ContentID != "" {
			text = strings.ReplaceAll(text, "cid:"+f.ContentID, "/api/mailboxes/"+r.PathValue("address")+"/mails/"+
				strconv.Itoa(m.ID)+"/files/"+strconv.Itoa(i))
		}
	}
	_, _ = w.Write([]byte(text)) //nolint:gosec // what it may do is up to the policy above
}

func (s *Stage) mailRaw(w http.ResponseWriter, r *http.Request) {
	if _, m, found := s.mail(w, r); found {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(m.Raw)
	}
}

func (s *Stage) mailFile(w http.ResponseWriter, r *http.Request) {
	_, m, found := s.mail(w, r)
	if !found {
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(m.Files) {
		refuse(w, http.StatusNotFound, "the mail has no such file")
		return
	}
	serveFile(w, m.Files[n].Name, m.Files[n].MIME, m.Files[n].Data)
}

func (s *Stage) mailSeen(w http.ResponseWriter, r *http.Request) {
	if b, m, found := s.mail(w, r); found {
		b.MarkSeen(m.ID)
		answer(w, map[string]bool{"ok": true})
	}
}

// answerIn is an agent's answer as JSON.
type answerIn struct {
	Text   string          `json:"text"`
	Kind   string          `json:"kind"`   // reply (default), autoreply, bounce, forged
	Client mailroom.Client `json:"client"` // whose habits; default gmail
	Files  []struct {
		Name string `json:"name"`
		MIME string `json:"mime"`
		Data []byte `json:"data"` // base64
	} `json:"files"`
}

func (s *Stage) mailReply(w http.ResponseWriter, r *http.Request) {
	b, m, found := s.mail(w, r)
	var in answerIn
	if !found || !decode(w, r, &in) {
		return
	}
	var sent mailroom.Mail
	var err error
	switch in.Kind {
	case "", "reply":
		o := mailroom.ReplyOptions{Client: in.Client}
		for _, f := range in.Files {
			o.Files = append(o.Files, mailroom.File{Name: f.Name, MIME: f.MIME, Data: f.Data})
		}
		sent, err = b.Reply(r.Context(), m, in.Text, o)
	case "autoreply":
		sent, err = b.AutoReply(r.Context(), m, in.Text)
	case "bounce":
		err = b.Bounce(r.Context(), m, 550, "5.1.1", "user unknown")
	case "forged":
		sent, err = b.Forge(r.Context(), m, mailroom.Address{Name: "Mallory", Address: "mallory@elsewhere.example"}, in.Text)
	default:
		refuse(w, http.StatusBadRequest, "kind is not known")
		return
	}
	if err != nil {
		refuse(w, http.StatusBadGateway, err.Error())
		return
	}
	answerAs(w, http.StatusCreated, map[string]any{"id": sent.ID, "message_id": sent.MessageID})
}

// serveFile shows harmless kinds in place; the rest, HTML and SVG above all, is only downloaded.
func serveFile(w http.ResponseWriter, name, kind string, data []byte) {
	base, _, _ := mime.ParseMediaType(kind)
	inPlace := slices.Contains([]string{"image/jpeg", "image/png", "image/webp", "image/gif"}, base) ||
		strings.HasPrefix(base, "audio/") || strings.HasPrefix(base, "video/")
	disposition := "inline"
	if !inPlace {
		disposition, base = "attachment", "application/octet-stream"
	}
	if name != "" {
		disposition = mime.FormatMediaType(disposition, map[string]string{"filename": name})
	}
	h := w.Header()
	h.Set("Content-Type", base)
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data)
}
