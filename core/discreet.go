package core

import (
	"context"
	"sync/atomic"
)

type discreetKey struct{}

// Discreet returns a context for storing what a call brings, and a function that reports afterwards whether some of it was about a contact who was
// erased: then nothing of the call may be kept.
func Discreet(ctx context.Context) (in context.Context, concealed func() bool) {
	said := new(atomic.Bool)
	return context.WithValue(ctx, discreetKey{}, said), said.Load
}

// Conceal tells who made the context by Discreet, if anybody did.
func Conceal(ctx context.Context) {
	if said, ok := ctx.Value(discreetKey{}).(*atomic.Bool); ok {
		said.Store(true)
	}
}
