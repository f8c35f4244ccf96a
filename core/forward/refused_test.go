package forward_test

import (
	"strings"
	"testing"

	"causeway/core"
	"causeway/core/forward"
)

func TestRefusedFor(t *testing.T) {
	for _, c := range []struct {
		code   int
		status string
		at     forward.Stage
		want   forward.Refused
	}{
		{550, "5.1.1", forward.StageRecipient, forward.RefusedMailbox},
		{550, "5.1.10", forward.StageLetter, forward.RefusedMailbox}, // Exchange Online, after the letter
		{553, "5.1.8", forward.StageRecipient, forward.RefusedUs},
		{550, "5.1.7", forward.StageSender, forward.RefusedUs},
		{552, "5.2.2", forward.StageRecipient, forward.RefusedMailbox},
		{452, "4.2.2", forward.StageRecipient, forward.RefusedMailbox},
		{550, "5.2.3", forward.StageLetter, forward.RefusedLetter},
		{552, "5.3.4", forward.StageSender, forward.RefusedLetter},
		{554, "5.3.0", forward.StageRecipient, forward.RefusedMailbox},
		{550, "5.4.1", forward.StageRecipient, forward.RefusedMailbox},
		{554, "5.6.0", forward.StageLetter, forward.RefusedLetter},
		{552, "5.6.11", forward.StageRecipient, forward.RefusedLetter},
		{550, "5.7.1", forward.StageLetter, forward.RefusedLetter},
		{451, "4.7.1", forward.StageLetter, forward.RefusedLetter},
		{552, "5.7.0", forward.StageLetter, forward.RefusedLetter}, // Gmail, of a program that is attached
		{554, "5.7.1", forward.StageRecipient, forward.RefusedUs},  // relay access denied
		{550, "5.7.26", forward.StageLetter, forward.RefusedUs},    // DMARC
		{550, "5.7.60", forward.StageLetter, forward.RefusedUs},
		{550, "5.7.606", forward.StageRecipient, forward.RefusedUs},
		{550, "5.7.13", forward.StageLetter, forward.RefusedMailbox},
		{550, "5.7.133", forward.StageLetter, forward.RefusedMailbox},
		{550, "", forward.StageRecipient, forward.RefusedMailbox},
		{550, "", forward.StageSender, forward.RefusedUs},
		{552, "", forward.StageSender, forward.RefusedLetter},
		{552, "", forward.StageLetter, forward.RefusedLetter},
		{554, "", forward.StageLetter, forward.RefusedLetter},
		{554, "5.5.1", forward.StageLetter, forward.RefusedLetter},
		{550, "nonsense", forward.StageRecipient, forward.RefusedMailbox},
	} {
		if got := forward.RefusedFor(c.code, c.status, c.at); got != c.want {
			t.Errorf("%d %s at %s is about %q, want %q", c.code, c.status, c.at, got, c.want)
		}
	}
}

// TestRefusedForWhatItHolds: the agent hears that a customer wrote, without the words that their server does not take, and may answer.
func TestRefusedForWhatItHolds(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	told := h.hearUnreached()
	h.relay.fail = func(l forward.Letter) error {
		if strings.Contains(l.Text, "cheap pills") {
			return &forward.RelayError{Code: 550, Status: "5.7.1", Refused: forward.RefusedLetter, Text: "this looks like spam"}
		}
		return nil
	}
	h.says(text("Are these cheap pills of yours?"))
	h.settle()
	l := h.last("Lena")
	if strings.Contains(l.Text, "pills") || !strings.Contains(l.Text, "this looks like spam") || !strings.Contains(l.Text, "#1") {
		t.Errorf("Lena is told:\n%s", l.Text)
	}
	if _, lately, err := core.UnreachedLately(t.Context(), h.repo, h.agents["Lena"], h.clock); err != nil || lately || len(*told) > 0 {
		t.Errorf("Lena counts as not reached: %v, %v, told %q", lately, err, *told)
	}
	h.reply(answer{to: h.address("Lena"), text: "They are not ours."})
	h.wantPhone("They are not ours.")
	h.relay.fail = func(forward.Letter) error {
		return &forward.RelayError{Code: 554, Refused: forward.RefusedLetter, Text: "no more"}
	}
	h.says(text("And now?"))
	h.settle()
	if len(*told) != 1 {
		t.Errorf("where nothing is taken, %q is told", *told)
	}
}

func TestBounceForWhatItHolds(t *testing.T) {
	h := asked(t)
	told := h.hearUnreached()
	l, null := h.last("Lena"), ""
	h.judged(answer{from: "postmaster@example.com", sender: &null, to: l.Envelope, headers: []string{"Content-Type: multipart/report; report-type=delivery-status; boundary=b"},
		text: "--b\nContent-Type: text/plain\n\nYour mail was not delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; lena@example.com\nAction: failed\n" +
			"Status: 5.6.0\nDiagnostic-Code: smtp; 554 5.6.0 malicious content\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <" + l.MessageID + ">\n--b--\n"})
	h.settle()
	if got := h.last("Lena"); len(*told) > 0 || !strings.Contains(got.Text, "malicious content") || strings.Contains(got.Text, "hello") {
		t.Errorf("told %q; Lena got:\n%s", *told, got.Text)
	}
	again := h.last("Lena")
	h.judged(answer{from: "postmaster@example.com", sender: &null, to: again.Envelope, headers: []string{"Content-Type: multipart/report; report-type=delivery-status; boundary=b"},
		text: "--b\nContent-Type: message/delivery-status\n\nAction: failed\nStatus: 5.6.0\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <" + again.MessageID + ">\n--b--\n"})
	h.settle()
	if len(*told) != 1 || h.last("Lena").MessageID != again.MessageID {
		t.Errorf("told %q after what tells of it came back too", *told)
	}
}
