package whatsappcloud

import (
	"context"
	"fmt"
	"sync/atomic"

	"causeway/core"
)

// served is the number that the platform said the channel serves, once it was told on.
type served struct{ told atomic.Pointer[string] }

// tell tells which number the channel serves, where that is news: a linked device may serve the same one.
func (s *served) tell(ctx context.Context, l *link, display string) {
	number := core.PhoneDigits(display)
	if number == "" || number == l.channel.Number || l.channel.ID == "" {
		return
	}
	if told := s.told.Load(); told != nil && *told == number {
		return
	}
	now := l.host.Now()
	err := l.host.Emit(ctx, core.Event{Kind: core.EventAccount, ID: fmt.Sprintf("number/%s/%d", number, now.UnixNano()), Account: l.channel.Account, At: now,
		Origin: core.OriginGateway, Change: &core.AccountBody{Name: "number", Detail: "The channel serves the number +" + number + ".", Number: number}})
	if err != nil {
		l.host.Log().WarnContext(ctx, "number of the channel not told", "err", err)
		return
	}
	s.told.Store(&number)
}
