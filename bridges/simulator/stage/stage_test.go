package stage

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"causeway/bridges/simulator"
	"causeway/bridges/simulator/mailroom"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type theatre struct {
	*Stage
	t      *testing.T
	sim    *simulator.Simulator
	room   *mailroom.Room
	jumps  []time.Duration
	server *httptest.Server
}

func open(t *testing.T) *theatre {
	t.Helper()
	gateway, err := mailroom.Open(mailroom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	room, err := mailroom.Open(mailroom.Options{Gateway: gateway.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	th := &theatre{t: t, sim: simulator.New(simulator.Options{}), room: room}
	th.Stage = New(Options{
		Simulator: th.sim, Mailroom: room, Jump: func(d time.Duration) { th.jumps = append(th.jumps, d) },
	})
	th.server = httptest.NewServer(th)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		th.server.Close()
		th.sim.Close()
		_ = room.Close()
		_ = gateway.Close()
	})
	return th
}

func (th *theatre) do(method, path, body string) (int, string, http.Header) {
	th.t.Helper()
	req, err := http.NewRequestWithContext(th.t.Context(), method, th.server.URL+path, strings.NewReader(body))
	if err != nil {
		th.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		th.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	out, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(out), res.Header
}

const letter = "From: \"Mona (WhatsApp)\" <wa@bridge.example>\r\nTo: lena@example.com\r\nReply-To: <r+t@bridge.example>\r\n" +
	"Subject: =?utf-8?b?2YXZhtmJINit2K/Yp9iv?= (WhatsApp)\r\nMessage-Id: <1@bridge.example>\r\nMime-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n" +
	"--c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nمرحبا، أين طلبي؟\r\n" +
	"--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body dir=\"auto\"><p dir=\"auto\">مرحبا، أين طلبي؟</p><script>alert(1)</script></body></html>\r\n--c--\r\n" +
	"--b\r\nContent-Type: image/svg+xml\r\nContent-Disposition: attachment; filename=\"a.svg\"\r\n\r\n<svg/>\r\n--b--\r\n"

func (th *theatre) deliver(to string) {
	th.t.Helper()
	c, err := smtp.Dial(th.room.Addr())
	if err != nil {
		th.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SendMail("b@bridge.example", []string{to}, strings.NewReader(letter)); err != nil {
		th.t.Fatal(err)
	}
}

func TestScriptsPlayTheCustomer(t *testing.T) {
	th := open(t)
	path := "/api/customers/966501234567"
	for body, want := range map[string]int{
		`{"text":"مرحبا"}`: 201, `{"type":"location","Latitude":1,"Longitude":2}`: 201, `{"type":"contact","name":"x","phones":["1"]}`: 201,
		`{"type":"file","name":"a.svg","mime":"image/svg+xml","data":"PHN2Zy8+"}`: 201,
		`{"type":"text"}`: 400, `{"type":"press","button":"none"}`: 400, `{"type":"dance"}`: 400, `{"colour":"red"}`: 400, `not json`: 400,
	} {
		if status, out, _ := th.do("POST", path+"/messages", body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, out, want)
		}
	}
	if status, _, _ := th.do("POST", "/api/customers/000/messages", `{"text":"x"}`); status != 404 {
		t.Errorf("nobody: %d", status)
	}
	_, out, _ := th.do("GET", path, "")
	var p person
	if err := json.Unmarshal([]byte(out), &p); err != nil || len(p.Messages) != 4 || !p.Window {
		t.Fatalf("chat: %v %s", err, out)
	}
	for _, m := range p.Messages {
		if m.Media == nil {
			continue
		}
		_, file, h := th.do("GET", m.Media.URL, "")
		if file != "<svg/>" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("Content-Type") == "image/svg+xml" {
			t.Errorf("svg comes as %v", h)
		}
	}
}

// TestScriptsPlayTheOwner: what is typed on the owner's phone is in the chat, and can be changed there; the number leaves and comes back.
func TestScriptsPlayTheOwner(t *testing.T) {
	th := open(t)
	var typed struct{ ID string }
	_, out, _ := th.do("POST", "/api/owner/966501234567/messages", `{"text":"one moment"}`)
	if err := json.Unmarshal([]byte(out), &typed); err != nil || typed.ID == "" {
		t.Fatalf("typed: %v %s", err, out)
	}
	for body, want := range map[string]int{
		`{"type":"edit","target":"` + typed.ID + `","text":"two moments"}`: 201, `{"type":"edit","target":"` + typed.ID + `"}`: 400, `{"type":"dance","text":"x"}`: 400, `{"text":""}`: 400, `{"text":"  "}`: 400,
	} {
		if status, out, _ := th.do("POST", "/api/owner/966501234567/messages", body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, out, want)
		}
	}
	for _, away := range []string{"true", "false"} {
		if status, out, _ := th.do("POST", "/api/owner", `{"away":`+away+`}`); status != 200 {
			t.Errorf("away %s: %d %s", away, status, out)
		}
	}
	_, out, _ = th.do("GET", "/api/customers/966501234567", "")
	var p person
	if err := json.Unmarshal([]byte(out), &p); err != nil || len(p.Messages) != 1 || p.Messages[0].Text != "two moments" || !p.Messages[0].Phone {
		t.Fatalf("chat: %v %s", err, out)
	}
}

func TestScriptsPlayTheAgent(t *testing.T) {
	th := open(t)
	th.deliver("lena@example.com")
	_, out, _ := th.do("GET", "/api/mailboxes/lena@example.com", "")
	var box mailboxJSON
	if err := json.Unmarshal([]byte(out), &box); err != nil || len(box.Threads) != 1 || box.Unseen != 1 {
		t.Fatalf("%v %s", err, out)
	}
	_, page, h := th.do("GET", "/api/mailboxes/lena@example.com/mails/1/html", "")
	if !strings.Contains(page, "أين طلبي") || !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("html has policy %q", h.Get("Content-Security-Policy"))
	}
	data := base64.StdEncoding.EncodeToString([]byte("%PDF"))
	for body, want := range map[string]int{
		`{"text":"on its way","files":[{"name":"a.pdf","mime":"application/pdf","data":"` + data + `"}]}`: 201,
		`{"text":"away","kind":"autoreply"}`: 201, `{"kind":"bounce"}`: 201, `{"text":"x","kind":"forged"}`: 201, `{"kind":"dance"}`: 400,
	} {
		if status, out, _ := th.do("POST", "/api/mailboxes/lena@example.com/mails/1/reply", body); status != want {
			t.Errorf("%s: %d %s", body, status, out)
		}
	}
	if status, _, _ := th.do("GET", "/api/mailboxes/nobody@example.com", ""); status != 404 {
		t.Errorf("unknown mailbox: %d", status)
	}
	_, _, h = th.do("GET", "/api/mailboxes/lena@example.com/mails/1/files/0", "")
	if !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
		t.Errorf("attachment: %v", h)
	}
}

func TestTimeAndFaults(t *testing.T) {
	th := open(t)
	th.do("POST", "/api/time", `{"hours":25}`)
	th.do("POST", "/api/time", `{"back":true}`)
	if len(th.jumps) != 2 || th.jumps[0] != 25*time.Hour || th.jumps[1] != 0 {
		t.Errorf("jumps: %v", th.jumps)
	}
	if status, _, _ := th.do("POST", "/api/time", `{"hours":-1}`); status != 400 {
		t.Errorf("backwards: %d", status)
	}
	th.do("POST", "/api/faults", `{"kind":"answer","status":429,"times":3,"token_expired":true,"hidden_phones":true}`)
	if th.sim.Business().Account().Token == simulator.DefaultAccount().Token || len(th.sim.Faults()) != 1 {
		t.Error("the faults did not arrive")
	}
	if status, _, _ := th.do("POST", "/api/faults", `{"kind":"rain","times":1}`); status != 400 {
		t.Errorf("unknown fault: %d", status)
	}
	if status, _, _ := th.do("POST", "/api/refusals", `{"step":"rcpt","code":550,"times":1}`); status != 200 {
		t.Errorf("refusal: %d", status)
	}
	if status, _, _ := th.do("POST", "/api/refusals", `{"step":"rcpt","code":250,"times":1}`); status != 400 {
		t.Errorf("refusal with a yes: %d", status)
	}
	th.do("DELETE", "/api/faults", "")
	if th.sim.Business().Account().Token != simulator.DefaultAccount().Token || len(th.sim.Faults()) != 0 {
		t.Error("the faults did not go")
	}
}

func TestEventsTellOfChanges(t *testing.T) {
	th := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, th.server.URL+"/api/events", nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	buf := make([]byte, 64)
	if _, err := res.Body.Read(buf); err != nil {
		t.Fatal(err)
	}
	th.sim.Customer("966501234567", "").Say("x")
	if n, err := res.Body.Read(buf); err != nil || !bytes.HasPrefix(buf[:n], []byte("data:")) {
		t.Errorf("got %q, %v", buf[:n], err)
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	th := open(t)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, th.server.URL+"/api/time", strings.NewReader(`{"hours":1}`))
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestPagesHaveNoInlineScriptNorForeignThings(t *testing.T) {
	th := open(t)
	for _, path := range []string{"/", "/phone", "/mailbox"} {
		status, page, h := th.do("GET", path, "")
		if status != 200 || !strings.Contains(h.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("%s: %d %v", path, status, h)
		}
		if bad := regexp.MustCompile(`<script>|\son\w+=|style=|https?://`).FindString(page); bad != "" {
			t.Errorf("%s has %q", path, bad)
		}
	}
	css, _ := files.ReadFile("app.css")
	if bad := regexp.MustCompile(`(margin|padding|border)-(left|right)|[^-]\b(left|right):|url\(`).Find(css); bad != nil {
		t.Errorf("the style has %q", bad)
	}
	js, _ := files.ReadFile("app.js")
	if strings.Contains(string(js), "innerHTML") {
		t.Error("the script writes HTML")
	}
}

// TestScreenshots writes pictures of the pages where SIMULATOR_SHOTS names a folder and a browser is there.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SIMULATOR_SHOTS")
	browser, err := exec.LookPath("chromium-headless-shell")
	if folder == "" || err != nil {
		t.Skip("SIMULATOR_SHOTS is not set, or chromium-headless-shell is not there")
	}
	th := open(t)
	mona := th.sim.Customer("966501234567", "")
	first := mona.Say("مرحبا! هل تشحنون إلى Jeddah؟")
	mona.SendLocation(simulator.Location{Latitude: 21.5, Longitude: 39.2, Name: "جدة", Address: "Saudi Arabia"})
	th.sim.Business().Phone().Type(mona, "نعم، خلال 3 أيام (DHL)")
	mona.Reply(first, "شكرا 👍")
	grace := th.sim.Customer("447700900123", "")
	grace.Say("Hello, is the blue one back in stock?")
	th.sim.Business().Phone().Type(grace, "Yes! Shall I put one aside?")
	th.deliver("lena@example.com")
	for name, shot := range map[string][2]string{
		"home": {"/", "1280,1000"}, "phone-ar": {"/phone#966501234567", "700,800"}, "phone-en-narrow": {"/phone", "360,700"},
		"mailbox": {"/mailbox", "1100,800"}, "mailbox-narrow": {"/mailbox", "360,900"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		for _, dark := range []bool{false, true} {
			args := []string{
				"--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=" + shot[1], "--timeout=3000",
				"--user-data-dir=" + t.TempDir(),
			}
			file := name
			if dark {
				args, file = append(args, "--blink-settings=preferredColorScheme=0"), name+"-dark"
			}
			args = append(args, "--screenshot="+filepath.Join(folder, file+".png"), th.server.URL+shot[0])
			if out, err := exec.CommandContext(ctx, browser, args...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", file, err, out)
			}
		}
		cancel()
	}
}
