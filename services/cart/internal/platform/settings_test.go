package platform_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type settings struct {
	Own    platform.Own `envPrefix:"DEMO_"`
	Shared platform.Shared

	Store platform.SecretURL `env:"DEMO_STORE_URL,required,notEmpty"`
	Size  int                `env:"DEMO_SIZE"                        envDefault:"3"`
}

func load(environ ...string) (*settings, error) {
	s := &settings{}
	err := platform.LoadSettings(s, environ, func(problems platform.Problems) {
		s.Own.Check(problems, "DEMO_")
		s.Shared.Check(problems)
		platform.CheckCount(problems, "DEMO_SIZE", s.Size, 1, 9)
	})
	return s, err
}

func TestDefaultsAreEnoughButForWhatIsRequired(t *testing.T) {
	s, err := load("DEMO_STORE_URL=redis://u:p@h:1/0", "OTHER=x")
	if err != nil {
		t.Fatal(err)
	}
	if s.Own.GRPCListen != "0.0.0.0:50051" || s.Own.MaxConcurrentRPCs != 200 || s.Size != 3 ||
		s.Own.DrainGrace.Duration() != 10*time.Second || s.Shared.NATSURL.Reveal() != "nats://127.0.0.1:4222" {
		t.Errorf("settings are %+v", s)
	}
}

func TestAllProblemsComeAtOnceAndShowNoValue(t *testing.T) {
	_, err := load(
		"DEMO_STORE_URL=", "DEMO_SIZE=hunter2", "DEMO_LOG_LEVEL=hunter2", "DEMO_GRPC_LISTEN=hunter2",
		"DEMO_ADMIN_LISTEN=h:70000", "DEMO_DRAIN_DELAY_S=-1", "DEMO_DRAIN_GRACE_S=NaN", "DEMO_MAX_CONNECTION_AGE_S=0",
		"DEMO_MAX_CONCURRENT_RPCS=0", "NATS_URL=http://hunter2", "BANYAN_ENVIRONMENT=production",
		"BANYAN_CLOCK_OFFSET_S=5", "OTEL_EXPORTER_OTLP_ENDPOINT=hunter2",
	)
	var report *platform.SettingsError
	if !errors.As(err, &report) {
		t.Fatalf("error is %v", err)
	}
	want := `12 setting(s) to fix:
  BANYAN_CLOCK_OFFSET_S: must be 0 in production
  DEMO_ADMIN_LISTEN: must be host:port with a port from 0 to 65535
  DEMO_DRAIN_DELAY_S: must be 0 to 300 seconds
  DEMO_DRAIN_GRACE_S: must be 0 to 600 seconds
  DEMO_GRPC_LISTEN: must be host:port with a port from 0 to 65535
  DEMO_LOG_LEVEL: must be debug, info, warning or error
  DEMO_MAX_CONCURRENT_RPCS: must be 1 to 100000
  DEMO_MAX_CONNECTION_AGE_S: must be 0.1 to 86400 seconds
  DEMO_SIZE: must be a number
  DEMO_STORE_URL: required, empty
  NATS_URL: must be a URL that begins with nats:// or tls:// or ws:// or wss://
  OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL that begins with http:// or https://`
	if err.Error() != want || len(report.Problems) != 12 {
		t.Errorf("report is\n%s\nwant\n%s", err, want)
	}
	if _, err := load("BANYAN_ENVIRONMENT=moon"); err == nil || !strings.Contains(err.Error(), "DEMO_STORE_URL: required, not set") ||
		!strings.Contains(err.Error(), "BANYAN_ENVIRONMENT: must be development or production") {
		t.Errorf("report is %v", err)
	}
}

func TestSecretsAreStarred(t *testing.T) {
	for address, want := range map[string]string{
		"redis://user:hunter2@host:6379/0":        "redis://***@host:6379/0",
		"redis://:hunter2@host":                   "redis://***@host",
		"redis://u:hunter2@2@host":                "redis://***@host",
		"unix://u:hunter2@/sock?password=hunter2": "unix://***@/sock?***",
		"nats://127.0.0.1:4222":                   "nats://127.0.0.1:4222",
		"hunter2":                                 "***",
	} {
		s, err := load("DEMO_STORE_URL=" + address)
		if err != nil {
			t.Fatal(err)
		}
		if shown := platform.DescribeSettings(s)["DEMO_STORE_URL"]; shown != want {
			t.Errorf("%s shows as %s", address, shown)
		}
		if printed := fmt.Sprintf("%v %+v", s.Store, *s); strings.Contains(printed, "hunter2") {
			t.Errorf("printed as %s", printed)
		}
	}
	s, _ := load("DEMO_STORE_URL=redis://h")
	if shown := platform.DescribeSettings(s); shown["DEMO_GRPC_LISTEN"] != "0.0.0.0:50051" || shown["BANYAN_ENVIRONMENT"] != "development" {
		t.Errorf("described as %v", shown)
	}
}

func TestTheClockCanBeMoved(t *testing.T) {
	ahead := platform.SystemClock{Offset: time.Hour}.Now()
	if left := time.Until(ahead); left > time.Hour || left < 59*time.Minute {
		t.Errorf("it is %v ahead", left)
	}
}
