package bootstrap_test

import (
	"context"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	cartv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/cart/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

var (
	contractSection = regexp.MustCompile(`^ {0,2}(\w+):$`)
	contractMetric  = regexp.MustCompile(`^ {2,4}(\w+): \{kind: (\w+), labels: \[([^\]]*)\]`)
	exportedType    = regexp.MustCompile(`^# TYPE (\w+) (\w+)$`)
	exportedSample  = regexp.MustCompile(`^(\w+?)(?:_bucket|_sum|_count)?\{([^}]*)\}`)
	labelName       = regexp.MustCompile(`(\w+)="`)
)

// contract reads the metrics of some sections of telemetry.yaml: name to "kind label label".
func contract(t *testing.T, sections ...string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testkit.RepoRoot(t), "protos/config/telemetry.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	metrics, section := map[string]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if found := contractSection.FindStringSubmatch(line); found != nil {
			section = found[1]
		} else if found := contractMetric.FindStringSubmatch(line); found != nil && slices.Contains(sections, section) {
			labels := strings.Fields(strings.ReplaceAll(found[3], ",", " "))
			slices.Sort(labels)
			metrics[found[1]] = strings.Join(append([]string{found[2]}, labels...), " ")
		}
	}
	return metrics
}

// exported reads what /metrics says in the same form; libraries' own metrics are left out.
func exported(page string) map[string]string {
	kinds, labels := map[string]string{}, map[string][]string{}
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		if found := exportedType.FindStringSubmatch(line); found != nil {
			kinds[found[1]] = found[2]
		} else if found := exportedSample.FindStringSubmatch(line); found != nil {
			names := []string{}
			for _, label := range labelName.FindAllStringSubmatch(found[2], -1) {
				if label[1] != "le" {
					names = append(names, label[1])
				}
			}
			slices.Sort(names)
			labels[found[1]] = names
		}
	}
	metrics := map[string]string{}
	for name, kind := range kinds {
		if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			metrics[name] = strings.Join(append([]string{kind}, labels[name]...), " ")
		}
	}
	return metrics
}

func TestMetricsAreThoseOfTheContract(t *testing.T) {
	service := running.Start(t, running.Options{Environment: map[string]string{"CART_REDIS_URL": testkit.StartRedis(t).URL}})
	if _, err := service.Carts.GetCart(running.As(t, "banyan-user", "u1"), &cartv1.GetCartRequest{}); err != nil {
		t.Fatal(err)
	}
	_, page := service.Admin(t, "/metrics")
	got := exported(page)
	want := contract(t, "common", "clients", "channels", "consumers", "live", "cart")
	for name, metric := range got {
		if want[name] != metric {
			t.Errorf("%s is %q, the contract says %q", name, metric, want[name])
		}
	}
	// A metric with labels appears with its first sample, and no event has come here.
	for name := range contract(t, "common", "clients", "channels", "cart") {
		if got[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	for _, library := range []string{"go_goroutines", "process_cpu_seconds_total"} {
		if !strings.Contains(page, library) {
			t.Errorf("%s is missing", library)
		}
	}
}

// collector takes spans as any OTLP collector does.
type collector struct {
	collectorv1.UnimplementedTraceServiceServer

	spans chan *tracev1.Span
}

// Export implements collectorv1.TraceServiceServer.
func (c *collector) Export(
	_ context.Context, request *collectorv1.ExportTraceServiceRequest,
) (*collectorv1.ExportTraceServiceResponse, error) {
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans <- span
			}
		}
	}
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

func startCollector(t *testing.T) (sink *collector, url string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sink = &collector{spans: make(chan *tracev1.Span, 100)}
	server := grpc.NewServer()
	collectorv1.RegisterTraceServiceServer(server, sink)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return sink, "http://" + listener.Addr().String()
}

func TestSpansContinueTheCallersTraceAndNameNoOwner(t *testing.T) {
	const trace, parent, secret = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "guest-with-a-secret"
	sink, url := startCollector(t)
	service := running.Start(t, running.Options{Environment: map[string]string{
		"CART_REDIS_URL": testkit.StartRedis(t).URL, "OTEL_EXPORTER_OTLP_ENDPOINT": url,
	}})
	ctx := running.As(t, "banyan-guest", secret, "traceparent", "00-"+trace+"-"+parent+"-01")
	if _, err := service.Carts.PutItem(ctx, &cartv1.PutItemRequest{ProductId: pear, Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	service.Stop() // sends what is waiting
	const rpc = "banyan.cart.v1.CartService/PutItem"
	spans := map[string]*tracev1.Span{}
	for spans[rpc] == nil || len(spans) < 2 { // the call, and what it asked of Redis
		select {
		case span := <-sink.spans:
			if strings.Contains(span.String(), secret) {
				t.Errorf("span %s shows a guest's id", span.GetName())
			}
			if hex.EncodeToString(span.GetTraceId()) == trace { // readiness asks Redis as well
				spans[span.GetName()] = span
			}
		case <-time.After(testkit.Patience):
			t.Fatalf("spans are %v", spans)
		}
	}
	if got := hex.EncodeToString(spans[rpc].GetParentSpanId()); got != parent {
		t.Errorf("the call's span is a child of %s", got)
	}
}
