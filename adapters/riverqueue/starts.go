package riverqueue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// starts are the starts of jobs that this process has made and not ended.
type starts struct {
	mu   sync.Mutex
	node string
	all  map[start]*started
}

// start names a start in the database, together with the node. What crashed or was handed back has its number again, but at another node.
type start struct {
	id      int64
	attempt int
}

type started struct {
	start
	token int64
	node  string
	row   *rivertype.JobRow
}

func (s *starts) reset(node string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.node, s.all = node, map[start]*started{}
}

// begin gives the jobs the tokens up to last.
func (s *starts) begin(jobs []*rivertype.JobRow, last int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, j := range jobs {
		k := start{j.ID, j.Attempt}
		s.all[k] = &started{k, token(len(jobs), i, last), s.node, j}
	}
}

func token(n, i int, last int64) int64 { return last - int64(n-1-i) }

// forget undoes begin.
func (s *starts) forget(jobs []*rivertype.JobRow, last int64) {
	for i, j := range jobs {
		s.end(&started{start: start{j.ID, j.Attempt}, token: token(len(jobs), i, last)})
	}
}

func (s *starts) of(job *rivertype.JobRow) *started {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[start{job.ID, job.Attempt}]
}

// end forgets a start, unless its name stands for a newer one by now.
func (s *starts) end(x *started) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if there := s.all[x.start]; there != nil && there.token == x.token {
		delete(s.all, x.start)
	}
}

func (s *starts) has(x start) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[x] != nil
}

// mostNamed is how many jobs names tells one by one.
const mostNamed = 10

// names says which jobs run and for how long, the longest first.
func (s *starts) names(now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*rivertype.JobRow
	for _, x := range s.all {
		if x.row.AttemptedAt != nil {
			all = append(all, x.row)
		}
	}
	slices.SortFunc(all, func(a, b *rivertype.JobRow) int { return a.AttemptedAt.Compare(*b.AttemptedAt) })
	var names []string
	for _, j := range all[:min(len(all), mostNamed)] {
		var a args
		_ = json.Unmarshal(j.EncodedArgs, &a) // a job without its key is told all the same
		names = append(names, fmt.Sprintf("%s %s for %s", j.Kind, a.Key, now.Sub(*j.AttemptedAt).Round(time.Second)))
	}
	if more := len(all) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
