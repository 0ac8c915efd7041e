package platform

import (
	"bytes"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel"
	"google.golang.org/grpc/grpclog"
)

// AdoptLibraryLogs brings what libraries write to stderr by themselves into our log and form. It concerns the whole
// process, so only main calls it, before anything is built.
func AdoptLibraryLogs(log Logger) {
	slog.SetDefault(log) // the standard library's log package goes there as well
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("telemetry", "error", err.Error()) }))
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, lineLog{log}))
}

// lineLog logs each line written to it as an error of the gRPC library.
type lineLog struct{ log Logger }

// Write implements io.Writer.
func (l lineLog) Write(text []byte) (int, error) {
	for line := range bytes.Lines(text) {
		l.log.Error("grpc library", "message", string(bytes.TrimSpace(line)))
	}
	return len(text), nil
}
