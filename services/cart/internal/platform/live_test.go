package platform

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// lines is a log that can be read while it is written.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(text)
}

func (l *lines) has(words string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Contains(l.text.String(), words)
}

// told is a process that obeys a file, as Kubernetes mounts a ConfigMap: a link into a folder that is exchanged as a whole.
type told struct {
	*testing.T

	folder string
	app    *App
	out    *lines
	live   *Live
}

func newTold(t *testing.T, content string) *told {
	t.Helper()
	out := &lines{}
	app := &App{
		Own: Own{LogLevel: "info"}, Log: NewLogger("demo", "info", out), Metrics: NewMetrics(), Tracing: newTracing("demo", tracetest.NewInMemoryExporter()),
	}
	made := &told{T: t, folder: t.TempDir(), app: app, out: out}
	made.exchange(content)
	if err := os.Symlink("..data/live.json", made.file()); err != nil {
		t.Fatal(err)
	}
	made.live = NewLive(app, made.file())
	made.live.every = 5 * time.Millisecond
	t.Cleanup(func() {
		if err := made.live.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := app.Tracing.shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return made
}

func (d *told) file() string { return filepath.Join(d.folder, "live.json") }

func (d *told) exchange(content string) {
	d.Helper()
	made, err := os.MkdirTemp(d.folder, "..")
	if err == nil {
		err = os.WriteFile(filepath.Join(made, "live.json"), []byte(content), 0o600)
	}
	if err == nil {
		err = os.Symlink(filepath.Base(made), filepath.Join(d.folder, "..next"))
	}
	if err == nil {
		err = os.Rename(filepath.Join(d.folder, "..next"), filepath.Join(d.folder, "..data"))
	}
	if err != nil {
		d.Fatal(err)
	}
}

func (d *told) start() {
	d.Helper()
	if err := d.live.Start(context.Background()); err != nil {
		d.Fatal(err)
	}
}

func (d *told) eventually(what string, done func() bool) {
	d.Helper()
	for until := time.Now().Add(5 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			d.Fatalf("not within 5 s: %s; the log says %s", what, d.out.text.String())
		}
	}
}

func (d *told) reloads(outcome string) float64 {
	return testutil.ToFloat64(d.app.Metrics.liveReloads.WithLabelValues(outcome))
}

func (d *told) valid() float64 { return testutil.ToFloat64(d.app.Metrics.liveValid) }

func (d *told) records() int {
	_, span := d.app.Tracing.provider.Tracer("test").Start(context.Background(), "work")
	defer span.End()
	if span.SpanContext().IsSampled() {
		return 1
	}
	return 0
}

func TestLiveSettingsAreAppliedWhileItRuns(t *testing.T) {
	d := newTold(t, `{}`)
	part := d.app.Log.With("part", "p")
	d.start()
	part.Debug("too fine")
	if d.out.has("too fine") || d.records() != 1 || d.valid() != 1 {
		t.Fatal("not as at the start")
	}
	d.exchange(`{"log_level": "debug", "trace_percent": 0}`)
	d.eventually("applied", func() bool { return d.reloads("applied") == 1 })
	part.Debug("fine enough")
	if !d.out.has("fine enough") || !d.out.has("live settings applied") {
		t.Error("the log level did not change for a logger that was made before")
	}
	if d.records() != 0 {
		t.Error("a trace that begins here is recorded at 0 percent")
	}
	d.exchange(`{"log_level": "error"}`)
	d.eventually("applied again", func() bool { return d.reloads("applied") == 2 })
	part.Warn("not bad enough")
	if d.out.has("not bad enough") || d.records() != 1 {
		t.Error("the second change was not applied as a whole")
	}
}

func TestABadFileOfLiveSettingsChangesNothingUntilItIsMended(t *testing.T) {
	d := newTold(t, `{"log_level": "debug"}`)
	d.start()
	d.exchange(`{"log_level": "loud", "trace_percent": 101}`)
	d.eventually("refused", func() bool { return d.reloads("refused") > 0 })
	d.app.Log.Debug("still fine")
	if !d.out.has("still fine") || d.valid() != 0 {
		t.Error("the old settings did not stay, or nobody is told")
	}
	if !d.out.has("log_level: must be debug, info, warning, error; trace_percent: must be 0 to 100") {
		t.Error("not every problem is named")
	}
	d.exchange(`{}`)
	d.eventually("mended", func() bool { return d.valid() == 1 })
	if err := os.Remove(d.file()); err != nil {
		t.Fatal(err)
	}
	d.eventually("gone: all as by default", func() bool { return d.reloads("applied") == 2 })
}

func TestABadFileOfLiveSettingsKeepsTheServiceFromStarting(t *testing.T) {
	for name, content := range map[string]string{
		"unknown field": `{"log_levle": "debug"}`, "no object": `[]`, "nothing": ``, "two": `{} {}`,
		"too large": `{"log_level": "` + strings.Repeat("x", liveLargestBytes) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := newTold(t, content).live.Start(context.Background()); err == nil {
				t.Error("started")
			}
		})
	}
}

func TestWithoutAFileOfLiveSettingsAllIsAsAtTheStart(t *testing.T) {
	d := newTold(t, `{}`)
	d.live.file = ""
	d.start()
	if d.valid() != 0 {
		t.Error("a file that is not there can't be valid")
	}
}
