package main

import (
	"bytes"
	"io"
	"testing"

	"causeway/bridges/simulator/mailroom"
	"causeway/core/forward/cut"
)

func TestScript(t *testing.T) {
	onBoth(t, func(t *testing.T, database string) {
		w := liveIn(t, worldOptions{Database: database})
		var out bytes.Buffer
		if err := w.play(t.Context(), &out); err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
	})
}

// TestAnswersFromEveryProgram: whichever mail of ours an agent answers, and with which program, it is clear what they wrote.
func TestAnswersFromEveryProgram(t *testing.T) {
	w := liveIn(t, worldOptions{})
	if err := w.play(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	const text, sign = "No, on Monday.\n\nShall I keep it for you?", "Lena Brandt\nThe Bicycle Shop"
	for _, address := range []string{"lena@example.com", "omar@example.com"} {
		box := w.room.Mailbox(address)
		var sent []string
		for _, m := range box.Received() {
			sent = append(sent, m.Text)
		}
		for _, m := range box.Received() {
			for _, client := range []mailroom.Client{mailroom.Gmail, mailroom.Outlook, mailroom.Apple, mailroom.Thunderbird, mailroom.PlainText} {
				for _, o := range []mailroom.ReplyOptions{{Client: client}, {Client: client, Signature: sign}} {
					raw, err := box.Compose(m, text, o)
					if err != nil {
						t.Fatal(err)
					}
					answer := mailroom.Parse(raw)
					for _, known := range [][]string{sent, nil} {
						r := cut.Reply(cut.Mail{Text: answer.Text, HTML: answer.HTML, Sent: known, From: []string{m.From[0].Address, m.From[0].Name}, Author: []string{"Lena Brandt", address}})
						if r.Text != text || !r.Sure {
							t.Errorf("%s answers %q with %s, signed %t, mails known %t: %q, sure %t (%s)", address, m.Subject+": "+m.Text[:min(len(m.Text), 80)], client, o.Signature != "", known != nil, r.Text, r.Sure, r.How)
						}
					}
				}
			}
		}
	}
}
