package platform

import "time"

// Clock is the one source of time, replaceable in tests.
type Clock interface {
	Now() time.Time
}

// SystemClock is the machine's clock, moved by Offset (tests of expiry; never in production).
type SystemClock struct {
	Offset time.Duration
}

// Now is the present in UTC, offset included.
func (c SystemClock) Now() time.Time { return time.Now().UTC().Add(c.Offset) }
