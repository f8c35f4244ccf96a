package core

import (
	"context"
	"fmt"
	"time"
)

// typingOwner is the owner of the values that say when contacts were last seen writing, by conversation.
const typingOwner = "typing"

// typingFor is how long somebody is taken to be still writing. Channels tell it again every few seconds.
const typingFor = 8 * time.Second

// NoteTyping notes in the caller's transaction that the contact of a conversation is writing.
func NoteTyping(ctx context.Context, repo Repo, id ConversationID, now time.Time) error {
	if err := repo.SetValueUntil(ctx, typingOwner, string(id), []byte(now.UTC().Format(time.RFC3339Nano)), now.Add(time.Minute)); err != nil {
		return fmt.Errorf("note contact as typing: %w", err)
	}
	return nil
}

// Typing reports whether the contact of a conversation is writing: seen so within seconds, and nothing was said since.
func Typing(ctx context.Context, repo Repo, c Conversation, now time.Time) (bool, error) {
	raw, err := repo.Value(ctx, typingOwner, string(c.ID))
	if err != nil {
		return false, fmt.Errorf("whether the contact is typing: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, string(raw))
	return err == nil && now.Sub(at) < typingFor && !c.LastAt.After(at), nil
}
