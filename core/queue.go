package core

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// JobKind names a kind of durable job.
type JobKind string

const (
	JobDeliver   JobKind = "deliver"   // drain the outbox of a conversation; Key is the ConversationID
	JobNotify    JobKind = "notify"    // mail what is new in a conversation to its agents; Key is the ConversationID
	JobFetch     JobKind = "fetch"     // fetch a medium from its provider; Key is the MediaID
	JobReply     JobKind = "reply"     // take the agents' mails to a conversation, in order; Key is the ConversationID
	JobRead      JobKind = "read"      // mark a conversation as read at the provider; Key is the ConversationID
	JobReact     JobKind = "react"     // show a reaction at the provider; made by ReactJob
	JobAmend     JobKind = "amend"     // edit or delete a sent message at the provider; made by AmendJob
	JobTyping    JobKind = "typing"    // show that an answer is being written; made by TypingJob
	JobGaps      JobKind = "gaps"      // mail an admin what one side of a shared number missed in a day; made by GapsJob
	JobAdmin     JobKind = "admin"     // mail an admin something that they should know; made by AdminJobs
	JobTemplates JobKind = "templates" // sync a channel's templates; Key is the ChannelID
	JobAlert     JobKind = "alert"     // tell the admins of a channel's health; Key is the ChannelID
	JobDue       JobKind = "due"       // deliver a message whose NotBefore has come; Key is the MessageID
	JobWake      JobKind = "wake"      // deliver what waited for a channel to be mended; made by WakeJob
	JobProfile   JobKind = "profile"   // ask for the name of somebody new; made by ProfileJob
	JobConfirm   JobKind = "confirm"   // answer a contact's wish; made by Wish.Confirmation
	JobWorkflow  JobKind = "workflow"  // let automation follow what happened in a conversation; Key is the ConversationID
	JobImport    JobKind = "import"    // ask a channel's provider for what it hands over once; Key is the ChannelID, or made by ImportJob
	JobAsk       JobKind = "ask"       // ask the provider whether news is of this channel; made by AskJob
	JobAssign    JobKind = "assign"    // hand out what waits in a queue; made by AssignJob
	JobTouch     JobKind = "touch"     // pass on what its agent left untouched; Key is the ConversationID
	JobTell      JobKind = "tell"      // tell a waiting contact of a better place; Key is the ConversationID
	JobTimer     JobKind = "timer"     // wake a run of a workflow; made by TimerJob
	JobSchedule  JobKind = "schedule"  // start a workflow at a time; Key is the workflow's name
	JobRemove    JobKind = "remove"    // end the removal of a channel, should nobody have; Key is the ChannelID
	JobFollow    JobKind = "follow"    // mail a visitor what they have not read in the chat; Key is the ConversationID
)

// Job is durable work, enqueued in the transaction of what makes it necessary. While a job of the same Kind, Workspace and Key waits or
// runs, another is not added: its worker finds everything there is to do. A worker that finds nothing more ends by Work.Finish, which
// closes the gap in which a job could be enqueued and lost.
type Job struct {
	Kind      JobKind
	Workspace WorkspaceID
	Key       string
	At        time.Time       // not before; zero means now
	Args      json.RawMessage // rarely needed: the Key says it
}

// WakeJob returns the job that wakes what waits for a channel. No two have the same Key: one that is just ending may have seen the channel before
// it was mended.
func WakeJob(ws WorkspaceID, ch ChannelID) Job {
	return Job{Kind: JobWake, Workspace: ws, Key: string(ch) + "/" + NewID[string]()}
}

// Woken returns the channel that a WakeJob is about.
func (j Job) Woken() ChannelID {
	ch, _, _ := strings.Cut(j.Key, "/")
	return ChannelID(ch)
}

// ImportJob returns a job for the imports of a channel that starts although another waits: something was set right.
func ImportJob(ws WorkspaceID, ch ChannelID) Job {
	return Job{Kind: JobImport, Workspace: ws, Key: string(ch) + "/" + NewID[string]()}
}

// Imported returns the channel that a job for imports is about.
func (j Job) Imported() ChannelID { return j.Woken() }

// Doubt is news that may be of a channel, and since when that is asked.
type Doubt struct {
	News  Event     `json:"news"`
	Since time.Time `json:"since"`
}

// AskJob returns the job that asks a channel's provider whether news is of it.
func AskJob(ws WorkspaceID, ch ChannelID, d Doubt) Job {
	args, _ := json.Marshal(d) // plain data
	return Job{Kind: JobAsk, Workspace: ws, Key: string(ch) + "/" + NewID[string](), Args: args}
}

// Asked returns the channel that an AskJob is about, and the news.
func (j Job) Asked() (ChannelID, Doubt, error) {
	var d Doubt
	err := json.Unmarshal(j.Args, &d)
	return j.Woken(), d, err
}

// ProfileJob returns the job that asks a channel's provider who the contact behind an identity is.
func ProfileJob(ws WorkspaceID, ch ChannelID, contact ContactID, id IdentityID) Job {
	return Job{Kind: JobProfile, Workspace: ws, Key: strings.Join([]string{string(ch), string(contact), string(id)}, "/")}
}

// Profiled returns whom a ProfileJob is about.
func (j Job) Profiled() (ch ChannelID, contact ContactID, id IdentityID) {
	channel, rest, _ := strings.Cut(j.Key, "/")
	who, identity, _ := strings.Cut(rest, "/")
	return ChannelID(channel), ContactID(who), IdentityID(identity)
}

// AssignJob returns the job that hands out what waits in a team's queue; without a team, in that of all agents.
func AssignJob(ws WorkspaceID, team TeamID) Job {
	return Job{Kind: JobAssign, Workspace: ws, Key: "queue/" + string(team)}
}

// Queue returns whose queue an AssignJob is about.
func (j Job) Queue() TeamID { return TeamID(strings.TrimPrefix(j.Key, "queue/")) }

// ReactJob returns the job that shows somebody's reaction at the provider of a message. No two have the same Key: one that is just ending may have seen
// the reaction before.
func ReactJob(ws WorkspaceID, id MessageID, by Author) Job {
	return Job{Kind: JobReact, Workspace: ws, Key: strings.Join([]string{string(id), string(by.Kind), string(by.Agent), NewID[string]()}, "/")}
}

// Reacted returns whose reaction on which message a ReactJob is about.
func (j Job) Reacted() (MessageID, Author) {
	f := append(strings.SplitN(j.Key, "/", 4), "", "")
	return MessageID(f[0]), Author{Kind: AuthorKind(f[1]), Agent: AgentID(f[2])}
}

// Amendment is what somebody wants of a message that was sent: ActionEdit, to say Text, or ActionRevoke.
type Amendment struct {
	Action Action    `json:"action"`
	Text   string    `json:"text,omitempty"`
	By     Author    `json:"by"`
	At     time.Time `json:"at"` // when they said so
}

// AmendJob returns the job that has the provider edit or delete a message.
func AmendJob(ws WorkspaceID, id MessageID, a Amendment) Job {
	args, _ := json.Marshal(a) // plain data
	return Job{Kind: JobAmend, Workspace: ws, Key: string(id) + "/" + NewID[string](), Args: args}
}

// Amended returns which message a AmendJob is about, and what is wanted of it.
func (j Job) Amended() (MessageID, Amendment, error) {
	var a Amendment
	id, _, _ := strings.Cut(j.Key, "/")
	err := json.Unmarshal(j.Args, &a)
	return MessageID(id), a, err
}

// GapsJob returns the job that mails an admin which messages of a day, written YYYY-MM-DD, one side alone of a shared number saw. The channel is the API's.
func GapsJob(ws WorkspaceID, api ChannelID, day, address string) Job {
	return Job{Kind: JobGaps, Workspace: ws, Key: strings.Join([]string{string(api), day, address}, "/")}
}

// Gaps returns what a GapsJob is about, and who is to know.
func (j Job) Gaps() (api ChannelID, day, address string) {
	f := append(strings.SplitN(j.Key, "/", 3), "", "")
	return ChannelID(f[0]), f[1], f[2]
}

// AdminMail is something that an admin should know.
type AdminMail struct {
	To       string `json:"to"`
	Key      string `json:"key"` // the same for the same news
	Subject  string `json:"subject"`
	Sentence string `json:"sentence"`
}

// AdminJobs returns the jobs that mail admins something that they should know, each of them once for each key.
func AdminJobs(ws WorkspaceID, to []string, key, subject, sentence string) []Job {
	var jobs []Job
	for _, address := range to {
		args, _ := json.Marshal(AdminMail{To: address, Key: key, Subject: subject, Sentence: sentence}) // plain data
		jobs = append(jobs, Job{Kind: JobAdmin, Workspace: ws, Key: key + "/" + address, Args: args})
	}
	return jobs
}

// ToAdmin returns the mail that a job of AdminJobs is to send.
func (j Job) ToAdmin() (AdminMail, error) {
	var m AdminMail
	return m, json.Unmarshal(j.Args, &m)
}

// TypingJob returns the job that shows that an answer is being written since a time.
func TypingJob(ws WorkspaceID, id ConversationID, since time.Time) Job {
	return Job{Kind: JobTyping, Workspace: ws, Key: string(id) + "/" + strconv.FormatInt(since.UnixMilli(), 10)}
}

// Typing returns in which conversation, and since when, a TypingJob is about to show that an answer is being written.
func (j Job) Typing() (ConversationID, time.Time) {
	id, at, _ := strings.Cut(j.Key, "/")
	since, _ := strconv.ParseInt(at, 10, 64)
	return ConversationID(id), time.UnixMilli(since)
}

// Work is a job being worked on.
type Work struct {
	Job
	Attempt int   // from 1
	Token   int64 // grows with every start of a job with this key: the fencing token
	// Stopping is closed when the queue stops. A worker that still has much to do then returns ErrStopping between two pieces. Nil: never.
	Stopping <-chan struct{}
	// Finish marks the job as done inside tx, so that a job enqueued after tx commits is a new one.
	Finish func(ctx context.Context, tx Tx) error
}

// Ending reports whether the queue stops.
func (w Work) Ending() bool {
	select {
	case <-w.Stopping:
		return true
	default:
		return false
	}
}

// Worker does the jobs of one kind. A nil return means that Finish was called, or that a lost wake-up does not matter. ErrLater tells when
// to start again without counting an attempt; any other error counts, and is retried with growing delay until the job is dead. Of ErrUnavailable none
// dies: it waits for our own stores.
type Worker func(ctx context.Context, w Work) error

// Later is the error of a worker that wants to be called again after a while. Elsewhere: by another node if there is one, which is woken then in the place
// of this one.
type Later struct {
	After     time.Duration
	Elsewhere bool
}

func (l Later) Error() string { return "later: " + l.After.String() }

// ErrStopping hands a job back: it starts again in its old place, as if it had not been started.
var ErrStopping = errors.New("the queue stops")

// ErrDead is wrapped by an error that no retry will mend.
var ErrDead = errors.New("no retry will help")

// Queue runs durable jobs. Jobs are enqueued through Tx.Enqueue.
type Queue interface {
	// Handle sets the worker of a kind, with how many of its jobs run at once. It is called before Start.
	Handle(kind JobKind, parallel int, w Worker)
	// Start begins to work until Stop. Jobs that a crashed process left running are freed first.
	Start(ctx context.Context) error
	// Stop finishes what runs, up to ctx, and hands back the rest.
	Stop(ctx context.Context) error
}
