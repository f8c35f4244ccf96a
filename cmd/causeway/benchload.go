package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is a stream of signed webhooks, one text message each, over a number of connections that are kept.
type load struct {
	at          string // host:port
	path        string
	host        string
	secret      []byte
	account     string
	waba        string
	prefix      string // of message ids: different in each run
	connections int
	contacts    int
	apart       int     // of the customers' numbers, so that not those write that were stored one after the other; zero: next to each other
	rate        float64 // a second, all connections together; zero: as fast as the answers come
	lasting     time.Duration
}

// outcome is what a load saw.
type outcome struct {
	Answered int           `json:"answered"` // with 200
	Refused  int           `json:"refused"`  // with anything else, or not at all
	Took     time.Duration `json:"took"`
	P50      time.Duration `json:"p50"`
	P99      time.Duration `json:"p99"`
}

func (o outcome) perSecond() float64 { return float64(o.Answered) / o.Took.Seconds() }

// run puts the load on and waits for the last answer.
func (l load) run(ctx context.Context) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, l.lasting)
	defer cancel()
	var (
		next  atomic.Int64
		all   sync.WaitGroup
		mu    sync.Mutex
		times []time.Duration
		out   outcome
		first error
	)
	began := time.Now()
	for range l.connections {
		all.Go(func() {
			took, refused, err := l.connection(ctx, &next, began)
			mu.Lock()
			defer mu.Unlock()
			times, out.Refused = append(times, took...), out.Refused+refused
			if first == nil {
				first = err
			}
		})
	}
	all.Wait()
	out.Took, out.Answered = time.Since(began), len(times)
	slices.Sort(times)
	out.P50, out.P99 = quantile(times, 0.5), quantile(times, 0.99)
	return out, first
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}

// connection sends one webhook after the other until ctx is done.
func (l load) connection(ctx context.Context, next *atomic.Int64, began time.Time) (took []time.Duration, refused int, err error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", l.at)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = c.Close() }()
	in := bufio.NewReader(c)
	var request []byte
	for {
		n := next.Add(1)
		if !l.due(ctx, n, began) {
			return took, refused, nil
		}
		request = l.request(request[:0], n)
		sent := time.Now()
		if _, err := c.Write(request); err != nil {
			return took, refused + 1, err
		}
		status, err := answer(in)
		switch {
		case err != nil:
			return took, refused + 1, err
		case status != http.StatusOK:
			refused++
		default:
			took = append(took, time.Since(sent))
		}
	}
}

// due waits until the nth webhook is to be sent; false means that the time is over.
func (l load) due(ctx context.Context, n int64, began time.Time) bool {
	if l.rate == 0 {
		return ctx.Err() == nil
	}
	return paced(ctx, began, n, l.rate)
}

// until waits for a time; false means that ctx was done first.
func until(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// request writes the nth webhook.
func (l load) request(b []byte, n int64) []byte {
	body := webhookBody(l.account, l.waba, l.prefix+strconv.FormatInt(n, 10), strconv.FormatInt(4_915_000_000_000+n*7919%int64(l.contacts)*int64(max(1, l.apart)), 10),
		"message number "+strconv.FormatInt(n, 10), time.Now().Unix())
	mac := hmac.New(sha256.New, l.secret)
	mac.Write(body)
	b = append(b, "POST "+l.path+" HTTP/1.1\r\nHost: "+l.host+"\r\nContent-Type: application/json\r\nX-Hub-Signature-256: sha256="...)
	b = hex.AppendEncode(b, mac.Sum(nil))
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}

// webhookBody is a text message as the platform posts it.
func webhookBody(account, waba, id, from, text string, at int64) []byte {
	return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":%q,"changes":[{"field":"messages","value":{"messaging_product":"whatsapp",`+
		`"metadata":{"display_phone_number":"15550001","phone_number_id":%q},"contacts":[{"profile":{"name":"Customer %s"},"wa_id":%q}],`+
		`"messages":[{"from":%q,"id":%q,"timestamp":"%d","type":"text","text":{"body":%q}}]}}]}]}`, waba, account, from, from, from, "wamid."+id, at, text)
}

// answer reads one answer without keeping it.
func answer(in *bufio.Reader) (int, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, errors.New("this is no answer of HTTP")
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		const name = "content-length:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(line[len(name):])))
		}
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return status, err
}
