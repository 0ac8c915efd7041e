// Package config holds the service's settings; it is the only one that reads the environment.
package config

import (
	"os"

	"github.com/banyan-shop/banyan/services/cart/internal/platform"
)

// MemoryStore is the address of Redis that keeps carts in the process: for running the service alone, not in production.
const MemoryStore = "memory://"

const prefix = "CART_"

// Config is every setting, read once.
type Config struct {
	Own    platform.Own `envPrefix:"CART_"`
	Shared platform.Shared

	// RedisURL is where carts are kept, redis://[user:password@]host:port/db, rediss:// or unix://; or MemoryStore.
	RedisURL platform.SecretURL `env:"CART_REDIS_URL,required,notEmpty"`
	// RedisPoolMax is the most connections to Redis, 1 to 1,000.
	RedisPoolMax int `env:"CART_REDIS_POOL_MAX" envDefault:"16"`
}

// FromEnvironment reads the process's environment; the error names every problem.
func FromEnvironment() (*Config, error) { return Load(os.Environ()) }

// Load reads settings from "KEY=value" texts; the error is a *platform.SettingsError that names every problem.
func Load(environ []string) (*Config, error) {
	config := &Config{}
	if err := platform.LoadSettings(config, environ, config.check); err != nil {
		return nil, err
	}
	return config, nil
}

// InMemory tells whether carts are kept in the process.
func (c *Config) InMemory() bool { return c.RedisURL == MemoryStore }

func (c *Config) check(problems platform.Problems) {
	c.Own.Check(problems, prefix)
	c.Shared.Check(problems)
	platform.CheckCount(problems, prefix+"REDIS_POOL_MAX", c.RedisPoolMax, 1, 1000)
	if c.InMemory() && c.Shared.Production() {
		problems.Add(prefix+"REDIS_URL", "must name a Redis in production")
	}
	platform.CheckURL(problems, prefix+"REDIS_URL", c.RedisURL.Reveal(), "redis", "rediss", "unix", "memory")
}
