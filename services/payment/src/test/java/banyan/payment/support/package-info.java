/** Real servers for tests, a clock that is set by hand, and a provider that fails on demand. */
package banyan.payment.support;
