/** The only place that reads the environment. */
package banyan.payment.config;
