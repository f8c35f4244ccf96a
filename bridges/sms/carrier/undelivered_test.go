package carrier

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/core"
)

// TestInfobipRejected: where the network has no error to tell, the status says why.
func TestInfobipRejected(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings("infobip", `{"extends":"infobip","sign":{"kind":"none"}}`))
	for code, stops := range map[string]bool{"REJECTED_PREFIX_MISSING": false, "REJECTED_DESTINATION_BLOCKLISTED": false} {
		all := receive(t, l, post(`{"results":[{"messageId":"m1","to":"16505551234","status":{"groupName":"REJECTED","name":"`+code+`","description":"Why"},"error":{"groupName":"OK","name":"NO_ERROR","description":"No Error"}}]}`))
		if e := all[0].Receipt.Error; e.Code != code || e.Detail == "No Error" || (len(all) == 2) != stops {
			t.Errorf("%s: got %+v, %d events", code, e, len(all))
		}
	}
}

// TestUndelivered: what a receipt's error means for the customer, and whether they get messages still.
func TestUndelivered(t *testing.T) {
	const (
		plivo       = "MessageUUID=m1&Status=undelivered&To=16505551234&From=14155550100&ErrorCode=%s"
		vonage      = "msisdn=16505551234&to=14155550100&messageId=m1&status=rejected&err-code=%s"
		bandwidth   = `[{"type":"message-failed","to":"+16505551234","errorCode":"%s","description":"said so","message":{"id":"m1","from":"+14155550100"}}]`
		messagebird = "id=m1&recipient=16505551234&status=delivery_failed&statusReason=%s"
		clickatell  = `{"messageId":"m1","status":"FAILED","statusCode":%s,"statusDescription":"Said so","timestamp":1506607698000}`
		jasmin      = "id=m1&id_smsc=2567&message_status=%s&level=2&subdate=2611221200&donedate=2611221201&sub=001&dlvrd=000&err=021&text=Hello"
		africas     = "id=m1&status=Failed&phoneNumber=%%2B16505551234&networkCode=62120&failureReason=%s&retryCount=0"
		thinq       = "guid=m1&status=%s"
		zenvia      = `{"type":"MESSAGE_STATUS","messageId":"m1","messageStatus":{"code":"%s","timestamp":"2026-11-22T12:00:00Z","description":"The message was not taken","causes":[{"channelErrorCode":"21","reason":"ESME_RINVDSTADR","details":"The number is not a mobile one"}]}}`
		kannel      = "?part=m1&status=%s"
		infobip     = `{"results":[{"messageId":"m1","to":"16505551234","status":{"groupName":"UNDELIVERABLE","name":"UNDELIVERABLE_REJECTED_OPERATOR"},"error":{"name":"%s"}}]}`
	)
	for _, c := range []struct {
		provider, body, code, reason string
		stops                        bool
	}{
		{"plivo", plivo, "200", "no messages from this sender any more", true},
		{"plivo", plivo, "201", "cannot write to Canada", false},
		{"plivo", plivo, "30", "spam", false},
		{"plivo", plivo, "70", "cannot get messages", false},
		{"plivo", plivo, "1000", "could not be delivered", false},
		{"vonage", vonage, "9", "no messages from this sender any more", true},
		{"vonage", vonage, "3", "cannot get messages", false},
		{"vonage", vonage, "7", "cannot be reached at the moment", false},
		{"bandwidth", bandwidth, "4775", "no messages from this sender any more", true},
		{"bandwidth", bandwidth, "4795", "not registered", false},
		{"bandwidth", bandwidth, "4750", "said so", false},
		{"messagebird", messagebird, "opted+out", "no messages from this sender any more", true},
		{"messagebird", messagebird, "carrier+rejected", "carrier rejected", false},
		{"infobip", infobip, "EC_USER_OPTED_OUT", "no messages from this sender any more", true},
		{"infobip", infobip, "EC_BLACKLISTED_DESTINATIONADDRESS", "on a list", false},
		{"infobip", infobip, "EC_ABSENT_SUBSCRIBER", "cannot be reached at the moment", false},
		{"infobip", infobip, "EC_CONTENT_BLOCKED", "no messages from this sender any more", true},
		{"infobip", infobip, "EC_DESTINATION_FLOODING", "too many messages", false},
		{"infobip", infobip, "EC_REJECTED_SPAM_BY_OPERATOR", "spam", false},
		{"infobip", infobip, "EC_USER_OUT_OF_CREDIT", "no credit left to get messages with", false},
		{"infobip", infobip, "EC_MSG_TEXT_TOO_LONG", "too long", false},
		{"vonage", vonage, "13", "age", false},
		{"vonage", vonage, "16", "More messages than", false},
		{"vonage", vonage, "53", "has not agreed", false},
		{"vonage", vonage, "52", "registered", false},
		{"vonage", vonage, "8", "network has trouble", false},
		{"messagebird", messagebird, "DLR+not+received", "does not say whether", false},
		{"messagebird", messagebird, "capacity+limit+reached", "More messages than", false},
		{"clickatell", clickatell, "12", "no credit left", false},
		{"clickatell", clickatell, "10", "in time", false},
		{"clickatell", clickatell, "14", "More messages than", false},
		{"clickatell", clickatell, "9", "No carrier", false},
		{"jasmin", jasmin, "ESME_RTHROTTLED", "takes no more messages", false},
		{"jasmin", jasmin, "ESME_RINVDSTADR", "cannot get messages", false},
		{"jasmin", jasmin, "ESME_RINVSRCADR", "accept the sender", false},
		{"jasmin", jasmin, "EXPIRED", "in time", false},
		{"jasmin", jasmin, "REJECTD", "refused", false},
		{"jasmin", jasmin, "UNKNOWN", "does not say", false},
		{"thinq", thinq, "EXPIRED", "in time", false},
		{"thinq", thinq, "REJECTD", "refused", false},
		{"thinq", thinq, "UNKNOWN", "does not say", false},
		{"africastalking", africas, "UserInBlackList", "no messages from this sender any more", true},
		{"africastalking", africas, "UserDoesNotExist", "cannot get messages", false},
		{"africastalking", africas, "InsufficientCredit", "no credit left to get messages with", false},
		{"africastalking", "id=m1&status=%s&phoneNumber=%%2B16505551234", "AbsentSubscriber", "cannot be reached at the moment", false},
		{"africastalking", "id=m1&status=%s&phoneNumber=%%2B16505551234&failureReason=", "Expired", "in time", false},
		{"zenvia", zenvia, "REJECTED", "The number is not a mobile one", false},
		{"kannel", kannel, "16&answer=NACK%2F0x00000058%2FThrottling+error", "takes no more messages", false},
		{"kannel", kannel, "16&answer=NACK%2F0x0000000b%2FInvalid+Destination+Address", "cannot get messages", false},
		{"kannel", kannel, "2&answer=id%3A77+sub%3A001+dlvrd%3A000+submit+date%3A2611221200+done+date%3A2611221201+stat%3AREJECTD+err%3A021+text%3AHello", "refused", false},
		{"kannel", kannel, "34", "could not be delivered", false},
		{"kannel", kannel, "66&answer=", "could not be delivered", false},
		{"kannel", kannel, "2", "could not be delivered", false},
	} {
		t.Run(c.provider+" "+c.code, func(t *testing.T) {
			l := open(t, bridgetest.NewHost(t), goodSettings(c.provider, `{"extends":"`+c.provider+`","sign":{"kind":"none"}}`))
			r := post(fmt.Sprintf(c.body, c.code))
			if query, ok := strings.CutPrefix(string(r.Body), "?"); ok {
				r = get(query)
			}
			all := receive(t, l, r)
			if all[0].Receipt == nil || all[0].Receipt.Error == nil {
				t.Fatalf("no failure: %+v", all[0])
			}
			e := all[0].Receipt.Error
			if !strings.Contains(e.Reason, c.reason) || e.Remedy == "" || (len(all) == 2) != c.stops || c.stops && !all[1].Preference.Stop {
				t.Errorf("%d events, got %+v", len(all), e)
			}
		})
	}
}

// TestDoNotDisturb: whom nothing reaches since they have told their carrier so is remembered as one who blocks us, until they write.
func TestDoNotDisturb(t *testing.T) {
	const rejected = `{"results":[{"messageId":"m1","to":"16505551234","status":{"groupName":"REJECTED","name":"REJECTED_DND"},"error":{"name":"NO_ERROR"}}]}`
	const listed = `{"results":[{"messageId":"m1","to":"16505551234","status":{"groupName":"UNDELIVERABLE","name":"UNDELIVERABLE_REJECTED_OPERATOR"},"error":{"name":"EC_DEST_ADDRESS_BLACKLISTED"}}]}`
	for provider, bodies := range map[string][]string{
		"infobip":        {rejected, listed, strings.Replace(listed, "EC_DEST_ADDRESS_BLACKLISTED", "EC_SC_BLOCKED_BY_END_USER", 1)},
		"africastalking": {"id=m1&status=Failed&phoneNumber=%2B16505551234&failureReason=UserIsInDND", "id=m1&status=Rejected&phoneNumber=%2B16505551234&failureReason=DoNotDisturbRejection"},
	} {
		for _, body := range bodies {
			l := open(t, bridgetest.NewHost(t), goodSettings(provider, `{"extends":"`+provider+`","sign":{"kind":"none"}}`))
			all := receive(t, l, post(body))
			if e := all[0].Receipt.Error; len(all) != 1 || e.Effect != core.EffectBlock || e.Remedy == "" {
				t.Errorf("%s: got %+v, %d events", body, e, len(all))
			}
		}
	}
}

// TestOptOutIsTold: a provider that keeps a list of its own tells who has put themselves onto it.
func TestOptOutIsTold(t *testing.T) {
	l := open(t, bridgetest.NewHost(t), goodSettings("africastalking", ""))
	all := receive(t, l, post("senderId=ACME&phoneNumber=%2B16505551234"))
	if len(all) != 1 || all[0].Kind != core.EventPreference || !all[0].Preference.Stop || all[0].Preference.Confirm != "" || all[0].Peer.Identities[0] != ana {
		t.Errorf("got %+v", all)
	}
	if all := receive(t, l, post("senderId=ACME&phoneNumber=")); len(all) != 1 || all[0].Kind != core.EventOther {
		t.Errorf("of nobody: got %+v", all)
	}
}

// TestNotYetThere: what the carrier has, and what nobody knows of yet, is neither delivered nor failed.
func TestNotYetThere(t *testing.T) {
	for name, c := range map[string]struct {
		provider, body string
		want           core.Status
	}{
		"at the operator": {"infobip", `{"results":[{"messageId":"m1","to":"16505551234","status":{"groupId":3,"groupName":"DELIVERED","id":2,"name":"DELIVERED_TO_OPERATOR"},"error":{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR","permanent":false}}]}`, core.StatusSent},
		"at the handset":  {"infobip", `{"results":[{"messageId":"m1","to":"16505551234","status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET"},"error":{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR","permanent":false}}]}`, core.StatusDelivered},
		"without a name":  {"infobip", `{"results":[{"messageId":"m1","to":"16505551234","status":{"groupName":"DELIVERED"}}]}`, core.StatusDelivered},
		"report delayed":  {"clickatell", `{"messageId":"m1","status":"UNKNOWN","statusCode":1,"statusDescription":"Message unknown"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, bridgetest.NewHost(t), goodSettings(c.provider, `{"extends":"`+c.provider+`","sign":{"kind":"none"}}`))
			all := receive(t, l, post(c.body))
			if c.want == "" {
				if len(all) != 1 || all[0].Kind != core.EventOther {
					t.Errorf("got %+v", all)
				}
				return
			}
			if len(all) != 1 || all[0].Receipt == nil || all[0].Receipt.Status != c.want {
				t.Errorf("got %+v", all)
			}
		})
	}
}

// TestTablesNameTheirPages: who doubts what a table says of errors finds the page that it follows.
func TestTablesNameTheirPages(t *testing.T) {
	for _, name := range presets() {
		d, err := define(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Undelivered) > 0 && len(d.Tables) == 0 {
			t.Errorf("%s does not say which page its table of receipts follows", name)
		}
		for _, page := range d.Tables {
			if u, err := url.Parse(page); err != nil || u.Scheme != "https" {
				t.Errorf("%s: %q is no page", name, page)
			}
		}
	}
}
