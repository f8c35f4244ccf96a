package whatsappcloud

import (
	"testing"

	"causeway/bridges/bridgetest"
	"causeway/bridges/meta/metatest"
)

// BenchmarkReceive measures what the signed webhook of one text message costs until it is an event.
func BenchmarkReceive(b *testing.B) {
	l := openLink(b, bridgetest.NewHost(b))
	r := metatest.Signed([]byte(messages(`{"from":"16505551234","id":"wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTdCNTg5RjY1MjNBRUQ2NTYyRQA=","timestamp":"1767225600","type":"text","text":{"body":"Where is my order?"}}`)))
	b.ReportAllocs()
	for b.Loop() {
		if _, events, err := l.Receive(b.Context(), r); err != nil || len(events) != 1 || events[0].Message == nil {
			b.Fatalf("%+v, %v", events, err)
		}
	}
}
