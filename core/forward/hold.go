package forward

import (
	"context"
	"errors"
	"fmt"

	"causeway/core"
)

// holdAtOnce is how many mails are read in one go.
const holdAtOnce = 100

// Hold gives the agents' mails that no message was made of yet back to their authors, and returns how many. It is for a store that comes from a
// backup: after that was made its gateway went on, and may have sent them. Nothing of a workspace may be worked on meanwhile.
func (f *Forwarder) Hold(ctx context.Context, ws core.WorkspaceID) (held int, err error) {
	for {
		waiting, err := f.Store.In(ws).MailsIn(ctx, core.MailNew, holdAtOnce)
		if err != nil || len(waiting) == 0 {
			return held, err
		}
		for _, m := range waiting {
			if err := f.hold(ctx, ws, m); err != nil {
				return held, fmt.Errorf("hold agent's mail %s: %w", m.ID, err)
			}
			held++
		}
	}
}

func (f *Forwarder) hold(ctx context.Context, ws core.WorkspaceID, m core.Mail) error {
	o := outcome{state: core.MailRefused, reason: "waited when the backup was made that was restored; it may have been sent since"}
	w, err := f.writer(ctx, ws, core.Notice{Conversation: m.Conversation, Agent: m.Agent, Created: f.Now()})
	switch {
	case errors.Is(err, core.ErrNotFound): // then there is nobody to tell
	case err != nil:
		return err
	default:
		o.notice = &core.Notice{Kind: core.NoticeQuestion, Agent: m.Agent, Mail: m.ID, Key: "restored/" + string(m.ID), Text: w.say("restored")}
	}
	return f.Store.Tx(ctx, func(tx core.Tx) error { return f.record(ctx, tx, ws, m, nil, o) })
}
