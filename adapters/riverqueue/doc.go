// Package riverqueue is core.Queue by River, in the store's own database: a job is there exactly when the transaction that asked for it is.
//
// River keeps the jobs, makes them unique, hands them out and bounds how many run. What becomes of a job after its start is decided here,
// by statements that hold only while this start still has the job: a worker that was given up, and comes back, changes nothing.
//
// One job of a kind, workspace and key waits or runs at a time. One enqueued meanwhile joins it: a waiting job is moved forward if the new
// one is due earlier, a running one starts again when its worker returns nil, Later or ErrDead. Work.Finish ends the job in the worker's
// own transaction, and is for workers that have looked, under a lock, that nothing more is to do: then no second start is needed.
//
// What can fail, and how it shows:
//   - A process that dies leaves its jobs marked as running. Freed, they start again in their old place; the crash is no attempt of theirs, but
//     one that is there at crash after crash is started apart from others, one at a time, and given up if the process dies then too. On
//     SQLite, which only one process may work on (a lock file sees to that), they are freed at the next start. On PostgreSQL each node holds
//     an advisory lock while it lives; the others free what a node without one has left, within seconds.
//   - A node that loses its connection may thus lose jobs it is still working on. Work.Token fences its writes, Work.Finish fails.
//   - A job that fails for hours, that kills its process each time, or whose error wraps core.ErrDead is dead: it stays, for Dead, Retry
//     and Drop, but holds up nothing: the same job can be enqueued anew.
package riverqueue
