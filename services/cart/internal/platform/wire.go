package platform

// Names that cross process borders.
const (
	UserKey     = "banyan-user"
	RolesKey    = "banyan-roles"
	GuestKey    = "banyan-guest"
	ReplayedKey = "banyan-idempotency-replayed"
	staffRole   = "staff"
	traceParent = "traceparent"

	eventIDHeader     = "ce-id"
	eventTypeHeader   = "ce-type"
	eventEntityHeader = "ce-subject"
	dlqReasonHeader   = "banyan-dlq-reason"
	dlqConsumerHeader = "banyan-dlq-consumer"
	dlqStream         = "DLQ"
	dlqPrefix         = "dlq."
)

// errorDomain is the ErrorInfo.domain of a service, e.g. "billing.banyan".
func errorDomain(service string) string { return service + ".banyan" }
