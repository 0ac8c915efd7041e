package platform_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

// lines is a log that can be read while it is written.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write implements io.Writer.
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
	folder   string
	versions int
	app      *platform.App
	out      *lines
	live     *platform.Live
}

func newTold(t *testing.T, content string) *told {
	t.Helper()
	out := &lines{}
	app := &platform.App{
		Own: platform.Own{LogLevel: "info"}, Log: platform.NewLogger("demo", "info", out),
		Metrics: platform.NewMetrics(), Tracing: platform.NewTracingTo(tracetest.NewInMemoryExporter()),
	}
	made := &told{folder: t.TempDir(), app: app, out: out}
	made.exchange(t, content)
	if err := os.Symlink("..data/live.json", made.file()); err != nil {
		t.Fatal(err)
	}
	made.live = platform.NewLive(app, made.file(), 5*time.Millisecond)
	t.Cleanup(func() { made.stop(t) })
	return made
}

func (d *told) stop(t *testing.T) {
	t.Helper()
	if err := d.live.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	provider, ok := d.app.Tracing.Provider().(interface {
		Shutdown(ctx context.Context) error
	})
	if !ok {
		t.Fatal("the spans can't be stopped")
	}
	if err := provider.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func (d *told) file() string { return filepath.Join(d.folder, "live.json") }

func (d *told) exchange(t *testing.T, content string) {
	t.Helper()
	d.versions++
	made := filepath.Join(d.folder, fmt.Sprintf("..v%d", d.versions))
	next := filepath.Join(d.folder, "..next")
	err := errors.Join(
		os.Mkdir(made, 0o700),
		os.WriteFile(filepath.Join(made, "live.json"), []byte(content), 0o600),
		os.Symlink(filepath.Base(made), next),
		os.Rename(next, filepath.Join(d.folder, "..data")))
	if err != nil {
		t.Fatal(err)
	}
}

func (d *told) start(t *testing.T) {
	t.Helper()
	if err := d.live.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// metric is a figure of live settings; without an outcome the gauge.
func (d *told) metric(t *testing.T, name, outcome string) float64 {
	t.Helper()
	families, err := d.app.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			if outcome == "" {
				return metric.GetGauge().GetValue()
			}
			if metric.GetLabel()[0].GetValue() == outcome {
				return metric.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("there is no %s %s", name, outcome)
	return 0
}

func (d *told) valid(t *testing.T) bool {
	t.Helper()
	return d.metric(t, "live_settings_valid", "") == 1
}

func (d *told) eventually(t *testing.T, outcome string, times float64) {
	t.Helper()
	testkit.Eventually(t, outcome, func() error {
		if d.metric(t, "live_settings_reloads_total", outcome) < times {
			return errors.New("not yet")
		}
		return nil
	})
}

// sampled tells whether a trace that begins here is recorded.
func (d *told) sampled() bool {
	_, span := d.app.Tracing.Provider().Tracer("test").Start(context.Background(), "work")
	defer span.End()
	return span.SpanContext().IsSampled()
}

func TestLiveSettingsAreAppliedWhileItRuns(t *testing.T) {
	d := newTold(t, `{}`)
	part := d.app.Log.With("part", "p")
	d.start(t)
	part.Debug("too fine")
	if d.out.has("too fine") || !d.sampled() || !d.valid(t) {
		t.Fatal("not as at the start")
	}
	d.exchange(t, `{"log_level": "debug", "trace_percent": 0}`)
	d.eventually(t, "applied", 1)
	part.Debug("fine enough")
	if !d.out.has("fine enough") || !d.out.has("live settings applied") {
		t.Error("the log level did not change for a logger that was made before")
	}
	if d.sampled() {
		t.Error("a trace that begins here is recorded at 0 percent")
	}
	d.exchange(t, `{"log_level": "error"}`)
	d.eventually(t, "applied", 2)
	part.Warn("not bad enough")
	if d.out.has("not bad enough") || !d.sampled() {
		t.Error("the second change was not applied as a whole")
	}
}

func TestABadFileOfLiveSettingsChangesNothingUntilItIsMended(t *testing.T) {
	d := newTold(t, `{"log_level": "debug"}`)
	d.start(t)
	d.exchange(t, `{"log_level": "loud", "trace_percent": 101}`)
	d.eventually(t, "refused", 1)
	d.app.Log.Debug("still fine")
	if !d.out.has("still fine") || d.valid(t) {
		t.Error("the old settings did not stay, or nobody is told")
	}
	if !d.out.has("log_level: must be debug, info, warning, error; trace_percent: must be 0 to 100") {
		t.Error("not every problem is named")
	}
	d.exchange(t, `{"log_level": "debug"}`)
	d.eventually(t, "applied", 1)
	if !d.valid(t) {
		t.Error("mended, but not valid")
	}
	if err := os.Remove(d.file()); err != nil {
		t.Fatal(err)
	}
	d.eventually(t, "applied", 2)
	d.app.Log.Debug("by default")
	if d.out.has("by default") {
		t.Error("the file is gone, and its level stayed")
	}
}

func TestABadFileOfLiveSettingsKeepsTheServiceFromStarting(t *testing.T) {
	for name, content := range map[string]string{
		"unknown field": `{"log": "debug"}`, "no object": `[]`, "nothing": ``, "two": `{} {}`,
		"too large": `{"log_level": "` + strings.Repeat("x", 65_536) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := newTold(t, content).live.Start(t.Context()); err == nil {
				t.Error("started")
			}
		})
	}
}

func TestWithoutAFileOfLiveSettingsAllIsAsAtTheStart(t *testing.T) {
	d := newTold(t, `{}`)
	d.live = platform.NewLive(d.app, "", time.Millisecond)
	d.start(t)
	if d.valid(t) {
		t.Error("a file that is not there can't be valid")
	}
}
