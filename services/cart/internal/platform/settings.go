package platform

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

const stars = "***"

// Seconds is a length of time as settings give it.
type Seconds float64

// Duration converts.
func (s Seconds) Duration() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }

// SecretURL is an address that may hold a password; it shows itself without.
type SecretURL string

// Reveal is the whole address, for whoever connects.
func (u SecretURL) Reveal() string { return string(u) }

// String is the address with user and password starred.
func (u SecretURL) String() string {
	scheme, rest, found := strings.Cut(string(u), "://")
	if !found {
		return stars
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = stars + rest[at:]
	}
	address, query, _ := strings.Cut(rest, "?")
	if query != "" {
		address += "?" + stars
	}
	return scheme + "://" + address
}

// Own is what every service can be told by variables that begin with its name.
type Own struct {
	GRPCListen        string  `env:"GRPC_LISTEN"           envDefault:"0.0.0.0:50051"`
	AdminListen       string  `env:"ADMIN_LISTEN"          envDefault:"0.0.0.0:9090"`
	LogLevel          string  `env:"LOG_LEVEL"             envDefault:"info"`
	DrainDelay        Seconds `env:"DRAIN_DELAY_S"         envDefault:"0"`
	DrainGrace        Seconds `env:"DRAIN_GRACE_S"         envDefault:"10"`
	MaxConcurrentRPCs int     `env:"MAX_CONCURRENT_RPCS"   envDefault:"200"`
	MaxConnectionAge  Seconds `env:"MAX_CONNECTION_AGE_S"  envDefault:"60"`
}

// Shared is what all services are told by the same variables.
type Shared struct {
	NATSURL      SecretURL `env:"NATS_URL"                     envDefault:"nats://127.0.0.1:4222"`
	Environment  string    `env:"BANYAN_ENVIRONMENT"           envDefault:"development"`
	ClockOffset  Seconds   `env:"BANYAN_CLOCK_OFFSET_S"        envDefault:"0"`
	OTLPEndpoint string    `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// LiveFile is the JSON file of LiveSettings; none when empty.
	LiveFile string `env:"BANYAN_LIVE_FILE"`
}

// Production tells whether test aids are forbidden.
func (s *Shared) Production() bool { return s.Environment == "production" }

// Problems collects what is wrong with settings: variable to what is wrong with it, never with the value.
type Problems map[string]string

// Add notes a problem unless the variable already has one, since the first is the cause of the next.
func (p Problems) Add(variable, what string) {
	if _, known := p[variable]; !known {
		p[variable] = what
	}
}

// SettingsError is every problem at once.
type SettingsError struct {
	Problems Problems
}

func (e *SettingsError) Error() string {
	lines := make([]string, 0, len(e.Problems))
	for variable, what := range e.Problems {
		lines = append(lines, "  "+variable+": "+what)
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d setting(s) to fix:\n%s", len(lines), strings.Join(lines, "\n"))
}

// LoadSettings fills target, a pointer to a struct with env tags, from environ ("KEY=value"), then lets check add what
// else is wrong. The error is a *SettingsError with all of it.
func LoadSettings(target any, environ []string, check func(Problems)) error {
	problems := Problems{}
	err := env.ParseWithOptions(target, env.Options{Environment: env.ToMap(environ)})
	var all env.AggregateError
	switch {
	case errors.As(err, &all):
		for _, one := range all.Errors {
			addParseProblem(problems, target, one)
		}
	case err != nil:
		return err
	}
	check(problems)
	if len(problems) > 0 {
		return &SettingsError{Problems: problems}
	}
	return nil
}

func addParseProblem(problems Problems, target any, err error) {
	var notSet env.VarIsNotSetError
	var empty env.EmptyVarError
	var parse env.ParseError
	switch {
	case errors.As(err, &notSet):
		problems.Add(notSet.Key, "required, not set")
	case errors.As(err, &empty):
		problems.Add(empty.Key, "required, empty")
	case errors.As(err, &parse):
		problems.Add(variableOf(target, parse.Name), "must be a number")
	default:
		problems.Add("settings", err.Error())
	}
}

// variableOf is the variable of the field of that name.
func variableOf(target any, field string) string {
	found := field
	eachSetting(reflect.ValueOf(target).Elem(), "", func(name, variable string, _ reflect.Value) {
		if name == field {
			found = variable
		}
	})
	return found
}

// DescribeSettings is every setting as text, for the start-up log; secrets starred.
func DescribeSettings(target any) map[string]string {
	shown := map[string]string{}
	eachSetting(reflect.ValueOf(target).Elem(), "", func(_, variable string, value reflect.Value) {
		shown[variable] = fmt.Sprint(value.Interface())
	})
	return shown
}

func eachSetting(settings reflect.Value, prefix string, visit func(name, variable string, value reflect.Value)) {
	for i := range settings.NumField() {
		field := settings.Type().Field(i)
		if tag := field.Tag.Get("env"); tag != "" {
			variable, _, _ := strings.Cut(tag, ",")
			visit(field.Name, prefix+variable, settings.Field(i))
		} else if field.Type.Kind() == reflect.Struct {
			eachSetting(settings.Field(i), prefix+field.Tag.Get("envPrefix"), visit)
		}
	}
}
