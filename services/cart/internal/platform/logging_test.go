package platform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

func TestALineHasTheHouseFields(t *testing.T) {
	var out bytes.Buffer
	log := platform.NewLogger("demo", "info", &out)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	log.With("part", "p").WarnContext(trace.ContextWithSpanContext(context.Background(), span), "it happened", "order_id", "o1")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	moment, _ := line["time"].(string)
	if !strings.HasSuffix(moment, "Z") || len(moment) != len("2026-01-01T00:00:00.000Z") {
		t.Errorf("time is %q", moment)
	}
	delete(line, "time")
	want := map[string]any{
		"level": "warning", "service": "demo", "event": "it happened", "part": "p", "order_id": "o1",
		"trace_id": "01000000000000000000000000000000", "span_id": "0200000000000000",
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s is %v, want %v", key, line[key], value)
		}
	}
	if len(line) != len(want) {
		t.Errorf("line is %v", line)
	}
}

func TestLevelsFilterAndAnnouncementsPass(t *testing.T) {
	var out bytes.Buffer
	log := platform.NewLogger("demo", "error", &out)
	log.Debug("a")
	log.Info("b")
	log.Warn("c")
	log.WithGroup("g").Error("d", "msg", "kept as it is")
	platform.Announce(log, "ready", "grpc", "127.0.0.1:1")
	if lines := strings.Count(out.String(), "\n"); lines != 2 {
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
	for _, want := range []string{`"event":"d"`, `"g":{"msg":"kept as it is"}`, `"event":"ready","service":"demo","grpc":"127.0.0.1:1"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}
