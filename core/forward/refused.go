package forward

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"causeway/core"
)

// Refused is what a mail server's refusal is about.
type Refused string

const (
	RefusedUs      Refused = "us"      // our access, our sender address, or how our domain is set up: all letters fare alike until a person puts it right
	RefusedMailbox Refused = "mailbox" // whom it is to
	RefusedLetter  Refused = "letter"  // what it holds, or how large it is
)

// Stage is the command that a mail server refused.
type Stage string

const (
	StageSender    Stage = "MAIL"
	StageRecipient Stage = "RCPT"
	StageLetter    Stage = "DATA" // also in a report that comes later
)

// RefusedFor tells what a refusal is about by its enhanced status code (RFC 3463, "5.1.1"; empty where the server gave none), and where that leaves it
// open, by the stage at which it came.
func RefusedFor(code int, status string, at Stage) Refused {
	subject, detail := statusOf(status)
	switch subject {
	case 1: // addresses; 7 and 8 are the sender's
		if detail == 7 || detail == 8 {
			return RefusedUs
		}
		return RefusedMailbox
	case 2: // mailboxes
		if detail == 3 { // too long for this one
			return RefusedLetter
		}
		return RefusedMailbox
	case 3:
		if detail == 4 { // too long for the system
			return RefusedLetter
		}
	case 4: // the way there
		if at != StageSender {
			return RefusedMailbox
		}
	case 6: // content
		return RefusedLetter
	case 7:
		return refusedByPolicy(detail, at)
	}
	switch {
	case at == StageSender && code != 552:
		return RefusedUs
	case at == StageRecipient:
		return RefusedMailbox
	}
	return RefusedLetter
}

// refusedByPolicy tells apart the details of the subject 7. Those from 100 on are Exchange Online's.
func refusedByPolicy(detail int, at Stage) Refused {
	mailbox := []int{2, 13, 17, 18, 124, 129, 133, 134, 135, 136}
	sender := []int{8, 9, 20, 21, 22, 23, 24, 25, 26, 27, 57, 60, 64}
	switch {
	case slices.Contains(mailbox, detail):
		return RefusedMailbox
	case slices.Contains(sender, detail), detail >= 500, at != StageLetter: // a relay that we may not use says so at RCPT, too
		return RefusedUs
	}
	return RefusedLetter
}

// statusOf takes the last two numbers of an enhanced status code; zeros where it is none.
func statusOf(status string) (subject, detail int) {
	class, rest, _ := strings.Cut(status, ".")
	first, second, _ := strings.Cut(rest, ".")
	if class != "4" && class != "5" {
		return 0, 0
	}
	subject, _ = strconv.Atoi(first)
	detail, _ = strconv.Atoi(second)
	return subject, detail
}

// withheld prefixes the keys of notices which tell that a mail was refused for what it holds.
const withheld = "withheld/"

// withhold gives a notice up that a server refuses for what its mail holds. Its agent is told so before, without those words. Where that is refused too,
// the admins are told.
func (f *Forwarder) withhold(ctx context.Context, work core.Work, n core.Notice) error {
	if strings.HasPrefix(n.Key, withheld) {
		return errors.Join(f.drop(ctx, work, n, n.Error), f.unreached(ctx, work.Workspace, n.Agent, n.Error))
	}
	w, err := f.writer(ctx, work.Workspace, n)
	if err != nil {
		return err
	}
	if err := f.note(ctx, w.repo, n.Conversation, *w.withheld(string(n.ID), n.Error)); err != nil {
		return err
	}
	return f.drop(ctx, work, n, n.Error)
}

// withheld tells an agent that a mail to them was refused for what it holds, once for each id.
func (w *writer) withheld(id, why string) *core.Notice {
	return &core.Notice{Kind: core.NoticeAlert, Key: withheld + id, Agent: w.agent.ID,
		Text: w.say("withheld", "name", w.name, "n", strconv.FormatInt(w.conv.Number, 10), "text", clean(why, 200))}
}
