package forward

import (
	"context"
	"errors"
	"fmt"

	"causeway/core"
)

// Readmit has an agent's mail that was set aside judged anew: a person vouches that it is from whom its From names. That must still be the
// agent to whom the reply address was given, and the gate decides as ever. The id is the dead letter's, which goes. A Problem says why a mail
// cannot be judged again; it is kept then.
func Readmit(ctx context.Context, store core.Store, ws core.WorkspaceID, id string) error {
	return store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(ws)
		m, err := repo.Mail(ctx, core.MailID(id))
		switch {
		case errors.Is(err, core.ErrNotFound) || err == nil && (m.Conversation == "" || m.Agent == ""):
			return core.Problemf(core.CodeConflict, "It is not known which agent and conversation this mail is of.").
				Remedied("Read it, and answer the customer yourself.")
		case err != nil:
			return fmt.Errorf("agent's mail: %w", err)
		case m.Blob == "":
			return core.Problemf(core.CodeConflict, "The text of this mail is no longer kept.").Remedied("Ask the agent to send it again.")
		}
		if _, err := repo.Lock(ctx, m.Conversation); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if err := repo.RemoveDeadLetter(ctx, id); err != nil {
			return err
		}
		m.State, m.Reason, m.Trusted = core.MailNew, "", true
		if err := repo.SetMail(ctx, m); err != nil {
			return fmt.Errorf("readmit mail: %w", err)
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobReply, Workspace: ws, Key: string(m.Conversation)})
	})
}
