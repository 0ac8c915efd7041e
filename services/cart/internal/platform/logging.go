package platform

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Logger writes one JSON object a line: time, level, service, event, trace_id, span_id, then fields. Give it ids, never
// payloads.
type Logger = *slog.Logger

var logLevels = []string{"debug", "info", "warning", "error"}

// NewLogger makes the process's logger; level is debug, info, warning or error.
func NewLogger(service, level string, to io.Writer) Logger {
	least := &slog.LevelVar{}
	least.Set(levelOf(level))
	json := slog.NewJSONHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: houseNames})
	return slog.New(traceHandler{
		Handler: json.WithAttrs([]slog.Attr{slog.String("service", service)}), least: least,
	})
}

// setLevel changes what is logged by this logger and by all made of it.
func setLevel(log Logger, level string) {
	if handler, ours := log.Handler().(traceHandler); ours {
		handler.least.Set(levelOf(level))
	}
}

func levelOf(name string) slog.Level {
	return map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError,
	}[name]
}

// Announce writes a line whatever the level is: the settings at start, and that the service is ready.
func Announce(log Logger, event string, fields ...any) {
	record := slog.NewRecord(time.Now(), slog.LevelInfo, event, 0)
	record.Add(fields...)
	// A log that cannot be written has nowhere to say so; the standard library's own calls drop this error as well.
	_ = log.Handler().Handle(context.Background(), record)
}

func houseNames(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attr
	}
	switch attr.Key {
	case slog.TimeKey:
		return slog.String("time", attr.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
	case slog.LevelKey:
		level := strings.ToLower(attr.Value.String())
		if level == "warn" {
			level = "warning"
		}
		return slog.String("level", level)
	case slog.MessageKey:
		attr.Key = "event"
	}
	return attr
}

// traceHandler puts the ids of the span that the context carries before the caller's fields.
type traceHandler struct {
	slog.Handler

	least *slog.LevelVar
}

func (h traceHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.least.Level()
}

func (h traceHandler) Handle(ctx context.Context, record slog.Record) error {
	line := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		line.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	record.Attrs(func(attr slog.Attr) bool {
		line.AddAttrs(attr)
		return true
	})
	return h.Handler.Handle(ctx, line)
}

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

func (h traceHandler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
