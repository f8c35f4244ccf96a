package main

import (
	"causeway/bridges/email"
	"causeway/bridges/instagram"
	"causeway/bridges/messenger"
	"causeway/bridges/sms/carrier"
	"causeway/bridges/sms/twilio"
	"causeway/bridges/telegram"
	"causeway/bridges/webchat"
	"causeway/bridges/whatsappcloud"
	"causeway/bridges/whatsappdevice"
	"causeway/bridges/x"
	"causeway/core"
)

// bridges is the one list of bridges compiled in.
func bridges() []core.Bridge {
	return []core.Bridge{whatsappcloud.Bridge{}, whatsappdevice.Bridge{}, messenger.Bridge{}, instagram.Bridge{}, telegram.Bridge{}, webchat.Bridge{}, email.Bridge{Parse: readLetter},
		twilio.Bridge{}, carrier.Bridge{}, x.Bridge{}}
}

// infos describes the bridges compiled in.
func infos() []core.Info {
	var all []core.Info
	for _, b := range bridges() {
		all = append(all, b.Info())
	}
	return all
}
