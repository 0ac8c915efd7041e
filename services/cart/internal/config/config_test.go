package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/banyan-shop/banyan/services/cart/internal/config"
	"github.com/banyan-shop/banyan/services/cart/internal/platform"
	"github.com/banyan-shop/banyan/services/cart/internal/testkit"
)

func TestTheStoreIsRequiredAndMemoryIsForDevelopment(t *testing.T) {
	for environ, want := range map[string]string{
		"":                        "CART_REDIS_URL: required, not set",
		"CART_REDIS_URL=http://h": "CART_REDIS_URL: must be a URL",
		"CART_REDIS_URL=memory:// BANYAN_ENVIRONMENT=production":  "CART_REDIS_URL: must name a Redis in production",
		"CART_REDIS_URL=redis://h CART_REDIS_POOL_MAX=1001":       "CART_REDIS_POOL_MAX: must be 1 to 1000",
		"CART_REDIS_URL=redis://h CART_GRPC_LISTEN=50051":         "CART_GRPC_LISTEN: must be host:port",
		"CART_REDIS_URL=memory://":                                "",
		"CART_REDIS_URL=rediss://h BANYAN_ENVIRONMENT=production": "",
	} {
		_, err := config.Load(strings.Fields(environ))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error is %v, want %q", environ, err, want)
		}
	}
}

// The README's table is what people set the service up from; it names every variable and no other.
func TestTheReadmeNamesEveryVariable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testkit.RepoRoot(t), "services/cart/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = true
	}
	cfg, err := config.Load([]string{"CART_REDIS_URL=memory://"})
	if err != nil {
		t.Fatal(err)
	}
	for variable := range platform.DescribeSettings(cfg) {
		if !documented[variable] {
			t.Errorf("%s is not in the README", variable)
		}
		delete(documented, variable)
	}
	for variable := range documented {
		t.Errorf("the README names %s, which nothing reads", variable)
	}
}
