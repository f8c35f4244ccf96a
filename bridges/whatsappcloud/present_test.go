package whatsappcloud

import (
	"io"
	"net/http"
	"testing"

	"causeway/bridges/bridgetest"
)

// TestPresent: what Meta answers about a number tells whether it is still served here, and trouble tells nothing.
func TestPresent(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		body    string
		present bool
		fails   bool
	}{
		{"in the app", 200, `{"id":"1","status":"CONNECTED","platform_type":"CLOUD_API","is_on_biz_app":true}`, true, false},
		{"banned, and here", 200, `{"id":"1","status":"BANNED","platform_type":"CLOUD_API","is_on_biz_app":true}`, true, false},
		{"not said whether in the app", 200, `{"id":"1","status":"CONNECTED","platform_type":"CLOUD_API"}`, true, false},
		{"left the app", 200, `{"id":"1","status":"CONNECTED","platform_type":"CLOUD_API","is_on_biz_app":false}`, false, false},
		{"left the platform", 200, `{"id":"1","status":"CONNECTED","platform_type":"NOT_APPLICABLE","is_on_biz_app":true}`, false, false},
		{"disconnected", 200, `{"id":"1","status":"Disconnected","platform_type":"CLOUD_API","is_on_biz_app":true}`, false, false},
		{"no longer ours to see", 400, `{"error":{"code":100,"error_subcode":33,"message":"does not exist"}}`, false, false},
		{"the token was taken", 401, `{"error":{"code":190,"message":"x"}}`, false, false},
		{"no permission", 403, `{"error":{"code":200,"message":"x"}}`, false, false},
		{"too many calls", 400, `{"error":{"code":80007,"message":"x"}}`, false, true},
		{"trouble", 500, `{"error":{"code":2,"message":"x"}}`, false, true},
		{"something between", 403, `<html>no</html>`, false, true},
	} {
		g := newGraph(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		got, err := openLink(t, bridgetest.NewHost(t), keyBase, g.URL).Present(t.Context())
		if got != c.present || (err != nil) != c.fails {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}
