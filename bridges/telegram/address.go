package telegram

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"causeway/core"
)

// address is where a message comes from or goes to.
type address struct {
	connection string // of the business account; empty: the bot itself
	chat       int64
	topic      int64 // within the chat; zero: none
	direct     bool  // the topic is one of a channel's direct messages
}

var aConnection = regexp.MustCompile(`^[A-Za-z0-9_=+.-]{1,128}$`)

// key returns the identity that stands for the address.
func (a address) key() core.IdentityKey {
	value := strconv.FormatInt(a.chat, 10)
	switch {
	case a.topic != 0 && a.direct:
		value += "/d" + strconv.FormatInt(a.topic, 10)
	case a.topic != 0:
		value += "/" + strconv.FormatInt(a.topic, 10)
	}
	return core.IdentityKey{Scheme: Scheme, Scope: a.connection, Value: value}
}

// addressOf reads an identity; false if it is none of ours.
func addressOf(k core.IdentityKey) (address, bool) {
	if k.Scheme != Scheme {
		return address{}, false
	}
	chat, topic, _ := strings.Cut(k.Value, "/")
	a := address{connection: k.Scope, direct: strings.HasPrefix(topic, "d")}
	var err error
	if a.chat, err = strconv.ParseInt(chat, 10, 64); err != nil || a.chat == 0 {
		return address{}, false
	}
	if topic != "" {
		a.topic, err = strconv.ParseInt(strings.TrimPrefix(topic, "d"), 10, 64)
	}
	return a, err == nil
}

// recipient returns the first of the identities that Telegram knows.
func recipient(to []core.IdentityKey) (address, bool) {
	for _, k := range to {
		if a, ok := addressOf(k); ok {
			return a, true
		}
	}
	return address{}, false
}

// message returns the id under which one of the address's messages is kept. Telegram counts messages anew in each chat, and in each business
// account.
func (a address) message(id int64) string {
	if a.connection == "" {
		return fmt.Sprintf("%d/%d", a.chat, id)
	}
	return fmt.Sprintf("%d/%d@%s", a.chat, id, a.connection)
}

// messageOf reads what message wrote; false if it is none, as the id of a pressed button.
func messageOf(provider string) (a address, id int64, ok bool) {
	rest, connection, _ := strings.Cut(provider, "@")
	chat, number, cut := strings.Cut(rest, "/")
	if !cut {
		return a, 0, false
	}
	var err, err2 error
	a.connection = connection
	a.chat, err = strconv.ParseInt(chat, 10, 64)
	id, err2 = strconv.ParseInt(number, 10, 64)
	return a, id, err == nil && err2 == nil && a.chat != 0 && id > 0
}
