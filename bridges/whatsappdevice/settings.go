package whatsappdevice

import (
	"net"
	"strconv"
	"strings"

	"causeway/core"

	"go.mau.fi/whatsmeow/store"
)

// Keys of the settings.
const (
	keyPhone    = "phone"
	keyInitiate = "initiate"
	keyLater    = "after_window"
	keyGroups   = "groups"
	keyHistory  = "history"
	keyDaily    = "messages_per_day"
	keyHourly   = "messages_per_hour"
	keyWarmUp   = "warm_up_days"
	keyServer   = "server"
	keyVersion  = "wa_version"
)

const (
	never, allowed  = "never", "allowed"
	refuse, answer  = "refuse", "answer"
	off, on         = "off", "on"
	defaultDaily    = 500
	defaultHourly   = 60
	defaultWarmUp   = 10
	shortestNumber  = 7
	longestNumber   = 15
	largestSetting  = 100_000
	longestWarmUp   = 365
	unofficial      = "WhatsApp may ban numbers that do this from a linked device; the risk is yours."
	sampleOfANumber = "+49 151 12345678"

	sampleOfAVersion = "2.3000.0"
)

func settings() []core.Setting {
	return []core.Setting{
		{Key: keyPhone, Title: "Phone number", Required: true, Example: sampleOfANumber,
			Help: "The number of the phone whose WhatsApp this is, with its country code. A phone with another number is refused when it is paired."},
		{Key: keyInitiate, Title: "First messages", Default: never,
			Help: "never: only people who wrote first are answered. allowed: strangers may be written to, and everybody at any time. " + unofficial},
		{Key: keyLater, Title: "After 24 hours", Default: refuse,
			Help: "refuse: answers go out in the 24 hours after the customer's last message, as over the Cloud API. answer: later too, to those who have written. " + unofficial},
		{Key: keyGroups, Title: "Groups", Default: off, Help: "off: messages in groups are left alone. on: each group is a conversation; every message names who wrote it."},
		core.AuthorNamesSetting(),
		{Key: keyHistory, Title: "History", Default: on, Help: "on: what the phone shares of older conversations when it is paired is imported. off: it is not."},
		{Key: keyDaily, Title: "Messages a day", Default: strconv.Itoa(defaultDaily), Help: "The most that is sent in any 24 hours. What is over it waits."},
		{Key: keyHourly, Title: "Messages an hour", Default: strconv.Itoa(defaultHourly), Help: "The most that is sent in any hour. What is over it waits."},
		{Key: keyWarmUp, Title: "Days of warming up", Default: strconv.Itoa(defaultWarmUp),
			Help: "In so many days after the device was paired both budgets grow from a tenth to the whole. 0: they are whole at once."},
		{Key: keyVersion, Title: "Version of WhatsApp Web", Example: sampleOfAVersion,
			Help: "What the device says it is. Leave it empty, unless WhatsApp refuses this version (405) and there is no update of Causeway yet: then latest, which asks WhatsApp for its newest each time it connects, or three numbers with dots between them. It counts for all channels of the gateway."},
		{Key: keyServer, Title: "Server", Help: "Host and port of a stand-in that takes the place of WhatsApp's servers, for tests. Leave it empty."},
	}
}

// conf is what the settings say, checked.
type conf struct {
	phone           string // digits
	initiate        bool
	later           bool // answers go out after the window too
	groups, history bool
	names           bool // of who answers are shown
	daily, hourly   int
	warmUp          int // days
	server          string
	version         string // empty: whatsmeow's own
}

// read checks settings. Its errors name the setting in Field.
func read(s core.Settings) (conf, error) {
	c := conf{server: s.Get(keyServer), version: s.Get(keyVersion)}
	for _, check := range []func(*conf, core.Settings) *core.Problem{checkPhone, checkChoices, checkNumbers, checkServer, checkVersion} {
		if p := check(&c, s); p != nil {
			return conf{}, p
		}
	}
	return c, nil
}

// checkPhone takes a number as people write it.
func checkPhone(c *conf, s core.Settings) *core.Problem {
	const remedy = "Write the phone's own number with its country code, like +49 followed by the number without its first 0."
	given := s.Get(keyPhone)
	c.phone = core.Digits(given)
	switch {
	case given == "":
		return core.BadSetting(keyPhone, remedy, "The phone number is missing.")
	case c.phone == core.Digits(sampleOfANumber):
		return core.BadSetting(keyPhone, remedy, "The phone number is still the sample.")
	case len(c.phone) < shortestNumber || len(c.phone) > longestNumber || strings.HasPrefix(c.phone, "0") || strings.Trim(given, "+0123456789 ()-./") != "":
		return core.BadSetting(keyPhone, remedy, "This is not a phone number with its country code.")
	}
	return nil
}

// checkChoices reads the settings that are one of two words.
func checkChoices(c *conf, s core.Settings) *core.Problem {
	none := false
	for _, w := range []struct {
		key, usual, other string
		into              *bool
	}{{keyInitiate, never, allowed, &c.initiate}, {keyLater, refuse, answer, &c.later}, {keyGroups, off, on, &c.groups}, {keyHistory, on, off, &none}} {
		var p *core.Problem
		if *w.into, p = s.Other(w.key, w.usual, w.other); p != nil {
			return p
		}
	}
	c.history = !none
	var p *core.Problem
	c.names, p = s.AuthorNames()
	return p
}

func checkNumbers(c *conf, s core.Settings) *core.Problem {
	for _, n := range []struct {
		key                  string
		into                 *int
		unset, least, atMost int
	}{{keyDaily, &c.daily, defaultDaily, 1, largestSetting}, {keyHourly, &c.hourly, defaultHourly, 1, largestSetting}, {keyWarmUp, &c.warmUp, defaultWarmUp, 0, longestWarmUp}} {
		*n.into = n.unset
		v := s.Get(n.key)
		if v == "" {
			continue
		}
		number, err := strconv.Atoi(v)
		if err != nil || number < n.least || number > n.atMost {
			return core.BadSetting(n.key, "Leave it out for "+strconv.Itoa(n.unset)+".", "This is not a number from %d to %d.", n.least, n.atMost)
		}
		*n.into = number
	}
	return nil
}

func checkServer(c *conf, _ core.Settings) *core.Problem {
	if c.server == "" {
		return nil
	}
	c.server = strings.TrimSuffix(strings.TrimPrefix(c.server, "http://"), "/")
	if host, port, err := net.SplitHostPort(c.server); err != nil || host == "" || port == "" {
		return core.BadSetting(keyServer, "Leave it empty, unless you test with a stand-in.", "This is not a host with a port.")
	}
	return nil
}

func checkVersion(c *conf, _ core.Settings) *core.Problem {
	if c.version == "" || c.version == latest {
		return nil
	}
	if _, err := store.ParseVersion(c.version); err != nil || c.version == sampleOfAVersion {
		return core.BadSetting(keyVersion, "Leave it empty, or write latest, or three numbers with dots between them, as WhatsApp Web shows them under Help.", "This is not a version of WhatsApp Web.")
	}
	return nil
}
