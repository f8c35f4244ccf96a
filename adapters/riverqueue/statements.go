package riverqueue

import (
	"strconv"
	"time"
)

// statements are what differs between the databases. $1, $2 and $3 of finish and settle name a start: job, attempt, node.
type statements struct {
	fences   string // draws the fencing tokens of $1 starts; returns the last
	finish   string // marks a job as done
	settle   string // says what becomes of a job; returns its state
	enqueue  string // adds jobs: kind, arguments, what is unique, state, and in how many milliseconds it is due
	waiting  string // finds a job that is due already, to which enqueue changes nothing; empty: it must be locked all the same
	mine     string // id and attempt of what this node $1 began before $2 and has not ended
	crashed  string // frees what ran for the dead node $1: suspects from $2 crashes on, dead from $3
	handBack string // frees what runs for node $1, which stops
	cleared  string // metadata of a job that is not suspected of anything
	dead     string // lists dead jobs
	counts   string
	sooner   string // moves what waits for its time forward by $1 milliseconds
	time     func(time.Time) any
}

// A job that waits or runs is there but once; unique is in which of River's states it does: available, pending, retryable, running, scheduled. What
// is there is locked even where nothing is to be changed of it: it must not end unseen.
const (
	unique      = 1<<0 | 1<<4 | 1<<5 | 1<<6 | 1<<7
	moved       = `river_job.state IN ('available', 'scheduled') AND river_job.attempt = 0 AND river_job.scheduled_at > excluded.scheduled_at`
	moveIfLater = `state = CASE WHEN ` + moved + ` THEN excluded.state ELSE river_job.state END,
		scheduled_at = CASE WHEN ` + moved + ` THEN excluded.scheduled_at ELSE river_job.scheduled_at END
		WHERE ` + moved + ` OR river_job.state = 'running' AND `
)

// uniqueSQLite is of which jobs River's index has unique keys.
const uniqueSQLite = `unique_key IS NOT NULL AND unique_states IS NOT NULL AND CASE state
			WHEN 'available' THEN unique_states & (1 << 0) WHEN 'cancelled' THEN unique_states & (1 << 1) WHEN 'completed' THEN unique_states & (1 << 2)
			WHEN 'discarded' THEN unique_states & (1 << 3) WHEN 'pending' THEN unique_states & (1 << 4) WHEN 'retryable' THEN unique_states & (1 << 5)
			WHEN 'running' THEN unique_states & (1 << 6) WHEN 'scheduled' THEN unique_states & (1 << 7) ELSE 0 END >= 1`

var (
	enqueuePostgres = `INSERT INTO river_job (kind, queue, args, unique_key, unique_states, state, scheduled_at, max_attempts, tags)
		SELECT kind, kind, args::jsonb, decode(name, 'hex'), ` + strconv.Itoa(unique) + `::bit(8), state::river_job_state,
			now() + wait * interval '1 millisecond', ` + strconv.Itoa(maxAttempts) + `, '{}'
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS k(kind, args, name, state, wait)
		ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND unique_states IS NOT NULL AND river_job_state_in_bitmask(unique_states, state)
		DO UPDATE SET metadata = CASE WHEN river_job.state = 'running' THEN jsonb_set(river_job.metadata, '{again}', 'true') ELSE river_job.metadata END,
		` + moveIfLater + `NOT river_job.metadata ? 'again'`
	// On SQLite nobody else can end a job that waits meanwhile, and trying to insert it costs much more than to look for it.
	waitingSQLite = `SELECT 1 FROM river_job WHERE unique_key = unhex(?3) AND ` + uniqueSQLite + ` AND state = 'available' AND scheduled_at <= datetime('now', 'subsec')`
	enqueueSQLite = `INSERT INTO river_job (kind, queue, args, unique_key, unique_states, state, scheduled_at, max_attempts, created_at)
		VALUES (?1, ?1, jsonb(?2), unhex(?3), ` + strconv.Itoa(unique) + `, ?4, CASE WHEN ?5 = 0 THEN datetime('now', 'subsec')
			ELSE datetime('now', 'subsec', format('%+.3f seconds', ?5 / 1000.0)) END, ` + strconv.Itoa(maxAttempts) + `, datetime('now', 'subsec'))
		ON CONFLICT (unique_key) WHERE ` + uniqueSQLite + `
		DO UPDATE SET metadata = CASE WHEN river_job.state = 'running' THEN jsonb_set(river_job.metadata, '$.again', 1) ELSE river_job.metadata END,
		` + moveIfLater + `river_job.metadata ->> 'again' IS NULL`
)

// A job enqueued while it runs leaves "again" in its metadata. $4 is the new state, $5 in how many milliseconds it starts, $6 whether it
// ends, $7 how many attempts did not count, $8 whether "again" has it start as if it were new, $9 an error to add, $10 whether it is
// handed back. Any other end clears it of the suspicion of killing processes.
const (
	settlePostgres = `UPDATE river_job SET
		state = CASE WHEN $8::boolean AND metadata ? 'again' THEN 'available' ELSE $4::text::river_job_state END,
		scheduled_at = CASE WHEN $8::boolean AND metadata ? 'again' THEN now() ELSE coalesce(clock_timestamp() + $5::bigint * interval '1 millisecond', scheduled_at) END,
		finalized_at = CASE WHEN $8::boolean AND metadata ? 'again' THEN NULL WHEN $6::boolean THEN clock_timestamp() ELSE finalized_at END,
		attempt = CASE WHEN $8::boolean AND metadata ? 'again' THEN 0 ELSE attempt - $7::int END,
		errors = CASE WHEN $9::text IS NULL THEN errors ELSE array_append(errors, $9::text::jsonb) END,
		metadata = CASE WHEN $10::boolean THEN metadata WHEN $8::boolean THEN metadata - 'again' - 'crashes' ELSE metadata - 'crashes' END,
		queue = CASE WHEN $10::boolean THEN queue ELSE kind END
		WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempted_by[array_upper(attempted_by, 1)] = $3
		RETURNING state::text`
	settleSQLite = `UPDATE river_job SET
		state = CASE WHEN $8 AND metadata ->> 'again' THEN 'available' ELSE $4 END,
		scheduled_at = CASE WHEN $8 AND metadata ->> 'again' THEN datetime('now', 'subsec') WHEN $5 IS NULL THEN scheduled_at
			ELSE datetime('now', 'subsec', format('%+.3f seconds', $5 / 1000.0)) END,
		finalized_at = CASE WHEN $8 AND metadata ->> 'again' THEN NULL WHEN $6 THEN datetime('now', 'subsec') ELSE finalized_at END,
		attempt = CASE WHEN $8 AND metadata ->> 'again' THEN 0 ELSE attempt - $7 END,
		errors = CASE WHEN $9 IS NULL THEN errors ELSE jsonb_insert(coalesce(errors, jsonb('[]')), '$[#]', jsonb($9)) END,
		metadata = CASE WHEN $10 THEN metadata WHEN $8 THEN jsonb_remove(metadata, '$.again', '$.crashes') ELSE jsonb_remove(metadata, '$.crashes') END,
		queue = CASE WHEN $10 THEN queue ELSE kind END
		WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempted_by ->> '$[#-1]' = $3
		RETURNING state`
)

// suspects is the queue of jobs that may be what kills the process: each node starts one of them at a time.
const suspects = "suspects"

// A process that dies takes jobs along that did nothing. So a crash is no attempt and costs no place: what ran is counted as having been
// there, crash after crash, until a start of it ends in whatever way. What was there three times in a row is started apart from now on, so
// that of all suspects only one runs: one more crash counts against that one. After three of these it is dead.
const (
	suspectAfter = 3
	deadAfter    = 6
)

// crashed frees everything that ran for the node $1, which is dead. On SQLite an empty name means any node.
const (
	crashedPostgres = `UPDATE river_job SET attempt = greatest(attempt - 1, 0),
		metadata = jsonb_set(metadata, '{crashes}', to_jsonb(coalesce((metadata ->> 'crashes')::int, 0) + 1)),
		queue = CASE WHEN coalesce((metadata ->> 'crashes')::int, 0) + 1 < $2::int THEN queue ELSE 'suspects' END,
		state = CASE WHEN coalesce((metadata ->> 'crashes')::int, 0) + 1 < $3::int THEN 'available'::river_job_state ELSE 'discarded' END,
		finalized_at = CASE WHEN coalesce((metadata ->> 'crashes')::int, 0) + 1 < $3::int THEN NULL ELSE now() END,
		errors = CASE WHEN coalesce((metadata ->> 'crashes')::int, 0) + 1 < $3::int THEN errors
			ELSE array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', format('the process died each of the %s times it ran', $3::int))) END
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`
	crashedSQLite = `UPDATE river_job SET attempt = max(attempt - 1, 0),
		metadata = jsonb_set(metadata, '$.crashes', coalesce(metadata ->> 'crashes', 0) + 1),
		queue = CASE WHEN coalesce(metadata ->> 'crashes', 0) + 1 < $2 THEN queue ELSE 'suspects' END,
		state = CASE WHEN coalesce(metadata ->> 'crashes', 0) + 1 < $3 THEN 'available' ELSE 'discarded' END,
		finalized_at = CASE WHEN coalesce(metadata ->> 'crashes', 0) + 1 < $3 THEN NULL ELSE datetime('now', 'subsec') END,
		errors = CASE WHEN coalesce(metadata ->> 'crashes', 0) + 1 < $3 THEN errors ELSE jsonb_insert(coalesce(errors, jsonb('[]')), '$[#]',
			jsonb_object('at', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), 'attempt', attempt, 'error', format('the process died each of the %d times it ran', $3))) END
		WHERE state = 'running' AND ($1 = '' OR attempted_by ->> '$[#-1]' = $1)`
)

var onPostgres = statements{
	fences: `SELECT max(nextval('queue_tokens')) FROM generate_series(1, $1::int)`,
	finish: `UPDATE river_job SET state = 'completed', finalized_at = clock_timestamp()
		WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempted_by[array_upper(attempted_by, 1)] = $3`,
	enqueue: enqueuePostgres,
	settle:  settlePostgres,
	mine: `SELECT id, attempt FROM river_job WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1 AND attempted_at < $2
		ORDER BY id LIMIT 1000`,
	crashed: crashedPostgres,
	handBack: `UPDATE river_job SET state = 'available', attempt = greatest(attempt - 1, 0)
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`,
	cleared: `metadata - 'crashes'`,
	dead: `SELECT id, kind, args ->> 'workspace', args ->> 'key', attempt, coalesce((metadata ->> 'crashes')::int, 0),
		coalesce(errors[array_upper(errors, 1)] ->> 'error', ''), created_at, finalized_at
		FROM river_job WHERE state IN ('cancelled', 'discarded') AND finalized_at IS NOT NULL ORDER BY finalized_at DESC, id DESC LIMIT $1`,
	counts: `SELECT kind, state::text, scheduled_at > now() AS later, count(*) FROM river_job WHERE state IN ('available', 'running', 'scheduled', 'retryable', 'cancelled', 'discarded')
		GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
	sooner: `UPDATE river_job SET scheduled_at = scheduled_at - $1::bigint * interval '1 millisecond',
		state = CASE WHEN scheduled_at - $1::bigint * interval '1 millisecond' <= now() THEN 'available' ELSE state END
		WHERE state IN ('available', 'scheduled', 'retryable') AND scheduled_at > now()`,
	time: func(t time.Time) any { return t },
}

var onSQLite = statements{
	fences: `UPDATE queue_tokens SET last = last + $1 RETURNING last`,
	finish: `UPDATE river_job SET state = 'completed', finalized_at = datetime('now', 'subsec')
		WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempted_by ->> '$[#-1]' = $3`,
	enqueue: enqueueSQLite,
	waiting: waitingSQLite,
	settle:  settleSQLite,
	mine: `SELECT id, attempt FROM river_job WHERE state = 'running' AND attempted_by ->> '$[#-1]' = $1 AND attempted_at < $2
		ORDER BY id LIMIT 1000`,
	crashed: crashedSQLite,
	handBack: `UPDATE river_job SET state = 'available', attempt = max(attempt - 1, 0)
		WHERE state = 'running' AND attempted_by ->> '$[#-1]' = $1`,
	cleared: `jsonb_remove(metadata, '$.crashes')`,
	dead: `SELECT id, kind, args ->> 'workspace', args ->> 'key', attempt, coalesce(metadata ->> 'crashes', 0),
		coalesce(errors ->> '$[#-1].error', ''), created_at, finalized_at
		FROM river_job WHERE state IN ('cancelled', 'discarded') AND finalized_at IS NOT NULL ORDER BY finalized_at DESC, id DESC LIMIT $1`,
	counts: `SELECT kind, state, scheduled_at > datetime('now', 'subsec') AS later, count(*) FROM river_job WHERE state IN ('available', 'running', 'scheduled', 'retryable',
		'cancelled', 'discarded')
		GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
	sooner: `UPDATE river_job SET scheduled_at = datetime(scheduled_at, 'subsec', format('%+.3f seconds', -$1 / 1000.0)),
		state = CASE WHEN datetime(scheduled_at, 'subsec', format('%+.3f seconds', -$1 / 1000.0)) <= datetime('now', 'subsec') THEN 'available' ELSE state END
		WHERE state IN ('available', 'scheduled', 'retryable') AND scheduled_at > datetime('now', 'subsec')`,
	time: func(t time.Time) any { return t.UTC().Round(time.Millisecond).Format("2006-01-02 15:04:05.000") }, // River's; others compare wrongly
}
