package webchat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A new visitor's browser may be made to calculate before the chat begins: a second of a person's waiting, and dear for programs that come in numbers.

// workFor is how long a task may take. A task done counts once, on each node.
const workFor = 5 * time.Minute

// task is what a browser must calculate: a number behind the stamp and a colon, so that the SHA-256 of all begins with so many zero bits.
type task struct {
	Code  string `json:"error"`
	Stamp string `json:"stamp"`
	Bits  int    `json:"bits"`
}

// mustWork reports whether somebody has to do a task first, which it then hands out: a visitor who is neither known from before nor proven by the site.
func (l *link) mustWork(w http.ResponseWriter, c call, o opening) bool {
	now, from := l.host.Now(), address(c.Request)
	if l.conf.work == 0 || o.Identity != nil || l.conf.require {
		return false
	}
	if _, err := l.conf.open(o.token, now); err == nil || l.worked(o.Work, from, now) {
		return false
	}
	answer(w, http.StatusPreconditionRequired, task{"work", l.conf.stamp(now, from), l.conf.work})
	return true
}

// stamp begins a task for a network address. It can be checked without being kept.
func (c conf) stamp(at time.Time, from string) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return seconds + "." + base64.RawURLEncoding.EncodeToString(c.mac("work", seconds+"\n"+from)[:18])
}

// worked reports whether a task was done, by whom it was given to, in time, and is used for the first time.
func (l *link) worked(done, from string, now time.Time) bool {
	stamp, number, _ := strings.Cut(done, ":")
	text, _, _ := strings.Cut(stamp, ".")
	seconds, err := strconv.ParseInt(text, 10, 64)
	given := time.Unix(seconds, 0)
	if err != nil || len(number) > 20 || now.Sub(given).Abs() > workFor || !hmac.Equal([]byte(l.conf.stamp(given, from)), []byte(stamp)) {
		return false
	}
	sum := sha256.Sum256([]byte(done))
	return bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:8])) >= l.conf.work && l.spent.allow(stamp, now)
}
