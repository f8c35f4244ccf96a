package core

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Care is what becomes of conversations by themselves while people deal with them: a word after silence, targets for answers, tags, a survey. What is
// zero is off.
type Care struct {
	FollowUp   FollowUp      `json:"follow_up"`
	CloseAfter time.Duration `json:"close_after,omitempty"` // closes a conversation whose contact has not answered a person for so long
	Targets    []Target      `json:"targets,omitempty"`     // the first that fits counts
	Escalate   Escalate      `json:"escalate"`
	Rules      []Rule        `json:"rules,omitempty"` // all that fit apply
	Survey     Survey        `json:"survey"`
}

// FollowUp is a message to a contact who has not answered a person of the business for a while, once in a silence.
type FollowUp struct {
	After time.Duration     `json:"after,omitempty"`
	Texts map[string]string `json:"texts,omitempty"` // by language, instead of ours; {name} is filled in
}

// Target is how fast conversations of a priority are to be answered and closed, in the business's hours. People are mailed when three quarters of the
// time are over, and when all of it is.
type Target struct {
	Priority    int           `json:"priority,omitempty"` // this or a higher one; zero: all
	FirstAnswer time.Duration `json:"first_answer,omitempty"`
	Resolution  time.Duration `json:"resolution,omitempty"`
}

// Escalate raises the priority of a conversation in which the contact waits too long, and mails its people.
type Escalate struct {
	After    time.Duration `json:"after,omitempty"` // in the business's hours
	Priority int           `json:"priority,omitempty"`
}

// Rule classifies a conversation by what the contact writes.
type Rule struct {
	Name     string    `json:"name"`
	Words    []string  `json:"words,omitempty"`   // any of them, as whole words, whatever their case; none: every message
	Channel  ChannelID `json:"channel,omitempty"` // only on this one
	Ad       bool      `json:"ad,omitempty"`      // only who came by an ad
	Tags     []string  `json:"tags,omitempty"`
	Priority int       `json:"priority,omitempty"` // raised to
}

// Survey asks for satisfaction, from 1 to 5, after a person closed a conversation.
type Survey struct {
	On    bool              `json:"on,omitempty"`
	Each  time.Duration     `json:"each,omitempty"`  // at most once to a contact in this time; zero: 30 days
	Texts map[string]string `json:"texts,omitempty"` // the question by language, instead of ours
}

// Off reports whether nothing is to be done.
func (c Care) Off() bool {
	return c.FollowUp.After == 0 && c.CloseAfter == 0 && len(c.Targets) == 0 && c.Escalate.After == 0 && len(c.Rules) == 0 && !c.Survey.On
}

// Watches reports whether anything becomes due by the clock.
func (c Care) Watches() bool {
	return c.WatchesSilence() || len(c.Targets) > 0 || c.Escalate.After > 0
}

// WatchesSilence reports whether anything becomes due because a contact does not answer.
func (c Care) WatchesSilence() bool { return c.FollowUp.After > 0 || c.CloseAfter > 0 }

// Target is the one that counts for a priority; zero where none does.
func (c Care) Target(priority int) Target {
	for _, t := range c.Targets {
		if priority >= t.Priority {
			return t
		}
	}
	return Target{}
}

const careName = "care"

// LoadCare returns a workspace's; the zero value where there is none.
func LoadCare(ctx context.Context, repo ChannelRepo) (Care, error) {
	var c Care
	raw, err := repo.Value(ctx, AutomationOwner, careName)
	if err != nil || raw == nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("care: %w", err)
	}
	return c, nil
}

// SaveCare sets a workspace's.
func SaveCare(ctx context.Context, repo ChannelRepo, c Care) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("care: %w", err)
	}
	return repo.SetValue(ctx, AutomationOwner, careName, raw)
}

// JobCare looks at what has become due in a conversation; Key is the ConversationID. An empty one is for all that are open, after a change of settings.
const JobCare JobKind = "care"

// SurveyAnswer is what a contact said of a conversation.
type SurveyAnswer struct {
	Conversation ConversationID // the one asked about
	Contact      ContactID
	Agent        AgentID // who had it
	Team         TeamID
	Channel      ChannelID
	Asked        time.Time
	Score        int       // 1 to 5; zero: not answered yet
	Answered     time.Time // zero: not answered yet
	Comment      string
}

// SurveyRepo keeps the answers.
type SurveyRepo interface {
	// AddSurvey notes that a contact is asked, and reports whether that is new.
	AddSurvey(ctx context.Context, s SurveyAnswer) (won bool, err error)
	// Survey returns the last one that a contact was asked. ErrNotFound: none.
	Survey(ctx context.Context, contact ContactID) (SurveyAnswer, error)
	// SetSurvey sets score, comment and when it was answered.
	SetSurvey(ctx context.Context, s SurveyAnswer) error
	// Surveys lists those asked in a time, oldest first.
	Surveys(ctx context.Context, from, to time.Time) ([]SurveyAnswer, error)
}

const (
	// SurveyFor is how long a number may be the answer to a survey.
	SurveyFor = 3 * 24 * time.Hour
	// SurveyCommentFor is how long after it the next text may be the comment.
	SurveyCommentFor = 2 * time.Hour
	// SurveyThanks begins the key of the thanks for an answer, which ask for a comment.
	SurveyThanks = "survey-thanks/"
	// SurveyOption stands before the score, in the ids of what can be picked.
	SurveyOption = "survey-"
)

// Awaits reports whether something that the contact says at a time, in no conversation that is open, can answer the survey: by a score, or after that by a
// text.
func (s SurveyAnswer) Awaits(content Content, now time.Time) bool {
	if s.Score == 0 {
		return SurveyScore(content) > 0 && now.Sub(s.Asked) < SurveyFor
	}
	return s.Comment == "" && content.Kind == KindText && content.Referral == nil && SurveyScore(content) == 0 && now.Sub(s.Answered) < SurveyCommentFor
}

// SurveyScore reads an answer to a survey: what was picked, stars, or a number from 1 to 5 alone, in any script. Zero: it is none.
func SurveyScore(content Content) int {
	if content.Choice != nil {
		n, err := strconv.Atoi(strings.TrimPrefix(content.Choice.ID, SurveyOption))
		if err == nil && strings.HasPrefix(content.Choice.ID, SurveyOption) && n >= 1 && n <= 5 {
			return n
		}
		return 0
	}
	text := strings.TrimSpace(content.Text)
	if content.Kind != KindText || len(text) > 32 {
		return 0
	}
	if stars := strings.Count(text, "⭐") + strings.Count(text, "★"); stars > 0 && stars <= 5 && strings.Trim(text, "⭐★\ufe0f ") == "" {
		return stars
	}
	picked, ok := Choices{Options: make([]Option, 5)}.Pick(text)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(picked.ID)
	if err != nil {
		return 0
	}
	return n + 1
}
