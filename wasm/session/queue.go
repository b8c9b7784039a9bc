package session

import "anomnet/wasm/protocol"

// Queue holds the jobs of a worker that have not started, in the order they came. The zero value is empty.
type Queue struct {
	jobs      []protocol.Message
	cancelled map[int]bool
	running   int // id of the job that was taken last
	stopped   bool
}

// Push takes a message from the page: a job is added, a cancel marks the waiting job with its id, or the one that runs. A cancel for a job that
// has ended or never came changes nothing.
func (q *Queue) Push(m protocol.Message) {
	if m.Op != protocol.OpCancel {
		q.jobs = append(q.jobs, m)
		return
	}
	q.stopped = q.stopped || m.ID == q.running
	for _, j := range q.jobs {
		if j.ID == m.ID {
			if q.cancelled == nil {
				q.cancelled = map[int]bool{}
			}
			q.cancelled[m.ID] = true
		}
	}
}

// Len is how many jobs wait, cancelled ones included.
func (q *Queue) Len() int { return len(q.jobs) }

// Pop takes the oldest job; cancelled tells that it must not be done but answered with Cancelled. It must not be called on
// an empty queue.
func (q *Queue) Pop() (m protocol.Message, cancelled bool) {
	m, q.jobs[0] = q.jobs[0], protocol.Message{} // a worker that waits holds no files
	q.jobs = q.jobs[1:]
	cancelled = q.cancelled[m.ID]
	delete(q.cancelled, m.ID)
	q.running, q.stopped = m.ID, false
	return m, cancelled
}

// Stopped tells whether the job that was taken last has been cancelled since. Long jobs look at it.
func (q *Queue) Stopped() bool { return q.stopped }
