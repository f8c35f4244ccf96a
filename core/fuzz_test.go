package core_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"causeway/core"
)

// FuzzDecide asks the gate the same of every channel, author and moment: the rules that no input may break.
func FuzzDecide(f *testing.F) {
	day := int64(24 * time.Hour)
	f.Add(day, int64(0), byte(1), int64(0), int64(-1), byte(0), byte(0), uint16(0), "hello", day-1)
	f.Add(day, 7*day, byte(2), int64(0), int64(-1), byte(0), byte(0), uint16(0), "hello", 3*day)
	f.Add(day, int64(0), byte(1), int64(0), day/2, byte(3), byte(1), uint16(1), "", day/2)
	f.Add(day, int64(0), byte(1), int64(-1), int64(-1), byte(2), byte(2), uint16(0x7f), "\x00", int64(1)<<62)
	f.Add(int64(0), int64(0), byte(0), int64(0), int64(-1), byte(4), byte(0), uint16(8), "{{1}}", -day)
	f.Fuzz(func(t *testing.T, free, human int64, after byte, last, closed int64, author, state byte, flags uint16, text string, at int64) {
		q := anyQuestion(free, human, after, last, closed, author, state, flags, text)
		now := noon.Add(time.Duration(at))
		d := core.Decide(q, now)
		if again := core.Decide(q, now); again != d {
			t.Fatalf("asked twice: %+v and %+v", d, again)
		}
		if why := broken(q, d, now); why != "" {
			t.Fatalf("%s: %+v at %s for %+v", why, d, now, q)
		}
		if d.Allowed() && q.Content.Kind != core.KindTemplate { // the provider's word overrules ours, whatever we think
			q.Window.Closed = now
			if then := core.Decide(q, now); q.Capabilities.Window.Free > 0 && !q.Window.Closed.Before(q.Window.Last) && then.Allowed() && q.Capabilities.Window.After != core.AfterAnything {
				t.Fatalf("sent against the provider's word: %+v for %+v", then, q)
			}
		}
	})
}

// anyQuestion makes a question of whatever comes.
func anyQuestion(free, human int64, after byte, last, closed int64, author, state byte, flags uint16, text string) core.Question {
	pick := func(i byte, n int) int { return int(i) % n }
	set := func(bit int) bool { return flags>>bit&1 == 1 }
	since := func(d int64) time.Time {
		if d < 0 {
			return time.Time{}
		}
		return noon.Add(time.Duration(d))
	}
	q := whatsapp()
	q.Capabilities.Window = core.Window{Free: max(0, time.Duration(free)), Human: max(0, time.Duration(human)),
		After: []core.After{core.AfterAnything, core.AfterTemplates, core.AfterNothing}[pick(after, 3)]}
	q.Capabilities.MayInitiate = set(6)
	q.Window = core.WindowState{Last: since(last), Closed: since(closed)}
	q.Author.Kind = []core.AuthorKind{core.AuthorAgent, core.AuthorPhone, core.AuthorWorkflow, core.AuthorAPI, core.AuthorSystem}[pick(author, 5)]
	q.State = []core.ChannelState{core.ChannelActive, core.ChannelParked, core.ChannelPaused}[pick(state, 3)]
	q.Contact.Blocked, q.Contact.OptedOut, q.Contact.MarketingStop, q.First = set(0), set(1), set(2), set(3)
	if set(4) {
		q.Conversation = core.ConversationClosed
	}
	q.Content.Text = text
	if set(5) {
		q.Content = core.Content{Kind: core.KindTemplate, Template: &core.TemplateUse{Name: "t", Values: map[string]string{"body.1": text}}}
		q.Template = approved()
		q.Template.Components[0].Text = text
		if set(7) {
			q.Template.Category = "marketing"
		}
	}
	return q
}

// broken names the rule that a decision breaks, "" if none.
func broken(q core.Question, d core.Decision, now time.Time) string {
	template := q.Content.Kind == core.KindTemplate
	w := q.Capabilities.Window
	open := w.Free == 0 || now.Before(w.ClosesAt(q.Window)) || w.After == core.AfterAnything
	switch {
	case !d.Allowed() && (d.Reason == "" || d.Remedy == "" || d.Code == ""):
		return "refused without a reason, a remedy or a code"
	case d.Allowed() && q.State != core.ChannelActive:
		return "sent over a channel that is down"
	case d.Allowed() && q.Conversation == core.ConversationClosed:
		return "sent into a closed conversation"
	case d.Allowed() && (q.Contact.Blocked || q.Contact.OptedOut):
		return "sent to somebody who wants nothing"
	case d.Allowed() && q.Contact.MarketingStop && q.Template.Marketing():
		return "marketing sent to somebody who stopped it"
	case d.Verdict == core.VerdictSendHuman && (!q.Author.Human() || template):
		return "tagged as a person's, which it is not"
	case d.Verdict == core.VerdictSend && !template && !open:
		return "free-form outside the window"
	case d.Allowed() && !d.Until.IsZero() && !now.Before(d.Until):
		return "allowed until a moment that has passed"
	}
	return ""
}

// FuzzSegments compares the count of SMS with the rules written down the long way: no part over its size, nothing left out, no fewer parts possible
// than the text's units need.
func FuzzSegments(f *testing.F) {
	for _, s := range []string{"", "hello", strings.Repeat("a", 161), strings.Repeat("a", 152) + "€x", strings.Repeat("ж", 66) + "😀", "\x1b", "\x00", "[]€^", strings.Repeat("😀", 40)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 1<<16 {
			return
		}
		got := core.CountSegments(text)
		units, alone, part := 0, 160, 153
		if got.Encoding == core.EncodingUCS2 {
			units, alone, part = len(utf16.Encode([]rune(text))), 70, 67
		} else {
			for _, r := range text {
				if units++; strings.ContainsRune(core.GSM7Escaped, r) {
					units++
				} else if !strings.ContainsRune(core.GSM7, r) {
					t.Fatalf("%q is not in GSM-7: %+v", r, got)
				}
			}
		}
		least := 1
		if units > alone {
			least = (units + part - 1) / part
		}
		// A character of two units that does not fit moves on whole: each part loses one unit at most.
		most := max(1, (units+part-2)/(part-1))
		if got.Units != units || got.Count < least || got.Count > most || units <= alone && got.Count != 1 {
			t.Fatalf("%q: got %+v, want %d units in %d to %d parts", text, got, units, least, most)
		}
	})
}
