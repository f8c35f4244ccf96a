package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCrowd: 5,000 connections that say nothing, or one drop of a request, cost little and hold up nobody; and they are ended.
func TestCrowd(t *testing.T) {
	long(t)
	r := newTestRig(t, rigOptions{Business: oneNumber})
	at := strings.TrimPrefix(r.public(), "http://")
	before := resident(r.child.Process)
	const crowd = 5000
	var all sync.WaitGroup
	for i := range crowd {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		if i%2 == 0 {
			_, _ = io.WriteString(c, "POST /hooks/x HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		}
		all.Go(func() { _, _ = io.Copy(io.Discard, c) }) // until the gateway ends it
		if i%500 == 0 {
			a := r.sim.Business().Account()
			status, err := r.sim.Business().PostRaw(t.Context(), webhookBody(a.PhoneNumberID, a.WABA, fmt.Sprintf("CROWD%d", i), "15558880001", "through the crowd", time.Now().Unix()))
			if err != nil || status != http.StatusOK {
				t.Errorf("amid %d connections a webhook was answered %d, %v", i, status, err)
			}
		}
	}
	during := resident(r.child.Process)
	t.Logf("%d MB before, %d MB with %d connections", before>>20, during>>20, crowd)
	if during-before > 400<<20 {
		t.Errorf("the crowd took %d MB", (during-before)>>20)
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(3 * time.Minute):
		t.Error("silent connections are never ended")
	}
}
