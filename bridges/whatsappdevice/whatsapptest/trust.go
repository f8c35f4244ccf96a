package whatsapptest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"go.mau.fi/libsignal/logger"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/util/keys"
)

// root signs the certificates of every server in this process.
var root = sync.OnceValue(keys.NewKeyPair)

// trusted is the root that whatsmeow believes in this process, nil for WhatsApp's own. whatsmeow knows one root only, in a variable.
var trusted struct {
	sync.Mutex
	key []byte
}

// Trust makes whatsmeow believe in a root instead of WhatsApp's, for the rest of the process. It must be called before the first client connects; a
// second root is refused.
func Trust(key []byte) error {
	if len(key) != len(whatsmeow.WACertPubKey) {
		return fmt.Errorf("a root key has %d bytes, not %d", len(whatsmeow.WACertPubKey), len(key))
	}
	trusted.Lock()
	defer trusted.Unlock()
	if bytes.Equal(trusted.key, key) {
		return nil
	}
	if trusted.key != nil {
		return errors.New("this process trusts another root already")
	}
	copy(whatsmeow.WACertPubKey[:], key)
	trusted.key = bytes.Clone(key)
	var silent logger.Loggable = quiet{}
	logger.Setup(&silent)
	return nil
}

// quiet swallows what libsignal would print of every message that it cannot read.
type quiet struct{}

func (quiet) Debug(string, string)   {}
func (quiet) Info(string, string)    {}
func (quiet) Warning(string, string) {}
func (quiet) Error(string, string)   {}
func (quiet) Configure(string)       {}

// variable carries the root and the address of a server to a process that a test starts.
const variable = "CAUSEWAY_TEST_WHATSAPP"

// Environ is the setting by which FromEnvironment finds this server in another process.
func (s *Server) Environ() string {
	return variable + "=" + hex.EncodeToString(s.Root()) + "@" + s.Address()
}

// FromEnvironment trusts the server that the process was told of and returns the client that reaches it; nil where it was told of none.
func FromEnvironment() (*http.Client, error) {
	told := os.Getenv(variable)
	if told == "" {
		return nil, nil
	}
	key, address, _ := strings.Cut(told, "@")
	raw, err := hex.DecodeString(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	if err := Trust(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	return through(address), nil
}
