/** What the ports are made of: PostgreSQL, memory, the provider's HTTP API. */
package banyan.payment.adapters;
