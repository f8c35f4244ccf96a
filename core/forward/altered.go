package forward

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/core"
)

// alteration is how a file goes to the contact otherwise than its author sent it.
type alteration struct {
	sentence string // of the catalogue
	mime     string
	to       string // the type it is converted to
	file     string
}

// altered tells an agent which files of their answer go to the contact in another form, which they do not see. Of files of a kind they are told once a
// day on a channel.
func (w *writer) altered(ctx context.Context, made []core.Message) (*core.Notice, error) {
	var lines, forms []string
	for _, m := range made {
		can, err := w.Capabilities(ctx, m.Channel)
		if err != nil {
			return nil, fmt.Errorf("what the channel can carry: %w", err)
		}
		a, changed := w.alteration(can, m)
		form := a.sentence + " " + a.mime
		if !changed || slices.Contains(forms, form) {
			continue
		}
		forms = append(forms, form)
		lines = append(lines, w.say(a.sentence, "file", a.file, "name", w.name, "channel", w.title, "to", a.to))
	}
	if len(lines) == 0 {
		return nil, nil
	}
	slices.Sort(forms)
	key := strings.Join(append([]string{"altered", string(w.agent.ID), string(made[0].Channel), w.Now().UTC().Format(time.DateOnly)}, forms...), "/")
	return &core.Notice{Kind: core.NoticeAlert, Key: key, Agent: w.agent.ID, Text: strings.Join(append(lines, w.say("file-once")), "\n")}, nil
}

// alteration finds out in which other form a message's file goes, if it does.
func (w *writer) alteration(can core.Capabilities, m core.Message) (alteration, bool) {
	if m.Content.Media == nil || len(m.Parts) == 0 {
		return alteration{}, false
	}
	a := alteration{mime: m.Content.Media.MIME, file: clean(m.Content.Media.Name, 120)}
	i := slices.IndexFunc(m.Parts, func(p core.Part) bool { return p.Content.Media != nil })
	if i < 0 {
		a.sentence = "file-linked"
		return a, true
	}
	if sent := m.Parts[i].Content.Kind; sent == core.KindDocument && core.FileKind(a.mime) != sent {
		a.sentence = "file-document"
		return a, true
	}
	change, needed := can.Conversion(m.Parts[i].Content)
	a.sentence, a.to = "file-converted", change.To
	return a, needed && w.Converter != nil
}
