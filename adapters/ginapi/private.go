package ginapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"time"
)

// probeTime bounds each look at whether we are ready.
const probeTime = 3 * time.Second

// privateMux routes the private listener: health, metrics, and what Go tells of a running process (pprof), which is no one else's business.
func (s *Server) privateMux(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return mux
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready  bool            `json:"ready"`
	Checks map[string]bool `json:"checks"`
}

// ready says whether requests may be sent here.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	answer := readiness{Ready: true, Checks: map[string]bool{}}
	probes := append([]Probe{{"store", s.Store.Ping}, {"running", s.running}}, s.Probes...)
	for _, p := range probes {
		err := s.probe(r.Context(), p)
		answer.Checks[p.Name] = err == nil
		if err != nil {
			answer.Ready = false
			s.Log.WarnContext(r.Context(), "not ready", "check", p.Name, "err", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) probe(ctx context.Context, p Probe) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	return p.Check(ctx)
}

func (s *Server) running(context.Context) error {
	if s.draining.Load() {
		return http.ErrServerClosed
	}
	return nil
}
