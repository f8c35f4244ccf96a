package whatsappdevice

import (
	"fmt"
	"log/slog"
	"sync"

	"go.mau.fi/libsignal/logger"
	waLog "go.mau.fi/whatsmeow/util/log"
)

// log is whatsmeow's logger over ours. Its debug lines hold whole messages and are left out.
type log struct{ to *slog.Logger }

var _ waLog.Logger = log{}

func (l log) Errorf(msg string, args ...any) {
	l.to.Warn("whatsmeow", "says", fmt.Sprintf(msg, args...))
}
func (l log) Warnf(msg string, args ...any) {
	l.to.Info("whatsmeow", "says", fmt.Sprintf(msg, args...))
}
func (l log) Infof(msg string, args ...any) {
	l.to.Debug("whatsmeow", "says", fmt.Sprintf(msg, args...))
}
func (l log) Debugf(string, ...any) {}

func (l log) Sub(module string) waLog.Logger { return log{l.to.With("module", module)} }

// quiet takes the signal library's lines from the standard output, where it writes them otherwise. Its logger is one for the whole program.
var quiet = sync.OnceFunc(func() {
	var l logger.Loggable = mute{}
	logger.Setup(&l)
})

type mute struct{}

func (mute) Debug(string, string)   {}
func (mute) Info(string, string)    {}
func (mute) Warning(string, string) {}
func (mute) Error(string, string)   {}
func (mute) Configure(string)       {}
