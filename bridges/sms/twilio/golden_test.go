package twilio

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestGolden: each line of a form in testdata becomes exactly the events beside it. The first line names settings.
func TestGolden(t *testing.T) {
	bridgetest.Golden(t, ".forms", func(t *testing.T, _ string, raw []byte) []core.Event {
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Scan()
		l := openLink(t, bridgetest.NewHost(t), strings.Fields(lines.Text())...)
		var events []core.Event
		for lines.Scan() {
			if line := lines.Text(); line != "" {
				events = append(events, receive(t, l, line)...)
			}
		}
		return events
	})
}

// FuzzReceive: whatever is signed becomes events that can be stored, the same each time, or a Problem; never a panic.
func FuzzReceive(f *testing.F) {
	for _, body := range []string{sample(), sample("MediaUrl0", "https://x/1", "MediaContentType0", "image/png"), "a=%zz&=&b", `{"MessageSid":"SM1","From":"+1"}`, "[", "MessageSid=SM1&MessageStatus=failed&ErrorCode=30007",
		"MessageSid=SM%00&From=whatsapp:%2B5511&Latitude=1&Longitude=2"} {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	number := openLink(f, bridgetest.NewHost(f))
	whatsapp := openLink(f, bridgetest.NewHost(f), keySender, "whatsapp:"+ourNumber)
	f.Fuzz(func(t *testing.T, body []byte, over bool) {
		l := number
		if over {
			l = whatsapp
		}
		_, events, err := l.Receive(t.Context(), signed(body))
		if err != nil {
			if core.CodeOf(err) != core.CodeInvalid {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		for _, e := range events {
			raw, err := json.Marshal(e)
			if err != nil || e.ID == "" || bytes.Contains(raw, []byte(`\u0000`)) && !bytes.Contains(raw, []byte(`\\u0000`)) {
				t.Fatalf("cannot be kept: %s %v", raw, err)
			}
		}
		if len(events) == 0 {
			t.Fatalf("lost: %q", body)
		}
	})
}
