/** What a payment is and may become. Standard library only, no I/O. */
package banyan.payment.domain;
