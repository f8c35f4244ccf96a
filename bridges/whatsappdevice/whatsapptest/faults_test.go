package whatsapptest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"causeway/bridges/whatsappdevice/whatsapptest"
)

func TestOfflineQueue(t *testing.T) {
	_, phone, ana, g := paired(t)
	phone.Settled()
	g.Disconnect()
	phone.Offline()
	for _, words := range []string{"one", "two", "three"} {
		ana.Text(words)
	}
	echo := phone.Says(ana, "four")
	if n := phone.Unacknowledged(); n < 4 {
		t.Errorf("only %d stanzas wait", n)
	}
	g.connect()
	if p := next[*events.OfflineSyncPreview](g); p.Messages != 4 {
		t.Errorf("%d messages were announced", p.Messages)
	}
	for _, words := range []string{"one", "two", "three"} {
		if got := g.message(); got.Message.GetConversation() != words {
			t.Errorf("got %q, want %q", got.Message.GetConversation(), words)
		}
	}
	if got := g.message(); got.Info.ID != echo.ID {
		t.Errorf("the echo is %s", got.Info.ID)
	}
	next[*events.OfflineSyncCompleted](g)
	phone.Settled()
	g.restart()
	next[*events.OfflineSyncCompleted](g)
	if n := len(g.events); n > 3 {
		t.Errorf("%d events came once more", n)
	}
}

func TestNotAcknowledgedComesAgain(t *testing.T) {
	_, phone, ana, g := paired(t)
	phone.Settled()
	g.fails <- struct{}{}
	sent := ana.Text("not stored")
	for len(g.fails) > 0 {
		time.Sleep(time.Millisecond) //nolint:forbidigo // whatsmeow tells nobody of a handler that failed
	}
	if ticks := ana.Ticks(sent); len(ticks) != 0 {
		t.Errorf("receipts %q of what the handler failed at", ticks)
	}
	g.restart()
	if got := g.message(); got.Info.ID != sent.ID || got.Message.GetConversation() != "not stored" {
		t.Errorf("after the restart came %+v", got.Info)
	}
	ana.SeesDelivered(sent)
	phone.Settled()
}

func TestReconnect(t *testing.T) {
	srv, phone, ana, g := paired(t)
	srv.HangUp()
	next[*events.Disconnected](g)
	next[*events.Connected](g)
	ana.Text("after the break")
	g.message()
	phone.Settled() // what is not acknowledged when the server goes down comes again

	srv.Down()
	next[*events.Disconnected](g)
	ana.Text("while it is down")
	srv.Up()
	if got := g.message(); got.Message.GetConversation() != "while it is down" {
		t.Errorf("got %v", got.Message)
	}
	phone.Online()
	phone.Restarts()
	next[*events.Disconnected](g)
	next[*events.Connected](g)
	phone.Settled()
}

func TestRepeated(t *testing.T) {
	_, phone, ana, g := paired(t)
	sent := ana.Text("once")
	first := g.message()
	ana.Repeat(sent)
	if again := g.message(); again.Info.ID != first.Info.ID || again.Message.GetConversation() != "once" {
		t.Errorf("the repetition is %+v", again.Info)
	}
	phone.Settled()
	ana.Redeliver(sent) // which whatsmeow acknowledges, and keeps to itself
	phone.Settled()
	if ana.Text("something else"); g.message().Message.GetConversation() != "something else" {
		t.Error("what was handed out twice came twice")
	}
	id := g.send(ana.LID(), said("twice"))
	ana.Got()
	if _, err := g.SendMessage(t.Context(), ana.LID(), said("twice"), whatsmeow.SendRequestExtra{ID: id}); err != nil {
		t.Fatal(err)
	}
	g.send(ana.LID(), said("other"))
	if got := ana.Got(); got.Text() != "other" || ana.Copies(id) != 2 {
		t.Errorf("Ana got %q, and %d copies of the first", got.Text(), ana.Copies(id))
	}
	phone.Settled()
}

func TestRetries(t *testing.T) {
	_, phone, ana, g := paired(t)
	ana.Garble(1)
	sent := ana.Text("hard to read")
	if got := next[*events.UndecryptableMessage](g); got.Info.ID != sent.ID {
		t.Errorf("what could not be read is %s", got.Info.ID)
	}
	if got := g.message(); got.Info.ID != sent.ID || got.Message.GetConversation() != "hard to read" {
		t.Errorf("the repeated message is %+v", got.Info)
	}
	ana.SeesRetry(sent)

	ana.Garble(2)
	sent = ana.Text("very hard to read")
	if got := g.message(); got.Info.ID != sent.ID || got.Message.GetConversation() != "very hard to read" {
		t.Errorf("the repeated message is %+v", got.Info)
	}

	g.send(ana.LID(), said("settled"))
	ana.Got()
	ana.DropSession()
	id := g.send(ana.LID(), said("who are you?"))
	if got := ana.Got(); got.ID != id || got.Text() != "who are you?" || got.Retry != 1 {
		t.Errorf("Ana got %q after %d times", got.Text(), got.Retry)
	}

	phone.Resends(true)
	ana.Garble(1)
	sent = ana.Text("ask the phone")
	for {
		if got := g.message(); got.UnavailableRequestID != "" {
			if got.Info.ID != sent.ID || got.Message.GetConversation() != "ask the phone" {
				t.Errorf("the phone gave %+v", got.Info)
			}
			break
		}
	}
	phone.Settled()
}

func TestAcks(t *testing.T) {
	srv, _, ana, g := paired(t)
	srv.DropAcks(true)
	if _, err := g.SendMessage(t.Context(), ana.LID(), said("lost?"), whatsmeow.SendRequestExtra{Timeout: 50 * time.Millisecond}); !errors.Is(err, whatsmeow.ErrMessageTimedOut) {
		t.Errorf("without an answer: %v", err)
	}
	ana.Got()
	srv.DropAcks(false)
	srv.Delay(20 * time.Millisecond)
	g.send(ana.LID(), said("slow"))
	ana.Got()
	srv.Delay(0)
	ana.Refuse(463)
	if _, err := g.SendMessage(t.Context(), ana.LID(), said("refused")); !errors.Is(err, whatsmeow.ErrServerReturnedError) || !strings.Contains(err.Error(), "463") {
		t.Errorf("refused: %v", err)
	}
	ana.Refuse(0)
	g.send(ana.LID(), said("taken"))
	if got := ana.Got(); got.Text() != "taken" {
		t.Errorf("Ana got %q", got.Text())
	}
}

func TestRestricted(t *testing.T) {
	srv, phone, ana, g := paired(t)
	ben := srv.Contact("+4915100000001")
	ana.Trusts(phone)
	phone.Settled()
	phone.Restrict(time.Now().Add(time.Hour))
	if got := next[*events.NotifyAccountReachoutTimelock](g); !got.IsActive {
		t.Errorf("the account was told %+v", got)
	}
	g.send(ana.LID(), said("you wrote first"))
	if got := ana.Got(); len(got.Token) == 0 {
		t.Error("the message came without its token")
	}
	if _, err := g.SendMessage(t.Context(), ben.LID(), said("buy this")); err == nil || !strings.Contains(err.Error(), "463") {
		t.Errorf("to somebody new: %v", err)
	}
	phone.Restrict(time.Time{})
	next[*events.NotifyAccountReachoutTimelock](g)
	g.send(ben.LID(), said("hello"))
	ben.Got()
}

// warm is paired, after a message: whatsmeow must not be unlinked while it still stores what it synchronizes (its Delete races with that).
func warm(t *testing.T) (*whatsapptest.Phone, *gateway) {
	t.Helper()
	_, phone, ana, g := paired(t)
	ana.Text("hello")
	g.message()
	phone.Settled()
	return phone, g
}

func TestEndings(t *testing.T) {
	t.Run("replaced", func(t *testing.T) {
		phone, g := warm(t)
		phone.Replaced()
		next[*events.StreamReplaced](g)
	})
	t.Run("replaced by itself", func(t *testing.T) {
		phone, g := warm(t)
		other := &gateway{t: t, srv: g.srv, stores: g.stores, fails: g.fails}
		other.start()
		t.Cleanup(other.halt)
		other.connect()
		next[*events.StreamReplaced](g)
		next[*events.Connected](other)
		phone.Online()
	})
	t.Run("unlinked", func(t *testing.T) {
		phone, g := warm(t)
		phone.Unlinks()
		if got := next[*events.LoggedOut](g); got.OnConnect {
			t.Errorf("logged out: %+v", got)
		}
	})
	t.Run("unlinked unseen", func(t *testing.T) {
		phone, g := warm(t)
		phone.UnlinksUnseen()
		if got := next[*events.LoggedOut](g); !got.OnConnect || got.Reason != events.ConnectFailureLoggedOut {
			t.Errorf("logged out: %+v", got)
		}
	})
	t.Run("logs out itself", func(t *testing.T) {
		phone, g := warm(t)
		if err := g.Logout(t.Context()); err != nil || phone.Linked() != 0 {
			t.Errorf("%d devices are linked: %v", phone.Linked(), err)
		}
	})
	t.Run("banned", func(t *testing.T) {
		phone, g := warm(t)
		phone.Bans(101, time.Hour)
		if got := next[*events.TemporaryBan](g); got.Code != events.TempBanSentToTooManyPeople || got.Expire != time.Hour {
			t.Errorf("banned: %+v", got)
		}
		phone.Admits()
		g.restart()
		next[*events.Connected](g)
	})
	t.Run("outdated", func(t *testing.T) {
		phone, g := warm(t)
		phone.Rejects(405, nil)
		next[*events.ClientOutdated](g)
	})
	t.Run("main device gone", func(t *testing.T) {
		phone, g := warm(t)
		phone.Rejects(403, nil)
		if got := next[*events.LoggedOut](g); got.Reason != events.ConnectFailureMainDeviceGone {
			t.Errorf("logged out: %+v", got)
		}
	})
	t.Run("unavailable", func(t *testing.T) {
		phone, g := warm(t)
		phone.Rejects(503, nil)
		next[*events.Disconnected](g)
		phone.Admits()
		next[*events.Connected](g)
	})
}
