package platform

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Check adds what is wrong with the values; prefix is the service's, e.g. "BILLING_".
func (o *Own) Check(problems Problems, prefix string) {
	checkListen(problems, prefix+"GRPC_LISTEN", o.GRPCListen)
	checkListen(problems, prefix+"ADMIN_LISTEN", o.AdminListen)
	if !slices.Contains(logLevels, o.LogLevel) {
		problems.Add(prefix+"LOG_LEVEL", "must be debug, info, warning or error")
	}
	CheckSeconds(problems, prefix+"DRAIN_DELAY_S", o.DrainDelay, 0, 300)
	CheckSeconds(problems, prefix+"DRAIN_GRACE_S", o.DrainGrace, 0, 600)
	CheckSeconds(problems, prefix+"MAX_CONNECTION_AGE_S", o.MaxConnectionAge, 0.1, 86_400)
	CheckCount(problems, prefix+"MAX_CONCURRENT_RPCS", o.MaxConcurrentRPCs, 1, 100_000)
}

// Check adds what is wrong with the values.
func (s *Shared) Check(problems Problems) {
	CheckURL(problems, "NATS_URL", s.NATSURL.Reveal(), "nats", "tls", "ws", "wss")
	if s.OTLPEndpoint != "" {
		CheckURL(problems, "OTEL_EXPORTER_OTLP_ENDPOINT", s.OTLPEndpoint, "http", "https")
	}
	if s.Environment != "development" && s.Environment != "production" {
		problems.Add("BANYAN_ENVIRONMENT", "must be development or production")
	}
	const century = 100 * 366 * 86_400
	CheckSeconds(problems, "BANYAN_CLOCK_OFFSET_S", s.ClockOffset, -century, century)
	if s.Production() && s.ClockOffset != 0 {
		problems.Add("BANYAN_CLOCK_OFFSET_S", "must be 0 in production")
	}
}

// CheckSeconds adds a problem unless low <= value <= high.
func CheckSeconds(problems Problems, variable string, value Seconds, low, high float64) {
	if seconds := float64(value); math.IsNaN(seconds) || seconds < low || seconds > high {
		problems.Add(variable, fmt.Sprintf("must be %g to %g seconds", low, high))
	}
}

// CheckCount adds a problem unless low <= value <= high.
func CheckCount(problems Problems, variable string, value, low, high int) {
	if value < low || value > high {
		problems.Add(variable, fmt.Sprintf("must be %d to %d", low, high))
	}
}

// CheckURL adds a problem unless value is an address of one of the schemes.
func CheckURL(problems Problems, variable, value string, schemes ...string) {
	parsed, err := url.Parse(value)
	if err != nil || !slices.Contains(schemes, parsed.Scheme) {
		problems.Add(variable, "must be a URL that begins with "+strings.Join(schemes, ":// or ")+"://")
	}
}

func checkListen(problems Problems, variable, value string) {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		problems.Add(variable, "must be host:port with a port from 0 to 65535")
	}
}
