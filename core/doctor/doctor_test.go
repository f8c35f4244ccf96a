package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"causeway/core"
)

// memory is a store with function-free contents.
type memory struct {
	core.Store
	channels []core.Channel
	forwards []core.Forward
	agents   []core.Agent
	values   map[string]string
	flows    []core.Workflow
	sealed   []core.SealedSecret
	err      error
}

type repo struct {
	core.Repo
	m memory
}

func (m memory) In(core.WorkspaceID) core.Repo                              { return repo{m: m} }
func (m memory) Ping(context.Context) error                                 { return m.err }
func (m memory) AllChannels(context.Context) ([]core.Channel, error)        { return m.channels, m.err }
func (m memory) SealedSecrets(context.Context) ([]core.SealedSecret, error) { return m.sealed, m.err }
func (r repo) Forwards(context.Context) ([]core.Forward, error)             { return r.m.forwards, nil }
func (r repo) Agents(context.Context) ([]core.Agent, error)                 { return r.m.agents, nil }
func (r repo) Workflows(context.Context) ([]core.Workflow, error)           { return r.m.flows, nil }
func (r repo) Value(_ context.Context, owner, name string) ([]byte, error) {
	return []byte(r.m.values[owner+" "+name]), nil
}

// vault opens what is not called shut.
type vault struct{ core.Vault }

func (vault) Open(box []byte, _ string) (core.Secret, error) {
	if string(box) == "shut" {
		return core.Secret{}, errors.New("does not open")
	}
	return core.NewSecret("x"), nil
}

type blobs struct {
	core.Blobs
	err error
}

func (b blobs) Ping(context.Context) error { return b.err }

var (
	now     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("connection refused")
)

func well() Inputs {
	shop := core.Channel{ID: "1", Name: "shop", Kind: "whatsapp-cloud", State: core.ChannelActive, SeenIn: now.Add(-time.Hour)}
	return Inputs{
		Store: memory{channels: []core.Channel{shop}, forwards: []core.Forward{{To: []core.AgentID{"a"}}}, sealed: []core.SealedSecret{{Box: []byte("open")}}},
		Vault: vault{}, Blobs: blobs{}, Now: func() time.Time { return now }, DataDir: "/data", PublicURL: "https://bridge.example.org",
		Relay: func(context.Context) core.Finding {
			return core.Finding{Subject: "mail relay", Level: core.HealthGood, Detail: "fine"}
		},
		Probe:      func(context.Context, string) error { return nil },
		Skew:       func(context.Context) (time.Duration, error) { return 2 * time.Second, nil },
		Disk:       func(string) (uint64, uint64, error) { return 50 << 30, 100 << 30, nil },
		Migrations: func(context.Context) (int, int, error) { return 12, 0, nil },
		Check: func(context.Context, core.Channel) ([]core.Finding, error) {
			return []core.Finding{{Subject: "access token", Level: core.HealthGood, Detail: "valid"}}, nil
		},
	}
}

func TestAllIsWell(t *testing.T) {
	groups := Run(t.Context(), well())
	var titles []string
	for _, g := range groups {
		titles = append(titles, g.Title)
		for _, f := range g.Findings {
			if f.Level != core.HealthGood || f.Subject == "" || f.Detail == "" {
				t.Errorf("%s: %+v", g.Title, f)
			}
		}
	}
	if got := strings.Join(titles, ", "); got != "machine, database, mail, public address, channel shop" {
		t.Errorf("groups: %s", got)
	}
}

// A channel of which nothing is known is not said to send.
func TestWhetherItSends(t *testing.T) {
	for level, want := range map[core.HealthLevel]string{core.HealthUnknown: "its provider has not taken a message yet", core.HealthGood: "The channel sends."} {
		in := well()
		in.Store.(memory).channels[0].Health.Level = level
		all := flat(Run(t.Context(), in))
		if !slices.ContainsFunc(all, func(f core.Finding) bool {
			return f.Subject == "shop: state" && f.Level == core.HealthGood && strings.Contains(f.Detail, want)
		}) {
			t.Errorf("with the health %q: %+v, want %q", level, all, want)
		}
	}
}

// flat lists the findings of all groups; of a channel's the subject begins with its name.
func flat(groups []Group) []core.Finding {
	var all []core.Finding
	for _, g := range groups {
		for _, f := range g.Findings {
			if name, ok := strings.CutPrefix(g.Title, "channel "); ok {
				f.Subject = name + ": " + f.Subject
			}
			all = append(all, f)
		}
	}
	return all
}

func TestNothingToLookAt(t *testing.T) {
	if got := flat(Run(t.Context(), Inputs{PublicURL: "https://bridge.example.org"})); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestFindings(t *testing.T) {
	with := func(change func(m *memory)) func(*Inputs) {
		return func(in *Inputs) {
			m := in.Store.(memory)
			m.channels = append([]core.Channel(nil), m.channels...)
			change(&m)
			in.Store = m
		}
	}
	cases := []struct {
		name    string
		change  func(*Inputs)
		subject string
		level   core.HealthLevel
		detail  string
		remedy  string
	}{
		{"settings", func(in *Inputs) {
			in.Settings = []core.Finding{{Subject: "dkim", Level: core.HealthBad, Detail: "half", Remedy: "both"}}
		}, "dkim", core.HealthBad, "half", "both"},
		{"disk full", func(in *Inputs) { in.Disk = func(string) (uint64, uint64, error) { return 5 << 20, 1 << 40, nil } }, "disk", core.HealthBad, "Only 5 MB are free in /data", "Free some space"},
		{"disk low", func(in *Inputs) { in.Disk = func(string) (uint64, uint64, error) { return 500 << 20, 10 << 30, nil } }, "disk", core.HealthWarning, "500 MB", "Free some space"},
		{"disk below a fiftieth", func(in *Inputs) { in.Disk = func(string) (uint64, uint64, error) { return 2 << 30, 1 << 40, nil } }, "disk", core.HealthWarning, "2 GB are free", "Free"},
		{"disk gone", func(in *Inputs) { in.Disk = func(string) (uint64, uint64, error) { return 0, 0, errDown } }, "disk", core.HealthBad, "cannot be looked at", "Check that the folder"},
		{"clock behind", func(in *Inputs) {
			in.Skew = func(context.Context) (time.Duration, error) { return -40 * time.Second, nil }
		}, "clock", core.HealthWarning, "40s behind", "timedatectl"},
		{"clock wrong", func(in *Inputs) { in.Skew = func(context.Context) (time.Duration, error) { return time.Hour, nil } }, "clock", core.HealthBad, "1h0m0s ahead", "timedatectl"},
		{"clock unknown", func(in *Inputs) { in.Skew = func(context.Context) (time.Duration, error) { return 0, errDown } }, "clock", core.HealthWarning, "could not be compared", "internet"},
		{"files", func(in *Inputs) { in.Blobs = blobs{err: errDown} }, "files", core.HealthBad, "cannot be stored", "Check that the folder"},
		{"database down", with(func(m *memory) { m.err = errDown }), "database", core.HealthBad, "does not answer: connection refused.", "database_url"},
		{"migrations wait", func(in *Inputs) { in.Migrations = func(context.Context) (int, int, error) { return 10, 2, nil } }, "migrations", core.HealthBad, "2 of 12", "causeway migrate"},
		{"migrations unknown", func(in *Inputs) { in.Migrations = func(context.Context) (int, int, error) { return 0, 0, errDown } }, "migrations", core.HealthBad, "not known", "older version"},
		{"another master key", with(func(m *memory) {
			m.sealed = append(m.sealed, core.SealedSecret{Name: "app_secret", Box: []byte("shut")})
		}), "secrets", core.HealthBad, "1 of 2 secrets cannot be opened with this master key (app_secret).", "master_key_file"},
		{"nobody gets mail", with(func(m *memory) { m.forwards = []core.Forward{{Channel: "2", To: []core.AgentID{"a"}}, {}} }), "forwards", core.HealthWarning, "on shop", "Add a forward"},
		{"nobody has what comes in", with(func(m *memory) { m.forwards = []core.Forward{{Assigned: true}, {To: []core.AgentID{"a"}, Team: "t"}} }), "forwards", core.HealthWarning,
			"What comes in on shop is mailed only to who has the conversation, and nothing gives it to anybody.", "assignment:"},
		{"who has it is mailed", with(func(m *memory) {
			m.forwards, m.values = []core.Forward{{Assigned: true}}, map[string]string{core.AutomationOwner + " " + core.DeskName: `{"team":"t"}`}
		}), "forwards", core.HealthGood, "Every channel is forwarded", ""},
		{"who gets it of a workflow is mailed", with(func(m *memory) { m.forwards, m.flows = []core.Forward{{Assigned: true}}, []core.Workflow{{Name: "w"}} }), "forwards", core.HealthGood,
			"Every channel is forwarded", ""},
		{"set aside", func(in *Inputs) {
			in.Waits = func(context.Context) ([]Waiting, error) {
				return []Waiting{{"jobs were given up", "causeway jobs dead", 0}, {"messages hang", "causeway jobs unknown", 2}}, nil
			}
		}, "set aside", core.HealthWarning, "2 messages hang.", "Look at: causeway jobs unknown"},
		{"nothing set aside", func(in *Inputs) { in.Waits = func(context.Context) ([]Waiting, error) { return nil, nil } }, "set aside", core.HealthGood, "Nothing waits", ""},
		{"set aside, not known", func(in *Inputs) { in.Waits = func(context.Context) ([]Waiting, error) { return nil, errDown } }, "set aside", core.HealthBad, "cannot be counted", "database"},
		{"an agent cannot be mailed", with(func(m *memory) {
			m.agents = []core.Agent{{ID: "a", Name: "Lena", Addresses: []string{"lena@example.com"}}, {ID: "b", Name: "Omar"}}
			m.values = map[string]string{"agent/a unreached": `{"at":"2026-03-01T02:00:00Z","address":"lena@example.com","why":"550 no such user."}`}
		}), "agents", core.HealthWarning, "A mail to Lena (lena@example.com) was refused or came back: 550 no such user.", "causeway apply"},
		{"no public address", func(in *Inputs) { in.PublicURL = "" }, "public address", core.HealthBad, "There is no public address", "CAUSEWAY_PUBLIC_URL"},
		{"public address not https", func(in *Inputs) { in.PublicURL = "http://bridge.example.org" }, "public address", core.HealthBad, "is not https", "certificate"},
		{"public address of this machine", func(in *Inputs) { in.PublicURL = "http://127.0.0.1:8080" }, "public address", core.HealthWarning, "from this machine only", "public_url"},
		{"public address unreadable", func(in *Inputs) { in.PublicURL = "bridge" }, "public address", core.HealthBad, "cannot be read", "https://"},
		{"public address dead", func(in *Inputs) { in.Probe = func(context.Context, string) error { return errDown } }, "public address", core.HealthBad, "does not answer as it must: connection refused.", "proxy"},
		{"no channel", with(func(m *memory) { m.channels = nil }), "channels", core.HealthWarning, "no channel yet", "causeway apply"},
		{"never called", with(func(m *memory) { m.channels[0].SeenIn = time.Time{} }), "shop: incoming", core.HealthWarning, "never called this channel's webhook", "causeway channel show shop"},
		{"never called, odd name", with(func(m *memory) { m.channels[0].SeenIn = time.Time{}; m.channels[0].Name = "my shop" }), "my shop: incoming", core.HealthWarning, "never called", "causeway channel show 'my shop'"},
		{"nothing came, no webhook", func(in *Inputs) {
			with(func(m *memory) { m.channels[0].SeenIn = time.Time{} })(in)
			in.Webhook = func(context.Context, core.Channel) bool { return false }
		}, "shop: incoming", core.HealthWarning, "Nothing has ever come in", "as a customer"},
		{"quiet for long, no webhook", func(in *Inputs) {
			with(func(m *memory) { m.channels[0].SeenIn = now.Add(-10 * 24 * time.Hour) })(in)
			in.Webhook = func(context.Context, core.Channel) bool { return false }
		}, "shop: incoming", core.HealthWarning, "for 10 days", "If people have written since"},
		{"quiet for long", with(func(m *memory) { m.channels[0].SeenIn = now.Add(-10 * 24 * time.Hour) }), "shop: incoming", core.HealthWarning, "for 10 days", "causeway channel logs shop"},
		{"paused", with(func(m *memory) { m.channels[0].State = core.ChannelPaused }), "shop: state", core.HealthWarning, "paused", "causeway channel resume shop"},
		{"parked", with(func(m *memory) {
			m.channels[0].State, m.channels[0].Health = core.ChannelParked, core.Health{Level: core.HealthBad, Reason: "The token has expired.", Remedy: "Make a new one."}
		}), "shop: state", core.HealthBad, "Sending has stopped, and messages wait: The token has expired.", "Make a new one."},
		{"parked without a reason", with(func(m *memory) { m.channels[0].State = core.ChannelParked }), "shop: state", core.HealthBad, "refuses", "causeway channel resume shop"},
		{"health warns", with(func(m *memory) {
			m.channels[0].Health = core.Health{Level: core.HealthWarning, Reason: "Quality is low.", Remedy: "Write less."}
		}), "shop: state", core.HealthWarning, "Quality is low.", "Write less."},
		{"provider", func(in *Inputs) {
			in.Check = func(context.Context, core.Channel) ([]core.Finding, error) {
				return bad("access token", "Make a new one.", "It has expired."), nil
			}
		}, "shop: access token", core.HealthBad, "It has expired.", "Make a new one."},
		{"link does not open", func(in *Inputs) {
			in.Check = func(context.Context, core.Channel) ([]core.Finding, error) {
				return nil, fmt.Errorf("open: %w", core.Problemf(core.CodeInvalid, "The app secret is a sample.").Remedied("Put your own."))
			}
		}, "shop: settings", core.HealthBad, "The app secret is a sample.", "Put your own."},
		{"link does not open, no reason", func(in *Inputs) {
			in.Check = func(context.Context, core.Channel) ([]core.Finding, error) { return nil, errDown }
		}, "shop: settings", core.HealthBad, "The channel cannot be opened: connection refused.", "business file"},
		{"check panics", func(in *Inputs) {
			in.Check = func(context.Context, core.Channel) ([]core.Finding, error) { panic("oh") }
		}, "shop: provider", core.HealthBad, "The check itself failed: oh.", "Report this"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := well()
			c.change(&in)
			all := flat(Run(t.Context(), in))
			for _, f := range all {
				if f.Subject == c.subject && f.Level == c.level && strings.Contains(f.Detail, c.detail) && strings.Contains(f.Remedy, c.remedy) {
					return
				}
			}
			t.Errorf("got %+v\nwant %s: %s (%s)", all, c.subject, c.detail, c.remedy)
		})
	}
}

func TestTroubleHasARemedy(t *testing.T) {
	in := well()
	in.Store = memory{err: errDown}
	in.Blobs, in.PublicURL = blobs{err: errDown}, ""
	for _, f := range flat(Run(t.Context(), in)) {
		if f.Level != core.HealthGood && f.Remedy == "" {
			t.Errorf("no remedy: %+v", f)
		}
	}
}

func TestChannelsKeepTheirOrder(t *testing.T) {
	in := well()
	m := memory{forwards: []core.Forward{{To: []core.AgentID{"a"}}}}
	for i := range 20 {
		m.channels = append(m.channels, core.Channel{ID: core.ChannelID(fmt.Sprint(i)), Name: fmt.Sprintf("c%02d", i), SeenIn: now})
	}
	in.Store = m
	last := ""
	for _, g := range Run(t.Context(), in) {
		if name, ok := strings.CutPrefix(g.Title, "channel "); ok {
			if name < last {
				t.Errorf("%s behind %s", name, last)
			}
			last = name
		}
	}
	if last != "c19" {
		t.Errorf("the last is %q", last)
	}
}

func TestCheckThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := well()
		release := make(chan struct{})
		in.Check = func(context.Context, core.Channel) ([]core.Finding, error) { <-release; return nil, nil } // heeds no context
		ch := in.Store.(memory).channels[0]
		began := time.Now()
		found := doctor{in}.channel(t.Context(), ch)
		if f := found[len(found)-1]; f.Level != core.HealthBad || !strings.Contains(f.Detail, "did not end in time") || time.Since(began) != limit {
			t.Errorf("got %+v after %v", f, time.Since(began))
		}
		close(release)
	})
}
