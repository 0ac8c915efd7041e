// Package platform is how to run a service: settings, logs, traces, metrics, health, a gRPC server that drains, and a
// consumer of events. A bank, a game or a clinic could use it unchanged; nothing here knows what the service is about.
// The kits of the other languages have the same files under the same names.
package platform
