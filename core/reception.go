package core

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Reception is when a workspace's people are there, and what it says to contacts by itself.
type Reception struct {
	Hours    Hours    `json:"hours"`
	Language string   `json:"language,omitempty"`  // to contacts of whom none is known; empty: English
	Greeting Courtesy `json:"greeting"`            // to who begins a conversation inside the hours
	Away     Courtesy `json:"away"`                // to who writes outside of them
	ShowWeek bool     `json:"show_week,omitempty"` // the away message names the hours of the week
}

// Courtesy is a message that is said by itself.
type Courtesy struct {
	On    bool              `json:"on,omitempty"`
	Each  time.Duration     `json:"each,omitempty"`  // at most once to a contact in this time; zero: 12 hours
	Texts map[string]string `json:"texts,omitempty"` // by language, instead of ours, with {name}, {when}, {hours} and {holiday} to fill in
}

// Apart is the time between two of its kind to one contact.
func (c Courtesy) Apart() time.Duration {
	if c.Each > 0 {
		return c.Each
	}
	return 12 * time.Hour
}

const receptionName = "reception"

// LoadReception returns a workspace's; the zero value where there is none.
func LoadReception(ctx context.Context, repo ChannelRepo) (Reception, error) {
	var r Reception
	raw, err := repo.Value(ctx, AutomationOwner, receptionName)
	if err != nil || raw == nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("reception: %w", err)
	}
	return r, nil
}

// SaveReception sets a workspace's. Its error is a Problem where the hours cannot be kept.
func SaveReception(ctx context.Context, repo ChannelRepo, r Reception) error {
	if err := r.Hours.Check(); err != nil {
		return err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("reception: %w", err)
	}
	return repo.SetValue(ctx, AutomationOwner, receptionName, raw)
}
