package outhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"causeway/core"
)

// bounded limits how long an exchange takes and how large its answer is.
type bounded struct {
	next http.RoundTripper
	opts Options
}

var (
	errStalled = errors.New("the answer stopped coming")
	errTooLong = errors.New("the exchange took too long")
)

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	whole := time.AfterFunc(b.opts.Whole, func() { cancel(errTooLong) })
	end := func() { whole.Stop(); cancel(context.Canceled) }
	r = r.Clone(ctx)
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", userAgent(b.opts.Version))
	}
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		defer end()
		return nil, because(ctx, err)
	}
	if resp.ContentLength > b.opts.MaxBody {
		resp.Body.Close()
		end()
		return nil, tooLarge(b.opts.MaxBody)
	}
	stall := time.AfterFunc(b.opts.Stall, func() { cancel(errStalled) })
	stall.Stop() // it runs while somebody waits for the next byte
	resp.Body = &body{ReadCloser: resp.Body, ctx: ctx, left: b.opts.MaxBody, opts: b.opts, stall: stall, end: end}
	return resp, nil
}

// because gives our own reason for a cancelled context, where there is one.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) || errors.Is(cause, errTooLong) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

func tooLarge(limit int64) error {
	return core.Problemf(core.CodeTooLarge, "The answer is larger than %s.", core.Bytes(limit))
}

// body is an answer being read.
type body struct {
	io.ReadCloser
	ctx    context.Context
	opts   Options
	left   int64
	stall  *time.Timer
	end    func()
	closed sync.Once
	err    error // the end, once it came
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	b.stall.Reset(b.opts.Stall)
	n, err := b.ReadCloser.Read(p)
	b.stall.Stop()
	if int64(n) > b.left {
		n, err = int(b.left), tooLarge(b.opts.MaxBody)
	}
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = because(b.ctx, err)
	}
	b.err = err
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.closed.Do(func() { b.stall.Stop(); b.end() })
	return err
}
