package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/core"
)

// writer writes the mail of one notice.
type writer struct {
	*Forwarder
	tongue
	repo    core.Repo
	conv    core.Conversation
	agent   core.Agent
	notice  core.Notice
	channel core.Channel
	title   string // of the channel: "WhatsApp"
	contact core.Contact
	name    string // of the contact, for people
	page    page
	files   []Attachment
	room    int64  // bytes that may still be attached; negative: no file at all
	answers string // the id of the agent's mail that this one answers, if any

	sent []core.Notice // our newest mails to the agent, once they were asked for
	read bool
}

// sentTo lists our newest mails to the agent.
func (w *writer) sentTo(ctx context.Context) ([]core.Notice, error) {
	if w.read {
		return w.sent, nil
	}
	sent, err := w.repo.NoticesTo(ctx, w.conv.ID, w.agent.ID, sentBodies)
	if err != nil {
		return nil, fmt.Errorf("mails sent to the agent: %w", err)
	}
	w.sent, w.read = sent, true
	return sent, nil
}

// content writes out what a message says.
func (w *writer) content(ctx context.Context, c core.Content) error {
	if err := w.around(ctx, c); err != nil {
		return err
	}
	w.subject(c)
	if c.Kind.HasMedia() || c.Media != nil {
		if err := w.medium(ctx, c); err != nil {
			return err
		}
	}
	w.particular(ctx, c)
	if c.Choice == nil || c.Text != c.Choice.Title { // which says it already
		w.page.add(blockText, c.Text)
	}
	w.choices(c.Choices)
	return nil
}

// particular writes out what only messages of its kind have.
func (w *writer) particular(ctx context.Context, c core.Content) {
	switch c.Kind {
	case core.KindLocation:
		w.place(c.Location)
	case core.KindContacts:
		for _, card := range c.Contacts {
			w.card(card)
		}
	case core.KindChoice:
		w.choice(c)
	case core.KindForm:
		w.form(c.Form)
	case core.KindOrder:
		w.order(c.Order)
	case core.KindTemplate:
		w.template(ctx, c)
	case core.KindUnsupported:
		w.unsupported(c.Unsupported)
	case core.KindSystem:
		w.page.add(blockNote, w.say("system", "channel", w.title))
	case core.KindText:
		if strings.TrimSpace(c.Text) == "" {
			w.page.add(blockNote, w.say("empty"))
		}
	default: // media and choices are said by their text and files
	}
}

// subject shows the subject of a mail that a customer wrote, unless its text begins with it.
func (w *writer) subject(c core.Content) {
	subject := clean(c.Subject, 200)
	if subject == "" || strings.HasPrefix(strings.TrimSpace(c.Text), subject) {
		return
	}
	w.page.add(blockLead, subject)
	if dir := direction(subject); dir != "" {
		w.page.Blocks[len(w.page.Blocks)-1].Dir = dir
	}
}

// around says what a message belongs to: where the contact came from, what is answered, that it was forwarded.
func (w *writer) around(ctx context.Context, c core.Content) error {
	if c.Automatic != "" {
		w.page.add(blockNote, w.say("machine", "why", clean(c.Automatic, 200)))
	}
	if c.Referral != nil {
		w.referral(*c.Referral)
	}
	if c.Forwarded {
		w.page.add(blockNote, w.say("forwarded"))
	}
	if c.Quote == nil {
		return nil
	}
	if c.Quote.Product != "" {
		w.page.add(blockNote, w.say("product", "id", clean(c.Quote.Product, 100)))
	}
	m, err := w.quoted(ctx, *c.Quote)
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("quoted message: %w", err)
	}
	w.page.quote(w.say("quoted"), w.summary(m.Content, 400))
	return nil
}

func (w *writer) quoted(ctx context.Context, q core.Quote) (core.Message, error) {
	id, err := core.Quoted(ctx, w.repo, w.channel.ID, q)
	if err != nil {
		return core.Message{}, err
	}
	return w.repo.Message(ctx, id)
}

func (w *writer) referral(r core.Referral) {
	source := r.Source
	if source == "ad" || source == "" {
		source = w.say("ad")
	}
	if line := clean(strings.TrimSpace(r.Headline+" "+r.Body), 200); line != "" {
		w.page.add(blockNote, w.say("referral", "source", clean(source, 40), "headline", line))
	} else {
		w.page.add(blockNote, w.say("referral-bare", "source", clean(source, 40)))
	}
	w.page.link(web(r.URL))
}

// web passes addresses of the web, and nothing that a click could run.
func web(url string) string {
	if (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) && !strings.ContainsAny(url, " \r\n\t") {
		return url
	}
	return ""
}

func (w *writer) place(l *core.Location) {
	w.page.add(blockLead, w.say("location"))
	if l == nil {
		return
	}
	w.page.add(blockText, strings.TrimSpace(l.Name+"\n"+l.Address))
	w.page.add(blockNote, w.say("map"))
	w.page.link(mapLink(*l))
	w.page.link(web(l.URL))
}

func mapLink(l core.Location) string {
	degrees := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	return "https://maps.google.com/?q=" + degrees(l.Latitude) + "," + degrees(l.Longitude)
}

// card prints the card and attaches it for the address book.
func (w *writer) card(c core.Card) {
	w.page.add(blockLead, w.say("contacts"))
	lines := []string{cardName(c), strings.TrimSpace(c.Title + " " + c.Company)}
	for _, list := range [][]core.Labeled{c.Phones, c.Emails, c.URLs, c.Addresses} {
		for _, x := range list {
			lines = append(lines, strings.TrimSpace(strings.ToLower(x.Label)+" "+x.Value))
		}
	}
	w.page.add(blockText, strings.Join(slices.DeleteFunc(append(lines, c.Birthday), func(s string) bool { return s == "" }), "\n"))
	if w.room < 0 { // this mail goes without files
		return
	}
	text, name := vcard(c), clean(cardName(c), 60)+".vcf"
	w.files = append(w.files, Attachment{Name: name, MIME: "text/vcard", Size: int64(len(text)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
	w.page.add(blockNote, w.say("card-attached", "file", name))
}

func (w *writer) choice(c core.Content) {
	switch {
	case c.Choice == nil:
	case c.Choice.Description != "":
		w.page.add(blockNote, w.say("choice-detail", "title", clean(c.Choice.Title, 200), "detail", clean(c.Choice.Description, 200)))
	default:
		w.page.add(blockNote, w.say("choice", "title", clean(c.Choice.Title, 200)))
	}
}

// choices lists what the business offered to pick from.
func (w *writer) choices(c *core.Choices) {
	if c == nil || len(c.Options) == 0 {
		return
	}
	w.page.add(blockNote, w.say("choices"))
	var lines []string
	for _, o := range c.Options {
		lines = append(lines, strings.TrimSpace("• "+o.Title+" "+o.URL))
	}
	w.page.add(blockText, strings.Join(lines, "\n"))
}

func (w *writer) order(o *core.Order) {
	if o == nil {
		return
	}
	w.page.add(blockNote, w.say("order"))
	var lines []string
	for _, i := range o.Items {
		lines = append(lines, w.say("order-item", "quantity", i.Quantity, "product", i.Product, "price", i.Price, "currency", i.Currency))
	}
	w.page.add(blockSay, strings.Join(lines, "\n"))
}

func (w *writer) template(ctx context.Context, c core.Content) {
	if c.Template == nil {
		return
	}
	w.page.add(blockNote, w.say("template", "name", clean(c.Template.Name, 100)))
	if t, err := w.repo.Template(ctx, w.channel.ID, c.Template.Name, c.Template.Language); err == nil {
		w.page.add(blockText, t.Preview(c.Template))
	}
}

func (w *writer) unsupported(u *core.Unsupported) {
	kind := unsupportedType(core.Content{Unsupported: u})
	if u != nil && u.Code != 0 {
		kind += " " + strconv.Itoa(u.Code)
	}
	w.page.add(blockNote, w.say("unsupported", "type", kind))
	if u != nil {
		w.page.add(blockNote, clean(u.Detail, 300))
	}
}

// medium attaches a file, or links to it, or says where it is.
func (w *writer) medium(ctx context.Context, c core.Content) error {
	kind := c.Kind
	if !kind.HasMedia() && c.Media != nil {
		kind = core.FileKind(c.Media.MIME)
	}
	said := w.say(string(kind))
	if c.Media != nil && c.Media.Animated {
		said += " (" + w.say("animated") + ")"
	}
	if c.Media == nil || c.Media.ID == "" {
		w.page.add(blockNote, w.say("missing", "kind", said, "file", fileName(kind, core.Media{}), "channel", w.title))
		return nil
	}
	f, err := w.repo.File(ctx, c.Media.ID)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("file of message: %w", err)
	}
	if f, err = w.playable(ctx, kind, f); err != nil {
		return err
	}
	name := fileName(kind, f.Media)
	until := w.linkTime()
	values := []string{"kind", said, "file", name, "size", core.Bytes(f.Media.Size), "channel", w.title, "time", w.when(until)}
	switch {
	case f.State == core.FileHere && f.Media.Size <= w.room:
		w.attach(f, name)
		w.page.add(blockNote, w.say("attached", values...))
	case f.State == core.FileHere:
		w.linked(f, "linked", "unlinked", until, values)
	case f.State == core.FilePending:
		w.linked(f, "late", "late-unlinked", until, values)
	default:
		w.page.add(blockNote, w.say("missing", values...))
	}
	return nil
}

// playable is a file as mail programs play it: few play the voice notes of chats. What cannot be converted stays as it is.
func (w *writer) playable(ctx context.Context, kind core.ContentKind, f core.File) (core.File, error) {
	spoken := kind == core.KindVoice || kind == core.KindAudio && slices.Contains([]string{"audio/ogg", "audio/amr"}, f.Media.MIME)
	change := core.Conversion{From: f.Media.MIME, To: core.MP3, Voice: kind == core.KindVoice}
	if !spoken || f.State != core.FileHere || change.From == change.To || w.Converter == nil || !w.Converter.Reads(change.From) {
		return f, nil
	}
	made, err := core.Workshop{Repo: w.repo, Blobs: w.Blobs, By: w.Converter, Now: w.Now}.Converted(ctx, f, change)
	if core.CodeOf(err) != "" || errors.Is(err, core.ErrNotFound) {
		w.Log.InfoContext(ctx, "a voice note is mailed as it came", "file", f.ID, "err", err)
		return f, nil
	}
	return made, err
}

func (w *writer) attach(f core.File, name string) {
	w.room -= f.Media.Size
	w.files = append(w.files, Attachment{Name: name, MIME: f.Media.MIME, Size: f.Media.Size,
		Open: func(ctx context.Context) (io.ReadCloser, error) { return w.Blobs.Open(ctx, f.Blob) }})
}

func (w *writer) linked(f core.File, with, without string, until time.Time, values []string) {
	if w.MediaLink == nil {
		w.page.add(blockNote, w.say(without, values...))
		return
	}
	w.page.add(blockNote, w.say(with, values...))
	w.page.link(w.MediaLink(w.conv.Workspace, f.ID, until))
}

// fileName is what a file is called, made from its kind and type where the sender gave no name.
func fileName(kind core.ContentKind, m core.Media) string {
	if name := core.FileName(clean(m.Name, 500)); name != "" { // cut so that its ending stays
		return name
	}
	_, ext, _ := strings.Cut(m.MIME, "/")
	ext = strings.TrimPrefix(ext, "x-")
	for long, short := range map[string]string{"jpeg": "jpg", "mpeg": "mp3", "plain": "txt", "quicktime": "mov", "3gpp": "3gp", "svg+xml": "svg", "mp4a-latm": "m4a", "amr": "amr"} {
		if ext == long {
			ext = short
		}
	}
	if kind == core.KindAudio && ext == "mp4" {
		ext = "m4a"
	}
	if ext == "" || len(ext) > 5 || strings.Trim(ext, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return string(kind)
	}
	return string(kind) + "." + ext
}

// summary says a message in a line or a few.
func (w *writer) summary(c core.Content, most int) string {
	said := ""
	if c.Kind != core.KindText && w.has(string(c.Kind)) {
		switch c.Kind {
		case core.KindChoice:
			if c.Choice != nil && c.Text == "" {
				c.Text = c.Choice.Title
			}
		case core.KindTemplate:
			if c.Template != nil {
				said = w.say("template", "name", c.Template.Name)
			}
		case core.KindUnsupported, core.KindSystem, core.KindForm, core.KindOrder, core.KindChoices:
			if c.Form != nil && c.Text == "" {
				c.Text = strings.Join(filled(c.Form), ", ")
			}
			said = strings.TrimSuffix(w.say(string(c.Kind), "type", unsupportedType(c), "name", formName(c), "channel", w.title), ":")
		default:
			said = w.say(string(c.Kind))
		}
	}
	if c.Media != nil && c.Media.Name != "" {
		said += " " + clean(c.Media.Name, 80)
	}
	switch {
	case said == "":
		return shorten(strings.TrimSpace(c.Text), most)
	case c.Text == "":
		return "[" + said + "]"
	}
	return "[" + said + "] " + shorten(strings.TrimSpace(c.Text), most)
}

func unsupportedType(c core.Content) string {
	if c.Unsupported == nil || c.Unsupported.Type == "" {
		return "?"
	}
	return clean(c.Unsupported.Type, 60)
}

func formName(c core.Content) string {
	if c.Form == nil {
		return ""
	}
	return clean(c.Form.Name, 60)
}
