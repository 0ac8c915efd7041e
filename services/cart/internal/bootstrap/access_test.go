package bootstrap_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"google.golang.org/grpc"

	productv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/product/v1"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit/running"
)

// startForeign serves a contract that has RPCs of all kinds of access, without handlers.
func startForeign(t *testing.T) productv1.ProductServiceClient {
	t.Helper()
	tracing, err := platform.NewTracing(t.Context(), "demo", "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := platform.NewServer(&platform.App{
		Name: "demo", Log: platform.NewLogger("demo", "error", io.Discard), Metrics: platform.NewMetrics(), Tracing: tracing,
		Own: platform.Own{
			GRPCListen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", MaxConcurrentRPCs: 10, DrainGrace: 1, MaxConnectionAge: 60,
		},
		Services: []platform.Service{
			{Desc: &productv1.ProductService_ServiceDesc, Impl: productv1.UnimplementedProductServiceServer{}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return productv1.NewProductServiceClient(running.Dial(t, server.GRPCAddress(), grpc.WithDisableRetry()))
}

// Cart has no RPC for staff, nor one for the mesh alone; the kit guards them all the same.
func TestTheKitGuardsEachKindOfAccess(t *testing.T) {
	products := startForeign(t)
	public := func(ctx context.Context) error {
		_, err := products.ListCategories(ctx, &productv1.ListCategoriesRequest{})
		return err
	}
	staff := func(ctx context.Context) error {
		_, err := products.DeleteProduct(ctx, &productv1.DeleteProductRequest{ProductId: pear})
		return err
	}
	const passed = "Unimplemented UNIMPLEMENTED demo.banyan"
	for name, test := range map[string]struct {
		call     func(context.Context) error
		metadata []string
		want     string
	}{
		"public, nobody":       {public, nil, passed},
		"staff, nobody":        {staff, nil, "Unauthenticated UNAUTHENTICATED demo.banyan"},
		"staff, a role alone":  {staff, []string{"banyan-roles", "staff"}, "Unauthenticated UNAUTHENTICATED demo.banyan"},
		"staff, a customer":    {staff, []string{"banyan-user", "u", "banyan-roles", "customer,staffer"}, "PermissionDenied STAFF_ONLY demo.banyan"},
		"staff, without roles": {staff, []string{"banyan-user", "u"}, "PermissionDenied STAFF_ONLY demo.banyan"},
		"staff, staff":         {staff, []string{"banyan-user", "u", "banyan-roles", "customer, staff"}, passed},
	} {
		failure := running.FailureOf(test.call(running.As(t, test.metadata...)))
		if got := fmt.Sprintf("%v %s %s", failure.Code, failure.Reason, failure.Domain); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
