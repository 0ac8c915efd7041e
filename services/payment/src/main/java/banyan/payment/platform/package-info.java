/** How to run a service: nothing in here knows what this one is about. */
package banyan.payment.platform;
