package riverqueue

import (
	"context"
	"time"
)

// lostAfter is how old a start must be to be thought lost when this process does not know of it: the database's answer to it never came.
const lostAfter = 6 * time.Second

// freeLost frees what the database thinks this node is working on, but is not.
func (q *Queue) freeLost(ctx context.Context) {
	lost, err := q.unknown(ctx)
	for _, x := range lost {
		if err == nil {
			_, err = q.write(ctx, &started{start: x, node: q.node}, handedBack())
			q.log.WarnContext(ctx, "lost start of a job found, job freed", "job", x.id)
		}
	}
	if err != nil && ctx.Err() == nil {
		q.log.WarnContext(ctx, "lost starts of jobs not looked for", "err", err)
	}
}

func (q *Queue) unknown(ctx context.Context) (lost []start, err error) {
	err = q.base.each(ctx, func(scan func(...any) error) error {
		var x start
		err := scan(&x.id, &x.attempt)
		if err == nil && !q.starts.has(x) {
			lost = append(lost, x)
		}
		return err
	}, q.sql.mine, q.node, q.sql.time(time.Now().Add(-lostAfter)))
	return lost, err
}

// handBack frees what this node's workers did not end in time.
func (q *Queue) handBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBack)
	defer cancel()
	if n, err := q.base.exec(ctx, q.sql.handBack, q.node); err != nil || n > 0 {
		q.log.WarnContext(ctx, "jobs handed back unfinished", "jobs", n, "err", err)
	}
}

// ringAll wakes every kind.
func (q *Queue) ringAll() {
	for kind := range q.handled {
		q.bell.ring(string(kind))
	}
	q.bell.ring(suspects)
}
