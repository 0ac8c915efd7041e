package platform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// LiveLookEvery is how often a process looks at its file.
const LiveLookEvery = 2 * time.Second

const liveLargestBytes = 65_536

// LiveSettings are what the service can be told while it runs.
type LiveSettings struct {
	// LogLevel is debug, info, warning or error; empty: as at the start.
	LogLevel string `json:"log_level"`
	// TracePercent is 0 to 100: of the traces that begin here, those that are recorded.
	TracePercent float64 `json:"trace_percent"`
}

func defaultLive() LiveSettings { return LiveSettings{TracePercent: 100} }

// Live looks at one JSON file again and again, and applies it when it is good: in a cluster a ConfigMap mounted as a
// folder, which Kubernetes renews in place.
//
// A file that is bad at the start keeps the service from starting, as bad settings do. One that becomes bad changes
// nothing, and is logged and counted until it is mended. One that goes away means: all as by default.
type Live struct {
	app   *App
	file  string
	every time.Duration
	seen  []byte
	loop  background
}

// NewLive makes it for an app that has its log, metrics and tracing; without a file it does nothing.
func NewLive(app *App, file string, every time.Duration) *Live {
	return &Live{app: app, file: file, every: every}
}

// Name implements Component.
func (l *Live) Name() string { return "live settings" }

// Start implements Component: it reads the file once, and fails when it is bad.
func (l *Live) Start(context.Context) error {
	if l.file == "" {
		return nil
	}
	content, err := liveContent(l.file)
	if err != nil {
		return err
	}
	if _, err := l.take(content); err != nil {
		return err
	}
	l.app.Metrics.liveValid.Set(1)
	l.loop.start(l.app.Log, l.Name(), func(ctx context.Context) {
		for ctx.Err() == nil {
			if pause(ctx, l.every); ctx.Err() == nil {
				l.look()
			}
		}
	})
	return nil
}

// Stop implements Component.
func (l *Live) Stop(ctx context.Context) error { return l.loop.stop(ctx) }

// Failure tells whether it has died.
func (l *Live) Failure() error { return l.loop.failure() }

func (l *Live) look() {
	content, err := liveContent(l.file)
	if err == nil && bytes.Equal(content, l.seen) && (content == nil) == (l.seen == nil) {
		return
	}
	var settings LiveSettings
	if err == nil {
		settings, err = l.take(content)
	}
	if err != nil {
		l.app.Metrics.liveReloads.WithLabelValues("refused").Inc()
		l.app.Metrics.liveValid.Set(0)
		l.app.Log.Error("live settings refused, the old ones stay", "file", l.file, "reason", err.Error())
		return
	}
	l.app.Metrics.liveReloads.WithLabelValues("applied").Inc()
	l.app.Metrics.liveValid.Set(1)
	Announce(l.app.Log, "live settings applied", "log_level", settings.LogLevel, "trace_percent", settings.TracePercent)
}

func (l *Live) take(content []byte) (LiveSettings, error) {
	l.seen = content
	settings, err := parseLive(content)
	if err != nil {
		return settings, err
	}
	level := settings.LogLevel
	if level == "" {
		level = l.app.Own.LogLevel
	}
	setLevel(l.app.Log, level)
	l.app.Tracing.sampleNewTraces(settings.TracePercent)
	return settings, nil
}

// liveContent is nil when there is no such file.
func liveContent(file string) ([]byte, error) {
	opened, err := os.Open(file) //nolint:gosec // the operator's own setting
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	defer opened.Close() //nolint:errcheck // nothing was written
	content, err := io.ReadAll(io.LimitReader(opened, liveLargestBytes+1))
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	if len(content) > liveLargestBytes {
		return nil, fmt.Errorf("more than %d bytes", liveLargestBytes)
	}
	return content, nil
}

// parseLive refuses what it does not know, and names everything that is wrong with what it does.
func parseLive(content []byte) (LiveSettings, error) {
	settings := defaultLive()
	if content == nil {
		return settings, nil
	}
	reader := json.NewDecoder(bytes.NewReader(content))
	reader.DisallowUnknownFields()
	if err := reader.Decode(&settings); err != nil {
		return defaultLive(), err
	}
	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return defaultLive(), errors.New("more than one JSON object")
	}
	var wrong []string
	if settings.LogLevel != "" && !slices.Contains(logLevels, settings.LogLevel) {
		wrong = append(wrong, "log_level: must be "+strings.Join(logLevels, ", "))
	}
	if settings.TracePercent < 0 || settings.TracePercent > 100 {
		wrong = append(wrong, "trace_percent: must be 0 to 100")
	}
	if len(wrong) > 0 {
		return defaultLive(), errors.New(strings.Join(wrong, "; "))
	}
	return settings, nil
}
