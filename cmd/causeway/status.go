package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/doctor"

	"github.com/spf13/cobra"
)

func statusCommand() *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "Show on one screen how everything is, without asking providers", GroupID: "admin", Args: cobra.NoArgs, RunE: showStatus,
		Long: "Show on one screen how everything is: whether the gateway runs here, disk, database, mail, channels with what waits and when they last proved to work, and what waits for a person.\n" +
			"It asks no provider: causeway doctor does. It ends with 0 if nothing is broken."}
	c.Flags().Bool("json", false, "print JSON")
	return c
}

// overview is how an installation is.
type overview struct {
	Version  string            `json:"version"`
	Channels []channelOverview `json:"channels"`
	Events   int               `json:"events_parked"` // that wait for the message they are about
	Findings []foundIn         `json:"findings"`
}

// foundIn is a finding of the doctor's, with what it is about.
type foundIn struct {
	Group   string           `json:"group"`
	Subject string           `json:"subject"`
	Level   core.HealthLevel `json:"level"`
	Detail  string           `json:"detail"`
	Remedy  string           `json:"remedy,omitempty"`
}

// channelOverview is how a channel is. Messages that wait are counted up to what the lists of jobs show.
type channelOverview struct {
	Name    string            `json:"name"`
	Kind    string            `json:"kind"`
	State   core.ChannelState `json:"state"`
	Health  core.HealthLevel  `json:"health"`
	SeenIn  time.Time         `json:"last_in,omitzero"`
	Proof   core.Proof        `json:"proven"` // when it last worked from end to end
	Waiting int               `json:"waiting"`
	Parked  int               `json:"parked"`
}

func showStatus(cmd *cobra.Command, _ []string) error {
	b, err := openPatient(cmd)
	if err != nil {
		return err
	}
	defer func() { _ = b.close() }()
	s, err := b.overview(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(s)
	} else {
		err = s.print(cmd, b.now())
	}
	if err == nil && s.broken() {
		err = errTrouble
	}
	return err
}

// overview gathers how everything is, by what the doctor knows without leaving this machine but for the database and the mail relay.
func (b *base) overview(ctx context.Context) (overview, error) {
	s := overview{Version: version(), Channels: []channelOverview{}}
	here := running(ctx, b.cfg.PrivateListen)
	s.Findings = append(s.Findings, foundIn{"machine", here.Subject, here.Level, here.Detail, here.Remedy})
	in := b.examination()
	in.Probe, in.Skew, in.Converter, in.Check = nil, nil, nil, nil
	for _, g := range doctor.Run(ctx, in) {
		for _, f := range g.Findings {
			s.Findings = append(s.Findings, foundIn{g.Title, f.Subject, f.Level, f.Detail, f.Remedy})
		}
	}
	left, err := b.store.Left(ctx)
	if err != nil {
		return s, fmt.Errorf("what was set aside: %w", err)
	}
	s.Events = left.Parked
	known := newLife(b)
	if err := known.exchange(ctx); err != nil {
		return s, fmt.Errorf("when channels last worked: %w", err)
	}
	all, err := b.store.AllChannels(ctx)
	if err != nil {
		return s, fmt.Errorf("channels: %w", err)
	}
	for _, ch := range all {
		c := channelOverview{Name: ch.Name, Kind: ch.Kind, State: ch.State, Health: ch.Health.Level, SeenIn: ch.SeenIn, Proof: known.last(ch.ID)}
		for status, n := range map[core.Status]*int{core.StatusQueued: &c.Waiting, core.StatusParked: &c.Parked} {
			parts, err := b.store.In(ch.Workspace).PartsIn(ctx, ch.ID, status, mostListed)
			if err != nil {
				return s, fmt.Errorf("what waits: %w", err)
			}
			*n = len(parts)
		}
		s.Channels = append(s.Channels, c)
	}
	return s, nil
}

func (s overview) broken() bool {
	for _, f := range s.Findings {
		if f.Level == core.HealthBad {
			return true
		}
	}
	return false
}

// print writes what is not about a channel, then the channels, then what should be done about those.
func (s overview) print(cmd *cobra.Command, now time.Time) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "causeway %s\n", s.Version)
	var all, channels []core.Finding
	for _, f := range s.Findings {
		found := core.Finding{Subject: f.Subject, Level: f.Level, Detail: f.Detail, Remedy: f.Remedy}
		if all = append(all, found); strings.HasPrefix(f.Group, "channel ") {
			found.Subject = strings.TrimPrefix(f.Group, "channel ")
			channels = append(channels, found)
			continue
		}
		printLines(out, []core.Finding{found})
	}
	if s.Events > 0 {
		printLines(out, []core.Finding{core.Good("events", "%s: not yet applied, for they wait for the messages they are about.", count(s.Events, "event"))})
	}
	if len(s.Channels) > 0 {
		fmt.Fprintln(out)
		t := newTable(out, "CHANNEL", "KIND", "STATE", "LAST IN", "PROVEN IN", "PROVEN OUT", "WAITING", "PARKED")
		for _, c := range s.Channels {
			t.row(c.Name, c.Kind, string(c.State), ago(now, c.SeenIn), ago(now, c.Proof.In), ago(now, core.Latest(c.Proof.Out, c.Proof.Delivered)), strconv.Itoa(c.Waiting), strconv.Itoa(c.Parked))
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	for _, f := range channels {
		if f.Level == core.HealthBad || f.Level == core.HealthWarning {
			printLines(out, []core.Finding{f})
		}
	}
	fmt.Fprintln(out)
	_ = printSum(out, all) // what it says of the outcome, broken says too
	return nil
}

// ago is how long ago something was; "never" for what was not.
func ago(now, at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return core.Span(now.Sub(at)) + " ago"
}
