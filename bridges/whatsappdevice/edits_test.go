package whatsappdevice

import (
	"testing"
	"time"
)

// TestInSecond: the sender's clock tells the order of edits within a second of WhatsApp's clock, and nothing else, however much it is off.
func TestInSecond(t *testing.T) {
	second := time.Unix(1772366400, 0).UTC()
	for sender, want := range map[int64]time.Duration{
		0:             0,
		1772366399900: 0,
		1772366400000: 0,
		1772366400250: 250 * time.Millisecond,
		1772366400999: 999 * time.Millisecond,
		1772366401500: 999 * time.Millisecond,
	} {
		if got := inSecond(second, sender).Sub(second); got != want {
			t.Errorf("%d: %s after the second began, want %s", sender, got, want)
		}
	}
}
