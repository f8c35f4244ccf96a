package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"causeway/bridges/simulator/mailroom"

	"github.com/chromedp/chromedp"
)

// aBrowser starts a Chromium, or skips where there is none.
func aBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		lacking(t, "chromium-headless-shell is not installed")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.ExecPath(path), chromedp.Flag("disable-background-networking", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, done := chromedp.NewContext(alloc)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); done(); stop() })
	return ctx
}

// site is a business's own page with the line that the admin was told to put there.
func (w *tenant) site(server *httptest.Server) {
	line := w.entrance(w.Context(), w.channel)[0].value
	server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(rw, `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">%s<h1>Shop</h1>`, line)
	})
}

// shown waits until an expression of the page is true. root is the widget's.
func (w *tenant) shown(ctx context.Context, expression string) {
	w.Helper()
	w.eventually("the page shows "+expression, func() bool {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(()=>{const root=document.querySelector('bridge-chat')?.shadowRoot;return !!(`+expression+`)})()`))
		return err == nil && ok
	})
}

// TestChatInTheBrowser: what a visitor writes on the site is an agent's mail, and the mail that answers it appears in the visitor's panel, also after
// they come back.
func TestChatInTheBrowser(t *testing.T) {
	ctx := aBrowser(t)
	onBoth(t, func(t *testing.T, database string) {
		world := liveIn(t, worldOptions{Database: database, Business: "channels: []"})
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		w := world.tenant(webChat(), map[string]string{"origins": server.URL})
		lena := w.staff()
		w.site(server)
		w.must(chromedp.Do(ctx, chromedp.Navigate(server.URL)))
		w.shown(ctx, `root?.querySelector('.l')`)
		w.shown(ctx, `(root.querySelector('.l').click(),1)`)
		w.shown(ctx, `root.querySelector('.p')&&!root.querySelector('.p').hidden&&root.querySelector('textarea')`)
		w.shown(ctx, `(root.querySelector('textarea').focus(),root.activeElement===root.querySelector('textarea'))`)
		w.must(chromedp.Do(ctx, chromedp.KeyEvent(hello), chromedp.KeyEvent("\r")))
		m := w.mailTo(lena, hello)
		_, err := lena.Reply(w.within(), m, "Yes: the blue bicycle is here.", mailroom.ReplyOptions{})
		w.must(err)
		const answered = `[...root.querySelectorAll('li.out')].filter(l=>l.textContent.includes('Yes: the blue bicycle is here.')).length===1`
		w.shown(ctx, answered)
		w.must(chromedp.Do(ctx, chromedp.Navigate(server.URL)))
		w.shown(ctx, `root?.querySelector('.l')`)
		w.shown(ctx, `(root.querySelector('.l').click(),1)`)
		w.shown(ctx, answered+`&&root.querySelectorAll('li.in').length===1`)
		if n := len(lena.Received()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}
