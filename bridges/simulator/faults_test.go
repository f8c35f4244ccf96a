package simulator

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWebhooksAreRepeatedUntilTheyAreTaken(t *testing.T) {
	w := newWorld(t, Options{})
	w.app.answers = []int{500, 503}
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	w.app.await(t, 1)
	if err := w.AwaitQuiet(testContext(t)); err != nil {
		t.Fatal(err)
	}
	got := w.Webhooks()[0]
	if len(got.Attempts) != 3 || !got.Done || got.Attempts[0].Status != 500 {
		t.Errorf("delivery is %+v", got)
	}
	w.app.mu.Lock()
	w.app.answers = []int{500, 500, 500, 500}
	w.app.mu.Unlock()
	mona.Say("never heard")
	if err := w.AwaitQuiet(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if refused := w.Refused(); len(refused) != 1 || len(refused[0].Attempts) != 4 {
		t.Errorf("given up: %+v", refused)
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRetriesWaitLongerAndLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		s := New(Options{HTTP: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(start))
			return &http.Response{StatusCode: 500, Body: io.NopCloser(strings.NewReader(""))}, nil
		})}})
		defer s.Close()
		s.Business().SetCallback("http://app.example/hook", "v")
		s.Customer("491511234567", "Mona").Say("hi")
		<-time.After(time.Hour) // of the bubble
		synctest.Wait()
		if len(at) != len(DefaultRetry())+1 {
			t.Fatalf("%d attempts: %v", len(at), at)
		}
		for i := 2; i < len(at); i++ {
			if at[i]-at[i-1] < at[i-1]-at[i-2] {
				t.Errorf("wait %d is shorter than the one before: %v", i, at)
			}
		}
	})
}

func TestWebhookFaults(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		want  []string
	}{
		{Fault{Kind: FaultDrop, Times: 1}, []string{"two", "three"}},
		{Fault{Kind: FaultDuplicate, Times: 1}, []string{"one", "one", "two", "three"}},
		{Fault{Kind: FaultReorder, Times: 1}, []string{"two", "one", "three"}},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			w := newWorld(t, Options{})
			w.Inject(c.fault)
			mona := w.Customer("491511234567", "Mona")
			for _, s := range []string{"one", "two", "three"} {
				mona.Say(s)
			}
			var got []string
			for _, b := range w.app.await(t, len(c.want)) {
				got = append(got, dig(value(t, b), "messages", 0, "text", "body").(string))
			}
			if strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCallFaults(t *testing.T) {
	w := newWorld(t, Options{})
	mona := w.Customer("491511234567", "Mona")
	mona.Say("hi")
	text := func(s string) obj {
		return obj{"to": mona.Phone(), "type": "text", "text": obj{"body": s}, "biz_opaque_callback_data": s}
	}
	w.Inject(Fault{Kind: FaultAnswer, Times: 1, Status: 429, RetryAfter: 7})
	if status, out := w.send(text("a")); status != 429 || errorCode(out) != "130429" {
		t.Errorf("429: %d %v", status, out)
	}
	w.Inject(Fault{Kind: FaultCode, Times: 1, Code: 131056})
	if _, out := w.send(text("b")); errorCode(out) != "131056" {
		t.Errorf("131056: %v", out)
	}
	w.Inject(Fault{Kind: FaultLate, Times: 1, Code: 131026})
	if status, _ := w.send(text("c")); status != 200 {
		t.Errorf("late: %d", status)
	}
	for _, kind := range []FaultKind{FaultCut, FaultLost} {
		w.Inject(Fault{Kind: kind, Times: 1})
		if err := w.broken(string(kind)); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "EOF") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	w.send(text("cut")) // the gateway tries again although it went out
	got := mona.Received()
	if len(got) != 2 || got[0].Text != "cut" {
		t.Errorf("the phone shows %+v", got)
	}
	if twice := w.ShownTwice(); len(twice) != 1 || twice[0] != "cut" {
		t.Errorf("shown twice: %v", twice)
	}
}

// broken sends a text and returns why there was no answer.
func (w *world) broken(text string) error {
	w.t.Helper()
	body := strings.NewReader(`{"messaging_product":"whatsapp","to":"491511234567","type":"text","text":{"body":"` + text + `"},"biz_opaque_callback_data":"` + text + `"}`)
	req, _ := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.graph.URL+sendPath, io.NopCloser(body))
	req.Header.Set("Authorization", "Bearer "+DefaultAccount().Token)
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = res.Body.Close()
		w.t.Fatalf("%s: got an answer %d", text, res.StatusCode)
	}
	return err
}

func TestHangEndsWithTheCallerAndWithClose(t *testing.T) {
	w := newWorld(t, Options{})
	w.Customer("491511234567", "Mona").Say("hi")
	w.Inject(Fault{Kind: FaultHang, Times: 1})
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.graph.URL+sendPath, strings.NewReader(
		`{"messaging_product":"whatsapp","to":"491511234567","type":"text","text":{"body":"x"}}`))
	req.Header.Set("Authorization", "Bearer "+DefaultAccount().Token)
	done := make(chan error, 1)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		done <- err
	}()
	if _, err := w.AwaitCall(testContext(t), func(c Call) bool { return c.Message != "" && c.Status == 0 }); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPairRate(t *testing.T) {
	var p pace
	now := time.Unix(1e9, 0)
	for i := range paceBurst {
		if !p.allow(now) {
			t.Fatalf("message %d of the burst is refused", i+1)
		}
	}
	if p.allow(now) {
		t.Error("the burst has no end")
	}
	if !p.allow(now.Add(paceEvery)) || p.allow(now.Add(paceEvery)) {
		t.Error("not one message in six seconds")
	}
}

func TestTemplateStatusIsToldToTheApp(t *testing.T) {
	w := newWorld(t, Options{})
	if !w.Business().SetTemplateStatus("we_are_back", "en_US", "PAUSED", "") {
		t.Fatal("no such template")
	}
	v := value(t, w.app.await(t, 1)[0])
	if v["event"] != "PAUSED" || v["message_template_language"] != "en-US" {
		t.Errorf("webhook is %v", v)
	}
}

func TestPostRawIsSignedAndPostSignedIsNot(t *testing.T) {
	w := newWorld(t, Options{})
	if status, err := w.Business().PostRaw(t.Context(), []byte(`{"any":"thing"}`)); status != 200 || err != nil {
		t.Errorf("signed: %d %v", status, err)
	}
	if status, err := w.Business().PostSigned(t.Context(), []byte(`{}`), "sha256=00"); status != 401 || err != nil {
		t.Errorf("forged: %d %v", status, err)
	}
}
