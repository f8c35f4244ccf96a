package core

import (
	"context"
	"errors"
	"fmt"
)

// The settings of a channel whose number is also a phone's that are no bridge's.
const (
	phoneOwner    = "phone_owner"
	answeredTwice = "answered_twice"
	phoneGreets   = "phone_greets"
)

// AutomaticPhone is why a message from the phone is known to be written by the app: it came too soon after the customer's.
const AutomaticPhone = "the app's own greeting"

// Twice says what becomes of an agent's answer where somebody has answered from the phone since the agent looked.
type Twice string

const (
	TwiceHold Twice = "hold" // it is not sent until the agent says so; the agent is shown what the phone answered
	TwiceSend Twice = "send" // it is sent
)

// PhoneOwner is the name of the agent who has the business's phone; empty: nobody in particular.
func (c Channel) PhoneOwner() string { return c.Settings[phoneOwner] }

// AnsweredTwice is what the channel says of that, TwiceHold unless it says otherwise.
func (c Channel) AnsweredTwice() Twice {
	if t := Twice(c.Settings[answeredTwice]); t == TwiceSend {
		return t
	}
	return TwiceHold
}

// PhoneGreets reports whether the app on the phone answers by itself too, with a greeting or a note of absence.
func (c Channel) PhoneGreets() bool { return c.Settings[phoneGreets] == "true" }

// Coexistence is what an admin sets for a channel whose number is also a phone's.
type Coexistence struct {
	Owner  string // the agent who has the phone; empty: nobody
	Twice  Twice  // empty: TwiceHold
	Greets bool   // the app on the phone answers by itself too
}

// Put adds it to a channel's settings.
func (c Coexistence) Put(settings map[string]string) {
	if c.Owner != "" {
		settings[phoneOwner] = c.Owner
	}
	if c.Twice != "" {
		settings[answeredTwice] = string(c.Twice)
	}
	if c.Greets {
		settings[phoneGreets] = "true"
	}
}

// ByMachine reports whether what happened is an answer from the phone of which is known by now that the app wrote it: nobody has answered.
func ByMachine(ctx context.Context, repo Repo, h Happening) (bool, error) {
	if h.Kind != HappenedAnswered || h.By.Kind != AuthorPhone {
		return false, nil
	}
	m, err := repo.Message(ctx, h.Message)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("answer from the phone: %w", err)
	}
	return m.Content.Automatic != "", nil
}

// answersAtOnce is how many of a conversation's newest messages are looked through for answers from the phone.
const answersAtOnce = 50

// PhoneAnswer returns the newest message that a person sent from the business's phone after a place in the conversation.
func PhoneAnswer(ctx context.Context, repo Repo, conv Conversation, after int64) (m Message, there bool, err error) {
	if conv.Seq <= after {
		return m, false, nil
	}
	recent, err := repo.Messages(ctx, conv.ID, Page{Limit: int(min(answersAtOnce, conv.Seq-after))}) // each takes a number at least
	if err != nil {
		return m, false, fmt.Errorf("answers from the phone: %w", err)
	}
	for _, m := range recent {
		if m.Seq <= after {
			break
		}
		if m.Author.Kind == AuthorPhone && m.Direction == Out && !m.Historic && m.Content.Automatic == "" && m.Revoked.IsZero() {
			return m, true, nil
		}
	}
	return m, false, nil
}
