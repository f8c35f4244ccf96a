package forward_test

import (
	"strings"
	"testing"
	"time"

	"causeway/core"
	"causeway/core/forward"
)

// answerTo is an agent's answer to one of our mails.
func answerTo(l forward.Letter, text string) answer {
	return answer{to: l.ReplyTo.Address, text: text, headers: []string{"In-Reply-To: <" + l.MessageID + ">"}}
}

// mailWith is the newest mail to somebody that says something.
func (h *house) mailWith(name, words string) forward.Letter {
	h.Helper()
	all := h.relay.to(h.agents[name])
	for i := len(all) - 1; i >= 0; i-- {
		if strings.Contains(all[i].Text, words) {
			return all[i]
		}
	}
	h.Fatalf("%s got no mail with %q\n%s", name, words, h.log)
	return forward.Letter{}
}

// typed is what somebody writes on the business's phone.
func (h *house) typed(id, words string) {
	h.Helper()
	h.accept(h.event(core.EventMessage, core.Event{Origin: core.OriginDevice, Message: &core.MessageBody{Provider: id, Content: text(words)}}))
}

// The phone answers while an agent writes: the agent is asked, and one word sends the answer after all.
func TestAnsweredTwice(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(text("Do you have time on Friday?"))
	h.settle()
	first := h.last("Lena")
	h.clock = h.clock.Add(time.Minute)
	h.typed("phone1", "Yes, at ten")
	h.reply(answerTo(first, "No, sorry"))
	h.wantPhone()
	asked := h.mailWith("Lena", "was not sent")
	for _, want := range []string{"Yes, at ten", "one word “send”", "No, sorry"} {
		if !strings.Contains(asked.Text, want) {
			t.Errorf("the question does not say %q:\n%s", want, asked.Text)
		}
	}
	h.reply(answerTo(h.last("Lena"), "Send.")) // whichever mail of the thread they answer
	h.wantPhone("No, sorry")
	h.reply(answerTo(asked, "send")) // it is not held any more: these are words to the customer
	h.wantPhone("No, sorry", "send")
}

// Whoever answers the phone's own message, or writes anew after our question, has seen what the phone said.
func TestAnsweredAfterThePhone(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(text("Do you have time on Friday?"))
	h.settle()
	first := h.last("Lena")
	h.clock = h.clock.Add(time.Minute)
	h.typed("phone1", "Yes, at ten")
	h.settle()
	h.reply(answerTo(h.last("Lena"), "And bring the papers"))
	h.wantPhone("And bring the papers")
	h.clock = h.clock.Add(time.Minute)
	h.typed("phone2", "All of them")
	h.reply(answerTo(first, "See you"))
	h.reply(answerTo(h.mailWith("Lena", "was not sent"), "See you on Friday"))
	h.wantPhone("And bring the papers", "See you on Friday")
}

// A channel may have such answers sent, and the phone's own greeting is no answer.
func TestNotHeld(t *testing.T) {
	for name, c := range map[string]struct {
		settings core.Coexistence
		after    time.Duration
	}{"told to send": {core.Coexistence{Twice: core.TwiceSend}, time.Minute}, "a greeting": {core.Coexistence{Greets: true}, time.Second}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.forwardTo("Lena")
			if h.channel.Settings == nil {
				h.channel.Settings = map[string]string{}
			}
			c.settings.Put(h.channel.Settings)
			h.must(h.repo.SaveChannel(h.Context(), h.channel))
			h.says(text("Hello"))
			h.settle()
			first := h.last("Lena")
			h.clock = h.clock.Add(c.after)
			h.typed("phone1", "Thank you for your message")
			h.reply(answerTo(first, "Hello!"))
			h.wantPhone("Hello!")
		})
	}
}

// An answer that waits in the queue while the phone answers is not sent either; its author gets it back.
func TestOvertakenInTheQueue(t *testing.T) {
	h := newHouse(t)
	h.forwardTo("Lena")
	h.says(text("Do you have time on Friday?"))
	h.settle()
	h.must(h.repo.SetChannelState(h.Context(), h.channel.ID, core.ChannelPaused, core.Health{}))
	h.reply(answerTo(h.last("Lena"), "No, sorry"))
	h.clock = h.clock.Add(time.Minute)
	h.typed("phone1", "Yes, at ten")
	h.must(h.repo.SetChannelState(h.Context(), h.channel.ID, core.ChannelActive, core.Health{}))
	h.must(h.work(core.Job{Kind: core.JobDeliver, Workspace: h.ws, Key: string(h.conversation().ID)}, h.outbox.Deliver))
	h.settle()
	h.wantPhone()
	if l := h.mailWith("Lena", "before yours could leave"); !strings.Contains(l.Text, "No, sorry") {
		t.Errorf("the agent is told:\n%s", l.Text)
	}
}
