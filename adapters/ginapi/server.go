package ginapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Server is the HTTP face.
type Server struct {
	Options
	meters   *meters
	journal  *journal
	outage   outage
	slots    chan struct{} // one for each webhook being worked on
	large    chan struct{} // one for each with a large body
	sends    chan struct{} // one for each API send being taken
	public   http.Handler
	private  http.Handler
	document []byte // OpenAPI 3.1
	older    []byte // the same as 3.0.3
	asked    asked
	draining atomic.Bool
	begun    atomic.Bool
	life     context.Context //nolint:containedctx // ends when grace is over: what is still being stored then is given up
	cut      context.CancelFunc
	stop     func()        // ends Serve
	stopping chan struct{} // closed by stop
	ended    chan struct{} // closed when Serve has ended
}

// New builds a Server. It starts nothing and reads nothing.
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	if len(o.MediaKey) < 32 {
		return nil, errors.New("the key that signs links to files must have at least 32 bytes")
	}
	s := &Server{Options: o, slots: make(chan struct{}, o.MaxHooks), large: make(chan struct{}, max(1, o.MaxHooks/8)),
		sends: make(chan struct{}, o.MaxSends), stopping: make(chan struct{}), ended: make(chan struct{})}
	s.life, s.cut = context.WithCancel(context.Background()) // it is Serve that ends it
	s.stop = sync.OnceFunc(func() { close(s.stopping) })
	var err error
	if s.meters, err = newMeters(o.Registry); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	s.journal = newJournal(o.Journal, o.Log, s.meters.dropped)
	if s.public, err = s.engine(); err != nil {
		return nil, err
	}
	// What needs the database cannot be counted while that is away, which is when the others are looked at.
	s.private = s.privateMux(promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, ErrorLog: uncounted{o.Log}}))
	return s, nil
}

// Handler is what the public listener serves.
func (s *Server) Handler() http.Handler { return s.public }

// Serve answers on both listeners until ctx is done or Shutdown is called; then no new connections are taken, running requests may finish within
// Grace, and the channel log is written to its end. It closes the listeners. Its error is nil after an orderly end. It is called once.
func (s *Server) Serve(ctx context.Context, public, private net.Listener) error {
	s.begun.Store(true)
	defer close(s.ended)
	defer s.cut()
	servers := []*http.Server{s.server(ctx, s.public), s.server(ctx, s.private)}
	failed := make(chan error, len(servers))
	var running sync.WaitGroup
	for i, l := range []net.Listener{public, private} {
		running.Go(func() {
			if err := servers[i].Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
			}
		})
	}
	logged := make(chan struct{})
	var journal sync.WaitGroup
	journal.Go(func() { s.journal.run(context.WithoutCancel(ctx), logged) })
	var err error
	select {
	case <-ctx.Done():
	case <-s.stopping:
	case err = <-failed:
	}
	s.drain(ctx, servers)
	running.Wait()
	close(logged)
	journal.Wait()
	return err
}

// drain lets running requests end, the public ones first: until then the private listener says that we are not ready.
func (s *Server) drain(ctx context.Context, servers []*http.Server) {
	s.draining.Store(true)
	s.stop() // streams end, else they would be waited for
	// Finishing what runs needs a context that the end of serving has not cancelled.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Grace)
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			s.Log.WarnContext(ctx, "requests cut off at shutdown", "err", err)
			s.nameRunning(ctx)
			s.cut()
			_ = server.Close()
		}
	}
}

// Shutdown ends Serve and returns when it has ended, or ctx. Calling it twice is harmless.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	s.stop()
	if !s.begun.Load() {
		return nil
	}
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("shut down: %w", ctx.Err())
	}
}

// server bounds what a client can hold of us: time to send headers and a body, time to take the answer, size of headers. Handlers that need
// longer move the deadlines themselves.
func (s *Server) server(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           s.asked.watch(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       90 * time.Second,
		WriteTimeout:      answerTime,
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		// Requests outlive the signal to stop, so that they can end well.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
}
