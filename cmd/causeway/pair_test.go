package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/bridges/whatsappdevice/whatsapptest"
	"causeway/core"

	watypes "go.mau.fi/whatsmeow/types"
	"rsc.io/qr"
)

// pairing is a command that pairs, and what it has printed.
type pairing struct {
	*testing.T
	typed io.Writer
	mu    sync.Mutex
	out   bytes.Buffer
	ended chan error
}

func (p *pairing) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(text)
}

func (p *pairing) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// says waits until the command has printed what fits, and returns the first group of it.
func (p *pairing) says(pattern string) string {
	p.Helper()
	form := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) { //nolint:forbidigo // a poll
		if m := form.FindStringSubmatch(p.said()); m != nil {
			return m[len(m)-1]
		}
	}
	p.Fatalf("the command does not say %q, but\n%s", pattern, p.said())
	return ""
}

// ends waits for the end of the command.
func (p *pairing) ends() error {
	p.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(2 * time.Minute):
		p.Fatalf("it does not end:\n%s", p.said())
		return nil
	}
}

// house is an installation with a channel for a phone, beside a WhatsApp.
type house struct {
	*testing.T
	whatsapp *whatsapptest.Server
	phone    *whatsapptest.Phone
	dir      string
}

func newHouse(t *testing.T, options ...whatsapptest.PhoneOption) *house {
	w := whatsapptest.New(t)
	h := &house{T: t, whatsapp: w, phone: w.Phone("+49 30 123456", append(options, whatsapptest.Business("Blumen Weber"))...), dir: t.TempDir()}
	t.Setenv("CAUSEWAY_DATA_DIR", h.dir)
	t.Setenv("CAUSEWAY_ALLOW_PRIVATE", w.Address())
	file := filepath.Join(h.dir, "business.yaml")
	text := "channels:\n  - name: phone\n    kind: whatsapp-device\n    settings:\n      phone: \"+49 30 123456\"\n      server: \"" + w.Address() + "\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	root := command()
	root.SetArgs([]string{"apply", "-f", file})
	root.SetOut(io.Discard)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// pair begins to run causeway channel pair.
func (h *house) pair(ctx context.Context, flags ...string) *pairing {
	in, typed := io.Pipe()
	p := &pairing{T: h.T, typed: typed, ended: make(chan error, 1)}
	h.Cleanup(func() { typed.Close() })
	root := command()
	root.SetArgs(append([]string{"channel", "pair", "phone"}, flags...))
	root.SetIn(in)
	root.SetOut(p)
	root.SetErr(p)
	go func() { p.ended <- root.ExecuteContext(ctx) }()
	return p
}

// decoded reads the modules of the last code that was drawn.
func decoded(t *testing.T, text string) [][]bool {
	t.Helper()
	var rows [][]bool
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "████") {
			continue
		}
		var above, below []bool
		for _, r := range line {
			above, below = append(above, r == ' ' || r == '▄'), append(below, r == ' ' || r == '▀')
		}
		rows = append(rows, above, below)
	}
	return rows
}

func TestDrawnCode(t *testing.T) {
	code, err := qr.Encode("https://wa.me/settings/linked_devices#"+strings.Repeat("x", 150), qr.L)
	if err != nil {
		t.Fatal(err)
	}
	var plain, coloured bytes.Buffer
	drawQR(&plain, code, false)
	drawQR(&coloured, code, true)
	rows := decoded(t, plain.String())
	if len(rows) != code.Size+2*quietZone+1 {
		t.Fatalf("%d rows for %d modules", len(rows), code.Size)
	}
	for y := range code.Size {
		for x := range code.Size {
			if rows[y+quietZone][x+quietZone] != code.Black(x, y) {
				t.Fatalf("the module %d, %d is wrong", x, y)
			}
		}
	}
	for _, row := range rows[:quietZone] {
		for _, dark := range row {
			if dark {
				t.Fatal("the quiet zone is not quiet")
			}
		}
	}
	if !strings.Contains(coloured.String(), "\x1b[38;5;231;48;5;16m█") {
		t.Error("in colours, what is light must be white on any theme")
	}
}

// TestPairCommand: by QR code from a picture, again after it, and by a typed code, with no gateway running.
func TestPairCommand(t *testing.T) {
	h := newHouse(t)
	png := filepath.Join(h.dir, "code.png")
	p := h.pair(t.Context(), "--png", png)
	p.says("Scan this code before")
	f, err := os.Open(png)
	if err != nil {
		t.Fatal(err)
	}
	picture, _, err := image.Decode(f)
	f.Close()
	if err != nil || picture.Bounds().Dx() < 232 {
		t.Errorf("the picture: %v, %v", picture.Bounds(), err)
	}
	if len(decoded(t, p.said())) < 50 {
		t.Errorf("no code is drawn:\n%s", p.said())
	}
	h.scan()
	if p.says(`Paired with (\S+ \(.*\))\.`) != "+4930123456 (Blumen Weber)" {
		t.Errorf("it says %s", p.said())
	}
	p.says("is connected")
	if err := p.ends(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(png); !os.IsNotExist(err) {
		t.Errorf("the picture stays: %v", err)
	}

	p = h.pair(t.Context(), "--code", "+49 30 123456")
	if err := h.phone.EnterCode(p.says(`\n    (\w{4}-\w{4})\n`)); err != nil {
		t.Error(err)
	}
	p.says("Paired with")
	if err := p.ends(); err != nil {
		t.Error(err)
	}
	if h.phone.Linked() != 2 {
		t.Errorf("%d devices", h.phone.Linked())
	}
}

// scan has the phone scan the code that the pairing shows now.
func (h *house) scan() {
	h.Helper()
	b := h.base()
	defer b.close()
	ch, err := b.channel(h.Context(), "phone")
	if err != nil {
		h.Fatal(err)
	}
	p, err := b.links.Pairing(h.Context(), b.workspace, ch.ID)
	if err != nil || p.Step.State != core.PairingQR {
		h.Fatal(p, err)
	}
	if err := h.phone.Scan(p.Step.Code); err != nil {
		h.Fatal(err)
	}
}

// base opens the installation a second time, as another command does.
func (h *house) base() *base {
	h.Helper()
	root := command()
	cfg, err := loadConfig(root)
	if err != nil {
		h.Fatal(err)
	}
	b, err := openBase(h.Context(), cfg, newLog(cfg, io.Discard), time.Now)
	if err != nil {
		h.Fatal(err)
	}
	return b
}

// TestPairCommandWrong: another number is refused before anything is shown; a person who leaves stops the pairing.
func TestPairCommandWrong(t *testing.T) {
	h := newHouse(t)
	err := h.pair(t.Context(), "--code", "+49 30 999").ends()
	if core.CodeOf(err) != core.CodeConflict || !strings.Contains(err.Error(), "+4930999") || !strings.Contains(err.Error(), "+4930123456") {
		t.Errorf("another number: %v", err)
	}
	ctx, leave := context.WithCancel(t.Context())
	p := h.pair(ctx)
	p.says("Scan this code before")
	leave()
	if err := p.ends(); err == nil {
		t.Error("it ended well though the person left")
	}
	b := h.base()
	defer b.close()
	ch, err := b.channel(t.Context(), "phone")
	if err != nil {
		t.Fatal(err)
	}
	if now, err := b.links.Pairing(t.Context(), b.workspace, ch.ID); err != nil || now.Step.State != core.PairingFailed {
		t.Errorf("afterwards: %+v, %v", now, err)
	}
}

// TestNoWebhook: nobody is told to look for the webhook of a channel that has none.
func TestNoWebhook(t *testing.T) {
	newHouse(t)
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		root := command()
		root.SetArgs(args)
		root.SetOut(&out)
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	said, _ := run("doctor")
	if strings.Contains(said, "webhook") || !strings.Contains(said, "Nothing has ever come in.") {
		t.Errorf("the doctor says\n%s", said)
	}
	if _, err := run("channel", "subscribe", "phone"); core.CodeOf(err) != core.CodeUnsupported || !strings.Contains(err.Error(), "has no webhook") {
		t.Errorf("subscribed: %v", err)
	}
}

// TestPairCommandPasskey: the request is shown with what to do, and the browser's answer is pasted.
func TestPairCommandPasskey(t *testing.T) {
	h := newHouse(t, whatsapptest.NeedsPasskey())
	p := h.pair(t.Context())
	p.says("Scan this code before")
	h.scan()
	request := p.says(`parseRequestOptionsFromJSON\((\{.*\})\)\}`)
	if _, err := io.WriteString(p.typed, "what?\n"+string(h.authenticate(request))+"\n"); err != nil {
		t.Fatal(err)
	}
	p.says("not the whole line")
	p.says("Paired with")
	if err := p.ends(); err != nil {
		t.Error(err)
	}
}

// authenticate answers a request as the browser of the account's owner does.
func (h *house) authenticate(request string) []byte {
	h.Helper()
	var asked watypes.WebAuthnPublicKey
	if err := json.Unmarshal([]byte(request), &asked); err != nil {
		h.Fatal(err)
	}
	raw, err := json.Marshal(h.phone.Authenticate(&asked))
	if err != nil {
		h.Fatal(err)
	}
	return raw
}
