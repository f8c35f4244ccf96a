package ginapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// asked are the requests that are being answered, so that those which hang at the end can be named.
type asked struct {
	mu  sync.Mutex
	now map[*http.Request]time.Time // when it came
}

func (r *asked) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.enter(req)
		defer r.leave(req)
		next.ServeHTTP(w, req)
	})
}

func (r *asked) enter(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil {
		r.now = map[*http.Request]time.Time{}
	}
	r.now[req] = time.Now()
}

func (r *asked) leave(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, req)
}

// mostNamed is how many hanging requests are named.
const mostNamed = 50

// nameRunning logs the requests that still run, the oldest first. Their queries may hold what opens something, and are left out.
func (s *Server) nameRunning(ctx context.Context) {
	s.asked.mu.Lock()
	defer s.asked.mu.Unlock()
	all := slices.SortedFunc(maps.Keys(s.asked.now), func(a, b *http.Request) int { return s.asked.now[a].Compare(s.asked.now[b]) })
	for _, req := range all[:min(len(all), mostNamed)] {
		s.Log.WarnContext(ctx, "request cut off at shutdown", "method", req.Method, "path", req.URL.Path, "age", time.Since(s.asked.now[req]).Round(time.Second).String())
	}
}
