package carrier

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"causeway/bridges/bridgetest"

	"pgregory.net/rapid"
)

// TestJoinAnyOrder: one after the other, messages in parts become whole once each, in whatever order their parts come, however often, and though the phone
// numbers them alike.
func TestJoinAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := bridgetest.NewHost(t)
		l := open(t, h, goodSettings("vonage", ""))
		total := rapid.IntRange(2, 5).Draw(r, "parts")
		for m := range rapid.IntRange(1, 4).Draw(r, "messages") {
			order := append(rapid.Permutation(numbers(total)).Draw(r, "order"), rapid.SliceOfN(rapid.IntRange(1, total), 0, 3).Draw(r, "again")...)
			got, want := map[string]string{}, ""
			for n := 1; n <= total; n++ {
				want += saidIn(m, n)
			}
			for _, n := range order {
				h.SetNow(h.Now().Add(time.Second))
				q := url.Values{"msisdn": {"16505551234"}, "to": {"14155550100"}, "messageId": {fmt.Sprintf("m%d-%d", m, n)}, "text": {saidIn(m, n)}, "concat": {"true"}, "concat-ref": {"7"}, "concat-part": {fmt.Sprint(n)}, "concat-total": {fmt.Sprint(total)}}
				for _, e := range receive(t, l, get(q.Encode())) {
					got[e.ID] = e.Message.Content.Text
				}
			}
			if len(got) != 1 || got[fmt.Sprintf("m%d-1", m)] != want {
				r.Fatalf("message %d in the order %v: got %q, want %q", m, order, got, want)
			}
		}
	})
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

// saidIn is the text of a part; the first is the same in every message.
func saidIn(m, n int) string {
	if n == 1 {
		return "Привет, "
	}
	return fmt.Sprintf("[%d.%d👍]", m, n)
}
