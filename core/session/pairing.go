package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"causeway/core"
)

// A person asks for a pairing on whatever node, or by the command line; the node that has the channel's session does it. They meet in the database: in
// three sealed values that are forgotten soon.
const (
	valueAsk    = "ask"    // by the person
	valueStep   = "step"   // by the session
	valueAnswer = "answer" // by the person

	pairingFor  = 15 * time.Minute // the longest that a pairing takes
	pairingKept = time.Hour
	lookForAsk  = time.Second
	lookForMore = 300 * time.Millisecond
)

var (
	errAsked   = errors.New("a person asked for a pairing")
	errAnother = core.Problemf(core.CodeConflict, "Another pairing of this channel has begun, and this one is over.").Remedied("Go on with that one.").Because(core.PairingOvertaken)
	errStop    = core.Problemf(core.CodeConflict, "The pairing was stopped.").Remedied("Begin again when you are ready.").Because(core.PairingStopped)
	errTooLong = core.Problemf(core.CodeUnavailable, "Nobody finished the pairing in time.").Remedied("Begin again when the phone is at hand.").Because(core.PairingTooLate)
)

type ask struct {
	ID   string           `json:"id"`
	Wish core.PairingWish `json:"wish"`
	At   time.Time        `json:"at"`
	Stop bool             `json:"stop,omitempty"`
}

type shown struct {
	ID   string           `json:"id"`
	Seq  int              `json:"seq"`
	Step core.PairingStep `json:"step"`
}

type answered struct {
	ID     string             `json:"id"`
	Seq    int                `json:"seq"`
	Answer core.PairingAnswer `json:"answer"`
}

// Pair asks for a channel's account to be joined. What becomes of it is told by Pairing.
func (m *Manager) Pair(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, wish core.PairingWish) (core.Pairing, error) {
	ch, _, err := m.pairable(ctx, ws, id)
	if err != nil {
		return core.Pairing{}, err
	}
	a := ask{ID: core.NewID[string](), Wish: wish, At: m.Now()}
	return core.Pairing{ID: a.ID, Step: core.PairingStep{State: core.PairingWaiting}}, m.note(ctx, m.Store.In(ws), ch, valueAsk, a)
}

// pairable returns a channel of the workspace whose account is joined by pairing, with its link.
func (m *Manager) pairable(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (core.Channel, core.PairingLink, error) {
	if _, err := m.Store.In(ws).Channel(ctx, id); err != nil {
		return core.Channel{}, nil, err
	}
	ch, info, link, err := m.Link(ctx, id)
	if err != nil {
		return ch, nil, err
	}
	pairs, ok := link.(core.PairingLink)
	if !ok {
		return ch, nil, core.Problemf(core.CodeUnsupported, "A channel of the kind %s is not paired with a phone.", info.Kind).
			Remedied("Its credentials stand in its settings. See: causeway channel show %s", ch.Name)
	}
	return ch, pairs, nil
}

// Pairing tells where the channel's last pairing is. ErrNotFound: there was none lately.
func (m *Manager) Pairing(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) (core.Pairing, error) {
	ch := core.Channel{Workspace: ws, ID: id}
	var a ask
	var s shown
	there, err := m.noted(ctx, ch, valueAsk, &a)
	if err != nil {
		return core.Pairing{}, err
	}
	if !there {
		return core.Pairing{}, core.ErrNotFound
	}
	if _, err := m.noted(ctx, ch, valueStep, &s); err != nil {
		return core.Pairing{}, err
	}
	p := core.Pairing{ID: a.ID}
	last := a.At.Add(pairingFor)
	if s.ID == a.ID {
		p.Seq, p.Step, last = s.Seq, s.Step, last.Add(pairingFor)
	}
	switch {
	case p.Step.State.Final():
	case a.Stop: // whoever does it will end soon, if anybody does
		p.Seq, p.Step = p.Seq+1, failed(errStop)
	case m.Now().After(last):
		p.Seq, p.Step = p.Seq+1, failed(errTooLong)
	case p.Seq == 0:
		p.Step.State = core.PairingWaiting
	}
	return p, nil
}

// AnswerPairing answers the step that a pairing shows now.
func (m *Manager) AnswerPairing(ctx context.Context, ws core.WorkspaceID, id core.ChannelID, pairing string, answer core.PairingAnswer) error {
	now, err := m.Pairing(ctx, ws, id)
	if err != nil {
		return err
	}
	wanted := now.Step.State == core.PairingPasskey && answer.Passkey != nil || now.Step.State == core.PairingConfirm && answer.Passkey == nil
	if now.ID != pairing || !wanted {
		return core.Problemf(core.CodeConflict, "The pairing does not wait for this answer now.").Remedied("Look at its present step, and answer that.")
	}
	return m.note(ctx, m.Store.In(ws), core.Channel{Workspace: ws, ID: id}, valueAnswer, answered{ID: pairing, Seq: now.Seq, Answer: answer})
}

// StopPairing ends the channel's pairing, if one is going on.
func (m *Manager) StopPairing(ctx context.Context, ws core.WorkspaceID, id core.ChannelID) error {
	now, err := m.Pairing(ctx, ws, id)
	if err != nil || now.Step.State.Final() {
		return err
	}
	return m.note(ctx, m.Store.In(ws), core.Channel{Workspace: ws, ID: id}, valueAsk, ask{ID: now.ID, At: m.Now(), Stop: true})
}

func pairingOwner(ch core.Channel) string { return "pairing/" + string(ch.ID) }

// note seals and stores one of the three values.
func (m *Manager) note(ctx context.Context, repo core.Repo, ch core.Channel, name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	place := core.SealedSecret{Workspace: ch.Workspace, Owner: pairingOwner(ch), Name: name}
	box, err := m.Vault.Seal(core.NewSecret(string(raw)), place.Context())
	if err != nil {
		return err
	}
	if err := repo.SetValueUntil(ctx, place.Owner, name, box, m.Now().Add(pairingKept)); err != nil {
		return fmt.Errorf("note %s of pairing: %w", name, err)
	}
	return nil
}

// noted reads one of the three values, and reports whether it is there. One that was sealed with a key that is gone is not.
func (m *Manager) noted(ctx context.Context, ch core.Channel, name string, v any) (bool, error) {
	place := core.SealedSecret{Workspace: ch.Workspace, Owner: pairingOwner(ch), Name: name}
	box, err := m.Store.In(ch.Workspace).Value(ctx, place.Owner, name)
	if err != nil || len(box) == 0 {
		return false, err
	}
	raw, err := m.Vault.Open(box, place.Context())
	if err != nil {
		return false, nil
	}
	return true, json.Unmarshal([]byte(raw.Reveal()), v)
}

// failed is the last step of a pairing that ended with an error.
func failed(err error) core.PairingStep {
	step := core.PairingStep{State: core.PairingFailed, Reason: "The pairing ended for a reason that is in the gateway's log.", Remedy: "Begin again; if it lasts, look there."}
	var p *core.Problem
	if errors.As(err, &p) {
		step.Reason, step.Remedy = p.Detail, p.Remedy
		_ = errors.As(err, &step.Cause)
	}
	return step
}

// requests is what people want of a session: a pairing, or that it begins anew.
type requests struct {
	asked chan struct{} // something was asked
	ask   *ask          // not begun yet
	going string        // the id of the pairing that goes on
	end   context.CancelCauseFunc
	wish  *string // to take the session back, the last that was seen; nil: nobody has looked yet
}

// watchAsks looks for asks as long as the tenure lasts.
func (t *tenure) watchAsks() {
	core.Every(t.ctx, lookForAsk, func() {
		t.lookForAsk()
		t.lookForTakeBack()
	})
}

func (t *tenure) lookForAsk() {
	if a, err := t.pendingAsk(); err != nil {
		t.opened.host.log.DebugContext(t.ctx, "asks for pairing not read", "err", err)
	} else if a != nil {
		t.interrupt(*a)
	}
}

// pendingAsk is what is asked and not done yet.
func (t *tenure) pendingAsk() (*ask, error) {
	m, ch := t.opened.host.m, t.opened.channel
	var a ask
	there, err := m.noted(t.ctx, ch, valueAsk, &a)
	if err != nil || !there || m.Now().After(a.At.Add(pairingFor)) {
		return nil, err
	}
	var s shown
	if _, err := m.noted(t.ctx, ch, valueStep, &s); err != nil || s.ID == a.ID && s.Step.State.Final() {
		return nil, err
	}
	return &a, nil
}

// interrupt ends what the session does, for what is asked.
func (t *tenure) interrupt(a ask) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case a.Stop && t.requests.going == a.ID:
		t.requests.end(errStop)
		return
	case a.Stop || t.requests.going == a.ID || t.requests.ask != nil && t.requests.ask.ID == a.ID:
		return
	}
	t.requests.ask = &a
	if t.requests.going != "" {
		t.requests.end(errAnother)
	} else if t.requests.end != nil {
		t.requests.end(errAsked)
	}
	select {
	case t.requests.asked <- struct{}{}:
	default:
	}
}

// begin makes the context of what the session does next, which interrupt ends.
func (t *tenure) begin(pairing string) (context.Context, context.CancelCauseFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, end := context.WithCancelCause(t.ctx)
	t.requests.going, t.requests.end = pairing, end
	if pairing == "" && t.requests.ask != nil {
		end(errAsked)
	}
	return ctx, end
}

// pair does what was asked and reports whether something was.
func (t *tenure) pair() bool {
	t.mu.Lock()
	a := t.requests.ask
	t.requests.ask = nil
	select {
	case <-t.requests.asked:
	default:
	}
	t.mu.Unlock()
	if a == nil {
		return false
	}
	ctx, end := t.begin(a.ID)
	defer end(nil)
	long, stop := context.WithTimeoutCause(ctx, pairingFor, errTooLong)
	defer stop()
	talk := &talk{t: t, ask: *a}
	who, err := t.join(long, a.Wish, talk)
	if err != nil && t.ctx.Err() != nil {
		return true // the node that takes over begins it anew
	}
	last := core.PairingStep{State: core.PairingDone, Account: who}
	if err != nil {
		t.opened.host.log.InfoContext(t.ctx, "pairing ended", "err", err, "why", context.Cause(long))
		if cause := context.Cause(long); cause != nil {
			err = cause
		}
		last = failed(err)
	}
	if err := talk.Show(t.ctx, last); err != nil {
		t.opened.host.log.WarnContext(t.ctx, "end of pairing not told", "err", err)
	}
	return true
}

// join lets the link pair. A panic is its error.
func (t *tenure) join(ctx context.Context, wish core.PairingWish, talk core.PairingTalk) (who core.Paired, err error) {
	err = t.guarded(func() error {
		who, err = t.opened.link.(core.PairingLink).Pair(ctx, wish, talk)
		return err
	})
	return who, err
}

// talk is the person who asked.
type talk struct {
	t   *tenure
	ask ask
	seq atomic.Int64
}

var _ core.PairingTalk = (*talk)(nil)

func (k *talk) Show(ctx context.Context, step core.PairingStep) error {
	h := k.t.opened.host
	seq := int(k.seq.Add(1))
	return h.under(ctx, func(tx core.Tx) error {
		return h.m.note(ctx, tx.In(h.channel.Workspace), h.channel, valueStep, shown{ID: k.ask.ID, Seq: seq, Step: step})
	})
}

func (k *talk) Answer(ctx context.Context) (core.PairingAnswer, error) {
	tick := time.NewTicker(lookForMore)
	defer tick.Stop()
	for {
		var a answered
		there, err := k.t.opened.host.m.noted(ctx, k.t.opened.channel, valueAnswer, &a)
		if err == nil && there && a.ID == k.ask.ID && a.Seq == int(k.seq.Load()) {
			return a.Answer, nil
		}
		select {
		case <-ctx.Done():
			return core.PairingAnswer{}, ctx.Err()
		case <-tick.C:
		}
	}
}
