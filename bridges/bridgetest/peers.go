package bridgetest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/core"
)

// Peers is a bridge's own file about the cases of peer projects: where they lie, with which settings they are run, and why we make something
// else of some. The cases themselves belong to others and lie outside of this repository.
type Peers struct {
	Channel string `json:"channel"` // its name in docs/differences.md, which is made of these files
	// Explained are the differences from the peers, by a short name that the reasons below use.
	Explained map[string]Difference `json:"explained"`

	Inbound  []PeerSet              `json:"inbound"`
	Outbound []PeerSends            `json:"outbound"`
	Payloads map[string]PeerPayload `json:"payloads"` // by file, below the folder payloads

	folder string
}

// Difference says what a peer makes of a case, what we make of it, and why that is better. All three are phrases for people.
type Difference struct {
	Peer string `json:"peer"`
	Ours string `json:"ours"`
	Why  string `json:"why"`
}

// PeerSet is a file of inbound cases.
type PeerSet struct {
	Name     string            `json:"name"`
	File     string            `json:"file"`     // below the folder of the fixtures
	Only     string            `json:"only"`     // what the peer's address has in it, where a file holds cases of several sets
	Settings map[string]string `json:"settings"` // what the channel must have besides its own; secrets among them
	Headers  map[string]string `json:"headers"`  // put on each request, where the peer's is unsigned
	Files    map[string]string `json:"files"`    // the peer's name of a file to the provider's id or address of it
	Unproven []string          `json:"unproven"` // the cases whose request does not prove where it comes from, beside those that the peer signs wrongly
	// Reasons names the difference where we make something else of a case: by case, then by what differs.
	Reasons map[string]map[string]string `json:"reasons"`
}

// PeerCase is an inbound case, with what the peer makes of it.
type PeerCase struct {
	Set     PeerSet
	Name    string
	Request core.WebhookRequest
	Refused bool // its signature is wrong on purpose
	Expect  PeerExpect
	Reasons map[string]string // by what differs
}

// PeerExpect is what the peer makes of a case.
type PeerExpect struct {
	Created     bool            `json:"message_created"`
	Text        *string         `json:"text"`
	URN         string          `json:"urn"`
	Name        *string         `json:"contact_name"`
	Attachments []string        `json:"attachments"`
	ID          string          `json:"external_id"`
	Date        string          `json:"date"`
	Payload     map[string]any  `json:"payload"`
	Events      json.RawMessage `json:"events"`
	NewURN      *struct {
		Value string `json:"Value"`
	} `json:"new_urn"`
	Statuses []struct {
		ID     string `json:"external_id"`
		Key    string `json:"msg_uuid"` // the sender's own, where the provider gives that back
		Status string `json:"status"`
	} `json:"statuses"`
}

// PeerPayload says what a sample webhook ends in: the kinds of its events in order, "fault" for one that cannot be applied, or "problem". Why
// is needed where that is neither a message nor a change of one; Peer is what a peer does with it, where that is known. Fill puts real values for a sample's placeholders, in pairs; filled in, it
// has no fault.
type PeerPayload struct {
	Ends []string `json:"ends"`
	Why  string   `json:"why,omitempty"`
	Peer string   `json:"peer,omitempty"`
	Fill []string `json:"fill,omitempty"`
}

// LoadPeers reads a bridge's file. The fixtures lie in folder; the test is skipped, saying so, where they are absent.
func LoadPeers(t testing.TB, folder, file string) Peers {
	t.Helper()
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the shared fixtures are not beside this checkout (%s)", filepath.Base(folder))
	}
	var p Peers
	decode(t, file, &p, true)
	p.folder = folder
	p.whole(t)
	return p
}

// whole fails the test for a reason that is not explained, for an explanation that no case needs, and for one that does not say everything.
func (p Peers) whole(t testing.TB) {
	t.Helper()
	used := map[string]bool{}
	for _, set := range p.Inbound {
		for _, reasons := range set.Reasons {
			for _, name := range reasons {
				used[name] = true
			}
		}
	}
	for _, set := range p.Outbound {
		for _, name := range set.Reasons {
			used[name] = true
		}
	}
	for name := range used {
		if d := p.Explained[name]; d.Peer == "" || d.Ours == "" || d.Why == "" {
			t.Errorf("%s: the difference is not explained: %+v", name, d)
		}
	}
	for name := range p.Explained {
		if !used[name] {
			t.Errorf("%s: explained, and no case differs so", name)
		}
	}
	if p.Channel == "" {
		t.Error("the file does not name its channel")
	}
}

func decode(t testing.TB, file string, into any, strict bool) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// Cases returns the inbound cases of all sets. A reason for a case that is not there fails the test.
func (p Peers) Cases(t testing.TB) []PeerCase {
	t.Helper()
	var all []PeerCase
	for _, set := range p.Inbound {
		var wire []wireCase
		decode(t, filepath.Join(p.folder, set.File), &wire, false)
		known := map[string]bool{}
		for _, w := range wire {
			if !strings.Contains(w.Request.URL, set.Only) {
				continue
			}
			all = append(all, w.in(set))
			known[w.Name] = true
		}
		for name := range set.Reasons {
			if !known[name] {
				t.Errorf("%s: reasons are given for %q, which is no case", set.Name, name)
			}
		}
	}
	return all
}

type wireCase struct {
	Name    string
	Request struct {
		Method, URL, Signing string
		Headers              map[string]string
		Body                 string `json:"body_raw"`
	}
	Expect PeerExpect
}

func (w wireCase) in(set PeerSet) PeerCase {
	c := PeerCase{Set: set, Name: w.Name, Expect: w.Expect, Reasons: set.Reasons[w.Name],
		Refused: strings.Contains(w.Request.Signing, "Invalid") || slices.Contains(set.Unproven, w.Name)}
	c.Request = core.WebhookRequest{Method: w.Request.Method, URL: w.Request.URL, Header: http.Header{}, Query: url.Values{}, Body: []byte(w.Request.Body)}
	if u, err := url.Parse(w.Request.URL); err == nil {
		c.Request.Query = u.Query()
	}
	for _, headers := range []map[string]string{w.Request.Headers, set.Headers} {
		for k, v := range headers {
			c.Request.Header.Set(k, v)
		}
	}
	return c
}

// With returns the settings of a channel that runs the case: the good ones, changed as the set says.
func (c PeerCase) With(good core.Settings) core.Settings {
	for k, v := range c.Set.Settings {
		good = With(good, k, v)
	}
	return good
}

// PeerOutcome is what became of a case, whichever way it was run: through a link alone, or through the gateway into its store.
type PeerOutcome struct {
	Refused  bool // the request was not let in
	Kept     int  // dead letters and things kept raw
	Messages []PeerMessage
	Statuses map[string]core.Status // by the provider's id of the message, or by our own where the provider told that alone
}

// PeerMessage is a message as it arrived.
type PeerMessage struct {
	ID         string // the provider's
	At         time.Time
	Name       string // of the sender
	Identities []core.IdentityKey
	Content    core.Content
}

// OutcomeOf reads what a link answered. Events with the same id are one, as in the store.
func OutcomeOf(events []core.Event, err error) PeerOutcome {
	o := PeerOutcome{Refused: errors.Is(err, core.ErrUnauthenticated), Statuses: map[string]core.Status{}}
	if err != nil && !o.Refused {
		o.Kept++
	}
	seen := map[string]bool{}
	for _, e := range events {
		switch {
		case seen[string(e.Kind)+e.ID]:
		case e.Fault != "" || e.Kind == core.EventOther:
			o.Kept++
		case e.Kind == core.EventMessage:
			o.Messages = append(o.Messages, PeerMessage{ID: e.Message.Provider, At: e.At, Name: e.Peer.Name, Identities: e.Peer.Identities, Content: e.Message.Content})
		case e.Kind == core.EventReceipt:
			o.Statuses[cmp.Or(e.Receipt.Provider, string(e.Key))] = e.Receipt.Status
		}
		seen[string(e.Kind)+e.ID] = true
	}
	return o
}

// Judge fails the test for each difference from the peer that has no reason, and for each reason without a difference.
func (c PeerCase) Judge(t testing.TB, o PeerOutcome) {
	t.Helper()
	got := c.Differences(o)
	for what, detail := range got {
		if c.Reasons[what] == "" {
			t.Errorf("%s: %s, and no reason is given", what, detail)
		}
	}
	for what, reason := range c.Reasons {
		if _, ok := got[what]; !ok {
			t.Errorf("%s: explained (%s), and there is no difference", what, reason)
		}
	}
}

// Differences says where the outcome is not the peer's: refused, created, messages, id, date, text, name, sender, identities, attachments,
// payload, statuses.
func (c PeerCase) Differences(o PeerOutcome) map[string]string {
	diff := map[string]string{}
	if o.Refused != c.Refused {
		diff["refused"] = fmt.Sprintf("refused: %v", o.Refused)
	}
	if made := len(o.Messages) > 0; made != c.Expect.Created {
		diff["created"] = fmt.Sprintf("a message was made: %v", made)
	}
	if len(o.Messages) > 1 {
		diff["messages"] = fmt.Sprintf("%d messages", len(o.Messages))
	}
	if c.Expect.Created && len(o.Messages) > 0 {
		c.message(o.Messages[0], diff)
	}
	for _, s := range c.Expect.Statuses {
		if got := o.Statuses[cmp.Or(s.ID, s.Key)]; string(got) != s.Status {
			diff["statuses"] = fmt.Sprintf("%s is %q, want %q", cmp.Or(s.ID, s.Key), got, s.Status)
		}
	}
	return diff
}

func (c PeerCase) message(m PeerMessage, diff map[string]string) {
	x := c.Expect
	note := func(what, got, want string) {
		if got != want {
			diff[what] = fmt.Sprintf("got %q, want %q", got, want)
		}
	}
	if x.ID != "" {
		note("id", m.ID, x.ID)
	}
	if x.Date != "" {
		note("date", alike(m.At, x.Date), x.Date)
	}
	if x.Text != nil {
		note("text", m.Content.Text, *x.Text)
	}
	if x.Name != nil {
		note("name", m.Name, *x.Name)
	}
	var values, addresses []string
	for _, k := range m.Identities {
		if values = append(values, k.Value); k.Scheme != core.SchemeUsername {
			addresses = append(addresses, k.Value)
		}
	}
	if want := address(x.URN); !slices.Contains(values, want) {
		diff["sender"] = fmt.Sprintf("got %q, want %q", values, want)
	}
	switch {
	case x.NewURN != nil && !slices.Contains(values, address(x.NewURN.Value)):
		diff["identities"] = fmt.Sprintf("got %q, want %q among them", values, x.NewURN.Value)
	case x.NewURN == nil && len(addresses) > 1:
		diff["identities"] = fmt.Sprintf("got %q, want only %q", addresses, x.URN)
	}
	note("attachments", strings.Join(attached(m.Content), " "), strings.Join(c.files(), " "))
	if x.Payload != nil && (m.Content.Form == nil || fmt.Sprint(m.Content.Form.Fields) != fmt.Sprint(x.Payload)) {
		diff["payload"] = fmt.Sprintf("got %+v, want %v", m.Content.Form, x.Payload)
	}
}

// alike writes a time as the peer does, who may or may not tell parts of seconds.
func alike(at time.Time, date string) string {
	if want, err := time.Parse(time.RFC3339, date); err == nil && at.Equal(want) {
		return date
	}
	return at.UTC().Format(time.RFC3339)
}

// address takes the scheme off a peer's name of a person.
func address(urn string) string {
	_, value, found := strings.Cut(urn, ":")
	if !found {
		return urn
	}
	return strings.TrimPrefix(value, "+")
}

// files are the peer's attachments in the provider's names.
func (c PeerCase) files() []string {
	var all []string
	for _, a := range c.Expect.Attachments {
		if named, ok := c.Set.Files[a]; ok {
			a = named
		}
		all = append(all, a)
	}
	return all
}

// attached are the files of a message by the provider's names, and its place as a peer writes it.
func attached(c core.Content) []string {
	switch {
	case c.Media != nil && c.Media.Provider != "":
		return []string{c.Media.Provider}
	case c.Media != nil:
		return []string{c.Media.URL}
	case c.Location != nil:
		return []string{fmt.Sprintf("geo:%f,%f", c.Location.Latitude, c.Location.Longitude)}
	}
	return nil
}

// Sample is a webhook that somebody recorded or documented.
type Sample struct {
	Name string // its file, below the folder payloads
	Body []byte
	PeerPayload
}

// Samples returns every sample webhook of the fixtures. One that the bridge's file has no line for fails the test, and so does a line without
// a file or, where one is due, without a reason.
func (p Peers) Samples(t testing.TB) []Sample {
	t.Helper()
	var all []Sample
	root := os.DirFS(filepath.Join(p.folder, "payloads"))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		line, known := p.Payloads[name]
		if !known {
			t.Errorf("%s: the table has no line for it", name)
		}
		all = append(all, Sample{Name: name, Body: raw, PeerPayload: line})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range p.Payloads {
		if !slices.ContainsFunc(all, func(s Sample) bool { return s.Name == name }) {
			t.Errorf("%s: the table has a line for it, and there is no such file", name)
		}
		if line.Why == "" && slices.ContainsFunc(line.Ends, unusual) {
			t.Errorf("%s: ends in %v, and no reason is given", name, line.Ends)
		}
	}
	return all
}

func unusual(end string) bool {
	return end == "fault" || end == "problem" || end == string(core.EventOther)
}

// Keep reads a sample: it must end as the table says, twice the same, in whole events that can be kept. It returns them.
func (s Sample) Keep(t testing.TB, read func() ([]core.Event, error)) []core.Event {
	t.Helper()
	events, err := read()
	if got := Ends(events, err); !slices.Equal(got, s.Ends) {
		t.Errorf("it ends in %q, the table says %q: %+v", got, s.Ends, events)
	}
	if again, _ := read(); !reflect.DeepEqual(events, again) {
		t.Errorf("not the same twice:\n%+v\n%+v", events, again)
	}
	for _, e := range events {
		if e.ID == "" || e.Kind == "" || e.Origin == "" || e.At.IsZero() && e.Fault == "" {
			t.Errorf("incomplete: %+v", e)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Errorf("cannot be kept: %v", err)
		}
		if (e.Kind == core.EventOther || e.Fault != "") && len(e.Raw) == 0 {
			t.Errorf("kept without its text: %+v", e)
		}
	}
	return events
}

// Tally counts what samples became.
type Tally map[core.EventKind]int

// Add counts events.
func (n Tally) Add(events []core.Event) {
	for _, e := range events {
		n[e.Kind]++
	}
}

// Want fails the test for each kind that no sample became.
func (n Tally) Want(t testing.TB, kinds ...core.EventKind) {
	t.Helper()
	for _, k := range kinds {
		if n[k] == 0 {
			t.Errorf("no sample became a %s", k)
		}
	}
}

// Filled returns the sample with real values in its placeholders.
func (s Sample) Filled() []byte {
	return []byte(strings.NewReplacer(s.Fill...).Replace(string(s.Body)))
}

// Ends says what a webhook ended in, in the words of PeerPayload.
func Ends(events []core.Event, err error) []string {
	if err != nil {
		return []string{"problem"}
	}
	var all []string
	for _, e := range events {
		end := string(e.Kind)
		if e.Fault != "" {
			end = "fault"
		}
		all = append(all, end)
	}
	return all
}
