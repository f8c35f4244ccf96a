package forward_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
)

// word is what an agent said of being there.
type word struct {
	presence core.Presence
	until    time.Time
	away     bool
	times    int
}

// listen keeps what is said.
func (h *house) listen() *word {
	w := &word{}
	h.f.Say = func(_ context.Context, _ core.WorkspaceID, id core.AgentID, p core.Presence, until time.Time) (core.Duty, error) {
		w.presence, w.until, w.times = p, until, w.times+1
		return core.Duty{Agent: id, Presence: p, Until: until}, nil
	}
	h.f.Away = func(_ context.Context, _ core.WorkspaceID, _ core.Agent, until time.Time) error {
		w.away, w.until, w.times = true, until, w.times+1
		return nil
	}
	return w
}

func TestPresenceByMail(t *testing.T) {
	day := func(h *house, days, hour, minute int) time.Time {
		now := h.clock.In(h.options.Location)
		return time.Date(now.Year(), now.Month(), now.Day()+days, hour, minute, 0, 0, time.UTC)
	}
	for _, c := range []struct {
		name, text string
		want       core.Presence
		until      func(h *house) time.Time
		says       string
		refused    bool
	}{
		{name: "online", text: "#online", want: core.PresenceOnline, says: "new conversations come to you"},
		{name: "with a signature", text: "#Busy\n\nLena, Sales", want: core.PresenceBusy, says: "Nothing of your mail was sent"},
		{name: "until", text: "#offline until 23:59", want: core.PresenceOffline, until: func(h *house) time.Time { return day(h, 0, 23, 59) }},
		{name: "tomorrow", text: "#busy until 00:01", want: core.PresenceBusy, until: func(h *house) time.Time { return day(h, 1, 0, 1) }},
		{name: "a while", text: "#busy 2h", want: core.PresenceBusy, until: func(h *house) time.Time { return h.clock.Add(2 * time.Hour) }},
		{name: "a day", text: "#offline until 2027-01-05", want: core.PresenceOffline, until: func(*house) time.Time { return time.Date(2027, 1, 5, 0, 0, 0, 0, time.UTC) }},
		{name: "a time of a day", text: "#offline until 5 January 2027 at 14:30", want: core.PresenceOffline,
			until: func(*house) time.Time { return time.Date(2027, 1, 5, 14, 30, 0, 0, time.UTC) }},
		{name: "in Arabic", text: "#مشغول حتى ٢٣:٥٩", want: core.PresenceBusy, until: func(h *house) time.Time { return day(h, 0, 23, 59) }},
		{name: "in Russian", text: "#оффлайн до 23:59", want: core.PresenceOffline, until: func(h *house) time.Time { return day(h, 0, 23, 59) }},
		{name: "by shift", text: "#auto", want: core.PresenceUnsaid, says: "your shift tells"},
		{name: "misspelt", text: "#ofline until 14:00", refused: true, says: "Did you mean #offline?"},
		{name: "below an answer", text: "I shall ask.\n#busy", refused: true, says: "“#busy” stands below a text"},
		{name: "no time", text: "#busy until the cows come home", refused: true, says: "cannot be read as a time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			w := h.listen()
			m := h.judged(answer{to: h.address("Lena"), text: c.text})
			if refused := m.State == core.MailRefused; refused != c.refused || w.times != map[bool]int{true: 0, false: 1}[c.refused] || w.presence != c.want {
				t.Errorf("the mail is %s (%s), said %d times: %q", m.State, m.Reason, w.times, w.presence)
			}
			if c.until != nil && w.until.Format(time.DateTime) != c.until(h).Format(time.DateTime) || c.until == nil && !w.until.IsZero() {
				t.Errorf("until %v", w.until)
			}
			h.wantPhone()
			h.wantMails("Lena", 2)
			if got := h.last("Lena").Text; !strings.Contains(got, c.says) {
				t.Errorf("told %q, want %q", got, c.says)
			}
		})
	}
	t.Run("judged late", func(t *testing.T) { // "until 13:00" is no word about tomorrow, whenever the mail is looked at
		h := asked(t)
		w := h.listen()
		h.must(h.door(answer{to: h.address("Lena"), text: "#busy until 13:00"}))
		want := time.Date(2026, 3, 2, 13, 0, 0, 0, h.options.Location)
		h.clock = want.Add(time.Minute)
		h.settle()
		if !w.until.Equal(want) {
			t.Errorf("until %v, want %v", w.until, want)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		h := asked(t)
		h.reply(answer{to: h.address("Lena"), text: "#1 priority for us"})
		h.wantPhone("#1 priority for us")
	})
}

func TestOutOfOffice(t *testing.T) {
	null := ""
	vacation := []string{"Auto-Submitted: auto-replied"}
	for _, c := range []struct {
		name  string
		a     answer
		toEnv bool // to the return path
		away  bool
		until string
		proof string // why the sender is not proven
	}{
		{name: "to the return path", a: answer{sender: &null, headers: vacation, text: "I am away."}, toEnv: true, away: true},
		{name: "to the reply address", a: answer{headers: []string{"X-Autoreply: yes"}, text: "I am away until 2027-01-05."}, away: true, until: ""},
		{name: "until a day", a: answer{headers: vacation, text: "I am out of office until 20 March 2026."}, away: true, until: "2026-03-21"},
		{name: "back on a day", a: answer{headers: vacation, text: "I am away from 10 March. I will be back on Friday, 20 March 2026."}, away: true, until: "2026-03-20"},
		{name: "in Russian", a: answer{headers: vacation, text: "Меня нет до 20 марта 2026."}, away: true, until: "2026-03-21"},
		{name: "in Arabic", a: answer{headers: vacation, text: "أنا في إجازة حتى ٢٠ مارس ٢٠٢٦."}, away: true, until: "2026-03-21"},
		{name: "somebody else's", a: answer{from: "eve@example.net", headers: vacation, text: "I am away."}, toEnv: true},
		{name: "with a From that is not proven", a: answer{sender: &null, headers: vacation, text: "I am away."}, toEnv: true, proof: "no signature"},
		{name: "a delivery report", a: answer{sender: &null, headers: append([]string{"Content-Type: multipart/report; boundary=x"}, vacation...)}, toEnv: true},
		{name: "generated", a: answer{headers: []string{"Auto-Submitted: auto-generated"}, text: "Ticket 5 was opened."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asked(t)
			w := h.listen()
			if c.proof != "" {
				h.proof = forward.Proof{Detail: c.proof}
			}
			c.a.to = h.address("Lena")
			if c.toEnv {
				c.a.to = h.last("Lena").Envelope
			}
			if m := h.judged(c.a); m.State != core.MailIgnored && c.a.from == "" {
				t.Errorf("the mail is %s: %s", m.State, m.Reason)
			}
			until := ""
			if !w.until.IsZero() {
				until = w.until.Format(time.DateOnly)
			}
			if w.away != c.away || until != c.until {
				t.Errorf("away %v until %q", w.away, until)
			}
			h.wantPhone()
		})
	}
}
