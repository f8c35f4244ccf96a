package inbound

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"causeway/core"
)

const (
	longestPick = 4  // runes of a number that may be a pick
	pickLooks   = 10 // messages to look back over for what was offered
)

// pick reads the number that a customer answers to choices that went out as a numbered text: it means the option. Only an answer to the last thing said
// counts.
func (b *batch) pick(ctx context.Context, m *core.Message) error {
	answer := strings.TrimSpace(m.Content.Text)
	first, _ := utf8.DecodeRuneInString(answer)
	if m.Direction != core.In || m.Historic || m.Content.Kind != core.KindText || !unicode.IsDigit(first) || utf8.RuneCountInString(answer) > longestPick {
		return nil // what is no number costs no look
	}
	offered, err := b.offered(ctx, *m)
	if err != nil || offered == nil {
		return err
	}
	if choice, ok := offered.Pick(answer); ok {
		m.Content.Kind, m.Content.Choice = core.KindChoice, &choice
	}
	return nil
}

// offered is what the business said last in the conversation, if that were choices as a numbered text on this channel.
func (b *batch) offered(ctx context.Context, m core.Message) (*core.Choices, error) {
	recent, err := b.repo.Messages(ctx, m.Conversation, core.Page{Limit: pickLooks})
	if err != nil {
		return nil, fmt.Errorf("what was offered: %w", err)
	}
	for _, before := range recent {
		if before.Direction != core.Out {
			continue
		}
		last := len(before.Parts) - 1
		if before.Channel == m.Channel && before.Content.Kind == core.KindChoices && last >= 0 && before.Parts[last].Content.Kind == core.KindText {
			return before.Content.Choices, nil
		}
		return nil, nil
	}
	return nil, nil
}
