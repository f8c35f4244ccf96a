package gormstore

import (
	"context"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// connectTime is how long a connection may take to come about unless the URL says connect_timeout.
	connectTime = 5 * time.Second
	// unheard is how long a server may leave unheard what was sent to it before the connection counts as dead. The kernel's own patience is a
	// quarter of an hour, for which everything that uses the connection would hang.
	unheard = 15 * time.Second
)

// alert has the server, too, end what was cut off: a transaction whose client is gone without a word, or frozen, would hold its locks for hours.
// Ten seconds are an age between two statements of ours, and less than others may have to wait for a node.
const alert = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 15000; " +
	"SET idle_in_transaction_session_timeout = 10000"

// plans has the server make the plan of a statement once. For the arrays of a bulk it would make one at each use, because it sees how long they are: that
// was a third of its work for a mail and the answer to it.
const plans = "SET plan_cache_mode = force_generic_plan"

// watchful lets neither side wait for long for another that has fallen silent.
func watchful(config *pgxpool.Config) {
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTime
	}
	d := &net.Dialer{Control: giveUpUnheard, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	config.ConnConfig.DialFunc = d.DialContext
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		knowColumns(c.TypeMap())
		for _, set := range []string{alert, plans} {
			if _, err := c.Exec(ctx, set); err != nil && c.IsClosed() {
				return err
			} // else something between us and the server, a pooler perhaps, does not let us; it works without
		}
		return nil
	}
}
