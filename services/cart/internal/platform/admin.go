package platform

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// admin is the port for scrapers and probes: /metrics, /livez, /readyz.
type admin struct {
	server  *http.Server
	address string
}

// report is what is wrong, by name; empty when all is well.
type report func() map[string]string

func startAdmin(ctx context.Context, log Logger, listen string, registry *prometheus.Registry, live, ready report) (*admin, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: nil}))
	mux.Handle("GET /livez", answer(live))
	mux.Handle("GET /readyz", answer(ready))
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 60 * time.Second, MaxHeaderBytes: 16 << 10,
	}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin port closed", "error", err.Error())
		}
	}()
	return &admin{server: server, address: listener.Addr().String()}, nil
}

func (a *admin) stop(ctx context.Context) error { return a.server.Shutdown(ctx) }

func answer(reasons report) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		wrong := reasons()
		if wrong == nil {
			wrong = map[string]string{}
		}
		body, err := json.Marshal(map[string]any{"ok": len(wrong) == 0, "reasons": wrong})
		if err != nil {
			http.Error(w, "cannot write the reasons", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if len(wrong) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		// A prober that went away has no use for the rest.
		_, _ = w.Write(body)
	}
}
