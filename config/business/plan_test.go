package business

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// sealer is a vault whose boxes can be looked into only by itself.
type sealer struct{ boxes map[string][2]string }

func (s *sealer) Seal(v core.Secret, where string) ([]byte, error) {
	box := fmt.Sprint("box ", len(s.boxes))
	s.boxes[box] = [2]string{v.Reveal(), where}
	return []byte(box), nil
}

func (s *sealer) Open(box []byte, where string) (core.Secret, error) {
	b, ok := s.boxes[string(box)]
	if !ok || b[1] != where {
		return core.Secret{}, errors.New("does not open")
	}
	return core.NewSecret(b[0]), nil
}

// memory is a store of what a business file is about. It counts writes.
type memory struct {
	core.Store
	channels []core.Channel
	secrets  []core.SealedSecret
	agents   []core.Agent
	teams    []core.Team
	forwards []core.Forward
	values   map[string][]byte
	jobs     []core.Job
	writes   int
}

func (r repo) Value(_ context.Context, owner, name string) ([]byte, error) {
	return r.values[owner+"/"+name], nil
}
func (r repo) SetValue(_ context.Context, owner, name string, value []byte) error {
	r.writes++
	r.values[owner+"/"+name] = value
	return nil
}

type repo struct {
	core.Repo
	*memory
}

type memoryTx struct {
	core.Tx
	m *memory
}

func (t memoryTx) Enqueue(_ context.Context, jobs ...core.Job) error {
	t.m.jobs = append(t.m.jobs, jobs...)
	return nil
}
func (r repo) Teams(context.Context) ([]core.Team, error) { return r.teams, nil }

func (m *memory) In(core.WorkspaceID) core.Repo                     { return repo{memory: m} }
func (t memoryTx) In(core.WorkspaceID) core.Repo                    { return repo{memory: t.m} }
func (m *memory) Tx(_ context.Context, f func(core.Tx) error) error { return f(memoryTx{m: m}) }
func (m *memory) EnsureWorkspace(_ context.Context, name string) (core.WorkspaceID, error) {
	return core.WorkspaceID("ws-" + name), nil
}

func find[T any](all []T, is func(T) bool) (T, error) {
	for _, x := range all {
		if is(x) {
			return x, nil
		}
	}
	var none T
	return none, core.ErrNotFound
}

func save[T any](m *memory, all *[]T, x T, same func(T) bool) error {
	m.writes++
	for i, y := range *all {
		if same(y) {
			(*all)[i] = x
			return nil
		}
	}
	*all = append(*all, x)
	return nil
}

func (m *memory) ChannelByAccount(_ context.Context, kind, account string) (core.Channel, error) {
	return find(m.channels, func(c core.Channel) bool {
		return c.Kind == kind && c.Account == account && c.State != core.ChannelRemoved
	})
}
func (r repo) ChannelByName(_ context.Context, name string) (core.Channel, error) {
	return find(r.channels, func(c core.Channel) bool { return c.Name == name && c.State != core.ChannelRemoved })
}
func (r repo) RemovedChannels(context.Context) (all []core.Channel, err error) {
	for _, c := range r.channels {
		if c.State == core.ChannelRemoved {
			all = append(all, c)
		}
	}
	return all, nil
}
func (r repo) SaveChannel(_ context.Context, x core.Channel) error {
	return save(r.memory, &r.channels, x, func(y core.Channel) bool { return x.ID == y.ID })
}
func (r repo) Secrets(_ context.Context, owner string) (all []core.SealedSecret, err error) {
	for _, s := range r.secrets {
		if s.Owner == owner {
			all = append(all, s)
		}
	}
	return all, nil
}
func (r repo) PutSecret(_ context.Context, x core.SealedSecret) error {
	return save(r.memory, &r.secrets, x, func(y core.SealedSecret) bool { return x.Owner == y.Owner && x.Name == y.Name })
}
func (r repo) AgentByName(_ context.Context, name string) (core.Agent, error) {
	return find(r.agents, func(a core.Agent) bool { return a.Name == name })
}
func (r repo) AgentByAddress(_ context.Context, address string) (core.Agent, error) {
	return find(r.agents, func(a core.Agent) bool {
		return strings.Contains(" "+strings.Join(a.Addresses, " ")+" ", " "+address+" ")
	})
}
func (r repo) SaveAgent(_ context.Context, x core.Agent) error {
	return save(r.memory, &r.agents, x, func(y core.Agent) bool { return x.ID == y.ID })
}
func (r repo) TeamByName(_ context.Context, name string) (core.Team, error) {
	return find(r.teams, func(t core.Team) bool { return t.Name == name })
}
func (r repo) SaveTeam(_ context.Context, x core.Team) error {
	return save(r.memory, &r.teams, x, func(y core.Team) bool { return x.ID == y.ID })
}
func (r repo) Forwards(context.Context) ([]core.Forward, error) { return r.forwards, nil }
func (r repo) SaveForward(_ context.Context, x core.Forward) error {
	return save(r.memory, &r.forwards, x, func(y core.Forward) bool { return x.ID == y.ID })
}
func (r repo) DeleteForward(_ context.Context, id string) error {
	r.writes++
	for i, f := range r.forwards {
		if f.ID == id {
			r.memory.forwards = append(r.forwards[:i:i], r.forwards[i+1:]...)
			return nil
		}
	}
	return core.ErrNotFound
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// shop is the file of most cases; each changes something in it.
const shop = `workspace: Acme
channels:
- name: shop
  kind: whatsapp-cloud
  settings:
    phone_number_id: {env: ID}
    business_account_id: "2"
    access_token: {env: TOKEN}
    app_secret: {env: SECRET}
agents:
- name: Ann
  addresses: [ann@x.org]
- name: Bob
  addresses: [bob@x.org]
teams:
- name: sales
  members: [Ann, Bob]
forwards:
- name: all
  channel: shop
  team: sales
  to: [Ann]
  assigned: true
`

type world struct {
	t *testing.T
	m *memory
	v *sealer
}

func newWorld(t *testing.T) world {
	w := world{t, &memory{values: map[string][]byte{}}, &sealer{map[string][2]string{}}}
	w.apply(shop)
	return w
}

func (w world) plan(yaml string) (*Plan, error) {
	w.t.Helper()
	f, err := parse(yaml)
	if err != nil {
		w.t.Fatal(err)
	}
	return NewPlan(w.t.Context(), w.m, w.v, f)
}

func (w world) apply(yaml string) string {
	w.t.Helper()
	before, sealed := w.m.writes, len(w.v.boxes)
	p, err := w.plan(yaml)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(w.v.boxes) != sealed {
		w.t.Error("the plan has sealed: the master key may be rotated before it is applied")
	}
	lines := strings.Join(p.Lines(), "\n")
	if w.m.writes != before {
		w.t.Error("the plan has written")
	}
	if err := p.Apply(w.t.Context(), now); err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(lines, "planted") || strings.Contains(lines, w.secret("verify_token")) {
		w.t.Errorf("a secret shows in\n%s", lines)
	}
	return lines
}

func (w world) secret(name string) string {
	for _, s := range w.m.secrets {
		if s.Name == name {
			return w.v.boxes[string(s.Box)][0]
		}
	}
	return "none"
}

func TestFirstApply(t *testing.T) {
	w := newWorld(t)
	c := w.m.channels[0]
	if c.Account != "111" || c.Settings["business_account_id"] != "2" || c.Settings["access_token"] != "" || c.State != core.ChannelActive || c.Created != now || c.Workspace != "ws-Acme" {
		t.Errorf("channel: %+v", c)
	}
	if w.secret("access_token") != "planted-token-1234" || len(w.secret("verify_token")) < 20 || len(w.m.secrets) != 3 {
		t.Errorf("secrets: %+v", w.m.secrets)
	}
	for _, s := range w.m.secrets {
		if s.Name == "access_token" && (s.Hint != "1234" || s.Set != now || s.Owner != "channel/"+string(c.ID)) {
			t.Errorf("secret: %+v", s)
		}
	}
	f := w.m.forwards[0]
	if f.Channel != c.ID || f.Team != w.m.teams[0].ID || len(f.To) != 1 || f.To[0] != w.m.agents[0].ID || !f.Assigned || len(w.m.teams[0].Members) != 2 {
		t.Errorf("forward: %+v, team: %+v", f, w.m.teams[0])
	}
}

func TestSecondApplyChangesNothing(t *testing.T) {
	w := newWorld(t)
	if len(w.m.jobs) != 2 || w.m.jobs[0].Queue() != "" || w.m.jobs[1].Queue() != w.m.teams[0].ID {
		t.Errorf("with the first agents and teams, the queues to be handed out: %+v", w.m.jobs)
	}
	w.m.jobs = nil
	writes, token := w.m.writes, w.secret("verify_token")
	lines := w.apply(shop)
	if w.m.writes != writes || w.secret("verify_token") != token || !strings.HasSuffix(lines, "\nnothing to change") || strings.Count(lines, "= ") != 5 {
		t.Errorf("%d writes more:\n%s", w.m.writes-writes, lines)
	}
	if len(w.m.jobs) > 0 {
		t.Errorf("nothing changed: %+v", w.m.jobs)
	}
}

// TestNewClocks: with new care or hours, what is open already is looked at.
func TestNewClocks(t *testing.T) {
	w := newWorld(t)
	for name, lines := range map[string]string{"care": "care: {close_after: 72h}\n", "hours": "hours: {zone: UTC, week: {mon-fri: '09:00-17:00'}}\n"} {
		w.m.jobs = nil
		w.apply(lines)
		if len(w.m.jobs) != 1 || w.m.jobs[0].Kind != core.JobCare || w.m.jobs[0].Key != "" {
			t.Errorf("%s: %+v", name, w.m.jobs)
		}
	}
}

func TestChanges(t *testing.T) {
	variables["OTHER"] = "planted-other-9999"
	cases := []struct {
		name, from, to string
		want           []string
	}{
		{"new agent", "teams:", "- name: Cid\n  addresses: [cid@x.org]\nteams:", []string{"+ agent    Cid", "1 to add, 5 to leave"}},
		{"address", "ann@x.org", "ann@y.org", []string{"~ agent    Ann", "addresses ann@x.org → ann@y.org", "1 to change"}},
		{"agent renamed", "Ann", "Anna", []string{"~ agent    Anna", "name Ann → Anna"}},
		{"agent disabled", "[bob@x.org]", "[bob@x.org]\n  disabled: true", []string{"~ agent    Bob", "disabled"}},
		{"member left", "[Ann, Bob]", "[Bob]", []string{"~ team     sales", "members Ann, Bob → Bob"}},
		{"order of members", "[Ann, Bob]", "[Bob, Ann]", []string{"nothing to change"}},
		{"setting", `"2"`, `"3"`, []string{"~ channel  shop", "business_account_id 2 → 3"}},
		{"setting added", `"2"`, "\"2\"\n    api_base: http://127.0.0.1:1", []string{"api_base http://127.0.0.1:1"}},
		{"window", "  kind", "  window: 20h\n  kind", []string{"window 20h"}},
		{"secret changed", "{env: TOKEN}", "{env: OTHER}", []string{"~ channel  shop", "secret access_token: changed"}},
		{"secret added", `"2"`, "\"2\"\n    proxy_password: {env: OTHER}", []string{"secret proxy_password: set"}},
		{"verify token given", `"2"`, "\"2\"\n    verify_token: {env: OTHER}", []string{"secret verify_token: changed"}},
		{"channel renamed", "shop", "store", []string{"~ channel  store", "name shop → store"}},
		{"forward to others", "to: [Ann]", "to: [Bob]", []string{"~ forward  all", "to Ann → Bob"}},
		{"forward for all channels", "  channel: shop\n", "", []string{"channel shop → none"}},
		{"forward renamed", "name: all", "name: every", []string{"+ forward  every", "- forward  all", "1 to add, 1 to take out"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			ids := fmt.Sprint(w.m.channels[0].ID, w.m.agents[0].ID, w.m.agents[1].ID, w.m.teams[0].ID)
			next := strings.ReplaceAll(shop, c.from, c.to)
			lines := w.apply(next)
			for _, want := range c.want {
				if !strings.Contains(lines, want) {
					t.Errorf("got\n%s\nwant %q", lines, want)
				}
			}
			if now := fmt.Sprint(w.m.channels[0].ID, w.m.agents[0].ID, w.m.agents[1].ID, w.m.teams[0].ID); now != ids {
				t.Error("ids changed")
			}
			if again := w.apply(next); !strings.HasSuffix(again, "nothing to change") {
				t.Errorf("applied again:\n%s", again)
			}
		})
	}
}

// A team that assigns by itself is enough for automation to follow what happens; what changes is shown, and applied again nothing does.
func TestAssignment(t *testing.T) {
	m := &memory{values: map[string][]byte{}}
	const first = people + "teams:\n- name: sales\n  members: [Ann]\n  assign: {pick: equal, most: 3}\n"
	w := world{t, m, &sealer{map[string][2]string{}}}
	if lines := w.apply(first); !strings.Contains(lines, "+ desk     assignment") {
		t.Errorf("got %q", lines)
	}
	const more = "assignment: {team: sales, tags: {vip: Bob}, phone: Ann, tell: {surge: true}}\n"
	if lines := w.apply(first + more); !strings.Contains(lines, "~ desk     assignment") {
		t.Errorf("got %q", lines)
	}
	got, err := core.LoadDesk(t.Context(), m.In("ws-main"))
	if err != nil || got.Team != m.teams[0].ID || got.Tags["vip"] == "" || got.Phone == got.Tags["vip"] || !got.Tell.Surge {
		t.Errorf("got %+v, %v", got, err)
	}
	if lines := w.apply(first + more); !strings.HasSuffix(lines, "nothing to change") {
		t.Errorf("got %q", lines)
	}
}

// TestKeptChannel: a channel that is there may stand in the file without settings, as one that was connected on a page: it keeps them and its secrets, and
// takes what stands beside them.
func TestKeptChannel(t *testing.T) {
	w := newWorld(t)
	was := w.m.channels[0]
	settings := shop[strings.Index(shop, "  settings:"):strings.Index(shop, "agents:")]
	kept := strings.Replace(shop, settings, "", 1)
	if lines := w.apply(kept); !strings.HasSuffix(lines, "nothing to change") {
		t.Errorf("got\n%s", lines)
	}
	owned := strings.Replace(shop, settings, "  window: 20h\n  phone: {owner: Ann}\n", 1)
	if lines := w.apply(owned); !strings.Contains(lines, "phone_owner Ann") || strings.Contains(lines, "secret") {
		t.Errorf("got\n%s", lines)
	}
	now := w.m.channels[0]
	if now.ID != was.ID || now.Account != was.Account || now.Settings["phone_number_id"] != was.Settings["phone_number_id"] || now.PhoneOwner() != "Ann" || now.FreeWindow != 20*time.Hour ||
		w.secret("access_token") == "" {
		t.Errorf("was %+v, is %+v", was, now)
	}
	if lines := w.apply(kept); !strings.Contains(lines, "phone_owner Ann → none") {
		t.Errorf("got\n%s", lines)
	}
	if lines := w.apply(shop); !strings.HasSuffix(lines, "nothing to change") {
		t.Errorf("got\n%s", lines)
	}
}

func TestSecretTakenOut(t *testing.T) {
	w := newWorld(t)
	with := strings.Replace(shop, `"2"`, "\"2\"\n    proxy_password: {env: TOKEN}", 1)
	w.apply(with)
	if lines := w.apply(shop); !strings.Contains(lines, "secret proxy_password: taken out") || w.secret("proxy_password") != "" {
		t.Errorf("got\n%s", lines)
	}
	if lines := w.apply(shop); !strings.HasSuffix(lines, "nothing to change") {
		t.Errorf("got\n%s", lines)
	}
}

// TestSecretRenewed: what the provider renewed is not set back by the file that gives what it was renewed from; another secret is taken.
func TestSecretRenewed(t *testing.T) {
	w := newWorld(t)
	for i, s := range w.m.secrets {
		if s.Name != "access_token" {
			continue
		}
		given := s
		given.Name = core.GivenName(s.Name)
		given.Box, _ = w.v.Seal(core.NewSecret(w.secret(s.Name)), given.Context())
		w.m.secrets[i].Box, _ = w.v.Seal(core.NewSecret("renewed-token-5678"), s.Context())
		w.m.secrets = append(w.m.secrets, given)
	}
	if lines := w.apply(shop); !strings.HasSuffix(lines, "nothing to change") || w.secret("access_token") != "renewed-token-5678" {
		t.Errorf("got\n%s", lines)
	}
	variables["OTHER"] = "planted-other-9999"
	if lines := w.apply(strings.ReplaceAll(shop, "{env: TOKEN}", "{env: OTHER}")); !strings.Contains(lines, "secret access_token: changed") || w.secret("access_token") != "planted-other-9999" {
		t.Errorf("got\n%s", lines)
	}
}

func TestSecretOfAnotherMasterKey(t *testing.T) {
	w := newWorld(t)
	clear(w.v.boxes)
	lines := w.apply(shop)
	if strings.Count(lines, "set anew") != 2 || !strings.Contains(lines, "verify_token: made") || w.secret("access_token") != "planted-token-1234" {
		t.Errorf("got\n%s", lines)
	}
}

func TestForwardsStayWhereTheFileHasNone(t *testing.T) {
	w := newWorld(t)
	without, _, _ := strings.Cut(shop, "forwards:")
	if lines := w.apply(without); !strings.HasSuffix(lines, "nothing to change") || len(w.m.forwards) != 1 {
		t.Errorf("got\n%s", lines)
	}
	if w.apply(without + "forwards: []\n"); len(w.m.forwards) != 0 {
		t.Error("an empty list must take them out")
	}
}

func TestAtOdds(t *testing.T) {
	cases := []struct {
		name    string
		arrange func(w world)
		yaml    string
		want    string
	}{
		{"another kind", func(world) {}, "channels:\n- name: shop\n  kind: telegram\n  settings: {bot_id: 1}\n", `dir/b.yaml:2: The channel "shop" is a whatsapp-cloud already, and that cannot change.`},
		{"account in another workspace", func(w world) { w.m.channels[0].Workspace = "ws-other"; w.m.channels[0].Name = "theirs" }, shop, "belongs to another workspace"},
		{"account of another channel", func(w world) {
			w.m.channels = append(w.m.channels, core.Channel{ID: "2", Workspace: "ws-Acme", Kind: "whatsapp-cloud", Name: "second", Account: "222"})
		}, strings.Replace(shop, "{env: ID}", `"222"`, 1), `that of "second" already`},
		{"address of another agent", func(w world) {
			w.m.agents = append(w.m.agents, core.Agent{ID: "3", Name: "Cid", Addresses: []string{"cid@x.org"}})
		}, strings.Replace(shop, "[ann@x.org]", "[ann@x.org, cid@x.org]", 1), `dir/b.yaml:11: cid@x.org is the address of the agent "Cid" already.`},
		{"no settings, and no such channel", func(world) {}, "channels:\n- name: x\n  kind: whatsapp-cloud", `dir/b.yaml:2: The channel "x" needs phone_number_id (phone number id). Add phone_number_id: "106540352242922" to its settings. Meta: WhatsApp > API Setup.`},
		{"nobody has the phone", func(world) {}, strings.Replace(shop, "  settings", "  phone: {owner: Anne}\n  settings", 1), `dir/b.yaml:3: There is no agent "Anne", who is to have the phone of the channel "shop". Did you mean "Ann"?`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.arrange(w)
			_, err := w.plan(c.yaml)
			if core.CodeOf(err) != core.CodeInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestApplyToAStoreThatFails(t *testing.T) {
	w := newWorld(t)
	p, err := w.plan(strings.Replace(shop, "ann@x.org", "ann@y.org", 1))
	if err != nil {
		t.Fatal(err)
	}
	down := errors.New("down")
	p.store = failing{w.m, down}
	if err := p.Apply(t.Context(), now); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}

type failing struct {
	*memory
	err error
}

func (f failing) Tx(context.Context, func(core.Tx) error) error { return f.err }
