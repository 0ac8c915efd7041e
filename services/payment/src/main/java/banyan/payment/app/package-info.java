/** Use cases, one a file, and the ports they need. */
package banyan.payment.app;
