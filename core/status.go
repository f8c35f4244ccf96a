package core

// Status is how far a part has come. A receipt only raises it; failed and unknown stand beside the ladder.
type Status string

const (
	StatusReceived  Status = "received" // it came in
	StatusQueued    Status = "queued"
	StatusParked    Status = "parked" // waits for the channel to be mended
	StatusSending   Status = "sending"
	StatusUnknown   Status = "unknown" // it may have gone out; nobody knows yet
	StatusSent      Status = "sent"
	StatusDelivered Status = "delivered"
	StatusRead      Status = "read"
	StatusFailed    Status = "failed" // final unless a person retries
)

// Raise returns the status after a receipt says next. The ladder is queued < sending < sent < delivered < read; a receipt never takes a
// step down. Failed beats a tick and stays. Unknown is left for anything the provider says.
func (s Status) Raise(next Status) Status {
	switch {
	case s == StatusReceived || s == StatusFailed:
		return s
	case next == StatusFailed:
		return next
	case next.rank() > s.rank():
		return next
	}
	return s
}

// Outstanding reports whether sending is not over: the part holds up those behind it.
func (s Status) Outstanding() bool {
	switch s {
	case StatusQueued, StatusParked, StatusSending, StatusUnknown:
		return true
	default:
		return false
	}
}

func (s Status) rank() int {
	switch s {
	case StatusQueued, StatusParked:
		return 1
	case StatusSending:
		return 2
	case StatusUnknown:
		return 3
	case StatusSent:
		return 4
	case StatusDelivered:
		return 5
	case StatusRead:
		return 6
	case StatusFailed:
		return 7
	default:
		return 0
	}
}

// Worst returns the status of a message from those of its parts, with the error of the part that decided it: failed if one failed, unknown if one
// is unknown, else the least far.
func Worst(parts []Part) (Status, *SendError) {
	var worst Part
	for _, p := range parts {
		if worst.Status == "" || p.Status.gravity() < worst.Status.gravity() {
			worst = p
		}
	}
	return worst.Status, worst.Error
}

// gravity orders statuses by how much a person should know of them, the gravest first.
func (s Status) gravity() int {
	switch s {
	case StatusFailed:
		return -2
	case StatusUnknown:
		return -1
	default:
		return s.rank()
	}
}
